//! Constraints on versions as scanners' databases write them, `>=1.0, <1.2 || =2.0`, to the events of ranges.
//!
//! Alternatives stand between `||`, terms of one alternative between commas or blanks. A term is a version behind one of
//! `=`, `==`, `<`, `<=`, `>`, `>=`, or RubyGems' `~>` ("Pessimistic version constraint", Gem::Requirement); `*` and a text
//! without terms stand for every version.
//!
//! A range has no event for "after this version": one that begins after 1.0 is written as beginning with it, since one
//! version too many that is reported is better than all later ones missed.

use std::cmp::Ordering;

use crate::advisory::{
    range::Event,
    record::{LIST_MAX, a_version, at_most, shown},
    versions::{Scheme, compare, is_valid},
};

/// Most alternatives that say what is not affected: each is compared with each affected one. The longest published list, of
/// one gem with a repair for each of its series, has below 20.
const SAFE_MAX: usize = 500;
/// What operators are written with.
const OPERATOR: &[char] = &['<', '>', '=', '!', '~', '^'];
/// OSV's sentinel below every version.
const BEGINNING: &str = "0";

/// What constraints say is affected.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Stated {
    pub(super) ranges: Vec<Vec<Event>>,
    /// Single versions, from constraints such as `=2.0`.
    pub(super) versions: Vec<String>,
}

/// Returns what is affected: what one of `vulnerable` holds for, or every version where there is none, without what one of
/// `safe` holds for.
pub(super) fn affected(scheme: Scheme, vulnerable: &[&str], safe: &[&str]) -> Result<Stated, String> {
    let vulnerable = match vulnerable {
        [] => vec![Span::default()],
        texts => spans(scheme, texts, LIST_MAX)?,
    };
    let mut safe = spans(scheme, safe, SAFE_MAX)?;
    let is_everything = vulnerable.iter().any(|span| *span == Span::default());
    // A list of repaired versions beside ranges that end with them says nothing new, and need not compare.
    safe.retain(|span| is_everything || span.only().is_none());
    if safe.is_empty() {
        return Ok(stated(scheme, vulnerable));
    }
    let gaps = gaps(scheme, safe)?;
    let mut left = vec![];
    for span in &vulnerable {
        for gap in &gaps {
            left.push(both(scheme, span, gap)?);
            at_most(left.len(), LIST_MAX * SAFE_MAX, "ranges")?;
        }
        left.retain(|span| !span.is_empty(scheme));
    }
    at_most(left.len(), LIST_MAX, "ranges")?;
    Ok(stated(scheme, left))
}

fn stated(scheme: Scheme, spans: Vec<Span>) -> Stated {
    let mut stated = Stated::default();
    for span in spans.into_iter().filter(|span| !span.is_empty(scheme)) {
        match span.only() {
            Some(version) => stated.versions.push(version.to_owned()),
            None => stated.ranges.push(span.events()),
        }
    }
    stated.ranges.sort();
    stated.ranges.dedup();
    stated.versions.sort();
    stated.versions.dedup();
    stated
}

/// One end of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    version: String,
    /// Whether the version belongs to the span.
    inside: bool,
}

impl Bound {
    /// Returns the end of what lies on the other side.
    fn opposite(&self) -> Self {
        Self { version: self.version.clone(), inside: !self.inside }
    }
}

/// The versions between two ends; without an end it goes on for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Span {
    low: Option<Bound>,
    high: Option<Bound>,
}

impl Span {
    /// Returns the one version of a span that has no other.
    fn only(&self) -> Option<&str> {
        let (low, high) = (self.low.as_ref()?, self.high.as_ref()?);
        (low == high && low.inside).then_some(low.version.as_str())
    }

    /// Returns whether nothing can lie in it; not where its ends do not compare, because nothing can be said then.
    fn is_empty(&self, scheme: Scheme) -> bool {
        let Some(high) = &self.high else { return false };
        let Some(low) = &self.low else { return !high.inside && high.version == BEGINNING };
        match compare(scheme, &low.version, &high.version) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => !(low.inside && high.inside),
            _ => false,
        }
    }

    fn events(self) -> Vec<Event> {
        let low = self.low.map_or_else(|| BEGINNING.to_owned(), |low| low.version);
        let high = self.high.map(
            |Bound { version, inside }| {
                if inside { Event::LastAffected(version) } else { Event::Fixed(version) }
            },
        );
        [Some(Event::Introduced(low)), high].into_iter().flatten().collect()
    }
}

/// Reads lists of alternatives as one list.
fn spans(scheme: Scheme, texts: &[&str], limit: usize) -> Result<Vec<Span>, String> {
    let mut all = vec![];
    for text in texts {
        let alternatives = text.split("||").count();
        at_most(all.len().saturating_add(alternatives), limit, "constraints")?;
        for alternative in text.split("||") {
            if alternatives > 1 && alternative.trim().is_empty() {
                return Err(format!("constraint `{}` has an empty alternative", shown(text)));
            }
            all.push(span(scheme, alternative)?);
        }
    }
    Ok(all)
}

/// Reads the terms of one alternative.
fn span(scheme: Scheme, text: &str) -> Result<Span, String> {
    let is_gap = |c: char| c.is_whitespace() || c == ',';
    let mut found = Span::default();
    let mut rest = text.trim_start_matches(is_gap);
    while !rest.is_empty() {
        let (operator, behind) = rest.split_at(rest.find(|c| !OPERATOR.contains(&c)).unwrap_or(rest.len()));
        let behind = behind.trim_start();
        let (version, next) = behind.split_at(behind.find(is_gap).unwrap_or(behind.len()));
        found = both(scheme, &found, &term(scheme, operator, version.trim_matches('"'))?)?;
        rest = next.trim_start_matches(is_gap);
    }
    Ok(found)
}

fn term(scheme: Scheme, operator: &str, version: &str) -> Result<Span, String> {
    if operator.is_empty() && version == "*" {
        return Ok(Span::default());
    }
    a_version(version)?;
    let is_plain = !version.is_empty()
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+~:_^".contains(&b))
        && !version.split('.').any(|part| matches!(part, "x" | "X"));
    let unknown = || format!("constraint `{}{}` is of no known form", shown(operator), shown(version));
    if !is_plain {
        return Err(unknown());
    }
    let bound = |inside| Some(Bound { version: version.to_owned(), inside });
    let from = |inside| if version == BEGINNING && inside { None } else { bound(inside) };
    let (low, high) = match operator {
        "" | "=" | "==" => (bound(true), bound(true)),
        "<" => (None, bound(false)),
        "<=" => (None, bound(true)),
        ">" => (from(false), None),
        ">=" => (from(true), None),
        "~>" if scheme == Scheme::RubyGems => (from(true), Some(next_series(version).ok_or_else(unknown)?)),
        _ => return Err(unknown()),
    };
    Ok(Span { low, high })
}

/// Returns where `~> 3.2.16` ends: before every pre-release of 3.3, as Bundler writes it, with a letter that sorts before
/// those in use.
fn next_series(version: &str) -> Option<Bound> {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut numbers: Vec<&str> = version.split('.').take_while(is_number).collect();
    if numbers.len() > 1 {
        numbers.pop();
    }
    let last: u64 = numbers.pop()?.parse().ok()?;
    let raised = last.checked_add(1)?.to_string();
    numbers.push(&raised);
    Some(Bound { version: format!("{}.A", numbers.join(".")), inside: false })
}

/// Returns what lies in both.
fn both(scheme: Scheme, a: &Span, b: &Span) -> Result<Span, String> {
    Ok(Span {
        low: nearer(scheme, a.low.as_ref(), b.low.as_ref(), Ordering::Greater)?,
        high: nearer(scheme, a.high.as_ref(), b.high.as_ref(), Ordering::Less)?,
    })
}

/// Returns the end that leaves less: the one that is `wanted` compared with the other.
fn nearer(
    scheme: Scheme,
    a: Option<&Bound>,
    b: Option<&Bound>,
    wanted: Ordering,
) -> Result<Option<Bound>, String> {
    let (Some(a), Some(b)) = (a, b) else { return Ok(a.or(b).cloned()) };
    let order = order(scheme, a, b)?;
    let chosen = if order.is_eq() {
        if a.inside { b } else { a }
    } else if order == wanted {
        a
    } else {
        b
    };
    Ok(Some(chosen.clone()))
}

fn order(scheme: Scheme, a: &Bound, b: &Bound) -> Result<Ordering, String> {
    compare(scheme, &a.version, &b.version)
        .ok_or_else(|| format!("`{}` and `{}` do not compare", shown(&a.version), shown(&b.version)))
}

/// Returns what lies in none of the spans.
fn gaps(scheme: Scheme, mut spans: Vec<Span>) -> Result<Vec<Span>, String> {
    let bounds = spans.iter().flat_map(|span| [&span.low, &span.high]).flatten();
    if let Some(bound) = bounds.into_iter().find(|bound| !is_valid(scheme, &bound.version)) {
        return Err(format!("`{}` is no version of its scheme", shown(&bound.version)));
    }
    spans.retain(|span| !span.is_empty(scheme));
    spans.sort_by(|a, b| match (&a.low, &b.low) {
        (Some(a), Some(b)) => order(scheme, a, b).unwrap_or(Ordering::Equal),
        (a, b) => a.is_some().cmp(&b.is_some()),
    });
    let (mut gaps, mut from) = (vec![], None);
    for span in &spans {
        if let Some(low) = &span.low {
            gaps.push(Span { low: from.clone(), high: Some(low.opposite()) });
        }
        let Some(high) = &span.high else { return Ok(gaps) };
        from = nearer(scheme, from.as_ref(), Some(&high.opposite()), Ordering::Greater)?;
    }
    gaps.push(Span { low: from, high: None });
    Ok(gaps)
}

#[cfg(test)]
#[path = "constraint_tests.rs"]
mod tests;
