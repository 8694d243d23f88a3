//! What a run says of images that leave, or that nobody asks for any more.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    evidence::Event,
    model::foreign::inline,
    plan::{self, PlannedWithdrawal, Unreferenced},
    reconcile::{Recorded, receipts::Closed, withdraw::Outcome},
};

/// One withdrawn image under one tag of a distribution, or in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalReport {
    pub withdrawal: String,
    /// Where the document is written, `withdrawals/eol.yaml:3`.
    pub written: String,
    pub image: String,
    /// `None` where it is in quarantine.
    pub consumer: Option<String>,
    /// Repository and tag from which it is withdrawn.
    pub place: String,
    /// Whether the tag no longer means the image.
    pub deleted: bool,
    /// What stays on purpose, and for what.
    pub kept: Option<String>,
    /// Why it was not deleted, where that was to be done.
    pub failure: Option<String>,
}

impl WithdrawalReport {
    pub(super) fn of((planned, outcome): &(PlannedWithdrawal, Outcome)) -> Self {
        Self {
            withdrawal: planned.withdrawal.name.clone(),
            written: planned.withdrawal.written.clone(),
            image: Event::image(&planned.source, &planned.digest),
            consumer: planned.consumer.clone(),
            place: planned.name(),
            deleted: matches!(outcome, Outcome::Deleted | Outcome::Untagged(_)),
            kept: match outcome {
                Outcome::Untagged(why) => Some(format!("the manifest stays: {why}")),
                Outcome::Shared(other) => {
                    Some(format!("it stays for {other}, which has it under the same name"))
                }
                Outcome::Stands | Outcome::Deleted | Outcome::Failed(_) => None,
            },
            failure: match outcome {
                Outcome::Failed(why) => Some(why.clone()),
                _ => None,
            },
        }
    }

    pub(super) fn write(&self, text: &mut String) {
        let there = if self.consumer.is_some() { "still pullable" } else { "still in quarantine" };
        let mut outcome = if self.deleted { "deleted".to_owned() } else { there.to_owned() };
        if let Some(why) = self.failure.as_ref().or(self.kept.as_ref()) {
            let _ = write!(outcome, ": {}", inline(why));
        }
        let (place, name) = (inline(&self.place), inline(&self.withdrawal));
        let _ = writeln!(text, "withdrawn by {name}: {place}  {outcome}");
    }
}

/// A subject of a withdrawal that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownReport {
    pub withdrawal: String,
    /// Where it is written, `withdrawals/eol.yaml:5`.
    pub written: String,
    pub failure: String,
    pub hint: String,
}

impl UnknownReport {
    pub(super) fn write(&self, text: &mut String) {
        let _ = writeln!(text, "withdrawal {} in {}", inline(&self.withdrawal), inline(&self.written));
        let _ = writeln!(text, "  failed: {}", inline(&self.failure));
        let _ = writeln!(text, "  hint: {}", inline(&self.hint));
    }
}

pub(super) fn unknown(recorded: &Recorded) -> Vec<UnknownReport> {
    let state = &recorded.state;
    let unknown = plan::unknown(&state.desired, &state.evidence, &recorded.observed).into_iter();
    let report = unknown.map(|subject| UnknownReport {
        withdrawal: subject.withdrawal,
        written: subject.written,
        failure: subject.message,
        hint: subject.hint,
    });
    report.collect()
}

/// Something that is there by its record, and that nobody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnaskedReport {
    /// Repository and tag.
    pub place: String,
    pub image: String,
    pub why: &'static str,
    #[serde(skip)]
    found: Unreferenced,
}

pub(super) fn unasked(recorded: &Recorded, closed: &Closed) -> Vec<UnaskedReport> {
    let found = plan::unasked(&recorded.state.desired, &closed.evidence).into_iter();
    let report = found.map(|found| UnaskedReport {
        place: format!("{}:{}", found.repository, found.tag),
        image: found
            .digest
            .as_ref()
            .map_or_else(|| found.source.to_string(), |digest| Event::image(&found.source, digest)),
        why: found.why.words(),
        found,
    });
    report.collect()
}

/// Returns how much is asked for by nobody.
pub(super) fn count(unasked: &[UnaskedReport]) -> String {
    let found: Vec<Unreferenced> = unasked.iter().map(|one| one.found.clone()).collect();
    plan::count_unasked(&found)
}
