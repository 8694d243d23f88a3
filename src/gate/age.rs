//! Advisories must be pinned, and no source that speaks of the image's packages may be older than the gate allows.

use super::{Facts, Requirement};
use crate::{
    evidence::{AdvisoriesLock, ScanRecord},
    manifest::DesiredGate,
    model::{Instant, Reason, Verdict},
};

pub(super) struct Age;

impl Requirement for Age {
    /// A missing or stale bundle holds: a newer one may clear the image, and neither says that it is vulnerable.
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        let held = |fact: String, recorded: &str| Reason {
            verdict: Verdict::Held,
            rule: format!("maxAge {}", gate.max_age.value),
            written: gate.max_age.written.clone(),
            fact,
            recorded: recorded.to_owned(),
            until: None,
        };
        let Some(scan) = facts.scan else {
            return vec![held("no advisory bundle is pinned".into(), "lock/advisories.lock.json")];
        };
        let too_old = |as_of: Instant| facts.now.since(as_of) > gate.max_age.value;
        let stale = dates(scan, facts.advisories).into_iter().filter(|(_, as_of)| too_old(*as_of));
        stale.map(|(what, as_of)| held(told(what, as_of), "lock/advisories.lock.json")).collect()
    }
}

fn told(source: Option<&str>, as_of: Instant) -> String {
    let what = source.map_or("the advisory bundle".to_owned(), |name| format!("the advisories of `{name}`"));
    if as_of.unix() == 0 {
        return format!("{what} say of no date what they speak for");
    }
    format!(
        "{what} speak{} for {}, which is longer ago",
        if source.is_none() { "s" } else { "" },
        as_of.date()
    )
}

/// Returns the sources that speak of the image's packages with the dates they speak for now: a scan that newer advisories
/// left as it was stands under the older date.
fn dates<'a>(scan: &'a ScanRecord, lock: Option<&AdvisoriesLock>) -> Vec<(Option<&'a str>, Instant)> {
    let now = |name: &str| lock?.sources.iter().find(|source| source.name == name).map(|source| source.as_of);
    let used = scan.advisories.sources.iter();
    let dated: Vec<_> =
        used.map(|used| (Some(used.name.as_str()), now(&used.name).unwrap_or(used.as_of))).collect();
    if dated.is_empty() {
        // A record of before sources were told apart, or an image about which no source speaks.
        vec![(None, lock.map_or(scan.advisories.as_of, |lock| lock.as_of))]
    } else {
        dated
    }
}
