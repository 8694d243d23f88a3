//! An image waits for a while after its digest was first seen under its tag: time in which others find what is wrong.
//!
//! First seen is what Git records, never a date that upstream writes: whoever publishes an image chooses that date.

use super::{Facts, Requirement};
use crate::{
    manifest::{DesiredGate, Ruled},
    model::{Instant, Period, Reason, Verdict},
};

pub(super) struct Cooldown;

const RULE: &str = "cooldown ";

impl Requirement for Cooldown {
    /// Holds until the longer one of the gate's and the image's periods is over. The reason says nothing that changes
    /// while it holds, so that waiting makes no commit.
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        let rule = longer(&gate.cooldown, facts.cooldown);
        if rule.value.seconds == 0 {
            return vec![];
        }
        let (fact, until) = match facts.first_seen {
            None => ("when it was first seen is not recorded".to_owned(), None),
            Some(first_seen) if facts.now.since(first_seen) >= rule.value => return vec![],
            Some(first_seen) => waiting(first_seen, rule.value),
        };
        vec![Reason {
            verdict: Verdict::Held,
            rule: format!("{RULE}{}", rule.value),
            written: rule.written.clone(),
            fact,
            recorded: "custody.json".to_owned(),
            until,
        }]
    }
}

fn longer<'a>(gate: &'a Ruled<Period>, image: Option<&'a Ruled<Period>>) -> &'a Ruled<Period> {
    image.filter(|image| image.value > gate.value).unwrap_or(gate)
}

fn waiting(first_seen: Instant, period: Period) -> (String, Option<Instant>) {
    let until = first_seen.plus(period);
    let shown = |at: Instant| if unit(period).1 == DAY { at.date() } else { at.to_string() };
    if until <= first_seen {
        // Past the end of the calendar: such a period is a way to say never.
        return (format!("first seen {}", shown(first_seen)), None);
    }
    (format!("first seen {}, clears {} by itself", shown(first_seen), shown(until)), Some(until))
}

const DAY: u64 = 86_400;

/// Returns the largest unit that a period is a multiple of, with its seconds.
fn unit(period: Period) -> (&'static str, u64) {
    let units = [("days", DAY), ("hours", 3_600), ("minutes", 60)];
    units.into_iter().find(|(_, seconds)| period.seconds.is_multiple_of(*seconds)).unwrap_or(("seconds", 1))
}

/// Returns how far a wait is, `3 of 7 days old, clears 2026-11-24 by itself`, where the reason is one of this rule. For
/// a plan only: records say nothing that changes from day to day.
pub fn progress(reason: &Reason, now: Instant) -> Option<String> {
    let period: Period = reason.rule.strip_prefix(RULE)?.parse().ok()?;
    let until = reason.until?;
    let (name, seconds) = unit(period);
    let first_seen = Instant::from_unix(until.unix().saturating_sub_unsigned(period.seconds));
    let (old, whole) = (now.since(first_seen).seconds / seconds, period.seconds / seconds);
    let clears = if seconds == DAY { until.date() } else { until.to_string() };
    Some(format!("{old} of {whole} {name} old, clears {clears} by itself"))
}
