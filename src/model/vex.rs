//! What others state about a vulnerability in a product, in the vocabulary of OpenVEX.

use serde::{Deserialize, Serialize};

use super::{Digest, Instant};

/// The relation of a vulnerability to a product (OpenVEX, "Status Labels").
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VexStatus {
    Affected,
    UnderInvestigation,
    Fixed,
    NotAffected,
}

impl VexStatus {
    /// Returns the status of a label.
    pub fn of_openvex(label: &str) -> Option<Self> {
        [Self::Affected, Self::UnderInvestigation, Self::Fixed, Self::NotAffected]
            .into_iter()
            .find(|status| status.name() == label)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::UnderInvestigation => "under_investigation",
            Self::Fixed => "fixed",
            Self::NotAffected => "not_affected",
        }
    }

    /// Returns whether it says that nothing is to be done about the vulnerability.
    pub const fn excuses(self) -> bool {
        matches!(self, Self::Fixed | Self::NotAffected)
    }
}

/// What a verified signer states about one finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindingStatement {
    /// The trust policy's name for who signed it.
    pub signer: String,
    pub at: Instant,
    pub status: VexStatus,
    /// A label of OpenVEX or CycloneDX, or why in the publisher's words, cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// The attestation's layer.
    pub attestation: Digest,
}
