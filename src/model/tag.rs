//! What the name of a tag says: a version, a variant of one, or nothing that could be compared.

use semver::{Prerelease, Version};

/// A tag, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagName {
    /// `1.28.1`, `v1.28`, `2.0.0-rc.1`.
    Version(TagVersion),
    /// A version with a suffix that is no prerelease: `1.28.1-alpine3.20`.
    Variant(TagVersion),
    /// Anything else: `latest`, `bookworm`, `20261121`.
    Other,
}

/// The version a tag names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagVersion {
    /// Parts that are not written count as zero.
    pub version: Version,
    /// How many of major, minor and patch are written, 1 to 3.
    pub parts: usize,
}

impl TagVersion {
    /// Returns whether later releases are expected under the same tag: `1.28` is whatever 1.28.x is the newest.
    pub const fn is_floating(&self) -> bool {
        self.parts < 3
    }
}

/// What prereleases begin with. The list is short on purpose: `-dev` and `-slim` are variants of an image, and a variant
/// that is taken for a prerelease would be selected by a range that names one.
const PRERELEASES: [&str; 8] = ["a", "alpha", "b", "beta", "m", "pre", "preview", "rc"];

/// A single number with this many digits is a date or the number of a build, not a major version.
const DATE_DIGITS: usize = 6;

impl TagName {
    /// Reads a tag: an optional `v`, one to three numbers with dots between them, and a suffix behind `-` or `_`.
    pub fn read(tag: &str) -> Self {
        let text = tag.strip_prefix('v').unwrap_or(tag);
        let (numbers, suffix) = match text.find(['-', '_']) {
            Some(at) => (&text[..at], Some(&text[at..])),
            None => (text, None),
        };
        let Some((mut version, parts)) = numbers_of(numbers) else { return Self::Other };
        match suffix.map(prerelease) {
            None => Self::Version(TagVersion { version, parts }),
            Some(Some(pre)) => {
                version.pre = pre;
                Self::Version(TagVersion { version, parts })
            }
            Some(None) => Self::Variant(TagVersion { version, parts }),
        }
    }
}

/// Returns whether a tag's name says that it moves: it has no number at all (`latest`, `stable`), or a version whose last
/// parts are missing (`1.28`, `3-slim`).
pub fn floats_by_name(tag: &str) -> bool {
    match TagName::read(tag) {
        TagName::Version(read) | TagName::Variant(read) => read.is_floating(),
        TagName::Other => !tag.bytes().any(|byte| byte.is_ascii_digit()),
    }
}

/// Returns whether a tag holds what belongs to another image: the referrers of a digest where there is no API for them
/// (distribution specification, "Referrers Tag Schema"), and cosign's `.sig`, `.att` and `.sbom`.
pub fn is_companion(tag: &str) -> bool {
    let hex = tag.strip_prefix("sha256-").or_else(|| tag.strip_prefix("sha512-"));
    let digits = hex.map_or("", |rest| rest.split('.').next().unwrap_or(rest));
    matches!(digits.len(), 64 | 128) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn numbers_of(text: &str) -> Option<(Version, usize)> {
    let parts: Vec<&str> = text.split('.').collect();
    let date = parts.len() == 1 && text.len() >= DATE_DIGITS;
    let number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
    let numbers: Option<Vec<u64>> = parts.iter().map(number).collect();
    let numbers = numbers.filter(|numbers| numbers.len() <= 3 && !date)?;
    let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
    Some((Version::new(at(0), at(1), at(2)), numbers.len()))
}

/// Reads `-rc.1` and its like: a word of the list, and a number where there is one.
fn prerelease(suffix: &str) -> Option<Prerelease> {
    let text = suffix.strip_prefix('-')?;
    let letters = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, number) = text.split_at(letters);
    let number = number.strip_prefix(['.', '-']).unwrap_or(number);
    let counted = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let known = PRERELEASES.contains(&word.to_ascii_lowercase().as_str());
    (known && counted).then(|| Prerelease::new(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tag: &str) -> String {
        match TagName::read(tag) {
            TagName::Version(read) => format!("{} of {}", read.version, read.parts),
            TagName::Variant(read) => format!("variant of {} of {}", read.version, read.parts),
            TagName::Other => "other".to_owned(),
        }
    }

    #[test]
    fn names_are_versions_variants_or_neither() {
        let cases = [
            ("1.28.1", "1.28.1 of 3"),
            ("v1.28.1", "1.28.1 of 3"),
            ("1.28", "1.28.0 of 2"),
            ("17", "17.0.0 of 1"),
            ("2024.01.05", "2024.1.5 of 3"),
            ("24.04", "24.4.0 of 2"),
            ("2.0.0-rc.1", "2.0.0-rc.1 of 3"),
            ("2.0.0-RC1", "2.0.0-RC1 of 3"),
            ("17-beta2", "17.0.0-beta2 of 1"),
            ("1.28.1-alpine3.20", "variant of 1.28.1 of 3"),
            ("1.28.1-a-slim", "variant of 1.28.1 of 3"),
            ("1.28-dev", "variant of 1.28.0 of 2"),
            ("1.2.3-4", "variant of 1.2.3 of 3"),
            ("1.2.3_4", "variant of 1.2.3 of 3"),
            ("1.2.3-rc.01", "variant of 1.2.3 of 3"),
            ("1.2.3-", "variant of 1.2.3 of 3"),
            ("latest", "other"),
            ("vlatest", "other"),
            ("20261121", "other"),
            ("1.2.3.4", "other"),
            ("1..2", "other"),
            ("", "other"),
            ("V1.2.3", "other"),
            ("bookworm-20261121", "other"),
            ("99999999999999999999.1.1", "other"),
        ];
        for (tag, expected) in cases {
            assert_eq!(shown(tag), expected, "{tag}");
        }
    }

    #[test]
    fn names_without_a_whole_version_float() {
        for tag in ["latest", "stable", "1", "v1", "1.28", "3-slim", "3.12-bookworm", "alpine", "17-rc1"] {
            assert!(floats_by_name(tag), "{tag}");
        }
        for tag in ["1.28.1", "v1.28.1-alpine3.20", "20261121", "bookworm-20261121", "sha-0a1b2c3", "1.2.3.4"]
        {
            assert!(!floats_by_name(tag), "{tag}");
        }
    }

    #[test]
    fn what_belongs_to_another_image_is_known_by_its_tag() {
        let hex = "0a".repeat(32);
        for tag in [format!("sha256-{hex}"), format!("sha256-{hex}.sig"), format!("sha512-{hex}{hex}.att")] {
            assert!(is_companion(&tag), "{tag}");
        }
        for tag in [format!("sha256-{}", &hex[1..]), "sha256-x".to_owned(), hex, String::new()] {
            assert!(!is_companion(&tag), "{tag}");
        }
    }
}
