//! The records of the receiving side: those of the sending side, with the movements on this side after them. Pure.

use std::collections::BTreeMap;

use super::{CarriedImage, CarryIndex};
use crate::{
    evidence::{Certainty, Event, EventKind, Evidence, Hop, HopKind, ImageRecord, LockedImage},
    model::{Digest, Repository},
};

/// A movement that is in place on this side, to be recorded.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub source: Repository,
    pub digest: Digest,
    pub hop: Hop,
}

/// Records with what has happened.
#[derive(Debug)]
pub(super) struct Amended {
    pub evidence: Evidence,
    pub events: Vec<Event>,
}

/// Takes the carried records of complete images over and adds movements. Nothing changes where nothing is new.
pub(super) fn amend(
    here: &Evidence,
    carried: &Evidence,
    images: &[&CarriedImage],
    index: &CarryIndex,
    moved: &[Moved],
) -> Amended {
    let mut amended = Amended { evidence: here.clone(), events: vec![] };
    for image in images {
        if let Some(record) = carried.image(&image.source, &image.digest) {
            let key = (image.source.clone(), image.digest.clone());
            let merged = merged(record, here.images.get(&key));
            amended.evidence.images.insert(key, merged);
        }
    }
    lock(&mut amended.evidence, carried, images);
    if let Some(lock) = carried
        .advisories
        .as_ref()
        .filter(|lock| index.advisories.as_ref().is_some_and(|carried| carried.index == lock.digest))
        && here.advisories.as_ref().is_none_or(|own| own.as_of < lock.as_of)
    {
        amended.evidence.advisories = Some(lock.clone());
    }
    for moved in moved {
        add(&mut amended, moved);
    }
    amended.evidence.log.extend(&amended.events);
    amended
}

/// Returns the carried record with the movements that only this side knows.
fn merged(carried: &ImageRecord, here: Option<&ImageRecord>) -> ImageRecord {
    let mut record = carried.clone();
    let own = here.into_iter().flat_map(|here| &here.custody.hops);
    let own: Vec<Hop> = own.filter(|hop| !carried.custody.hops.contains(hop)).cloned().collect();
    record.custody.hops.extend(own);
    record
}

/// Gives the carried tags the meaning they have on the sending side.
fn lock(evidence: &mut Evidence, carried: &Evidence, images: &[&CarriedImage]) {
    let mut locked: BTreeMap<(Repository, String), LockedImage> = BTreeMap::new();
    for entry in &evidence.lock.images {
        locked.insert((entry.repository.clone(), entry.tag.clone()), entry.clone());
    }
    for image in images {
        let record = carried.image(&image.source, &image.digest);
        let upstream = record.map_or(&image.digest, |record| record.custody.upstream());
        let meant = carried.lock.images.iter();
        let meant = meant.filter(|entry| entry.repository == image.source && entry.digest == *upstream);
        for entry in meant {
            locked.insert((entry.repository.clone(), entry.tag.clone()), entry.clone());
        }
    }
    evidence.lock.images = locked.into_values().collect();
}

/// Adds a movement, unless one to the same place under the same tag is recorded and this one was only found done.
fn add(amended: &mut Amended, moved: &Moved) {
    let key = (moved.source.clone(), moved.digest.clone());
    let Some(record) = amended.evidence.images.get_mut(&key) else { return };
    let same = |hop: &&Hop| {
        hop.kind == moved.hop.kind
            && (&hop.to, &hop.tag, &hop.consumer) == (&moved.hop.to, &moved.hop.tag, &moved.hop.consumer)
    };
    if moved.hop.certainty == Certainty::Observed && record.custody.hops.iter().any(|hop| same(&hop)) {
        return;
    }
    record.custody.hops.push(moved.hop.clone());
    let (kind, detail) = match moved.hop.kind {
        HopKind::Carry => (EventKind::Carry, format!("carried in to {}", moved.hop.to)),
        _ => (EventKind::Promotion, format!("promoted to {}", moved.hop.to)),
    };
    amended.events.push(Event {
        at: moved.hop.at,
        kind,
        image: Event::image(&moved.source, &moved.digest),
        tag: moved.hop.tag.clone(),
        consumer: moved.hop.consumer.clone(),
        verdict: None,
        detail,
    });
}
