//! Planning: what the manifests want against what is recorded and observed, to a list of actions. Pure.
//!
//! [`expand`] chooses tags, [`resolve`] says what each tag means, [`amend`](amend::amend) judges and brings the records
//! up to date, [`plan`] names what is left to do, [`cost`] what that will cost, [`explain`] says it to people. The same
//! inputs give the same plan; when nothing is left,
//! [`Plan::is_empty`] and a run ends without a commit. Next in reading order: [`crate::reconcile`].

pub mod amend;
pub mod cost;
mod explain;
mod floating;
mod json;
pub mod publisher;
mod resolve;
mod select;
#[cfg(test)]
mod tests;
mod unknown;
mod unreferenced;
mod vouching;
mod why;
mod withdrawal;

pub use explain::explain;
pub use floating::Floating;
pub use json::json;
pub use resolve::{Listed, Observed, Resolution, Resolved, Seen, resolve};
pub use select::{Expanded, Unselected, expand, listings};
pub use unknown::{UnknownSubject, unknown};
pub use unreferenced::{
    KeptTags, QuarantineTags, Unreferenced, Why, count_unasked, explain_unreferenced, quarantines,
    recorded_tags, unasked, unasked_json, unreferenced, unreferenced_json,
};
pub use vouching::{Cause, Lacking};
pub use why::{Chain, Link, explain_why, why};
pub use withdrawal::{
    NEEDED, PlannedWithdrawal, Recall, again, concerning, in_force, is_announced, withdrawals, withdrawn,
};

use std::collections::BTreeSet;

use crate::{
    evidence::{Certainty, ConsumerVerdict, Evidence, ImageRecord, ImagesLock, LockedImage},
    manifest::{Desired, DesiredConsumer, DesiredImage},
    model::{Digest, Outcome, Repository, Verdict},
    trust::verify::policy_digest,
};

/// What a run would do, image by image, in the order of the manifests' sets, repositories and tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub images: Vec<PlannedImage>,
    /// Selections that could not be made.
    pub unselected: Vec<Unselected>,
    /// What the lock still holds and nobody asks for any more. It stays where it was promoted and is no longer updated;
    /// the run forgets it, so that this is said once.
    pub released: Vec<LockedImage>,
    /// Withdrawn images that are still there; filled by [`withdrawals`].
    pub withdrawals: Vec<PlannedWithdrawal>,
    /// What withdrawals name and nobody knows; filled by [`unknown`].
    pub unknown: Vec<UnknownSubject>,
    /// What records say is there and nobody asks for; filled by [`unasked`].
    pub unasked: Vec<Unreferenced>,
}

/// One image under one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedImage {
    pub image: DesiredImage,
    pub how: Resolution,
    /// What the tag means now; `None` where nobody could say.
    pub digest: Option<Digest>,
    /// What the lock said before, where that differs.
    pub was: Option<Digest>,
    /// Why the tag may move, where nothing pins it.
    pub floating: Option<Floating>,
    /// Copy to quarantine and catalogue: no record of this digest exists.
    pub take_in: bool,
    /// Look for signatures: none were looked for under this policy, or it could not be determined.
    pub verify: bool,
    pub consumers: Vec<PlannedConsumer>,
}

/// One image for one consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedConsumer {
    pub name: String,
    pub distribution: Repository,
    /// `None` until the image has been taken in.
    pub verdict: Option<ConsumerVerdict>,
    pub promotion: Promotion,
    /// What is to be written beside the image, which is promoted already.
    pub lacking: Vec<Lacking>,
}

impl PlannedConsumer {
    /// Returns whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.promotion == Promotion::Nothing && self.lacking.is_empty()
    }
}

/// What is to be done for one consumer's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promotion {
    /// The tag is there and its receipt is recorded, or the image is not cleared.
    Nothing,
    /// Put the image there; the tag is new, or means the given digest until then.
    Promote { replaces: Option<Digest> },
    /// The tag is there and no receipt says so: an earlier run ended before it could.
    Receipt,
    /// The distribution could not be observed; nothing is written to what cannot be seen.
    Blocked(String),
}

impl Plan {
    /// Returns whether no registry has to be asked or written for anything, and the lock stays as it is.
    pub fn is_empty(&self) -> bool {
        let withdrawn = self.withdrawals.iter().any(PlannedWithdrawal::is_due);
        !withdrawn
            && self.unknown.is_empty()
            && self.unselected.is_empty()
            && self.released.is_empty()
            && self.images.iter().all(|image| {
                image.consumers.iter().all(PlannedConsumer::is_idle)
                    && !image.take_in
                    && !image.verify
                    && image.failure().is_none()
            })
    }
}

impl Plan {
    /// Asks for the signatures of every image, recorded or not.
    pub fn verify_all(&mut self) {
        for image in &mut self.images {
            image.verify |= image.digest.is_some();
        }
    }
}

impl PlannedImage {
    /// Returns why the tag could not be resolved afresh, where that is so.
    pub fn failure(&self) -> Option<String> {
        match &self.how {
            Resolution::Failed { message, .. } => Some(message.clone()),
            Resolution::Gone => Some(format!("upstream has no tag `{}`", self.image.tag)),
            _ => None,
        }
    }
}

/// Names what is left to do. `evidence` holds the verdicts that apply now (see [`amend::amend`]).
pub fn plan(desired: &Desired, evidence: &Evidence, resolved: &[Resolved], observed: &Observed) -> Plan {
    let moves = floating::moves(&evidence.log);
    let images = resolved.iter().map(|resolved| {
        let floating = floating::floating(resolved, &moves);
        PlannedImage { floating, ..planned_image(desired, evidence, resolved, observed) }
    });
    Plan { images: images.collect(), ..Plan::default() }
}

/// Returns what the lock holds and no image of the manifests asks for.
pub fn released(lock: &ImagesLock, resolved: &[Resolved]) -> Vec<LockedImage> {
    let asked: BTreeSet<(&Repository, &str)> =
        resolved.iter().map(|r| (&r.image.source, r.image.tag.as_str())).collect();
    let asked_for = |locked: &&LockedImage| asked.contains(&(&locked.repository, locked.tag.as_str()));
    lock.images.iter().filter(|locked| !asked_for(locked)).cloned().collect()
}

fn planned_image(
    desired: &Desired,
    evidence: &Evidence,
    resolved: &Resolved,
    observed: &Observed,
) -> PlannedImage {
    let image = &resolved.image;
    let record = resolved
        .digest
        .as_ref()
        .and_then(|digest| evidence.asked(&image.source, digest, &image.content.platforms));
    let known = resolved.digest.is_some();
    let consumers = desired.consumers.iter().filter(|consumer| consumer.sets.contains(&image.set));
    PlannedImage {
        image: image.clone(),
        how: resolved.how.clone(),
        digest: resolved.digest.clone(),
        was: resolved.was.clone().filter(|was| Some(was) != resolved.digest.as_ref()),
        floating: None,
        take_in: known && record.is_none_or(|record| is_missing(desired, image, record)),
        verify: known && record.is_none_or(|record| needs_verification(desired, image, record)),
        consumers: consumers
            .map(|consumer| planned_consumer(desired, consumer, resolved, record, observed))
            .collect(),
    }
}

/// Returns whether a withdrawal emptied quarantine of a recorded image, and no document asks for that any more.
fn is_missing(desired: &Desired, image: &DesiredImage, record: &ImageRecord) -> bool {
    record.custody.left_quarantine() && !withdrawal::leaves_quarantine(desired, &image.source, record)
}

/// Returns whether signatures have to be looked for: another policy than the recorded one, or no outcome was reached.
pub fn needs_verification(desired: &Desired, image: &DesiredImage, record: &ImageRecord) -> bool {
    let policy = image.trust.as_ref().and_then(|name| desired.policies.get(name));
    let recorded = &record.verification;
    recorded.policy_digest != policy_digest(policy) || recorded.outcome == Outcome::Undeterminable
}

fn planned_consumer(
    desired: &Desired,
    consumer: &DesiredConsumer,
    resolved: &Resolved,
    record: Option<&ImageRecord>,
    observed: &Observed,
) -> PlannedConsumer {
    let distribution = consumer.distribution(&resolved.image.source);
    let verdict = record.and_then(|record| verdict_for(record, &consumer.name)).cloned();
    let cleared = verdict.as_ref().is_some_and(|v| v.verdict == Verdict::Cleared);
    let promotion = match (cleared, record) {
        (true, Some(record)) => {
            let seen = observed.distributions.get(&(distribution.clone(), resolved.image.tag.clone()));
            promotion(record, consumer, &distribution, &resolved.image.tag, seen)
        }
        _ => Promotion::Nothing,
    };
    let tag = resolved.image.tag.as_str();
    let lacking = match (&promotion, record) {
        (Promotion::Nothing, Some(record)) => {
            let promoted = vouching::Promoted { record, consumer, distribution: &distribution, tag };
            vouching::lacking(desired, &promoted, observed)
        }
        // A promotion writes all of it.
        _ => vec![],
    };
    PlannedConsumer { name: consumer.name.clone(), distribution, verdict, promotion, lacking }
}

fn promotion(
    record: &ImageRecord,
    consumer: &DesiredConsumer,
    distribution: &Repository,
    tag: &str,
    seen: Option<&Seen>,
) -> Promotion {
    let wanted = &record.custody.subject.digest;
    match seen {
        None => Promotion::Blocked("the distribution was not observed".into()),
        Some(Seen::Failed { message, .. }) => Promotion::Blocked(message.clone()),
        Some(Seen::Digest(there)) if there == wanted => {
            if has_receipt(record, &consumer.name, distribution, tag) {
                Promotion::Nothing
            } else {
                Promotion::Receipt
            }
        }
        Some(Seen::Digest(other)) => Promotion::Promote { replaces: Some(other.clone()) },
        Some(Seen::Absent) => Promotion::Promote { replaces: None },
    }
}

/// Returns the verdict recorded for a consumer.
pub fn verdict_for<'a>(record: &'a ImageRecord, consumer: &str) -> Option<&'a ConsumerVerdict> {
    record.verdicts.verdicts.iter().find(|verdict| verdict.consumer == consumer)
}

/// Returns whether a promotion under this tag is recorded, done or found done.
pub fn has_receipt(record: &ImageRecord, consumer: &str, distribution: &Repository, tag: &str) -> bool {
    record.custody.promoted().into_iter().any(|hop| {
        hop.to == *distribution
            && hop.tag.as_deref() == Some(tag)
            && hop.consumer.as_deref() == Some(consumer)
            && matches!(hop.certainty, Certainty::Performed | Certainty::Observed)
    })
}

/// Returns the tags to ask upstream about: those no manifest pins.
pub fn unpinned(desired: &Desired) -> BTreeSet<(Repository, String)> {
    let images = desired.images.iter().filter(|image| image.digest.is_none());
    images.map(|image| (image.source.clone(), image.tag.clone())).collect()
}

/// Returns the destination tags to look at: one for each consumer, image and tag.
pub fn destinations(desired: &Desired) -> BTreeSet<(Repository, String)> {
    let wanted = |consumer: &DesiredConsumer| {
        let images = desired.images.iter().filter(|image| consumer.sets.contains(&image.set));
        images.map(|image| (consumer.distribution(&image.source), image.tag.clone())).collect::<Vec<_>>()
    };
    desired.consumers.iter().flat_map(wanted).collect()
}
