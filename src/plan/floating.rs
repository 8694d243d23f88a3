//! Tags that move: known by what happened to them, or by their name.

use std::collections::BTreeMap;

use super::{Resolution, Resolved};
use crate::{
    evidence::{EventKind, EventLog},
    model::tag::floats_by_name,
};

/// Why a tag is expected to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floating {
    /// It meant another digest before, this often.
    Moved(usize),
    /// Its name says so: `latest`, `1.28`.
    ByName,
}

/// How often tags moved, by repository and tag.
pub(super) type Moves<'a> = BTreeMap<(&'a str, &'a str), usize>;

/// Counts the moves that the log holds.
pub(super) fn moves(log: &EventLog) -> Moves<'_> {
    let mut moves = Moves::new();
    let events = log.events().map(|(_, event)| event);
    for event in events.filter(|event| event.kind == EventKind::TagMoved) {
        if let (Some((repository, _)), Some(tag)) = (event.image.split_once('@'), &event.tag) {
            *moves.entry((repository, tag)).or_default() += 1;
        }
    }
    moves
}

/// Returns why a tag may move; `None` where the manifests pin it, or nothing says so.
pub(super) fn floating(resolved: &Resolved, moves: &Moves<'_>) -> Option<Floating> {
    let image = &resolved.image;
    if image.digest.is_some() {
        return None;
    }
    let repository = image.source.to_string();
    let before = moves.get(&(repository.as_str(), image.tag.as_str())).copied().unwrap_or(0);
    match before + usize::from(resolved.how == Resolution::Moved) {
        0 => floats_by_name(&image.tag).then_some(Floating::ByName),
        moves => Some(Floating::Moved(moves)),
    }
}
