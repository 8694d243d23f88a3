//! Events: what happened, as the log keeps it.

use serde::{Deserialize, Serialize};

use crate::model::{Digest, Instant, Repository, Verdict};

/// One thing that happened to an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub at: Instant,
    pub kind: EventKind,
    /// Upstream repository and digest, `docker.io/library/nginx@sha256:…`.
    pub image: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// One sentence.
    pub detail: String,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// The image was copied into quarantine.
    Intake,
    /// A gate spoke.
    Verdict,
    /// The image was made pullable for a consumer.
    Promotion,
    /// The promoted image was signed or attested anew.
    ReSign,
    /// The image came across an air gap.
    Carry,
    /// Upstream gave the tag another meaning.
    TagMoved,
    /// A document withdraws the image; it is to be deleted from a distribution or from quarantine.
    Withdrawal,
    /// The image was deleted, or found deleted.
    Deletion,
}

impl EventKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Verdict => "verdict",
            Self::Promotion => "promotion",
            Self::ReSign => "re-sign",
            Self::Carry => "carry",
            Self::TagMoved => "tag moved",
            Self::Withdrawal => "withdrawal",
            Self::Deletion => "deletion",
        }
    }
}

impl Event {
    /// Returns the name of an image in events.
    pub fn image(repository: &Repository, digest: &Digest) -> String {
        format!("{repository}@{digest}")
    }

    /// Returns the month the event belongs to, `2026-11`.
    pub(super) fn month(&self) -> String {
        self.at.date()[..7].to_owned()
    }
}
