//! What was found out about a publisher's signatures.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{Digest, Instant};

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

/// What a certificate of a Sigstore instance tells (Fulcio's extensions, `1.3.6.1.4.1.57264.1`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum ClaimKind {
    Issuer,
    Identity,
    SourceRepository,
    SourceRepositoryId,
    SourceRef,
    SourceCommit,
    Workflow,
    Trigger,
    Runner,
}

/// What a statement says of a build or a verification.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum StatementKind {
    Builder,
    BuildType,
    Source,
    SourceRef,
    SourceCommit,
    Verifier,
}

/// How a signature or attestation is stored beside its image.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureFormat {
    /// The tag `sha256-<hex>.sig` (cosign `specs/SIGNATURE_SPEC.md`).
    CosignLegacy,
    /// The tag `sha256-<hex>.att`: a DSSE envelope a layer (cosign `specs/ATTESTATION_SPEC.md`).
    CosignAttestation,
    /// A Sigstore bundle v0.3 as referrer (cosign `specs/BUNDLE_SPEC.md`).
    SigstoreBundle,
    /// A Notary Project signature as referrer (notaryproject `specs/signature-specification.md`).
    Notation,
    /// A manifest `unknown/unknown` of the index with in-toto statements (BuildKit). They are unsigned but where somebody signed
    /// that manifest; the place is its signature then.
    Buildkit,
}

impl SignatureFormat {
    /// Returns the name that records use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CosignLegacy => "cosign-legacy",
            Self::CosignAttestation => "cosign-attestation",
            Self::SigstoreBundle => "sigstore-bundle",
            Self::Notation => "notation",
            Self::Buildkit => "buildkit",
        }
    }
}

/// Who stands behind a signature, and what was verified of that.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The policy's name for the key that verified it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The policy's name for the identity or notation store that its certificate meets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// What the certificate says. Proven only where the outcome is `verified` or `foreign`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<ClaimKind, String>,
    /// Log entries that were verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_entries: Vec<LogEntryFound>,
    /// Trusted times that were verified, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Instant>,
}

/// An entry of a transparency log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogEntryFound {
    /// The log's key: its id in hexadecimal digits.
    pub log: String,
    pub index: u64,
    /// Kind and version, such as `dsse/0.0.1`.
    pub kind: String,
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
    /// Digest of the layer that it is: payload, bundle or envelope. Absent where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    #[serde(flatten)]
    pub proof: Proof,
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
}

/// One attestation that was found: a signed or unsigned statement about the image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttestationFound {
    pub format: SignatureFormat,
    /// The tag or referrer digest it was found under.
    pub place: String,
    /// Digest of the manifest that carries it.
    pub digest: Digest,
    /// Digest of the layer that it is. Absent where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// The manifest it speaks of, where that is not the image's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Digest>,
    pub predicate_type: String,
    /// What it says of build or verification. Not proven unless the outcome is `verified`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub says: BTreeMap<StatementKind, String>,
    #[serde(flatten)]
    pub proof: Proof,
    /// `verified` says who made the statement, not that it is true.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
}

/// What became of one demand of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DemandOutcome {
    /// `signature`, or the policy's name for the attestation.
    pub demand: String,
    pub outcome: Outcome,
    pub reason: String,
}
