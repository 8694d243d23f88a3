//! What a run did, for people and programs.

mod leaving;

pub use leaving::{UnaskedReport, UnknownReport, WithdrawalReport};

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use super::{Effects, Recorded, World, cost, receipts::Closed};
use crate::{
    model::{Verdict, foreign::inline},
    plan::{self, Resolved, Unselected},
    registry::Usage,
};

/// The result of a run. `schema` numbers the JSON form; keys are added, never changed, under one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `fondaco/report/v1alpha1`.
    pub schema: &'static str,
    pub images: Vec<ImageReport>,
    /// Selections that could not be made.
    pub selections: Vec<SelectionReport>,
    /// Withdrawn images that were still there when the run began.
    pub withdrawals: Vec<WithdrawalReport>,
    /// What withdrawals name and nobody knows.
    pub unknown_subjects: Vec<UnknownReport>,
    /// What records say is there and nobody asks for any more.
    pub not_asked_for: Vec<UnaskedReport>,
    /// Commits this run pushed, in order.
    pub commits: Vec<String>,
    /// Requests by host and kind.
    pub requests: BTreeMap<String, BTreeMap<String, u64>>,
    /// What the requests cost and moved, by host.
    pub usage: BTreeMap<String, Usage>,
    /// Bytes read from upstreams.
    pub bytes_taken_in: u64,
    /// Whether the run was asked to stop and drained.
    pub interrupted: bool,
}

/// A selection that could not be made. What it chose before stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectionReport {
    /// The repository it chooses from.
    pub image: String,
    pub set: String,
    /// Where it is written, `images/web.yaml:7`.
    pub written: String,
    pub failure: String,
    pub hint: Option<String>,
}

/// One image under one tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageReport {
    pub image: String,
    pub digest: Option<String>,
    pub taken_in: bool,
    /// Why resolving or intake failed, where it did.
    pub failure: Option<String>,
    pub consumers: Vec<ConsumerReport>,
}

/// One image for one consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerReport {
    pub consumer: String,
    pub verdict: Option<Verdict>,
    /// Whether this run reached the verdict, or found it recorded.
    pub new: bool,
    /// The strongest reason against clearing.
    pub reason: Option<String>,
    pub promoted: bool,
    /// Whether this run wrote signatures or attestations beside an image that was promoted before.
    pub signed_anew: bool,
    /// Why the promotion failed, or the signatures, where they did.
    pub failure: Option<String>,
}

impl Report {
    /// Returns whether nothing had to be done: no commit, no upload, no signature, no failure.
    pub fn is_idle(&self) -> bool {
        self.commits.is_empty() && !self.has_failures() && self.images.iter().all(|image| !image.taken_in)
    }

    pub fn has_failures(&self) -> bool {
        let failed = |image: &ImageReport| {
            image.failure.is_some() || image.consumers.iter().any(|consumer| consumer.failure.is_some())
        };
        let kept = |withdrawal: &WithdrawalReport| withdrawal.failure.is_some();
        !self.selections.is_empty()
            || !self.unknown_subjects.is_empty()
            || self.images.iter().any(failed)
            || self.withdrawals.iter().any(kept)
    }

    /// Returns whether this run, not an earlier one, refused an image.
    pub fn has_new_refusals(&self) -> bool {
        let consumers = self.images.iter().flat_map(|image| &image.consumers);
        consumers.into_iter().any(|c| c.new && c.verdict == Some(Verdict::Refused))
    }

    /// Returns the report as text, one line for each image and consumer, and the totals.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.is_idle() {
            let _ =
                writeln!(text, "nothing to do: {} images as recorded{}", self.images.len(), self.totals());
            self.withdrawals.iter().for_each(|withdrawal| withdrawal.write(&mut text));
            text.push_str(&leaving::count(&self.not_asked_for));
            return text;
        }
        for image in &self.images {
            image.write(&mut text);
        }
        for selection in &self.selections {
            selection.write(&mut text);
        }
        self.withdrawals.iter().for_each(|withdrawal| withdrawal.write(&mut text));
        self.unknown_subjects.iter().for_each(|unknown| unknown.write(&mut text));
        let _ = writeln!(text, "{} commits{}", self.commits.len(), self.totals());
        text.push_str(&leaving::count(&self.not_asked_for));
        text.push_str(&cost::text(&self.usage));
        text
    }

    fn totals(&self) -> String {
        let consumers = || self.images.iter().flat_map(|image| &image.consumers);
        let count = |verdict| consumers().filter(|c| c.verdict == Some(verdict)).count();
        format!(
            "; {} cleared, {} held, {} refused, {} promoted now",
            count(Verdict::Cleared),
            count(Verdict::Held),
            count(Verdict::Refused),
            consumers().filter(|c| c.promoted).count()
        )
    }
}

impl SelectionReport {
    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "{}  selection in {}", inline(&self.image), inline(&self.written));
        let _ = writeln!(text, "  failed: {}", inline(&self.failure));
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "  hint: {}", inline(hint));
        }
    }
}

impl ImageReport {
    fn write(&self, text: &mut String) {
        let digest = self.digest.as_deref().map_or("unknown", |digest| &digest[..digest.len().min(19)]);
        let taken = if self.taken_in { "  taken in" } else { "" };
        let _ = writeln!(text, "{}  {digest}…{taken}", inline(&self.image));
        if let Some(failure) = &self.failure {
            let _ = writeln!(text, "  failed: {}", inline(failure));
        }
        for consumer in &self.consumers {
            let verdict = consumer.verdict.map_or("not judged", Verdict::name);
            let promoted = match (consumer.promoted, consumer.signed_anew) {
                (true, _) => ", promoted",
                (false, true) => ", signed anew",
                (false, false) => "",
            };
            let reason = consumer.reason.as_ref().map(|r| format!(": {}", inline(r))).unwrap_or_default();
            let _ = writeln!(text, "  {}: {verdict}{promoted}{reason}", inline(&consumer.consumer));
            if let Some(failure) = &consumer.failure {
                let _ = writeln!(text, "    failed: {}", inline(failure));
            }
        }
    }
}

/// Builds the report of a run.
pub(super) fn report(world: &World, recorded: &Recorded, effects: &Effects, closed: &Closed) -> Report {
    let images = recorded.resolved.iter().map(|resolved| image_report(resolved, recorded, effects, closed));
    let usage = world.registries.usage();
    Report {
        schema: "fondaco/report/v1alpha1",
        images: images.collect(),
        selections: recorded.unselected.iter().map(selection_report).collect(),
        withdrawals: effects.withdrawn.outcomes.iter().map(WithdrawalReport::of).collect(),
        unknown_subjects: leaving::unknown(recorded),
        not_asked_for: leaving::unasked(recorded, closed),
        commits: recorded.commit.iter().chain(&closed.commit).cloned().collect(),
        requests: usage.iter().map(|(host, usage)| (host.clone(), usage.requests.clone())).collect(),
        usage,
        bytes_taken_in: recorded.taken.values().sum(),
        interrupted: world.drain.is_cancelled(),
    }
}

/// Returns what is said of a selection that could not be made.
pub(super) fn selection_report(failed: &Unselected) -> SelectionReport {
    SelectionReport {
        image: failed.source.to_string(),
        set: failed.set.clone(),
        written: failed.written.clone(),
        failure: failed.message.clone(),
        hint: failed.hint.clone(),
    }
}

fn image_report(resolved: &Resolved, recorded: &Recorded, effects: &Effects, closed: &Closed) -> ImageReport {
    let image = &resolved.image;
    let desired = &recorded.state.desired;
    let wanting = desired.consumers.iter().filter(|consumer| consumer.sets.contains(&image.set));
    let consumers =
        wanting.map(|consumer| consumer_report(resolved, &consumer.name, recorded, effects, closed));
    let digest = resolved.digest.as_ref();
    ImageReport {
        image: format!("{}:{}", image.source, image.tag),
        digest: digest.map(ToString::to_string),
        taken_in: digest.is_some_and(|d| recorded.taken.contains_key(&(image.source.clone(), d.clone()))),
        failure: recorded.failures.get(&(image.source.clone(), image.tag.clone())).cloned(),
        consumers: consumers.collect(),
    }
}

fn consumer_report(
    resolved: &Resolved,
    consumer: &str,
    recorded: &Recorded,
    effects: &Effects,
    closed: &Closed,
) -> ConsumerReport {
    let image = &resolved.image;
    let digest = resolved.digest.as_ref();
    let judged = |evidence: &crate::evidence::Evidence| {
        let record = evidence.asked(&image.source, digest?, &image.content.platforms)?;
        plan::verdict_for(record, consumer).cloned()
    };
    let now = judged(&closed.evidence);
    let before = judged(&recorded.before).map(|verdict| verdict.verdict);
    let verdict = now.as_ref().map(|verdict| verdict.verdict);
    let key = (image.source.clone(), image.tag.clone(), consumer.to_owned());
    let receipt = effects.promoted.receipts.iter().any(|receipt| {
        let hop = &receipt.hop;
        receipt.source == image.source
            && hop.tag.as_deref() == Some(&image.tag)
            && hop.consumer.as_deref() == Some(consumer)
    });
    let subject = digest.and_then(|digest| {
        let record = closed.evidence.asked(&image.source, digest, &image.content.platforms)?;
        Some(&record.custody.subject.digest)
    });
    let signed = effects.signed.receipts.iter().any(|receipt| {
        receipt.source == image.source
            && Some(&receipt.digest) == subject
            && receipt.hop.consumer.as_deref() == Some(consumer)
    });
    let unsigned = subject.and_then(|subject| {
        let key = (image.source.clone(), subject.clone(), consumer.to_owned());
        effects.signed.failures.get(&key)
    });
    ConsumerReport {
        consumer: consumer.to_owned(),
        verdict,
        new: verdict.is_some() && verdict != before,
        reason: now.and_then(|verdict| verdict.reasons.first().map(|r| format!("{}: {}", r.rule, r.fact))),
        promoted: receipt,
        signed_anew: signed,
        failure: effects.promoted.failures.get(&key).or(unsigned).cloned(),
    }
}
