//! Composer's versions, ordered as PHP's `version_compare` orders them, which Composer uses (PHP manual,
//! "version_compare"): parts at `.`, `-`, `_`, `+` and wherever digits begin or end.

use std::cmp::Ordering;

use super::{is_number, numbers, runs};

/// What words mean, the lowest first; a number is above `rc` and below `p`, any other word below all.
const FORMS: [(&str, u8); 10] = [
    ("dev", 1),
    ("alpha", 2),
    ("a", 2),
    ("beta", 3),
    ("b", 3),
    ("RC", 4),
    ("rc", 4),
    ("#", NUMBER),
    ("pl", 6),
    ("p", 6),
];

const NUMBER: u8 = 5;

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    Some(ordered(&parts(a)?, &parts(b)?))
}

fn ordered(a: &[&str], b: &[&str]) -> Ordering {
    let pairs = a.iter().zip(b).map(|(a, b)| match (is_number(a), is_number(b)) {
        (true, true) => numbers(a, b),
        _ => form(a).cmp(&form(b)),
    });
    let common = a.len().min(b.len());
    pairs.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| match a.len().cmp(&b.len()) {
        Ordering::Greater => with_nothing(&a[common..]),
        Ordering::Less => with_nothing(&b[common..]).reverse(),
        Ordering::Equal => Ordering::Equal,
    })
}

/// Orders what one version has more than the other: a number is later, words are held against a number.
fn with_nothing(rest: &[&str]) -> Ordering {
    rest.iter()
        .map(|part| if is_number(part) { Ordering::Greater } else { form(part).cmp(&NUMBER) })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn parts(text: &str) -> Option<Vec<&str>> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_+#/@~^*".contains(&b);
    if text.is_empty() || !text.bytes().all(fits) {
        return None;
    }
    let parts: Vec<&str> = text.split(['.', '-', '_', '+']).flat_map(runs).collect();
    (!parts.is_empty()).then_some(parts)
}

fn form(part: &str) -> u8 {
    if is_number(part) {
        return NUMBER;
    }
    FORMS.iter().find(|(word, _)| part.starts_with(word)).map_or(0, |(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Less};

    #[test]
    fn versions_are_ordered_as_php_orders_them() {
        for (a, order, b) in [
            ("v1.0.0", Equal, "1.0.0"),
            ("1.0.0-beta2", Less, "1.0.0"),
            ("1.0.0", Less, "1.0.0-p1"),
            ("1.0.0", Less, "1.0.0.1"),
            ("dev-main", Less, "0.0.1"),
        ] {
            assert_eq!(compare(Scheme::Packagist, a, b), Some(order), "{a} {b}");
        }
    }

    #[test]
    fn the_corpus_of_composer_is_ordered_as_written() {
        let Some((generated, left_out)) =
            replay(Scheme::Packagist, "versions/packagist-versions-generated.txt")
        else {
            return;
        };
        assert_eq!((generated, left_out), (10_630, vec![]));
        let (written, left_out) =
            replay(Scheme::Packagist, "versions/packagist-versions.txt").expect("the corpora are there");
        assert_eq!((written, left_out), (95, vec![]));
    }
}
