//! What a table says about one image and one consumer.

use std::collections::BTreeSet;

use super::Subject;
use crate::evidence::{ConsumerVerdict, Hop, ImageRecord};
use crate::manifest::{DesiredConsumer, DesiredImage};
use crate::model::{Digest, Instant, Repository, Verdict};

/// One image under one tag that some `ImageSet` lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) source: Repository,
    pub(super) tag: String,
    /// What the tag means, as the manifest pins it or the lock records it; of chosen platforms, the index of those.
    pub(super) digest: Option<Digest>,
}

impl<'a> Subject<'a> {
    /// Returns what the manifests list, each repository and tag once.
    pub(super) fn wanted(self) -> BTreeSet<Wanted> {
        let images = self.desired.images.iter();
        let one =
            |i: &DesiredImage| Wanted { source: i.source.clone(), tag: i.tag.clone(), digest: self.meant(i) };
        images.map(one).collect()
    }

    /// Returns what is pulled under an image's tag: what the tag means upstream, or the index of the platforms that
    /// were chosen of it.
    fn meant(self, image: &DesiredImage) -> Option<Digest> {
        let upstream = image.digest.clone().or_else(|| self.locked(&image.source, &image.tag))?;
        let record = self.evidence.asked(&image.source, &upstream, &image.content.platforms);
        Some(record.map_or(upstream, |record| record.custody.subject.digest.clone()))
    }

    fn locked(self, source: &Repository, tag: &str) -> Option<Digest> {
        let mut lock = self.evidence.lock.images.iter();
        lock.find(|l| l.repository == *source && l.tag == tag).map(|l| l.digest.clone())
    }

    /// Returns whether a digest is what the manifests, or for tags that they no longer list the lock, say the tag means.
    pub(super) fn is_current(self, source: &Repository, tag: &str, digest: &Digest) -> bool {
        let mut asked = self.desired.images.iter().filter(|i| i.source == *source && i.tag == tag).peekable();
        if asked.peek().is_some() {
            return asked.any(|image| self.meant(image).as_ref() == Some(digest));
        }
        let upstream = self.record(source, digest).map_or(digest, |record| record.custody.upstream());
        self.locked(source, tag).as_ref() == Some(upstream)
    }

    /// Returns whether a consumer asks for a tag.
    pub(super) fn asks(self, consumer: &DesiredConsumer, source: &Repository, tag: &str) -> bool {
        let mut images = self.desired.images.iter();
        images.any(|i| i.source == *source && i.tag == tag && consumer.sets.contains(&i.set))
    }

    pub(super) fn record(self, source: &Repository, digest: &Digest) -> Option<&'a ImageRecord> {
        self.evidence.images.get(&(source.clone(), digest.clone()))
    }
}

/// Returns the cell of a consumer for a tag; `asked` where the consumer asks for it now.
pub(super) fn cell(record: Option<&ImageRecord>, consumer: &str, tag: &str, asked: bool) -> String {
    let spoken = record.and_then(|r| verdict(r, consumer).map(|v| (r, v)));
    let Some((record, found)) = spoken else {
        return if asked { "unknown" } else { "not asked for" }.to_owned();
    };
    let judged = record.verdicts.judged_at.date();
    let state = match (found.verdict, until(found)) {
        (Verdict::Held, Some(until)) => format!("held until {}", until.date()),
        (Verdict::Held, None) => "held, no end known".to_owned(),
        (verdict, _) => format!("{verdict} {judged}"),
    };
    match promotion(record, consumer, tag) {
        Some(hop) => format!("{state}, promoted {}", hop.at.date()),
        None => state,
    }
}

/// Returns what a consumer's gate says about an image.
pub(super) fn verdict<'a>(record: &'a ImageRecord, consumer: &str) -> Option<&'a ConsumerVerdict> {
    record.verdicts.verdicts.iter().find(|v| v.consumer == consumer)
}

/// Returns when a hold ends by itself: when its last reason does, and never where one has no end.
pub(super) fn until(verdict: &ConsumerVerdict) -> Option<Instant> {
    let ends: Option<Vec<Instant>> = verdict.reasons.iter().map(|reason| reason.until).collect();
    ends?.into_iter().max()
}

/// Returns the latest promotion of an image under a tag for a consumer.
pub(super) fn promotion<'a>(record: &'a ImageRecord, consumer: &str, tag: &str) -> Option<&'a Hop> {
    let promotions = record.custody.promoted().into_iter();
    let ours =
        promotions.filter(|hop| hop.consumer.as_deref() == Some(consumer) && hop.tag.as_deref() == Some(tag));
    ours.max_by_key(|hop| hop.at)
}
