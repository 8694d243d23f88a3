//! Withdrawn images that are still there: what is known of them, and what is to be deleted.
//!
//! A deletion is planned only where a document asks for it and its day has come; only for a tag that means the withdrawn
//! digest; and of manifests only for those that nothing else in the repository needs. Distributions come before
//! quarantine. Documents that name nothing known are in [`super::unknown`].

use std::collections::BTreeSet;

use super::{Observed, Seen, verdict_for};
use crate::{
    evidence::{Actor, Event, EventKind, Evidence, ImageRecord},
    manifest::{Desired, DesiredConsumer, DesiredWithdrawal},
    model::{Digest, Instant, Reference, Repository, Verdict},
};

/// Why a manifest is kept where its tag goes.
pub const NEEDED: &str = "something else in the repository needs it";

/// A withdrawn image under one tag of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedWithdrawal {
    pub withdrawal: DesiredWithdrawal,
    pub source: Repository,
    pub digest: Digest,
    /// Whose distribution it is in; `None` where it is quarantine.
    pub consumer: Option<String>,
    pub repository: Repository,
    pub tag: String,
    pub recall: Recall,
}

/// What is to be done about a withdrawn image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recall {
    /// It can be had, and no document asks for its deletion now.
    Stands,
    /// A consumer that it is not withdrawn from has it under the same name: it stays.
    Shared(String),
    /// Delete the tag where it is set, and the manifest where it is set.
    Delete { tag: bool, manifest: bool },
    /// It is gone, and no record says so.
    Receipt,
    /// Nobody can say; nothing is deleted that cannot be seen.
    Blocked(String),
}

impl PlannedWithdrawal {
    /// Returns whether a run has something to do or to report.
    pub fn is_due(&self) -> bool {
        !matches!(self.recall, Recall::Stands | Recall::Shared(_))
    }

    /// Returns repository and tag.
    pub fn name(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    fn is(&self, one: &Standing<'_>) -> bool {
        self.digest == *one.digest
            && self.repository == one.place.repository
            && self.tag == one.place.tag
            && self.consumer.as_deref() == one.place.consumer
    }
}

/// Where an image is by its records: in a distribution, or in quarantine, where no consumer is named.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place<'a> {
    repository: Repository,
    tag: String,
    consumer: Option<&'a str>,
}

/// A withdrawn image that its records say is somewhere, or that may be in quarantine without a record.
struct Standing<'a> {
    withdrawal: &'a DesiredWithdrawal,
    source: &'a Repository,
    digest: &'a Digest,
    place: Place<'a>,
    recorded: bool,
}

impl Standing<'_> {
    fn is_due(&self, now: Instant) -> bool {
        self.withdrawal.delete_at.is_some_and(|at| at <= now)
    }

    fn tag(&self) -> (Repository, Reference) {
        (self.place.repository.clone(), Reference::tag(&self.place.tag))
    }

    fn manifest(&self) -> (Repository, Reference) {
        (self.place.repository.clone(), Reference::from(self.digest))
    }
}

fn distributions(record: &ImageRecord) -> Vec<Place<'_>> {
    let promoted = record.custody.promoted().into_iter().map(|hop| Place {
        repository: hop.to.clone(),
        tag: hop.tag.clone().unwrap_or_default(),
        consumer: Some(hop.consumer.as_deref().unwrap_or_default()),
    });
    promoted.collect()
}

fn quarantine<'a>(repository: &Repository, digest: &Digest) -> Place<'a> {
    Place { repository: repository.clone(), tag: digest.keep_tag(), consumer: None }
}

/// Returns the withdrawals that concern an image, whether in force yet or not: for one consumer, or those for everybody.
pub fn concerning<'a>(
    desired: &'a Desired,
    source: &Repository,
    record: &ImageRecord,
    consumer: Option<&str>,
) -> Vec<&'a DesiredWithdrawal> {
    // Of chosen platforms the new index and upstream's are one image: a recall speaks of either.
    let digests = [&record.custody.subject.digest, record.custody.upstream()];
    let had = |tag: &str| record.custody.source.tags.iter().any(|seen| seen.tag == tag);
    let names = |withdrawal: &&DesiredWithdrawal| {
        let subject = withdrawal.subjects.iter().any(|subject| {
            subject.source == *source
                && match &subject.reference {
                    Reference::Digest(withdrawn) => digests.contains(&withdrawn),
                    Reference::Tag(tag) => had(tag),
                }
        });
        let all = withdrawal.consumers.as_ref();
        subject && all.is_none_or(|names| consumer.is_some_and(|consumer| names.contains(consumer)))
    };
    desired.withdrawals.iter().filter(names).collect()
}

/// Returns the document that withdraws an image from a consumer at `now`, where there is one.
pub fn in_force<'a>(
    desired: &'a Desired,
    source: &Repository,
    record: &ImageRecord,
    consumer: &str,
    now: Instant,
) -> Option<&'a DesiredWithdrawal> {
    let concerning = concerning(desired, source, record, Some(consumer));
    concerning.into_iter().find(|withdrawal| withdrawal.effective <= now)
}

/// Returns whether a document asks for the deletion of an image from quarantine, now or later.
pub(super) fn leaves_quarantine(desired: &Desired, source: &Repository, record: &ImageRecord) -> bool {
    concerning(desired, source, record, None).iter().any(|withdrawal| withdrawal.quarantine)
}

/// Returns every place of withdrawn images: distributions, then quarantine.
fn standing<'a>(desired: &'a Desired, evidence: &'a Evidence) -> Vec<Standing<'a>> {
    // Several documents about one image: the one that deletes first decides.
    let first = |concerning: Vec<&'a DesiredWithdrawal>| {
        concerning.into_iter().min_by_key(|w| (w.delete_at.is_none(), w.delete_at, w.effective))
    };
    let (mut found, mut held): (Vec<Standing<'a>>, Vec<Standing<'a>>) = (vec![], vec![]);
    for ((source, digest), record) in &evidence.images {
        for place in distributions(record) {
            let withdrawal = first(concerning(desired, source, record, place.consumer));
            let known = |one: &Standing<'_>| one.digest == digest && one.place == place;
            if let Some(withdrawal) = withdrawal
                && !found.iter().any(known)
            {
                found.push(Standing { withdrawal, source, digest, place, recorded: true });
            }
        }
        let emptying = concerning(desired, source, record, None).into_iter().filter(|w| w.quarantine);
        if let (Some(at), Some(withdrawal)) = (record.custody.quarantined(), first(emptying.collect())) {
            let place = quarantine(at, digest);
            held.push(Standing { withdrawal, source, digest, place, recorded: true });
        }
    }
    found.extend(held);
    found.extend(unrecorded(desired, evidence));
    found
}

/// Returns what documents name by digest that no record speaks of: what a broken-off intake left in quarantine.
fn unrecorded<'a>(desired: &'a Desired, evidence: &Evidence) -> Vec<Standing<'a>> {
    let mut found: Vec<Standing<'a>> = vec![];
    for withdrawal in desired.withdrawals.iter().filter(|withdrawal| withdrawal.quarantine) {
        for subject in &withdrawal.subjects {
            let Reference::Digest(digest) = &subject.reference else { continue };
            let place = quarantine(&desired.quarantine_of(&subject.source), digest);
            let mut records = evidence.images.iter().filter(|((of, _), _)| *of == subject.source);
            let known = records.any(|((_, of), record)| of == digest || record.custody.upstream() == digest)
                || found.iter().any(|one| one.digest == digest && one.place == place);
            if !known {
                found.push(Standing { withdrawal, source: &subject.source, digest, place, recorded: false });
            }
        }
    }
    found
}

/// Returns what has to be looked at to plan withdrawals: each withdrawn tag, and its manifest.
pub fn withdrawn(desired: &Desired, evidence: &Evidence) -> BTreeSet<(Repository, Reference)> {
    standing(desired, evidence).iter().flat_map(|one| [one.tag(), one.manifest()]).collect()
}

/// Returns the events that say that a deletion is due and of which no one has said so yet.
pub(super) fn announcements(
    desired: &Desired,
    evidence: &Evidence,
    observed: &Observed,
    actor: &Actor,
    now: Instant,
) -> Vec<Event> {
    let seen = |one: &Standing<'_>| {
        let there = |key| matches!(observed.withdrawn.get(&key), Some(Seen::Digest(at)) if at == one.digest);
        one.recorded || there(one.tag()) || there(one.manifest())
    };
    let due = standing(desired, evidence).into_iter().filter(|one| one.is_due(now) && seen(one));
    let events = due.map(|one| Event {
        at: now,
        kind: EventKind::Withdrawal,
        image: Event::image(one.source, one.digest),
        tag: Some(one.place.tag.clone()),
        consumer: one.place.consumer.map(str::to_owned),
        verdict: None,
        detail: format!(
            "withdrawal {} ({}) deletes it from {}: {}; manifests by {}, run started by {}",
            one.withdrawal.name,
            one.withdrawal.written,
            one.place.repository,
            one.withdrawal.reason,
            actor.author,
            actor.started_by
        ),
    });
    let unsaid = |event: &Event| {
        let (tag, consumer) = (event.tag.as_deref(), event.consumer.as_deref());
        !is_announced(evidence, &event.image, tag, consumer)
    };
    events.filter(unsaid).collect()
}

/// Returns whether the log says that an image is to be deleted from a consumer's repository, or without a consumer from
/// quarantine, and not yet that it was.
pub fn is_announced(evidence: &Evidence, image: &str, tag: Option<&str>, consumer: Option<&str>) -> bool {
    // A deletion ends what was announced: the same image promoted and withdrawn again is announced again.
    let of = |event: &Event| {
        event.image == image && event.tag.as_deref() == tag && event.consumer.as_deref() == consumer
    };
    let kinds = [EventKind::Withdrawal, EventKind::Deletion];
    let mut last = evidence.log.events().rev().map(|(_, event)| event);
    last.find(|event| kinds.contains(&event.kind) && of(event))
        .is_some_and(|event| event.kind == EventKind::Withdrawal)
}

/// What withdrawals are planned from.
struct Scene<'a> {
    desired: &'a Desired,
    evidence: &'a Evidence,
    observed: &'a Observed,
    now: Instant,
    standing: Vec<Standing<'a>>,
}

/// Names every withdrawn image that is still there, and what is to be done about it at `now`.
pub fn withdrawals(
    desired: &Desired,
    evidence: &Evidence,
    observed: &Observed,
    now: Instant,
) -> Vec<PlannedWithdrawal> {
    let scene = Scene { desired, evidence, observed, now, standing: standing(desired, evidence) };
    let planned = scene.standing.iter().filter_map(|one| {
        let recall = scene.recall(one);
        let image = Event::image(one.source, one.digest);
        let said = || is_announced(evidence, &image, Some(&one.place.tag), one.place.consumer);
        // What has no record and is not there was deleted and recorded, or never was: `unknown` tells which.
        let gone = !one.recorded && recall == Recall::Receipt && !said();
        (!gone).then(|| PlannedWithdrawal {
            withdrawal: one.withdrawal.clone(),
            source: one.source.clone(),
            digest: one.digest.clone(),
            consumer: one.place.consumer.map(str::to_owned),
            repository: one.place.repository.clone(),
            tag: one.place.tag.clone(),
            recall,
        })
    });
    planned.collect()
}

/// Plans one withdrawal afresh from newer manifests and records; `None` where they no longer withdraw it.
pub fn again(
    planned: &PlannedWithdrawal,
    desired: &Desired,
    evidence: &Evidence,
    observed: &Observed,
    now: Instant,
) -> Option<Recall> {
    let scene = Scene { desired, evidence, observed, now, standing: standing(desired, evidence) };
    scene.standing.iter().find(|one| planned.is(one)).map(|one| scene.recall(one))
}

impl Scene<'_> {
    fn recall(&self, one: &Standing<'_>) -> Recall {
        let means = |key: (Repository, Reference)| match self.observed.withdrawn.get(&key) {
            Some(Seen::Digest(there)) => Ok(there == one.digest),
            Some(Seen::Absent) => Ok(false),
            Some(Seen::Failed { message, .. }) => Err(message.clone()),
            None => Err("the registry was not asked".to_owned()),
        };
        let (tag, manifest) = match (means(one.tag()), means(one.manifest())) {
            (Err(why), _) | (_, Err(why)) => return Recall::Blocked(why),
            (Ok(false), Ok(false)) => return Recall::Receipt,
            (Ok(tag), Ok(manifest)) => (tag, manifest),
        };
        if !one.is_due(self.now) {
            return Recall::Stands;
        }
        if let Some(other) = self.shared(one).filter(|_| tag) {
            return Recall::Shared(other);
        }
        // Deleting the manifest takes every tag with it, so where it must stay only the tag goes.
        let manifest = manifest && !self.is_needed(one);
        if tag || manifest { Recall::Delete { tag, manifest } } else { Recall::Receipt }
    }

    fn leaves(&self, digest: &Digest, place: &Place<'_>) -> bool {
        let mut leaving = self.standing.iter().filter(|one| one.is_due(self.now));
        leaving.any(|leaving| leaving.digest == digest && leaving.place == *place)
    }

    /// Returns the consumers that are to have an image in this repository by their verdict, promoted already or not yet.
    fn cleared<'b>(
        &'b self,
        record: &'b ImageRecord,
        repository: &'b Repository,
    ) -> Vec<&'b DesiredConsumer> {
        let source = &record.custody.source.repository;
        let has = |consumer: &&DesiredConsumer| {
            let verdict = verdict_for(record, &consumer.name);
            consumer.distribution(source) == *repository
                && verdict.is_some_and(|verdict| verdict.verdict == Verdict::Cleared)
                && in_force(self.desired, source, record, &consumer.name, self.now).is_none()
        };
        self.desired.consumers.iter().filter(has).collect()
    }

    /// Returns another consumer that has the same image under the same name, or is about to, and keeps it.
    fn shared(&self, one: &Standing<'_>) -> Option<String> {
        let record = self.evidence.image(one.source, one.digest)?;
        let asks = |consumer: &&&DesiredConsumer| {
            let mut images = self.desired.images.iter().filter(|image| image.source == *one.source);
            images.any(|image| image.tag == one.place.tag && consumer.sets.contains(&image.set))
        };
        let cleared = self.cleared(record, &one.place.repository);
        if let Some(other) = cleared.iter().find(asks) {
            return Some(other.name.clone());
        }
        let places = distributions(record).into_iter();
        let mut others = places.filter(|place| {
            place.repository == one.place.repository
                && place.tag == one.place.tag
                && place.consumer != one.place.consumer
                && !self.leaves(one.digest, place)
        });
        others.next().and_then(|place| place.consumer.map(str::to_owned))
    }

    /// Returns whether something else that stays needs the manifest in the same repository: the same image under another
    /// tag or for another consumer, an index that names it, or an image that it belongs to.
    fn is_needed(&self, one: &Standing<'_>) -> bool {
        self.evidence.images.values().any(|record| {
            let subject = &record.custody.subject;
            let holds = subject.digest == *one.digest
                || subject.platforms.iter().any(|platform| platform.digest == *one.digest)
                || record.custody.companions.iter().any(|companion| companion.digest == *one.digest);
            holds && (!self.cleared(record, &one.place.repository).is_empty() || self.stays(record, one))
        })
    }

    /// Returns whether an image is in the same repository and not to leave it.
    fn stays(&self, record: &ImageRecord, one: &Standing<'_>) -> bool {
        let digest = &record.custody.subject.digest;
        let held = record.custody.quarantined().map(|place| quarantine(place, digest));
        let mut places = distributions(record).into_iter().chain(held);
        places.any(|place| place.repository == one.place.repository && !self.leaves(digest, &place))
    }
}
