//! What the pushed records say is cleared. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::CarryError;
use crate::{
    evidence::ImageRecord,
    manifest::DesiredConsumer,
    model::{Digest, Repository, Verdict},
    plan,
    reconcile::State,
};

/// A cleared image with the tags that it is cleared under.
#[derive(Debug)]
pub(super) struct Selected<'a> {
    pub source: &'a Repository,
    pub digest: &'a Digest,
    pub record: &'a ImageRecord,
    /// Sorted by consumer and tag.
    pub tags: Vec<SelectedTag<'a>>,
}

/// One tag for one consumer.
#[derive(Debug)]
pub(super) struct SelectedTag<'a> {
    pub consumer: &'a str,
    pub tag: &'a str,
    pub distribution: Repository,
    /// Whether a receipt says that it is in place.
    pub promoted: bool,
}

/// Returns the images that are cleared for the named consumers, or for all where none is named, sorted.
///
/// # Errors
/// [`CarryError::NoConsumer`], [`CarryError::Nothing`].
pub(super) fn select<'a>(state: &'a State, consumers: &[String]) -> Result<Vec<Selected<'a>>, CarryError> {
    let defined: BTreeSet<&str> = state.desired.consumers.iter().map(|c| c.name.as_str()).collect();
    if let Some(unknown) = consumers.iter().find(|name| !defined.contains(name.as_str())) {
        return Err(CarryError::NoConsumer(unknown.clone()));
    }
    let chosen = |c: &&DesiredConsumer| consumers.is_empty() || consumers.contains(&c.name);
    let mut found: BTreeMap<(&Repository, &Digest), Selected<'a>> = BTreeMap::new();
    for consumer in state.desired.consumers.iter().filter(chosen) {
        for image in state.desired.images.iter().filter(|image| consumer.sets.contains(&image.set)) {
            let locked = state.evidence.lock.images.iter();
            let mut meant = locked.filter(|l| l.repository == image.source && l.tag == image.tag);
            let Some(locked) = meant.next() else { continue };
            let platforms = &image.content.platforms;
            let record = state.evidence.asked(&locked.repository, &locked.digest, platforms);
            let Some(record) = record else { continue };
            let verdict = plan::verdict_for(record, &consumer.name);
            if verdict.is_none_or(|verdict| verdict.verdict != Verdict::Cleared) {
                continue;
            }
            let distribution = consumer.distribution(&image.source);
            let promoted = plan::has_receipt(record, &consumer.name, &distribution, &image.tag);
            let tag = SelectedTag { consumer: &consumer.name, tag: &image.tag, distribution, promoted };
            let (source, digest) = (&locked.repository, &record.custody.subject.digest);
            let new = || Selected { source, digest, record, tags: vec![] };
            found.entry((source, digest)).or_insert_with(new).tags.push(tag);
        }
    }
    let mut selected: Vec<Selected<'a>> = found.into_values().collect();
    for image in &mut selected {
        image.tags.sort_by_key(|tag| (tag.consumer, tag.tag));
        image.tags.dedup_by_key(|tag| (tag.consumer, tag.tag));
    }
    match selected.is_empty() {
        true if consumers.is_empty() => Err(CarryError::Nothing("any consumer".to_owned())),
        true => Err(CarryError::Nothing(format!("`{}`", consumers.join("`, `")))),
        false => Ok(selected),
    }
}
