//! Debian versions (Debian policy §5.6.12, deb-version(7)): `[epoch:]upstream[-revision]`.

use std::cmp::Ordering;

use debversion::Version;

/// Returns the order of two Debian versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(parse(a)?.cmp(&parse(b)?))
}

fn parse(text: &str) -> Option<Version> {
    let mut version: Version = text.parse().ok()?;
    // "The end of the string counts as zero": dpkg takes `1.0~rc` and `1.0~rc0` as equal, debversion 0.5.5 does not.
    // A zero where a part ends without a number changes no other comparison.
    end_with_number(&mut version.upstream_version);
    if let Some(revision) = &mut version.debian_revision {
        end_with_number(revision);
    }
    Some(version)
}

fn end_with_number(part: &mut String) {
    if !part.ends_with(|last: char| last.is_ascii_digit()) {
        part.push('0');
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        // Each line was checked with `dpkg --compare-versions`.
        for (a, order, b) in [
            ("1.0~rc", Equal, "1.0~rc0"),
            ("1.0~rc", Greater, "1.0~rc~"),
            ("1.0", Greater, "1.0~"),
            ("1-a", Equal, "1-a0"),
            ("1.", Equal, "1.0"),
            ("0:1.0", Equal, "1.0"),
            ("1:0.1", Greater, "9.9"),
            ("3.0.11-1~deb12u2", Less, "3.0.11-1"),
            ("3.0.11-1~deb12u2", Less, "3.0.11-1~deb12u10"),
            ("2.36-9+deb12u4", Greater, "2.36-9"),
            ("1.2-3-4", Greater, "1.2-3-3"),
            ("20240101000000000000000001", Greater, "20240101000000000000000000"),
        ] {
            assert_eq!(compare(Scheme::Deb, a, b), Some(order), "{a} {b}");
        }
        assert_eq!(compare(Scheme::Deb, "1_0", "1.0"), None, "dpkg refuses the underscore");
    }

    #[test]
    fn the_corpus_of_dpkg_is_ordered_as_written() {
        let Some((generated, left_out)) = replay(Scheme::Deb, "versions/debian-versions-generated.txt")
        else {
            return;
        };
        assert_eq!((generated, left_out), (14_442, vec![]));
        let (written, left_out) =
            replay(Scheme::Deb, "versions/debian-versions.txt").expect("the corpora are there");
        assert_eq!((written, left_out), (30, vec![]));
    }
}
