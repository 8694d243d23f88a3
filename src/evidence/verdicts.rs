//! What gates say about an image, as it is written to Git.

use serde::{Deserialize, Serialize};

use crate::model::{Digest, Instant, Reason, Severity, Verdict};

/// `verdicts.json`: what each consumer's gate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verdicts {
    /// `fondaco/verdicts/v1alpha1`.
    pub schema: String,
    pub subject: Digest,
    /// The commit whose manifests were judged by.
    pub manifest_commit: String,
    pub judged_at: Instant,
    /// Digests of what was judged.
    pub inputs: VerdictInputs,
    /// By consumer name.
    pub verdicts: Vec<ConsumerVerdict>,
}

/// Digests of everything a verdict depends on, besides the manifest commit and the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerdictInputs {
    /// Of `packages.txt`.
    pub packages: Digest,
    /// Of `verification.json`.
    pub verification: Digest,
    /// Of `scan.json`; absent where no advisory bundle is pinned, which holds the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Digest>,
    /// Of `publisher.json`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Digest>,
    /// Of `contents.json`, where a gate asks for what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contents: Option<Digest>,
}

/// One consumer's verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsumerVerdict {
    pub consumer: String,
    pub gate: String,
    pub verdict: Verdict,
    /// Every reason against clearing; empty when cleared.
    pub reasons: Vec<Reason>,
    /// What would have been a reason and is none, because a rule accepts what a publisher states about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Reason>,
    /// The threshold that was applied, for the page.
    pub max_severity: Severity,
}
