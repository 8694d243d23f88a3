//! Version schemes: how a distribution orders the versions of its packages.
//!
//! To add one: write `versions/<name>.rs` with a `compare`, then name it in [`Scheme`] and in [`TABLE`].
//! A version that the scheme does not know has no order: the answer is then `None`, never a guess.

mod apk;
mod deb;

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
}

type Compare = fn(&str, &str) -> Option<Ordering>;

/// Every scheme with its comparison, and the OSV ecosystems that use it, named by what stands before the colon.
const TABLE: &[(Scheme, &str, Compare)] =
    &[(Scheme::Apk, "Alpine", apk::compare), (Scheme::Deb, "Debian", deb::compare)];

/// Returns the order of two versions, or `None` where one of them is not a version of the scheme.
pub fn compare(scheme: Scheme, a: &str, b: &str) -> Option<Ordering> {
    if a.len() > VERSION_BYTES_MAX || b.len() > VERSION_BYTES_MAX {
        return None;
    }
    let (_, _, compare) = TABLE.iter().find(|(known, ..)| *known == scheme)?;
    compare(a, b)
}

/// Returns whether `version` can be compared at all.
pub fn is_valid(scheme: Scheme, version: &str) -> bool {
    compare(scheme, version, version).is_some()
}

/// Returns the scheme of an OSV ecosystem such as `Debian:12` or `Alpine:v3.19`; `None` where it is not imported.
pub fn scheme_of(ecosystem: &str) -> Option<Scheme> {
    let (family, release) = ecosystem.split_once(':')?;
    let number = |text: &str| !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    let known = match family {
        "Debian" => number(release),
        "Alpine" => {
            let parts = release.strip_prefix('v').and_then(|r| r.split_once('.'));
            parts.is_some_and(|(major, minor)| number(major) && number(minor))
        }
        _ => false,
    };
    TABLE.iter().find(|(_, name, _)| known && *name == family).map(|(scheme, ..)| *scheme)
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
    fn ecosystems_name_a_release() {
        for (ecosystem, scheme) in [
            ("Debian:12", Some(Scheme::Deb)),
            ("Alpine:v3.19", Some(Scheme::Apk)),
            ("Debian", None),
            ("Debian:", None),
            ("Debian:sid", None),
            ("Debian:12:13", None),
            ("Alpine", None),
            ("Alpine:3.19", None),
            ("Alpine:v3", None),
            ("Alpine:v3.19.1", None),
            ("Ubuntu:22.04:LTS", None),
            ("AlmaLinux:8", None),
        ] {
            assert_eq!(scheme_of(ecosystem), scheme, "{ecosystem}");
        }
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
        for scheme in [Scheme::Deb, Scheme::Apk] {
            for a in hostile {
                for b in hostile.iter().copied().chain(["1.0", &wide]) {
                    let there = compare(scheme, a, b);
                    assert_eq!(there.map(Ordering::reverse), compare(scheme, b, a), "{scheme:?} `{a}` `{b}`");
                }
            }
            assert_eq!(compare(scheme, &long, &long), None);
            assert_eq!(compare(scheme, &wide, "1.8"), Some(Ordering::Greater));
            for text in ["", " ", "é", "１", "1\n", "\n1", "1 2", "1\u{202e}2"] {
                assert!(!is_valid(scheme, text), "{scheme:?} {text:?}");
            }
        }
    }

    /// Replays a corpus of lines `A < B`; a comment starts with `#`. Returns how many lines were compared and the
    /// lines that have no order.
    pub(super) fn replay(scheme: Scheme, file: &str) -> Option<(usize, Vec<String>)> {
        let text = std::fs::read_to_string(crate::advisory::fixtures::corpus(file)?)
            .expect("the corpus is readable");
        let (mut compared, mut without_order) = (0, vec![]);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
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
