//! Version schemes: how distributions and languages order the versions of their packages.
//!
//! To add one: write `versions/<name>.rs` with a `compare`, then name it in [`Scheme`] and in [`TABLE`], and the ecosystems
//! that use it in [`super::ecosystem`].
//! A version that the scheme does not know has no order: the answer is then `None`, never a guess.

mod alpm;
mod apk;
mod deb;
mod maven;
mod nuget;
mod packagist;
mod pypi;
mod rpm;
mod rubygems;
mod semver;

use std::cmp::Ordering;

/// Longest version that is compared, in bytes. Real ones stay below 100; digit runs are compared as big numbers.
pub const VERSION_BYTES_MAX: usize = 512;

/// A version scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Debian policy §5.6.12.
    Deb,
    /// apk-tools 3.
    Apk,
    /// vercmp(8) of pacman.
    Alpm,
    /// `ComparableVersion` of Maven 3.8.
    Maven,
    /// Semantic versions with four numbers.
    Nuget,
    /// `version_compare` of PHP.
    Packagist,
    /// PEP 440.
    Pypi,
    /// rpm-version(7).
    Rpm,
    /// `Gem::Version`.
    RubyGems,
    /// Semantic versions 2.0.0, of Go, npm, crates.io and Hex.
    Semver,
}

type Compare = fn(&str, &str) -> Option<Ordering>;

/// Every scheme with its comparison.
const TABLE: &[(Scheme, Compare)] = &[
    (Scheme::Alpm, alpm::compare),
    (Scheme::Apk, apk::compare),
    (Scheme::Deb, deb::compare),
    (Scheme::Maven, maven::compare),
    (Scheme::Nuget, nuget::compare),
    (Scheme::Packagist, packagist::compare),
    (Scheme::Pypi, pypi::compare),
    (Scheme::Rpm, rpm::compare),
    (Scheme::RubyGems, rubygems::compare),
    (Scheme::Semver, semver::compare),
];

/// Returns the order of two versions, or `None` where one of them is not a version of the scheme.
pub fn compare(scheme: Scheme, a: &str, b: &str) -> Option<Ordering> {
    if a.len() > VERSION_BYTES_MAX || b.len() > VERSION_BYTES_MAX {
        return None;
    }
    let (_, compare) = TABLE.iter().find(|(known, _)| *known == scheme)?;
    compare(a, b)
}

/// Returns whether `version` can be compared at all.
pub fn is_valid(scheme: Scheme, version: &str) -> bool {
    compare(scheme, version, version).is_some()
}

/// Returns whether a part is digits alone.
fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the runs of digits, and of anything else, of a text.
fn runs(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let is_digit = text.bytes().next()?.is_ascii_digit();
        let end = text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len());
        let (run, rest) = text.split_at(end);
        text = rest;
        Some(run)
    })
}

/// Orders runs of digits as numbers of any size.
fn numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_this_folder_is_registered() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/advisory/versions");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(files - 1, TABLE.len(), "every file but mod.rs is a scheme");
    }

    #[test]
    fn hostile_versions_have_no_order_and_do_not_panic() {
        let long = "9".repeat(VERSION_BYTES_MAX + 1);
        let wide = format!("1.{}", "9".repeat(VERSION_BYTES_MAX - 2));
        let hostile = [
            "",
            " ",
            "\0",
            "\n1",
            "1\n",
            "-",
            "--",
            "~",
            ":",
            "1:",
            ":1",
            "1:-1",
            "-r1",
            "é",
            "１",
            "１:1",
            "1_é",
            "1.é",
            "99999999999:1",
            "-1:1",
            "1-",
            "1 2",
            "1_",
            "1~",
            "1..2",
            ".1",
            "1.",
            "1-r",
            "1-r-1",
            "1_foo",
            "1ab",
            "٣.1",
            "1\u{202e}2",
            &long,
        ];
        for (scheme, _) in TABLE.iter().copied() {
            for a in hostile {
                for b in hostile.iter().copied().chain(["1.0", &wide]) {
                    let there = compare(scheme, a, b);
                    assert_eq!(there.map(Ordering::reverse), compare(scheme, b, a), "{scheme:?} `{a}` `{b}`");
                }
            }
            assert_eq!(compare(scheme, &long, &long), None);
            if scheme != Scheme::Pypi {
                assert_eq!(compare(scheme, &wide, "1.8"), Some(Ordering::Greater), "{scheme:?}");
            }
            for text in ["", " ", "\0", "1\n2", "1 2"] {
                assert!(!is_valid(scheme, text), "{scheme:?} {text:?}");
            }
        }
        for scheme in [Scheme::Deb, Scheme::Apk, Scheme::Semver, Scheme::Maven, Scheme::Packagist] {
            for text in ["é", "１", "1\n", "\n1", "1\u{202e}2"] {
                assert!(!is_valid(scheme, text), "{scheme:?} {text:?}");
            }
        }
    }

    /// Replays a corpus of lines `A < B`; a comment starts with `#` or `//`. Returns how many lines were compared and the
    /// lines that have no order.
    pub(super) fn replay(scheme: Scheme, file: &str) -> Option<(usize, Vec<String>)> {
        let text = std::fs::read_to_string(crate::advisory::fixtures::corpus(file)?)
            .expect("the corpus is readable");
        let (mut compared, mut without_order) = (0, vec![]);
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("//"))
        {
            let fields: Vec<_> = line.split(' ').collect();
            let [a, sign, b] = fields[..] else { panic!("unexpected line `{line}` in {file}") };
            let expected = match sign {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                ">" => Ordering::Greater,
                _ => panic!("unexpected line `{line}` in {file}"),
            };
            match compare(scheme, a, b) {
                Some(found) => {
                    assert_eq!(found, expected, "{line}");
                    assert_eq!(
                        compare(scheme, b, a),
                        Some(expected.reverse()),
                        "{line}, the other way round"
                    );
                    compared += 1;
                }
                None => without_order.push(line.to_owned()),
            }
        }
        Some((compared, without_order))
    }
}
