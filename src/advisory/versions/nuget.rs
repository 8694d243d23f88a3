//! NuGet versions: semantic versions with up to four numbers, whose letters have no case (NuGet's documentation, "Package
//! versioning").

use std::cmp::Ordering;

use super::semver::Version;

/// The most numbers of a version.
const NUMBERS: usize = 4;

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    Some(version(&a)?.order(&version(&b)?))
}

fn version(text: &str) -> Option<Version<'_, NUMBERS>> {
    let core = text.split(['-', '+']).next()?;
    Version::of(text).filter(|_| core.split('.').count() <= NUMBERS)
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
