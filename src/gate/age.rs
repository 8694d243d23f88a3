//! The advisory bundle must exist and must not be older than the gate allows.

use super::{Facts, Requirement};
use crate::{
    manifest::DesiredGate,
    model::{Reason, Verdict},
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
        let as_of = scan.advisories.as_of;
        if facts.now.since(as_of) <= gate.max_age.value {
            return vec![];
        }
        vec![held(
            format!("the advisory bundle speaks for {}, which is longer ago", as_of.date()),
            "scan.json",
        )]
    }
}
