//! Gates: facts of one image against one consumer's rules, at one moment, to a verdict with every reason. Pure.
//!
//! To add a requirement: write `gate/<name>.rs` and name it twice below. A requirement only says what speaks against
//! clearing; no requirement can clear what another one holds. Next in reading order: [`crate::plan`].

mod age;
mod cooldown;
mod coverage;
mod exploited;
mod licence;
mod secrets;
mod severity;
mod signature;
mod withdrawal;

pub use cooldown::progress;
pub use signature::signature_reasons;

use crate::{
    evidence::{
        AdvisoriesLock, ConsumerVerdict, ContentsRecord, PlatformRecord, ScanRecord, Unread,
        VerificationRecord,
    },
    manifest::{DesiredConsumer, DesiredGate, DesiredPolicy, DesiredWithdrawal, Ruled},
    model::{Instant, Period, Reason, Verdict},
};

/// What is known about an image when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub platforms: &'a [PlatformRecord],
    /// What may hold a part of a root file system and was not read.
    pub unread: &'a [Unread],
    pub verification: &'a VerificationRecord,
    /// The trust policy the image names; `None` where it names none.
    pub policy: Option<&'a DesiredPolicy>,
    /// `None` where no advisory bundle is pinned.
    pub scan: Option<&'a ScanRecord>,
    /// The lock of the bundle that the image was last scanned against.
    pub advisories: Option<&'a AdvisoriesLock>,
    /// `None` where the image was taken in before its contents were recorded.
    pub contents: Option<&'a ContentsRecord>,
    /// When this digest was first seen under one of the tags that the consumer asks for.
    pub first_seen: Option<Instant>,
    /// The longest that the image and its sets ask for.
    pub cooldown: Option<&'a Ruled<Period>>,
    /// The withdrawals that concern the image for this consumer, in force or not yet.
    pub withdrawals: &'a [&'a DesiredWithdrawal],
    pub now: Instant,
}

/// One requirement of a gate.
trait Requirement: Sync {
    /// Returns every reason against clearing.
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason>;
}

const ALL: &[(&str, &dyn Requirement)] = &[
    ("age", &age::Age),
    ("cooldown", &cooldown::Cooldown),
    ("coverage", &coverage::Coverage),
    ("exploited", &exploited::KnownExploited),
    ("licence", &licence::Licence),
    ("secrets", &secrets::Secrets),
    ("severity", &severity::SeverityThreshold),
    ("signature", &signature::Signature),
    ("withdrawal", &withdrawal::Withdrawal),
];

/// Judges one image for one consumer: the worst verdict of any reason, `cleared` where there is none.
pub fn judge(facts: &Facts<'_>, consumer: &DesiredConsumer) -> ConsumerVerdict {
    let gate = &consumer.gate;
    let mut reasons: Vec<Reason> = ALL.iter().flat_map(|(_, rule)| rule.reasons(facts, gate)).collect();
    reasons.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.cmp(b)));
    ConsumerVerdict {
        consumer: consumer.name.clone(),
        gate: gate.name.clone(),
        verdict: reasons.iter().map(|reason| reason.verdict).max().unwrap_or(Verdict::Cleared),
        reasons,
        accepted: severity::accepted(facts, gate),
        max_severity: gate.max_severity.value,
    }
}

#[cfg(test)]
mod tests;
