//! `Gate`: the thresholds an image must meet.

mod licences;

pub use licences::{LicencesSpec, Licensed, UnknownLicence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Period, Severity, Verdict};

/// The thresholds an image must meet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "gate")]
pub struct GateSpec {
    /// The worst severity that findings may have; any above refuses the image. Default `high`: critical findings are
    /// refused, and a first run of a usual image is not drowned in refusals.
    pub max_severity: Threshold,
    /// Whether findings without a fixed version are left out of the threshold. Default `false`: a vulnerability is
    /// one, fixed or not.
    pub fixable_only: bool,
    /// What a finding leads to whose severity no source states. Default `hold`: unknown is not harmless, and
    /// sources usually follow.
    pub unknown_severity: UnknownSeverity,
    /// What a finding leads to that is known to be exploited, by CISA's catalogue or ENISA's database where the advisory
    /// bundle has them. Default `refuse`, whatever its severity: what is attacked now does not wait for the next release.
    pub known_exploited: KnownExploited,
    /// Whether a publisher's signature has to verify. Default `optional`: most upstream images carry none; where one is
    /// there, the trust policy still decides what a wrong one means.
    pub signature: Requirement,
    /// The oldest advisory bundle that may clear an image. Default `7d`: older knowledge holds the image, since it says
    /// nothing about this week's findings.
    pub max_age: Period,
    /// How long an image waits after its digest was first seen under its tag, such as `7d`. Default `0s`: no waiting,
    /// because a wait holds repairs as well. First seen is what the lock in Git says. Where an image or its set says a
    /// longer period, that one counts.
    pub cooldown: Period,
    /// What a publisher's verified statement (VEX) that a vulnerability does not affect the image, or is fixed in it, leads
    /// to. Default `record`: it is shown beside the finding and changes nothing, because publishers judge their own
    /// work, and who signs images well need not judge vulnerabilities well.
    pub publisher_vex: PublisherVex,
    /// The licences that packages may have, as the image declares them. Default: any, because what a licence asks for
    /// depends on how the software is used, which only you know.
    pub licences: Option<LicencesSpec>,
    /// What a file leads to that looks like a committed secret, also one that a later layer deletes. Default `record`: keys
    /// for tests look like others, and most such files are harmless.
    pub secrets: CommittedSecrets,
}

impl Default for GateSpec {
    fn default() -> Self {
        Self {
            max_severity: Threshold::High,
            fixable_only: false,
            unknown_severity: UnknownSeverity::Hold,
            known_exploited: KnownExploited::Refuse,
            signature: Requirement::Optional,
            max_age: Period::days(7),
            cooldown: Period::days(0),
            publisher_vex: PublisherVex::Record,
            licences: None,
            secrets: CommittedSecrets::Record,
        }
    }
}

/// A severity as a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Threshold {
    /// Everything worse than no effect in practice is refused.
    Negligible,
    /// Medium, high and critical findings are refused.
    Low,
    /// High and critical findings are refused.
    Medium,
    /// Critical findings are refused.
    High,
    /// No finding is refused for its severity.
    Critical,
}

impl Threshold {
    pub const fn severity(self) -> Severity {
        match self {
            Self::Negligible => Severity::Negligible,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}

/// What a finding of unknown severity leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UnknownSeverity {
    /// The image waits in quarantine until a source states a severity.
    Hold,
    /// The image is refused.
    Refuse,
    /// The finding is recorded and does not stop the image.
    Record,
}

impl UnknownSeverity {
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Hold => Verdict::Held,
            Self::Refuse => Verdict::Refused,
            Self::Record => Verdict::Cleared,
        }
    }
}

/// What a finding leads to that is known to be exploited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum KnownExploited {
    /// The image is refused.
    Refuse,
    /// The image waits in quarantine.
    Hold,
    /// It is shown beside the finding, which counts by its severity alone.
    Record,
}

impl KnownExploited {
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Refuse => Verdict::Refused,
            Self::Hold => Verdict::Held,
            Self::Record => Verdict::Cleared,
        }
    }
}

/// Whether something has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Requirement {
    /// Without it the image is not cleared.
    Required,
    /// The image may be cleared without it.
    Optional,
}

/// What a file that looks like a committed secret leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CommittedSecrets {
    /// It is shown on the image's page.
    Record,
    /// The image waits in quarantine. Files that packages bring do not count.
    Hold,
}

/// What a publisher's verified statement about a vulnerability leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PublisherVex {
    /// It is shown beside the finding, which counts as before.
    Record,
    /// The finding does not count where the latest statement of every accepted signer who speaks of it excuses it. The
    /// verdict names the statements.
    Accept,
}
