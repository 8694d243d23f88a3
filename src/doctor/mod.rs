//! `fondaco doctor`: whether a run could work, asked of everything a run needs, before it is needed.
//!
//! Asks only what the manifests name. Registries that the mirror writes to are probed in two repositories below the
//! quarantine, which are cleaned up afterwards ([`crate::registry::probe`]); upstreams are looked at with one HEAD. Says
//! what was found and what to do; decides nothing. What it finds about registries can be recorded
//! ([`crate::reconcile::record_capabilities`]), and the next run goes by it.
//!
//! To add a check: one file with a function that returns findings, and its line in [`examine`].

mod advisories;
mod cache;
mod finding;
mod git;
mod key;
mod registries;
mod report;
mod trust;

use std::collections::BTreeMap;

pub use finding::Finding;

use crate::{
    reconcile::{State, World},
    registry::{Capabilities, probe::Level},
};

/// Everything that was found.
#[derive(Debug, Clone, Default)]
pub struct Examination {
    /// In the order of the checks; those about registries by host.
    pub findings: Vec<Finding>,
    /// What registries were found to do, by host.
    pub capabilities: BTreeMap<String, Capabilities>,
}

impl Examination {
    /// Returns whether something was found that makes runs fail.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.said.level == Level::Error)
    }

    fn add(&mut self, place: &str, said: impl IntoIterator<Item = crate::registry::probe::Said>) {
        let findings = said.into_iter().map(|said| Finding { place: place.to_owned(), said });
        self.findings.extend(findings);
    }
}

/// Examines everything that runs by the manifests of `state` need.
pub async fn examine(world: &World, state: &State) -> Examination {
    let mut found = Examination::default();
    found.add("program", [crate::registry::probe::Said::ok(world.tool.clone())]);
    found.add("git", git::examine(world, state).await);
    found.add("signing key", key::examine(world, &state.desired).await);
    found.findings.extend(trust::examine(world, state).await);
    found.add("advisories", advisories::examine(state, world.now()));
    found.add("cache", cache::examine(world));
    registries::examine(world, &state.desired, &mut found).await;
    found
}
