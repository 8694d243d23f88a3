//! Alpine versions as apk-tools 3 reads them: `digit{.digit}{letter{digit}}{_suffix{number}}{~hash}{-r number}`.
//!
//! Strings outside that grammar have no order here, although apk falls back to one: what an image or an advisory says
//! with them is reported, not guessed at.

use std::cmp::Ordering;

/// Suffixes in their order, with the place of "no suffix" between those of pre-releases and the others.
const SUFFIXES: [(&str, i8); 9] = [
    ("alpha", -4),
    ("beta", -3),
    ("pre", -2),
    ("rc", -1),
    ("cvs", 1),
    ("svn", 2),
    ("git", 3),
    ("hg", 4),
    ("p", 5),
];

/// One part of a version. The order of the variants is apk's order of token kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'v> {
    First(&'v str),
    Number(&'v str),
    Letter(char),
    Suffix(i8),
    SuffixNumber(&'v str),
    Hash(&'v str),
    Revision(&'v str),
    End,
}

impl Token<'_> {
    const fn rank(&self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(_) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Hash(_) => 5,
            Self::Revision(_) => 6,
            Self::End => 7,
        }
    }

    const fn is_before_release(&self) -> bool {
        matches!(self, Self::Suffix(order) if *order < 0)
    }
}

/// Returns the order of two apk versions.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (tokens(a)?, tokens(b)?);
    let ordering = a.iter().zip(&b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
    // Both lists end with `End`, so that one that is the beginning of the other differs there at the latest.
    Some(ordering.unwrap_or(Ordering::Equal))
}

fn order(a: &Token<'_>, b: &Token<'_>) -> Ordering {
    match (a, b) {
        // A component with a leading zero is compared as a decimal fraction is: digit by digit (Gentoo's rule).
        (Token::Number(a), Token::Number(b)) if a.starts_with('0') || b.starts_with('0') => a.cmp(b),
        (Token::First(a), Token::First(b))
        | (Token::Number(a), Token::Number(b))
        | (Token::SuffixNumber(a), Token::SuffixNumber(b))
        | (Token::Revision(a), Token::Revision(b)) => number(a, b),
        (Token::Letter(a), Token::Letter(b)) => a.cmp(b),
        (Token::Suffix(a), Token::Suffix(b)) => a.cmp(b),
        (Token::Hash(a), Token::Hash(b)) => a.cmp(b),
        _ => unlike(a, b),
    }
}

/// The order of parts of different kinds: the longer version is the newer one, save for pre-releases.
fn unlike(a: &Token<'_>, b: &Token<'_>) -> Ordering {
    match (a.is_before_release(), b.is_before_release()) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => b.rank().cmp(&a.rank()),
    }
}

fn number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn tokens(version: &str) -> Option<Vec<Token<'_>>> {
    let (first, mut rest) = digits(version)?;
    let mut found = vec![Token::First(first)];
    while !rest.is_empty() {
        let last = found.last().map_or(0, Token::rank);
        let (token, remaining) = next(rest, last)?;
        found.push(token);
        rest = remaining;
    }
    found.push(Token::End);
    Some(found)
}

/// Reads one part after one of rank `last`; `None` where the grammar allows none there.
fn next(rest: &str, last: u8) -> Option<(Token<'_>, &str)> {
    let sign = rest.chars().next()?;
    let after = &rest[sign.len_utf8()..];
    match sign {
        '.' if last <= 1 => digits(after).map(|(value, rest)| (Token::Number(value), rest)),
        'a'..='z' if last <= 1 => Some((Token::Letter(sign), after)),
        '_' if last <= 4 => {
            let (name, rest) = span(after, |b| b.is_ascii_lowercase())?;
            let (_, order) = SUFFIXES.iter().find(|(known, _)| *known == name)?;
            Some((Token::Suffix(*order), rest))
        }
        // apk-tools 2 let a number follow the letter, and packages used it: `6.6.2p1`.
        '0'..='9' if last == 2 => digits(rest).map(|(value, rest)| (Token::Number(value), rest)),
        '0'..='9' if last == 3 => digits(rest).map(|(value, rest)| (Token::SuffixNumber(value), rest)),
        '~' if last < 5 => span(after, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            .map(|(value, rest)| (Token::Hash(value), rest)),
        '-' if last < 6 => {
            digits(after.strip_prefix('r')?).map(|(value, rest)| (Token::Revision(value), rest))
        }
        _ => None,
    }
}

fn digits(text: &str) -> Option<(&str, &str)> {
    span(text, |b| b.is_ascii_digit())
}

fn span(text: &str, belongs: impl Fn(u8) -> bool) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !belongs(b)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, compare, tests::replay};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn every_kind_of_part_has_its_place() {
        for (a, order, b) in [
            ("1.2_alpha", Less, "1.2_beta"),
            ("1.2_beta", Less, "1.2_pre"),
            ("1.2_pre", Less, "1.2_rc"),
            ("1.2_rc1", Less, "1.2"),
            ("1.2", Less, "1.2_cvs"),
            ("1.2_cvs", Less, "1.2_svn"),
            ("1.2_svn", Less, "1.2_git"),
            ("1.2_git", Less, "1.2_hg"),
            ("1.2_hg", Less, "1.2_p"),
            ("1.2_p9", Less, "1.2_p10"),
            ("1.2", Less, "1.2a"),
            ("1.2", Less, "1.2.0"),
            ("1.2-r9", Less, "1.2-r10"),
            ("1.2-r9", Less, "1.2.1-r0"),
            ("1.2_rc1-r5", Less, "1.2-r0"),
            ("1.10", Greater, "1.9"),
            ("1.02", Less, "1.1"),
            ("01", Equal, "1"),
            ("1.2~abcdef-r0", Greater, "1.2-r0"),
            ("1.1.1d-r2", Less, "1.1.1e-r0"),
            ("1.0_p20240101000000000000001", Greater, "1.0_p20240101000000000000000"),
        ] {
            assert_eq!(compare(Scheme::Apk, a, b), Some(order), "{a} {b}");
        }
    }

    #[test]
    fn the_corpus_of_apk_is_ordered_as_written() {
        let Some((generated, left_out)) = replay(Scheme::Apk, "versions/alpine-versions-generated.txt")
        else {
            return;
        };
        assert_eq!((generated, left_out), (13_979, vec![]));
        let (written, left_out) =
            replay(Scheme::Apk, "versions/alpine-versions.txt").expect("the corpora are there");
        let mut expected: Vec<&str> = INVALID.iter().flat_map(|(_, lines)| lines.iter().copied()).collect();
        let mut left_out: Vec<_> = left_out.iter().map(String::as_str).collect();
        expected.sort_unstable();
        left_out.sort_unstable();
        assert_eq!(left_out, expected);
        assert_eq!(written, 745);
    }

    /// Lines of the corpus that have no order here, each by what makes one side no version. The corpus marks them as
    /// invalid itself, and the releases of apk disagree about them.
    const INVALID: &[(&str, &[&str])] = &[
        (
            "a revision without a number",
            &["1-r = 1-r0", "1-r-0 < 1-r0", "1-r-1 < 1-r0", "1-r2 > 1-r-1", "1 > 1-ruff"],
        ),
        (
            "something after the revision, or before it",
            &[
                "1-r0-1 = 1-r-2",
                "1-r0-1 = 1-r0-2",
                "1-ruff2 = 1-ruff1",
                "1-ruff2 = 1--ruff1",
                "1-r0-ruff2 = 1-r0-ruff1",
            ],
        ),
        (
            "an empty component",
            &[
                "0..1..0 < 0..1..1",
                "0...1...0 < 0...1...1",
                "0...1...0.r1 < 0...1...0.r2",
                "0...1...0r1 < 0...1...0r2",
                "0..8 = 0..8",
                "0..8 > 0...8",
            ],
        ),
        (
            "a component that is a letter",
            &["0.r1 < 0r2", "0.8.21.r2 > 0.8.21.r1", "10.2.24.r0 > 10.2.22.r0", "0.8.21.r2 < 0.8.21r2"],
        ),
        ("a capital letter", &["1.2.0A < 1.2.0d", "1.2.0D < 1.2.0d"]),
        ("two letters", &["1.0 < 1.0bc"]),
        (
            "an unknown suffix",
            &["1.2 > 1.2_blah", "1.2_svn1 > 1.2_csv2", "1.2_cvs1 > 1.2_blah", "23_foo > 4_beta"],
        ),
        ("no number at the beginning", &[".1 < 1", "1 > .1", ".2 > .1", "a < b", "c > b", "c = c"]),
    ];
}
