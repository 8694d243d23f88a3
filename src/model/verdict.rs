//! Verdicts and their reasons.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Instant;

/// What a gate says about one image for one consumer. Ordered from best to worst.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// May be promoted.
    Cleared,
    /// Stays in quarantine and may clear by itself later.
    Held,
    /// Stays in quarantine until the image, the rule or an exception changes.
    Refused,
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cleared => "cleared",
            Self::Held => "held",
            Self::Refused => "refused",
        }
    }

    /// Returns the word manifests use for a rule that leads here: `record`, `hold` or `refuse`.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Cleared => "record",
            Self::Held => "hold",
            Self::Refused => "refuse",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One rule applied to one fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// What this reason alone would lead to.
    pub verdict: Verdict,
    /// The rule with its value, for instance `maxSeverity high`.
    pub rule: String,
    /// Where the rule is written, `gates/standard.yaml:6`, or `default`.
    pub written: String,
    /// The fact, for instance `CVE-2026-1111 is critical in openssl 3.0.11-1`.
    pub fact: String,
    /// Where the fact is recorded, relative to the evidence directory of the image.
    pub recorded: String,
    /// When the reason ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}
