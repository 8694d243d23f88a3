//! NuGet versions: semantic versions with up to four numbers, whose letters have no case (NuGet's documentation, "Package
//! versioning").

use std::cmp::Ordering;

use super::{numbers, semver};

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let (a, b) = (Version::of(&a)?, Version::of(&b)?);
    let parts = a.parts.iter().zip(b.parts).map(|(a, b)| numbers(a, b));
    let parts = parts.fold(Ordering::Equal, Ordering::then);
    Some(parts.then_with(|| semver::pre_release(a.pre_release, b.pre_release)))
}

struct Version<'a> {
    parts: [&'a str; 4],
    pre_release: &'a str,
}

impl<'a> Version<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, pre_release) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut parts = ["0"; 4];
        for (index, part) in core.split('.').enumerate() {
            let is_number = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            *parts.get_mut(index).filter(|_| is_number)? = part;
        }
        pre_release
            .is_none_or(semver::is_pre_release)
            .then(|| Self { parts, pre_release: pre_release.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Less};

    #[test]
    fn versions_are_ordered_as_nuget_orders_them() {
        for (a, order, b) in
            [("1.0", Equal, "1.0.0.0"), ("1.0.0-RC1", Equal, "1.0.0-rc1"), ("1.0.0-rc1", Less, "1.0.0")]
        {
            assert_eq!(compare(Scheme::Nuget, a, b), Some(order), "{a} {b}");
        }
        for text in ["1.2.3.4.5", "v1.0", "1.0-", "*", "[1.0,2.0)"] {
            assert_eq!(compare(Scheme::Nuget, text, text), None, "{text}");
        }
    }

    #[test]
    fn the_corpus_of_nuget_is_ordered_as_written() {
        let Some((compared, left_out)) = replay(Scheme::Nuget, "versions/nuget-versions.txt") else { return };
        assert_eq!((compared, left_out), (35, vec![]));
    }
}
