//! Maven's versions (POM reference, "Version Order Specification"; `ComparableVersion` of Maven 3.8).
//!
//! A version is a tree: a hyphen, and every change between digits and letters, begins a list within the list. Parts that
//! say nothing (`0`, `ga`, `final`) are dropped from the ends of lists.

use std::cmp::Ordering;

use super::numbers;

/// Qualifiers in their order; the empty one is the release. Unknown ones come after all, by name.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
const RELEASE: usize = 5;

/// How deep lists may nest. A version of 100 parts of one character stays below it.
const DEPTH_MAX: usize = 256;

#[derive(Debug)]
enum Item<'a> {
    Number(&'a str),
    Qualifier(&'a str),
    List(Vec<Item<'a>>),
}

/// Returns the order of two versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let is_printable = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !is_printable(a) || !is_printable(b) {
        return None;
    }
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    Some(lists(&parse(&a)?, &parse(&b)?))
}

/// Takes a version apart into lists that lie in each other, the outermost first, and closes them.
fn parse(text: &str) -> Option<Vec<Item<'_>>> {
    let mut open: Vec<Vec<Item<'_>>> = vec![vec![]];
    let (mut start, mut is_number) = (0, false);
    for (index, byte) in text.bytes().enumerate() {
        let part = &text[start..index];
        let is_separator = matches!(byte, b'.' | b'-');
        if is_separator {
            open.last_mut()?.push(if part.is_empty() {
                Item::Number("0")
            } else {
                item(part, is_number, false)
            });
            start = index + 1;
        }
        let is_digit = byte.is_ascii_digit();
        let changes = !is_separator && !part.is_empty() && is_digit != is_number;
        if changes {
            open.last_mut()?.push(item(part, is_number, is_digit));
            start = index;
        }
        if byte == b'-' || changes {
            open.push(vec![]);
        }
        if !is_separator {
            is_number = is_digit;
        }
        if open.len() > DEPTH_MAX {
            return None;
        }
    }
    if start < text.len() {
        open.last_mut()?.push(item(&text[start..], is_number, false));
    }
    let mut inner = normalised(open.pop()?);
    while let Some(mut outer) = open.pop() {
        outer.push(Item::List(inner));
        inner = normalised(outer);
        // Where nothing is left in front of a list its hyphen goes, too: `1-ga-1` is `1-1`.
        if let [Item::List(_)] = inner.as_slice()
            && !open.is_empty()
            && let Some(Item::List(only)) = inner.pop()
        {
            inner = only;
        }
    }
    Some(inner)
}

/// Returns a part; a single letter in front of a digit is short for a qualifier.
fn item(part: &str, is_number: bool, before_digit: bool) -> Item<'_> {
    if is_number {
        return Item::Number(part);
    }
    Item::Qualifier(match part {
        "a" if before_digit => "alpha",
        "b" if before_digit => "beta",
        "m" if before_digit => "milestone",
        "ga" | "final" | "release" => "",
        "cr" => "rc",
        other => other,
    })
}

/// Drops what says nothing from the end, in front of lists too.
fn normalised(mut list: Vec<Item<'_>>) -> Vec<Item<'_>> {
    for index in (0..list.len()).rev() {
        if says_nothing(&list[index]) {
            list.remove(index);
        } else if !matches!(list[index], Item::List(_)) {
            break;
        }
    }
    list
}

fn says_nothing(item: &Item<'_>) -> bool {
    match item {
        Item::Number(number) => number.bytes().all(|b| b == b'0'),
        Item::Qualifier(text) => text.is_empty(),
        Item::List(list) => list.is_empty(),
    }
}

fn lists(a: &[Item<'_>], b: &[Item<'_>]) -> Ordering {
    for index in 0..a.len().max(b.len()) {
        let order = match (a.get(index), b.get(index)) {
            (Some(a), Some(b)) => items(a, b),
            (Some(a), None) => with_nothing(a),
            (None, Some(b)) => with_nothing(b).reverse(),
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn items(a: &Item<'_>, b: &Item<'_>) -> Ordering {
    use Item::{List, Number, Qualifier};
    match (a, b) {
        (Number(a), Number(b)) => numbers(a, b),
        (Qualifier(a), Qualifier(b)) => place(a).cmp(&place(b)),
        (List(a), List(b)) => lists(a, b),
        // 1.1 is above 1-1, which is above 1-sp.
        (Number(_), _) | (List(_), Qualifier(_)) => Ordering::Greater,
        (_, Number(_)) | (Qualifier(_), List(_)) => Ordering::Less,
    }
}

fn with_nothing(item: &Item<'_>) -> Ordering {
    match item {
        Item::Number(number) => numbers(number, "0"),
        Item::Qualifier(text) => place(text).cmp(&(RELEASE, "")),
        Item::List(list) => {
            list.iter().map(with_nothing).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        }
    }
}

fn place(qualifier: &str) -> (usize, &str) {
    match QUALIFIERS.iter().position(|known| *known == qualifier) {
        Some(known) => (known, ""),
        None => (QUALIFIERS.len(), qualifier),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_are_ordered_as_maven_orders_them() {
        // Of the version order specification.
        for (a, order, b) in [
            ("1.0.0", Equal, "1"),
            ("1-ga", Equal, "1"),
            ("1.0.0.Final", Equal, "1.0.0"),
            ("1-alpha-1", Less, "1-beta-1"),
            ("1-rc1", Less, "1"),
            ("1-SNAPSHOT", Less, "1"),
            ("1-sp", Greater, "1"),
            ("1-foo", Greater, "1-sp"),
            ("1.foo", Less, "1-1"),
            ("1-1", Less, "1.1"),
            ("2.9.10.8", Greater, "2.9.10"),
            ("31.1-jre", Greater, "31.1-android"),
        ] {
            assert_eq!(compare(Scheme::Maven, a, b), Some(order), "{a} {b}");
        }
    }

    #[test]
    fn the_corpus_of_maven_is_ordered_as_written() {
        let Some((generated, left_out)) = replay(Scheme::Maven, "versions/maven-versions-generated.txt")
        else {
            return;
        };
        assert_eq!((generated, left_out), (14_752, vec![]));
        let (written, left_out) =
            replay(Scheme::Maven, "versions/maven-versions.txt").expect("the corpora are there");
        assert_eq!((written, left_out), (102, vec![]));
    }
}
