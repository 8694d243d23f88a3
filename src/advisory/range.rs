//! Which versions an advisory speaks of (OSV schema, "affected[].ranges[].events" and "Evaluation"). Pure.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::versions::{Scheme, compare};

/// One boundary of an affected range; written as OSV writes it, `{"fixed": "1.2-3"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The first affected version; `0` stands for "from the beginning".
    Introduced(String),
    /// The first version without the vulnerability; `0` says that none ever had it.
    Fixed(String),
    /// The last affected version, itself included.
    LastAffected(String),
}

/// What an advisory says about one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    NotAffected,
    /// Affected, with the first later version that is not, where the advisory names one.
    Affected {
        fixed: Option<String>,
    },
    /// The version, or one that the advisory names, is no version of the scheme: nothing can be said.
    NotComparable,
}

/// OSV's sentinel below every version.
const BEGINNING: &str = "0";
/// Most boundaries that are shown; a record of a kernel has dozens.
const TEXT_EVENTS_MAX: usize = 12;

impl Event {
    /// Returns the version of the boundary.
    pub fn version(&self) -> &str {
        match self {
            Self::Introduced(version) | Self::Fixed(version) | Self::LastAffected(version) => version,
        }
    }

    /// Orders boundaries at one version. A version may end one range and begin the next, which leaves it affected; a
    /// boundary at the beginning of all versions closes what opened there; a last affected version is itself inside.
    fn precedence(&self) -> u8 {
        match self {
            Self::Fixed(version) if version == BEGINNING => 2,
            Self::Fixed(_) => 0,
            Self::Introduced(_) => 1,
            Self::LastAffected(_) => 3,
        }
    }
}

/// Returns what `ranges` and the listed `versions` say about `installed`.
pub(super) fn evaluate(scheme: Scheme, installed: &str, ranges: &[Vec<Event>], versions: &[String]) -> Match {
    let mut found = Match::NotAffected;
    for events in ranges {
        found = worse(scheme, found, within(scheme, installed, events).unwrap_or(Match::NotComparable));
    }
    if !matches!(found, Match::Affected { .. }) {
        for version in versions {
            match compare(scheme, version, installed) {
                _ if version == installed => return Match::Affected { fixed: None },
                Some(Ordering::Equal) => return Match::Affected { fixed: None },
                None => found = Match::NotComparable,
                Some(_) => {}
            }
        }
    }
    found
}

/// Returns a range as a person reads it: `>= 1.2, < 1.4-2`, or `every version`. Boundaries are in the order of the record.
pub(super) fn text(events: &[Event]) -> String {
    let words = events.iter().filter_map(|event| match event {
        Event::Introduced(version) if version == BEGINNING => None,
        Event::Introduced(version) => Some(format!(">= {version}")),
        Event::Fixed(version) => Some(format!("< {version}")),
        Event::LastAffected(version) => Some(format!("<= {version}")),
    });
    let words: Vec<String> = words.take(TEXT_EVENTS_MAX).collect();
    if words.is_empty() { "every version".to_owned() } else { words.join(", ") }
}

/// Returns the higher of two fixed versions; no fixed version is higher than any.
pub fn later_fix(scheme: Scheme, a: Option<String>, b: Option<String>) -> Option<String> {
    let (a, b) = (a?, b?);
    // Both were compared with the installed version before, so that the comparison has an answer.
    if compare(scheme, &a, &b).is_some_and(Ordering::is_lt) { Some(b) } else { Some(a) }
}

fn worse(scheme: Scheme, a: Match, b: Match) -> Match {
    match (a, b) {
        (Match::Affected { fixed: a }, Match::Affected { fixed: b }) => {
            Match::Affected { fixed: later_fix(scheme, a, b) }
        }
        (affected @ Match::Affected { .. }, _) | (_, affected @ Match::Affected { .. }) => affected,
        (Match::NotComparable, _) | (_, Match::NotComparable) => Match::NotComparable,
        _ => Match::NotAffected,
    }
}

/// Evaluates one range: the last boundary that `installed` has passed decides. `None` where versions do not compare.
fn within(scheme: Scheme, installed: &str, events: &[Event]) -> Option<Match> {
    let (mut passed, mut closing): (Option<&Event>, Option<&Event>) = (None, None);
    for event in events {
        let order = position(scheme, event.version(), installed)?;
        let is_passed = if matches!(event, Event::LastAffected(_)) { order.is_lt() } else { order.is_le() };
        if is_passed {
            passed = match passed {
                Some(last) if place(scheme, last, event)?.is_gt() => Some(last),
                _ => Some(event),
            };
        } else if !matches!(event, Event::Introduced(_)) {
            closing = match closing {
                Some(next) if place(scheme, next, event)?.is_le() => Some(next),
                _ => Some(event),
            };
        }
    }
    if !matches!(passed, Some(Event::Introduced(_))) {
        return Some(Match::NotAffected);
    }
    Some(Match::Affected {
        fixed: closing.and_then(|event| match event {
            Event::Fixed(version) => Some(version.clone()),
            _ => None,
        }),
    })
}

fn place(scheme: Scheme, a: &Event, b: &Event) -> Option<Ordering> {
    let order = match (a.version(), b.version()) {
        (BEGINNING, BEGINNING) => Ordering::Equal,
        (BEGINNING, _) => Ordering::Less,
        (_, BEGINNING) => Ordering::Greater,
        (a, b) => compare(scheme, a, b)?,
    };
    Some(order.then(a.precedence().cmp(&b.precedence())))
}

/// Returns how the version of a boundary stands to an installed one.
fn position(scheme: Scheme, boundary: &str, installed: &str) -> Option<Ordering> {
    if boundary == BEGINNING { Some(Ordering::Less) } else { compare(scheme, boundary, installed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<Event> {
        text.split_whitespace()
            .map(|word| match word.split_at(1) {
                ("i", version) => Event::Introduced(version.into()),
                ("f", version) => Event::Fixed(version.into()),
                ("l", version) => Event::LastAffected(version.into()),
                _ => panic!("unexpected `{word}`"),
            })
            .collect()
    }

    fn check(ranges: &[&str], versions: &[&str], cases: &[(&str, &str)]) {
        let ranges: Vec<_> = ranges.iter().map(|text| events(text)).collect();
        let versions: Vec<_> = versions.iter().map(|&v| v.to_owned()).collect();
        for (installed, expected) in cases {
            let found = match evaluate(Scheme::Deb, installed, &ranges, &versions) {
                Match::NotAffected => "no".to_owned(),
                Match::NotComparable => "?".to_owned(),
                Match::Affected { fixed } => fixed.unwrap_or_else(|| "unfixed".to_owned()),
            };
            assert_eq!(&found, expected, "{installed} in {ranges:?} {versions:?}");
            // The order of the events says nothing.
            let reversed: Vec<Vec<_>> = ranges.iter().map(|r| r.iter().rev().cloned().collect()).collect();
            let again = evaluate(Scheme::Deb, installed, &reversed, &versions);
            assert_eq!(again, evaluate(Scheme::Deb, installed, &ranges, &versions), "{installed} reversed");
        }
    }

    #[test]
    fn ranges_follow_the_osv_evaluation() {
        check(
            &["i0 f1.2-3"],
            &[],
            &[("1.2-2", "1.2-3"), ("1.2-3", "no"), ("1.2-3~rc1", "1.2-3"), ("1.2-10", "no")],
        );
        check(&["i0"], &[], &[("1", "unfixed"), ("0~~", "unfixed")]);
        check(&["i0 f0"], &[], &[("1", "no"), ("0~~", "no"), ("0", "no")]);
        check(&["i1.5 f1.7"], &[], &[("1.4", "no"), ("1.5", "1.7"), ("1.6", "1.7"), ("1.7", "no")]);
        check(&["i0 l1.5"], &[], &[("1.5", "unfixed"), ("1.5-1", "no"), ("1.4", "unfixed")]);
        check(&["i1.5 l1.5"], &[], &[("1.4", "no"), ("1.5", "unfixed"), ("1.6", "no")]);
        check(
            &["i0 f1.2 i2.0 f2.3"],
            &[],
            &[("1.1", "1.2"), ("1.2", "no"), ("1.9", "no"), ("2.0", "2.3"), ("2.3", "no")],
        );
        check(&["i0 f1.0 i1.0 f2.0"], &[], &[("1.0", "2.0"), ("0.9", "1.0"), ("2.0", "no")]);
        check(&["i0 f1:1.0"], &[], &[("9.0", "1:1.0"), ("1:1.0", "no"), ("0:9", "1:1.0")]);
    }

    #[test]
    fn several_ranges_join_and_the_highest_fix_wins() {
        check(&["i0 f1.2", "i0 f1.4"], &[], &[("1.1", "1.4"), ("1.3", "1.4"), ("1.4", "no")]);
        check(&["i0 f1.2", "i0"], &[], &[("1.1", "unfixed"), ("1.3", "unfixed")]);
    }

    #[test]
    fn listed_versions_are_affected_too() {
        check(&[], &["1.0-1", "1.0-2"], &[("1.0-1", "unfixed"), ("0:1.0-2", "unfixed"), ("1.0-3", "no")]);
        check(&["i0 f1.2"], &["1.5"], &[("1.1", "1.2"), ("1.5", "unfixed"), ("1.4", "no")]);
    }

    #[test]
    fn what_does_not_compare_is_never_not_affected() {
        check(&["i0 f1_2"], &[], &[("1.0", "?")]);
        check(&["i0 f1.2"], &[], &[("1_0", "?")]);
        check(&["i0"], &[], &[("1_0", "unfixed")]);
        check(&["i0 f1_2", "i0 f1.5"], &[], &[("1.0", "1.5"), ("1.6", "?")]);
        check(&[], &["1_0", "1.1"], &[("1.1", "unfixed"), ("1_0", "unfixed"), ("1.2", "?")]);
    }
}
