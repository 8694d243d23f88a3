//! What was found out about a publisher's signatures.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Digest;

/// The five outcomes of verification; a registry error is never `absent`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// A signature by an accepted key covers this digest.
    Verified,
    /// The registry answered, and there is no signature.
    Absent,
    /// There are signatures, but none by a key the policy accepts.
    Foreign,
    /// A signature claims an accepted key or this digest and does not hold.
    Invalid,
    /// The registry or a format did not let us find out.
    Undeterminable,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Absent => "absent",
            Self::Foreign => "foreign",
            Self::Invalid => "invalid",
            Self::Undeterminable => "undeterminable",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a signature is stored beside its image.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureFormat {
    /// The tag `sha256-<hex>.sig` (cosign `specs/SIGNATURE_SPEC.md`).
    CosignLegacy,
    /// A Sigstore bundle v0.3 as referrer (cosign `specs/BUNDLE_SPEC.md`).
    SigstoreBundle,
}

/// One signature that was found, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignatureFound {
    pub format: SignatureFormat,
    /// The tag or referrer digest it was found under.
    pub place: String,
    /// Digest of the manifest that carries it.
    pub digest: Digest,
    /// The policy's name for the key that verified it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
}
