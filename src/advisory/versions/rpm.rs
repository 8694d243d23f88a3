//! RPM's versions: `[epoch:]version[-release]` (rpm-version(7)).

use std::cmp::Ordering;

use rpm_version::rpm_evr_compare;

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let fits = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    // An empty release is a release: rpm 4.18 has `1` below `1-`, rpm-version 0.5.1 takes them as equal.
    let releases = || a.ends_with('-').cmp(&b.ends_with('-'));
    (fits(a) && fits(b)).then(|| rpm_evr_compare(a, b).then_with(releases))
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_rpm_orders_them() {
        for (a, order, b) in [
            ("0:1.0-1", Equal, "1.0-1"),
            ("1:0.1-1", Greater, "9-1"),
            ("1.0~rc1-1", Less, "1.0-1"),
            ("1.0^git1-1", Greater, "1.0-1"),
            ("1.0-1.el8_10", Greater, "1.0-1.el8"),
            ("1.10-1", Greater, "1.9-1"),
        ] {
            assert_eq!(compare(Scheme::Rpm, a, b), Some(order), "{a} {b}");
        }
    }

    #[test]
    fn the_corpus_of_rpm_is_ordered_as_written() {
        let Some((written, left_out)) = replay(Scheme::Rpm, "versions/redhat-versions.txt") else { return };
        assert_eq!((written, left_out), (165, vec![]));
    }
}
