//! Nix: every directory of the store, `nix/store/<hash>-<name>-<version>[-<output>]`.
//!
//! The directories alone tell: images built with nixpkgs' `dockerTools` carry no database. Names are parted as Nix does
//! it (`builtins.parseDrvName`), outputs are those that nixpkgs' `multiple-outputs.sh` knows. The package URL's type is
//! not registered; its form is the one that Syft writes, too.

use std::collections::BTreeMap;

use super::{Cataloguer, Wants, word};
use crate::catalogue::found::{File, Found, Parsed};
use crate::model::Ecosystem;

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "nix", wants: &[Wants::Directories(is_wanted)], parse };

const STORE: &str = "nix/store/";

/// Length of the hash in a store path, in characters of [`is_of_hash`].
const HASH_CHARACTERS: usize = 32;

/// Names of outputs. That of `out` is left out of store paths.
const OUTPUTS: [&str; 14] = [
    "bin", "data", "debug", "dev", "devdoc", "devman", "dist", "doc", "info", "lib", "man", "modules",
    "static", "terminfo",
];

/// What nixpkgs writes for a version of no release, before a date.
const UNSTABLE: &str = "-unstable";

fn is_wanted(path: &str) -> bool {
    path.strip_prefix(STORE).is_some_and(|name| !name.contains('/') && hashed(name).is_some())
}

fn parse(file: &File<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let Some((hash, rest)) = hashed(file.name()) else { return parsed };
    let (rest, output) = parted(rest);
    if let Some((name, version)) = versioned(rest) {
        parsed.add(found(hash, name, &version, output));
    }
    parsed
}

/// Digits of Nix's base 32: no `e`, `o`, `t` and `u`.
fn is_of_hash(b: u8) -> bool {
    (b.is_ascii_lowercase() || b.is_ascii_digit()) && !b"eotu".contains(&b)
}

fn hashed(name: &str) -> Option<(&str, &str)> {
    let (hash, rest) = name.split_once('-')?;
    let fits = hash.len() == HASH_CHARACTERS && hash.bytes().all(is_of_hash) && !rest.is_empty();
    fits.then_some((hash, rest))
}

fn parted(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('-') {
        Some((rest, output)) if OUTPUTS.contains(&output) => (rest, Some(output)),
        _ => (name, None),
    }
}

/// Parts name and version at the first dash that no letter follows. What has no version is a script, a list of others
/// or a configuration, and no package.
fn versioned(name: &str) -> Option<(&str, String)> {
    let bytes = name.as_bytes();
    let dash = (1..bytes.len().saturating_sub(1))
        .find(|at| bytes[*at] == b'-' && !bytes[at + 1].is_ascii_alphabetic())?;
    let (name, version) = (&name[..dash], &name[dash + 1..]);
    match name.strip_suffix(UNSTABLE) {
        Some(name) if !name.is_empty() => Some((name, format!("{}-{version}", &UNSTABLE[1..]))),
        _ => Some((name, version.to_owned())),
    }
}

fn found(hash: &str, name: &str, version: &str, output: Option<&str>) -> Option<Found> {
    let mut qualifiers = BTreeMap::from([("outputhash".to_owned(), hash.to_owned())]);
    qualifiers.extend(output.map(|output| ("output".to_owned(), output.to_owned())));
    let (name, version) = (word(name.as_bytes())?, word(version.as_bytes())?);
    Some(Found { qualifiers, ..Found::new(Ecosystem::Nix, name, version) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_paths_are_parted_as_nix_does() {
        for (name, expected) in [
            ("glibc-2.34-210-bin", Some("glibc 2.34-210 bin")),
            ("openssl-3.0.12", Some("openssl 3.0.12 -")),
            ("python3.11-requests-2.31.0", Some("python3.11-requests 2.31.0 -")),
            ("python3.11-requests-2.31.0-dist", Some("python3.11-requests 2.31.0 dist")),
            ("perl5.36.0-DBI-1.643-devdoc", Some("perl5.36.0-DBI 1.643 devdoc")),
            ("gcc-12.3.0-lib", Some("gcc 12.3.0 lib")),
            ("zstd-0-unstable-2024-01-02", Some("zstd 0-unstable-2024-01-02 -")),
            ("tool-unstable-2023-05-06", Some("tool unstable-2023-05-06 -")),
            ("nss-cacert-3.92", Some("nss-cacert 3.92 -")),
            ("bash-5.2-p15", Some("bash 5.2-p15 -")),
            ("builder.sh", None),
            ("system-path", None),
            ("a-", None),
            ("-1", None),
        ] {
            let path = format!("nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw-{name}");
            let parsed = parse(&File { path: &path, bytes: b"" });
            let shown = parsed.packages.first().map(|found| {
                let output = found.qualifiers.get("output").map_or("-", String::as_str);
                assert_eq!(found.qualifiers["outputhash"], "0000h0cnbmfcn93xm5dg2x27ixhag1cw");
                format!("{} {} {output}", found.name, found.version)
            });
            assert_eq!((shown.as_deref(), parsed.unreadable), (expected, 0), "{name}");
            assert!(is_wanted(&path));
        }
    }

    #[test]
    fn only_paths_of_the_store_count() {
        for path in [
            "nix/store",
            "nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw-a-1/bin",
            "nix/store/0000e0cnbmfcn93xm5dg2x27ixhag1cw-a-1",
            "nix/store/short-a-1",
            "nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw",
            "home/nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw-a-1",
            "nix/store/.links",
        ] {
            assert!(!is_wanted(path), "{path}");
        }
        let long = format!("nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw-{}-1", "a".repeat(300));
        assert_eq!(parse(&File { path: &long, bytes: b"" }).unreadable, 1);
        let control = "nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw-a\u{1b}[2J-1";
        assert_eq!(parse(&File { path: control, bytes: b"" }).unreadable, 1);
    }
}
