//! The picture of registries and flows, with the declared facts of each.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Subject;
use crate::evidence::HopKind;
use crate::model::Repository;

/// Facts shown in a picture; a node with more cannot be read. All facts stand on the jurisdiction page.
const FACTS_MAX: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Map {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Node {
    pub(super) id: usize,
    pub(super) role: &'static str,
    pub(super) name: String,
    pub(super) facts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Images that were moved along it.
    pub(super) images: usize,
}

/// Returns upstream hosts, quarantine and distributions, and how many images went from one to the other.
pub(super) fn of(subject: Subject<'_>) -> Map {
    let mirror = &subject.desired.mirror;
    let upstreams: BTreeSet<&str> = sources(subject).map(|repository| repository.host.as_str()).collect();
    let mut nodes = Vec::new();
    let mut add = |role, name: String, host: &str| {
        nodes.push(Node { id: nodes.len(), role, name, facts: facts(subject, host) });
        nodes.len() - 1
    };
    let quarantine = add("quarantine", mirror.quarantine.to_string(), &mirror.quarantine.host);
    let upstreams: BTreeMap<&str, usize> =
        upstreams.iter().map(|host| (*host, add("upstream", (*host).to_owned(), host))).collect();
    let targets: Vec<(usize, &str)> = subject
        .desired
        .consumers
        .iter()
        .map(|c| (add("distribution", c.target.to_string(), &c.target.host), c.name.as_str()))
        .collect();
    let taken = upstreams.iter().map(|(host, id)| Edge {
        from: *id,
        to: quarantine,
        images: taken_in(subject, host),
    });
    let given =
        targets.iter().map(|(id, name)| Edge { from: quarantine, to: *id, images: promoted(subject, name) });
    Map { edges: taken.chain(given).collect(), nodes }
}

fn sources(subject: Subject<'_>) -> impl Iterator<Item = &Repository> {
    let wanted = subject.desired.images.iter().map(|image| &image.source);
    wanted.chain(subject.evidence.images.keys().map(|(repository, _)| repository))
}

fn taken_in(subject: Subject<'_>, host: &str) -> usize {
    let images = subject.evidence.images.iter().filter(|((repository, _), _)| repository.host == host);
    images.filter(|(_, record)| record.custody.hops.iter().any(|hop| hop.kind == HopKind::Intake)).count()
}

fn promoted(subject: Subject<'_>, consumer: &str) -> usize {
    let is_ours = |hop: &&crate::evidence::Hop| hop.consumer.as_deref() == Some(consumer);
    let records = subject.evidence.images.values();
    records.filter(|record| record.custody.promoted().iter().any(is_ours)).count()
}

/// Returns who operates a host and where, as far as it is declared.
fn facts(subject: Subject<'_>, host: &str) -> Vec<String> {
    let Some(registry) = subject.desired.registries.get(host) else {
        return vec!["operator: unknown".to_owned()];
    };
    let about_place = |key: &str| {
        let key = key.to_ascii_lowercase();
        ["operator", "parent", "country", "location"].iter().any(|word| key.contains(word))
    };
    let shown = registry.facts.iter().filter(|fact| about_place(&fact.key)).take(FACTS_MAX);
    let lines: Vec<_> =
        shown.map(|fact| format!("{}: {}", fact.key, fact.value.as_deref().unwrap_or("unknown"))).collect();
    if lines.is_empty() { vec!["operator: unknown".to_owned()] } else { lines }
}
