//! One name for each package: advisories and package URLs write some names in different ways.

use std::borrow::Cow;

/// Returns the name under which a package of an OSV ecosystem is looked up.
///
/// Names of npm, Go, NuGet, Packagist and Hex are compared without case, as purl-spec's types have them; PyPI's as the
/// specification "Names and normalization" has them; crates that differ in `-` and `_` alone are one on crates.io.
pub fn package_name<'a>(ecosystem: &str, name: &'a str) -> Cow<'a, str> {
    match ecosystem {
        "npm" | "Go" | "NuGet" | "Packagist" | "Hex" if !has_no_case(name) => name.to_lowercase().into(),
        "PyPI" if !(has_no_case(name) && name.bytes().all(|b| b != b'_' && b != b'.')) => {
            let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join("-").to_lowercase().into()
        }
        "crates.io" if name.contains('_') => name.replace('_', "-").into(),
        _ => name.into(),
    }
}

fn has_no_case(name: &str) -> bool {
    !name.chars().any(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_however_they_are_written() {
        for (ecosystem, name, expected) in [
            ("npm", "@Scope/Name", "@scope/name"),
            ("Go", "github.com/BurntSushi/toml", "github.com/burntsushi/toml"),
            ("NuGet", "Newtonsoft.Json", "newtonsoft.json"),
            ("Packagist", "Symfony/http-kernel", "symfony/http-kernel"),
            ("PyPI", "Zope.Interface", "zope-interface"),
            ("PyPI", "a__b-._c", "a-b-c"),
            ("PyPI", "requests", "requests"),
            ("crates.io", "serde_json", "serde-json"),
            ("Maven", "org.Example:A_b", "org.Example:A_b"),
            ("RubyGems", "RedCloth", "RedCloth"),
            ("Debian:12", "Odd_Name", "Odd_Name"),
        ] {
            assert_eq!(package_name(ecosystem, name), expected);
        }
    }
}
