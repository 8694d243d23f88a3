//! One name for each package: advisories and package URLs write some names in different ways.

use crate::model::pypi_name;

/// Returns the name under which a package of an OSV ecosystem is looked up.
///
/// Names of npm, Go, NuGet, Packagist and Hex are compared without case, as purl-spec's types have them; crates that differ
/// in `-` and `_` alone are one on crates.io.
pub fn package_name(ecosystem: &str, name: &str) -> String {
    match ecosystem {
        "npm" | "Go" | "NuGet" | "Packagist" | "Hex" => name.to_lowercase(),
        "PyPI" => pypi_name(name),
        "crates.io" => name.replace('_', "-"),
        _ => name.to_owned(),
    }
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
