//! The end of a run: receipts into the custody records and the pages, committed (E2) and pushed by the same rule.

use super::{
    Recorded, RunError, State, World,
    promote::Receipt,
    record::{PUSHES_MAX, commit_and_push},
};
use crate::{
    evidence::{self, Certainty, Event, EventKind, Evidence, Hop, HopKind},
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
    receipts: &[Receipt],
) -> Result<Closed, RunError> {
    let mut state = recorded.state.clone();
    if recorded.commit.is_some() {
        state = tip(world, recorded).await?;
    }
    for _ in 0..PUSHES_MAX {
        let (evidence, events) = with_receipts(&state.evidence, receipts);
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

/// Returns whether another run has recorded the same already.
fn is_recorded(evidence: &Evidence, receipt: &Receipt) -> bool {
    let hop = &receipt.hop;
    let (tag, consumer) = (hop.tag.as_deref(), hop.consumer.as_deref());
    if hop.kind == HopKind::Withdrawal {
        // Each was announced, and its deletion ends that.
        let image = Event::image(&receipt.source, &receipt.digest);
        return !plan::is_announced(evidence, &image, tag, consumer);
    }
    let record = evidence.image(&receipt.source, &receipt.digest);
    if hop.kind == HopKind::ReSign {
        let same = |known: &Hop| {
            (&known.kind, &known.to, &known.consumer, &known.vouched)
                == (&hop.kind, &hop.to, &hop.consumer, &hop.vouched)
        };
        return record.is_some_and(|record| record.custody.hops.iter().any(same));
    }
    let has =
        |record| plan::has_receipt(record, consumer.unwrap_or_default(), &hop.to, tag.unwrap_or_default());
    hop.certainty == Certainty::Observed && record.is_some_and(has)
}

fn with_receipts(recorded: &Evidence, receipts: &[Receipt]) -> (Evidence, Vec<Event>) {
    let mut evidence = recorded.clone();
    let mut events = vec![];
    for receipt in receipts.iter().filter(|receipt| !is_recorded(recorded, receipt)) {
        let hop = &receipt.hop;
        let record = evidence.images.get_mut(&(receipt.source.clone(), receipt.digest.clone()));
        match (record, hop.kind) {
            (Some(record), _) => record.custody.hops.push(hop.clone()),
            // What had no record leaves with the event alone.
            (None, HopKind::Withdrawal) => {}
            (None, _) => continue,
        }
        events.push(Event {
            at: hop.at,
            kind: match hop.kind {
                HopKind::Withdrawal => EventKind::Deletion,
                HopKind::ReSign => EventKind::ReSign,
                HopKind::Promotion | HopKind::Intake | HopKind::Carry => EventKind::Promotion,
            },
            image: Event::image(&receipt.source, &receipt.digest),
            tag: hop.tag.clone(),
            consumer: hop.consumer.clone(),
            verdict: None,
            detail: receipt.detail.clone(),
        });
    }
    evidence.log.extend(&events);
    (evidence, events)
}

fn message(state: &State, events: &[Event]) -> String {
    let mirror = &state.desired.mirror.name;
    format!("Record {} receipts and render the pages\n\nFondaco-Mirror: {mirror}\n", events.len())
}
