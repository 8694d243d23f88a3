//! Takes a written combination of licences apart: `GPLv2+ and (BSD or MIT)`, `GPL-2+ or Artistic, and BSD-3-clause`,
//! `GPL-2 | file LICENSE`, `MIT/Apache-2.0`.
//!
//! Names have these words and marks in them as well, so each text is looked up as a whole before it is taken apart, and
//! stays whole where no part of it is known.

use super::recognise::recognise;
use super::tree::Tree;

/// The longest text that is read as names; longer ones are the text of a licence.
const TEXT_BYTES_MAX: usize = 2000;

/// How deep parentheses and operators may nest, and how many parts a text may have. Real ones have some dozens.
const DEPTH_MAX: usize = 12;
const PARTS_MAX: usize = 200;

/// Words for there being nothing to say (SPDX 2.3, section 7.13 and the habits of build tools).
const NOTHING: [&str; 8] = ["", "none", "noassertion", "unknown", "n/a", "-", "null", "undefined"];

/// Words behind `or` and `and` that go on with a name: `or later`, `"New" or "Revised"`, `Notice and Disclaimer`.
const GOES_ON: [&str; 20] = [
    "later",
    "newer",
    "any",
    "greater",
    "higher",
    "above",
    "(at",
    "at",
    "revised",
    "\"revised\"",
    "modified",
    "\"modified\"",
    "simplified",
    "\"simplified\"",
    "lesser",
    "library",
    "disclaimer",
    "distribution",
    "conditions",
    "its",
];

/// Families of licences that stand in lists parted by blanks, as Alpine's packages had them: `MIT BSD GPL2+`.
const FAMILIES: [&str; 6] = ["apache", "artistic", "bsd", "custom", "gpl", "lgpl"];

/// How parts are combined, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Any,
    All,
}

/// Returns what a text says, or `None` where it says nothing.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let text = text.trim();
    if NOTHING.contains(&text.to_ascii_lowercase().as_str()) {
        return None;
    }
    if text.len() > TEXT_BYTES_MAX {
        return Some(Tree::Unknown(text.to_owned()));
    }
    // Where blanks are not allowed, underscores take their place: `LGPLv3+_or_GPLv2+`.
    let has_underscores = !text.contains(' ') && ["_or_", "_and_"].iter().any(|word| text.contains(word));
    let text = if has_underscores { text.replace('_', " ") } else { text.to_owned() };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(part(&text, 0))
}

fn part(text: &str, depth: usize) -> Tree {
    let text = unwrapped(text.trim());
    if let Some(known) = recognise(text) {
        return known;
    }
    let whole = || Tree::Unknown(text.to_owned());
    if depth >= DEPTH_MAX || text.is_empty() {
        return whole();
    }
    let Some((operator, parts)) = split(text) else { return whole() };
    if parts.len() > PARTS_MAX {
        return whole();
    }
    let parts: Vec<Tree> = parts.into_iter().map(|text| part(text, depth + 1)).collect();
    let tree = match operator {
        Operator::Any => Tree::any(parts),
        Operator::All => Tree::all(parts),
    };
    tree.filter(Tree::has_known).unwrap_or_else(whole)
}

/// Takes off parentheses around the whole.
fn unwrapped(mut text: &str) -> &str {
    while let Some(inner) = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        let mut depth = 0_i32;
        let closes_early = inner.chars().any(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth < 0
        });
        if closes_early || depth != 0 {
            break;
        }
        text = inner.trim();
    }
    text
}

/// Splits at the operator that binds least. A comma before it makes it bind less (DEP-5, "License: short name"); commas
/// alone mean what the last operator of the list says.
fn split(text: &str) -> Option<(Operator, Vec<&str>)> {
    const ORDER: [(&[&str], Operator); 7] = [
        (&[", or "], Operator::Any),
        (&[", and "], Operator::All),
        (&[" or ", " | ", " || ", "|"], Operator::Any),
        (&[" and ", " & ", " && ", " + ", "&"], Operator::All),
        (&[";", ","], Operator::All),
        (&[" / ", "/"], Operator::Any),
        (&[" "], Operator::All),
    ];
    let has = |separators: &[&str]| at(text, separators, 2).len() > 1;
    let is_list = has(&[", "]);
    if is_list && has(&[" or "]) && !has(&[" and "]) {
        return Some((Operator::Any, at(text, &[", or ", " or ", ", "], usize::MAX)));
    }
    if is_list && has(&[" and "]) && !has(&[" or "]) {
        return Some((Operator::All, at(text, &[", and ", " and ", ", "], usize::MAX)));
    }
    for (separators, operator) in ORDER {
        let parts = at(text, separators, usize::MAX);
        let fits = |part: &&str| match separators {
            [" "] => {
                recognise(part).is_some() || FAMILIES.iter().any(|family| part.eq_ignore_ascii_case(family))
            }
            [" / ", "/"] => recognise(part).is_some(),
            _ => true,
        };
        if parts.len() > 1 && parts.iter().all(fits) {
            return Some((operator, parts));
        }
    }
    None
}

/// Splits a text at separators outside of parentheses, in any case of letters, into at most so many parts.
fn at<'a>(text: &'a str, separators: &[&str], parts_max: usize) -> Vec<&'a str> {
    let mut parts = vec![];
    let (mut start, mut index, mut depth) = (0, 0, 0_i32);
    while index < text.len() && parts.len() + 1 < parts_max {
        let rest = &text[index..];
        depth += i32::from(rest.starts_with('(')) - i32::from(rest.starts_with(')'));
        let found = separators.iter().find(|separator| depth == 0 && starts(rest, separator));
        match found.filter(|separator| !goes_on(separator, &rest[separator.len()..])) {
            Some(separator) => {
                parts.push(&text[start..index]);
                index += separator.len();
                start = index;
            }
            None => index += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    parts.push(&text[start..]);
    parts
}

fn starts(text: &str, separator: &str) -> bool {
    text.get(..separator.len()).is_some_and(|head| head.eq_ignore_ascii_case(separator))
}

/// Returns whether a name goes on behind what looks like an operator.
fn goes_on(separator: &str, rest: &str) -> bool {
    let next = rest.trim_start().split([' ', ',', ')']).next().unwrap_or_default().to_ascii_lowercase();
    match separator.trim() {
        "or" | ", or" | "and" | ", and" => GOES_ON.contains(&next.as_str()),
        // `Apache License, Version 2.0`: a comma within a name.
        "," => ["version", "v", "ver", "v.", "inc", "inc."].contains(&next.as_str()) || is_version(&next),
        _ => false,
    }
}

fn is_version(word: &str) -> bool {
    let word = word.strip_prefix('v').unwrap_or(word);
    word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains('-')
}
