//! Versions of Ruby's gems (`Gem::Version`): numbers and words, where a word comes before any number.
//!
//! Our own, because `gem_version` 1.0.0 orders numbers of hundreds of digits wrongly.

use std::cmp::Ordering;

use super::{is_number, numbers, runs};

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (segments(a)?, segments(b)?);
    let order = |index: usize| {
        let (a, b) = (a.get(index).copied().unwrap_or("0"), b.get(index).copied().unwrap_or("0"));
        match (is_number(a), is_number(b)) {
            (true, true) => numbers(a, b),
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => a.cmp(b),
        }
    };
    Some((0..a.len().max(b.len())).map(order).find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
}

/// Returns the numbers and words without zeros in front of the first word and at the end; a hyphen is the word `pre`.
fn segments(text: &str) -> Option<Vec<&str>> {
    let (release, rest) = text.split_once('-').map_or((text, None), |(release, rest)| (release, Some(rest)));
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let first = release.split('.').next()?;
    let has_rest = |rest: &str| rest.split('.').all(|part| part.split('-').any(is_part));
    if !is_number(first) || !release.split('.').all(is_part) || !rest.is_none_or(has_rest) {
        return None;
    }
    let mut segments: Vec<&str> = vec![];
    segments.extend(release.split('.').flat_map(runs));
    if let Some(rest) = rest {
        for part in rest.split('-') {
            segments.push("pre");
            segments.extend(part.split('.').flat_map(runs));
        }
    }
    let words = segments.iter().position(|segment| !is_number(segment)).unwrap_or(segments.len());
    let mut behind = segments.split_off(words);
    for list in [&mut segments, &mut behind] {
        let is_zero = |segment: &&str| segment.bytes().all(|b| b == b'0');
        let kept = list.iter().rposition(|segment| !is_zero(segment)).map_or(0, |last| last + 1);
        list.truncate(kept);
    }
    segments.extend(behind);
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_rubygems_orders_them() {
        // Of RubyGems' documentation of `Gem::Version`.
        for (a, order, b) in [
            ("1.0", Equal, "1"),
            ("1.0.a", Less, "1.0"),
            ("1.0.a9", Less, "1.0.a10"),
            ("1.0.0.a", Equal, "1.a"),
            ("1.0-1", Less, "1.0"),
            ("1.0-rc1", Equal, "1.0.pre.rc1"),
            ("2.0.0.rc1", Greater, "1.9.9"),
        ] {
            assert_eq!(compare(Scheme::RubyGems, a, b), Some(order), "{a} {b}");
        }
        for text in ["a", "1..2", "1.", "1-", "1_0", "v1"] {
            assert_eq!(compare(Scheme::RubyGems, text, text), None, "{text}");
        }
    }

    #[test]
    fn the_corpus_of_rubygems_is_ordered_as_written() {
        let Some((generated, left_out)) =
            replay(Scheme::RubyGems, "versions/rubygems-versions-generated.txt")
        else {
            return;
        };
        assert_eq!((generated, left_out), (4_098, vec![]));
        let (written, left_out) =
            replay(Scheme::RubyGems, "versions/rubygems-versions.txt").expect("the corpora are there");
        // `Gem::Version` calls such versions malformed: letters begin behind a full stop.
        let malformed = ["1 > 1beta", "1 > 1gamma"].map(str::to_owned).to_vec();
        assert_eq!((written, left_out), (23, malformed));
    }
}
