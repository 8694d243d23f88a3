//! Semantic versions (semver.org 2.0.0) as Go, npm, crates.io, Hex and Pub have them: a leading `v` and missing parts are
//! taken, build metadata is not looked at (item 10), numbers have any size.
//!
//! OSV counts whatever stands behind the third number as build metadata, too.

use std::cmp::Ordering;

use super::{is_number, numbers};

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(Version::<3>::of(without_v(a))?.order(&Version::of(without_v(b))?))
}

fn without_v(text: &str) -> &str {
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

/// A version of so many numbers; those that are missing are zero, further ones are not looked at.
pub(super) struct Version<'a, const NUMBERS: usize> {
    numbers: [&'a str; NUMBERS],
    /// Behind the hyphen; empty of a release.
    pre_release: &'a str,
}

impl<'a, const NUMBERS: usize> Version<'a, NUMBERS> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, pre_release) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut numbers = ["0"; NUMBERS];
        for (index, part) in core.split('.').enumerate() {
            if !is_number(part) {
                return None;
            }
            if let Some(place) = numbers.get_mut(index) {
                *place = part;
            }
        }
        pre_release
            .is_none_or(is_pre_release)
            .then(|| Self { numbers, pre_release: pre_release.unwrap_or_default() })
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        let pairs = self.numbers.iter().zip(other.numbers).map(|(a, b)| numbers(a, b));
        pairs
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| pre_release(self.pre_release, other.pre_release))
    }
}

fn is_pre_release(text: &str) -> bool {
    let is_identifier = |one: &str| {
        !one.is_empty() && one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.split('.').all(is_identifier)
}

/// Orders what stands behind the hyphen (item 11); nothing there is the release itself, above all of them.
fn pre_release(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return a.is_empty().cmp(&b.is_empty());
    }
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_number(a), is_number(b)) {
                (true, true) => numbers(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_semver_says() {
        for (a, order, b) in [
            ("v1.2.3", Equal, "1.2.3+incompatible"),
            ("1.2", Equal, "1.2.0"),
            // Of Go's modules, "Pseudo-versions": below the release that they lead to.
            ("v1.2.4-0.20210101000000-abcdefabcdef", Less, "v1.2.4"),
            ("v1.2.4-0.20210101000000-abcdefabcdef", Greater, "v1.2.3"),
            ("v0.0.0-20200101000000-abcdefabcdef", Less, "v0.0.0-20210101000000-abcdefabcdef"),
            ("1.0.0-rc.1", Less, "1.0.0"),
            ("1.0.0-9", Less, "1.0.0-a"),
        ] {
            assert_eq!(compare(Scheme::Semver, a, b), Some(order), "{a} {b}");
        }
        for text in ["(devel)", "1.x", "latest", "1..2", "1.0.0-", "1.0.0-a..b", "1.0.0-é", "v", "vv1"] {
            assert_eq!(compare(Scheme::Semver, text, text), None, "{text}");
        }
    }

    #[test]
    fn the_corpus_of_semver_is_ordered_as_written() {
        let Some((compared, left_out)) = replay(Scheme::Semver, "versions/semver-versions.txt") else {
            return;
        };
        assert_eq!((compared, left_out), (86, vec![]));
    }
}
