//! The end of a run: receipts into the custody records and the pages, committed (E2) and pushed by the same rule.

use super::{
    Recorded, RunError, State, World,
    promote::Promoted,
    record::{PUSHES_MAX, commit_and_push},
};
use crate::{
    evidence::{self, Event, EventKind, Evidence},
    plan, render,
};

/// What the second commit left.
#[derive(Debug)]
pub(super) struct Closed {
    pub evidence: Evidence,
    /// E2, where one was needed.
    pub commit: Option<String>,
}

/// Records receipts and renders the pages on the newest tip until the push is through.
pub(super) async fn close(
    world: &World,
    recorded: &Recorded,
    promoted: &Promoted,
) -> Result<Closed, RunError> {
    let mut state = recorded.state.clone();
    if recorded.commit.is_some() {
        state = tip(world, recorded).await?;
    }
    for _ in 0..PUSHES_MAX {
        let (evidence, events) = with_receipts(&state.evidence, promoted);
        let mut files = evidence::files(&evidence);
        files.extend(evidence::append(&state.files, &events));
        files.extend(render::pages(&evidence, &state.desired)?);
        let changes = evidence::changes(&state.files, &files);
        let message = message(&state, &events);
        if let Some(tip) = commit_and_push(world, &state, changes, message).await? {
            let commit = (tip != state.tip).then(|| tip.to_string());
            return Ok(Closed { evidence, commit });
        }
        state = tip(world, recorded).await?;
    }
    Err(RunError::PushLost(PUSHES_MAX))
}

/// Reads the newest tip, with what its selections choose from the listings of this run.
async fn tip(world: &World, recorded: &Recorded) -> Result<State, RunError> {
    let mut state = State::tip(world).await?;
    state.expand(&recorded.observed);
    Ok(state)
}

fn with_receipts(evidence: &Evidence, promoted: &Promoted) -> (Evidence, Vec<Event>) {
    let mut evidence = evidence.clone();
    let mut events = vec![];
    for receipt in &promoted.receipts {
        let Some(record) = evidence.images.get_mut(&(receipt.source.clone(), receipt.digest.clone())) else {
            continue;
        };
        let hop = &receipt.hop;
        let (consumer, tag) =
            (hop.consumer.as_deref().unwrap_or_default(), hop.tag.as_deref().unwrap_or_default());
        if plan::has_receipt(record, consumer, &hop.to, tag) && hop.certainty == evidence::Certainty::Observed
        {
            continue;
        }
        record.custody.hops.push(hop.clone());
        events.push(Event {
            at: hop.at,
            kind: EventKind::Promotion,
            image: Event::image(&receipt.source, &receipt.digest),
            tag: hop.tag.clone(),
            consumer: hop.consumer.clone(),
            verdict: None,
            detail: format!("promoted to {}", hop.to),
        });
    }
    evidence.log.extend(&events);
    (evidence, events)
}

fn message(state: &State, events: &[Event]) -> String {
    let mirror = &state.desired.mirror.name;
    format!("Record {} promotions and render the pages\n\nFondaco-Mirror: {mirror}\n", events.len())
}
