//! Where the bytes came from and who moved them.

use serde::Serialize;

use super::Image;
use crate::evidence::{Certainty, Hop, HopKind, JURISDICTION};
use crate::render::link::Link;

#[derive(Serialize)]
pub(super) struct Section {
    participants: Vec<Participant>,
    hops: Vec<Row>,
    jurisdiction: Link,
}

#[derive(Serialize)]
struct Participant {
    id: usize,
    name: String,
}

#[derive(Serialize)]
struct Row {
    from_id: usize,
    to_id: usize,
    at: String,
    kind: &'static str,
    from: String,
    to: String,
    tag: String,
    consumer: String,
    hosts: String,
    bytes: u64,
    certainty: &'static str,
    cleared_by: Option<String>,
    tool: String,
    provider: String,
    repository: String,
    workflow: String,
    run: String,
    started_by: String,
    author: String,
}

pub(super) fn section(image: Image<'_>) -> Section {
    let hops = &image.record.custody.hops;
    let mut names: Vec<String> = Vec::new();
    let mut id = |name: String| {
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    let rows = hops.iter().map(|hop| row(hop, id(hop.from.to_string()), id(hop.to.to_string()))).collect();
    Section {
        hops: rows,
        participants: names.into_iter().enumerate().map(|(id, name)| Participant { id, name }).collect(),
        jurisdiction: Link::to(image.page, JURISDICTION[0], "docs/jurisdiction.md"),
    }
}

fn row(hop: &Hop, from_id: usize, to_id: usize) -> Row {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    Row {
        from_id,
        to_id,
        at: hop.at.to_string(),
        kind: match hop.kind {
            HopKind::Intake => "intake",
            HopKind::Promotion => "promotion",
            HopKind::ReSign => "re-sign",
            HopKind::Carry => "carry",
            HopKind::Withdrawal => "withdrawal",
        },
        from: hop.from.to_string(),
        to: hop.to.to_string(),
        tag: or_none(&hop.tag),
        consumer: or_none(&hop.consumer),
        hosts: if hop.hosts.is_empty() { "none".to_owned() } else { hop.hosts.join(", ") },
        bytes: hop.bytes,
        certainty: match hop.certainty {
            Certainty::Performed => "performed",
            Certainty::Observed => "observed",
        },
        cleared_by: match hop.kind {
            HopKind::Intake => Some("none".to_owned()),
            HopKind::Promotion | HopKind::ReSign | HopKind::Carry | HopKind::Withdrawal => {
                hop.cleared_by.clone()
            }
        },
        tool: hop.tool.clone(),
        provider: hop.actor.provider.clone(),
        repository: hop.actor.repository.clone(),
        workflow: hop.actor.workflow.clone(),
        run: hop.actor.run.clone(),
        started_by: hop.actor.started_by.clone(),
        author: hop.actor.author.clone(),
    }
}
