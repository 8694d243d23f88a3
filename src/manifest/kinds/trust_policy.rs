//! `TrustPolicy`: who must have signed, and what must have been attested.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::text::{Claim, ClaimPattern, InsidePath, Name, PublicKey};
use crate::model::Verdict;

/// Who must have signed an image, what must have been attested of it, and what each way of not having it leads to.
/// At least one of `keys`, `identities`, `notation` and `attestations`, because a policy without any trusts nobody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "trust policy")]
pub struct TrustPolicySpec {
    /// The publisher's public keys.
    #[serde(default)]
    pub keys: Vec<TrustedKey>,
    /// The publisher's identities, as certificates of a Sigstore instance name them (keyless signatures). Needs `root`.
    #[serde(default)]
    pub identities: Vec<TrustedIdentity>,
    /// Trust stores of Notary Project signatures.
    #[serde(default)]
    pub notation: Vec<NotationStore>,
    /// Path of the Sigstore instance's `trusted_root.json` below `trust/`, relative to the manifest repository: its
    /// certificate authorities, logs and timestamp authorities with their windows. `fondaco trust refresh` writes it.
    /// Default none: then certificates are not verified, and of keys' signatures neither log entries nor timestamps.
    pub root: Option<InsidePath>,
    /// How many of which signers are wanted. Default: any one of those that are named here.
    pub signers: Option<Signers>,
    /// What must have been attested. Default: nothing.
    #[serde(default)]
    pub attestations: Vec<WantedAttestation>,
    /// When the registry answered and there is no signature. Default `hold`: publishers sign after they push.
    #[serde(default = "hold")]
    pub absent: Action,
    /// When there are signatures, but none by these signers. Default `refuse`: somebody else vouches for it.
    #[serde(default = "refuse")]
    pub foreign: Action,
    /// When a signature claims one of these signers and does not hold. Default `refuse`: that is what tampering looks like.
    #[serde(default = "refuse")]
    pub invalid: Action,
    /// When it could not be found out. Default `hold`: trying again may help, and a registry error is no statement.
    #[serde(default = "hold")]
    pub undeterminable: Action,
}

const fn hold() -> Action {
    Action::Hold
}

const fn refuse() -> Action {
    Action::Refuse
}

const fn yes() -> bool {
    true
}

/// A public key, as a file or as text: exactly one of `path` and `pem`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "key", extend("oneOf" = [{"required": ["path"]}, {"required": ["pem"]}]))]
pub struct TrustedKey {
    /// How records call the key.
    pub name: Name,
    /// Path of the public key's PEM file below `trust/` or `keys/`, relative to the manifest repository.
    pub path: Option<InsidePath>,
    /// The public key's PEM text.
    pub pem: Option<PublicKey>,
    /// Whether a signature by this key counts only with a log entry or timestamp that `root` verifies. Default `false`:
    /// many publishers with keys of their own log nothing. What is there has to hold either way, where there is a `root`.
    #[serde(default)]
    pub logged: bool,
}

/// An identity in certificates of a Sigstore instance. What is not written may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "identity", extend("oneOf" = [{"required": ["identity"]}, {"required": ["identityPattern"]}]))]
pub struct TrustedIdentity {
    /// How records call the signer.
    pub name: Name,
    /// Who vouched for the identity, exactly: the OIDC issuer, such as `https://token.actions.githubusercontent.com`.
    /// `none` where the certificate names no issuer, as those of GitHub's releases do not.
    pub issuer: Claim,
    /// The certificate's subject alternative name, exactly: an e-mail address, or a workflow with its ref.
    pub identity: Option<Claim>,
    /// A regular expression that the whole subject alternative name has to match.
    pub identity_pattern: Option<ClaimPattern>,
    /// The source repository, exactly, such as `https://github.com/acme/web`.
    pub source_repository: Option<Claim>,
    /// The source repository's number at its forge. It survives renames, and a new owner of the name does not have it.
    pub source_repository_id: Option<Claim>,
    /// The ref that was built, exactly, such as `refs/heads/main`.
    pub source_ref: Option<Claim>,
    /// A regular expression that the whole ref has to match.
    pub source_ref_pattern: Option<ClaimPattern>,
    /// The commit that was built, exactly.
    pub source_commit: Option<Claim>,
    /// The workflow that signed, exactly, with its ref (the certificate's build signer URI).
    pub workflow: Option<Claim>,
    /// What started the build, exactly, such as `push` or `release`.
    pub trigger: Option<Claim>,
    /// Where it ran, exactly, such as `github-hosted`.
    pub runner: Option<Claim>,
}

/// Certificates that Notary Project signatures end in, and who may have signed below them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "notation store")]
pub struct NotationStore {
    /// How records call the signer.
    pub name: Name,
    /// Path of a PEM file with the certificates that chains may end in, below `trust/`, relative to the manifest repository.
    pub trust_store: InsidePath,
    /// Subjects of the signing certificate, each as `x509.subject: C=…, O=…`: the parts that are written have to be there.
    /// At least one, because a public authority signs for everybody; `*` accepts any.
    #[schemars(length(min = 1))]
    pub identities: Vec<Claim>,
    /// Path of a PEM file with the certificates that timestamps end in. Default none: then no signature outlives its
    /// certificate.
    pub timestamp_store: Option<InsidePath>,
}

/// How many signers are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "signers block")]
pub struct Signers {
    /// How many different ones. Default 1. 0 for a publisher who attests and does not sign, such as one whose builds leave
    /// GitHub artifact attestations: then at least one of `attestations` has to be required.
    #[schemars(range(min = 0, max = 64))]
    pub at_least: Option<u8>,
    /// Names of keys, identities and notation stores of this policy. Default: all of them.
    pub of: Option<Vec<Name>>,
}

/// Something that must have been attested by a signer. What is not written may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "attestation")]
pub struct WantedAttestation {
    /// How records call the demand.
    pub name: Name,
    /// What kind of statement: `slsaProvenance` (version 0.2 or 1), `spdx`, `cyclonedx`, `vulnerability`, `openvex`,
    /// `verificationSummary`, or a predicate type's URI.
    pub predicate: Claim,
    /// Names of the signers whose statement counts. Default: all of this policy.
    pub signers: Option<Vec<Name>>,
    /// Whether the image needs it. Default `true`; `false` checks it where it is there.
    #[serde(default = "yes")]
    pub required: bool,
    /// Who built it, exactly (provenance: `builder.id`).
    pub builder: Option<Claim>,
    /// A regular expression that the whole builder has to match.
    pub builder_pattern: Option<ClaimPattern>,
    /// How it was built, exactly (provenance: `buildType`).
    pub build_type: Option<Claim>,
    /// The source repository, exactly, without ref and commit (provenance).
    pub source: Option<Claim>,
    /// The ref that was built, exactly (provenance).
    pub source_ref: Option<Claim>,
    /// A regular expression that the whole ref has to match (provenance).
    pub source_ref_pattern: Option<ClaimPattern>,
    /// The commit that was built, exactly (provenance).
    pub source_commit: Option<Claim>,
    /// Who verified, exactly (verification summary: `verifier.id`).
    pub verifier: Option<Claim>,
    /// Levels that all have to be among the verified ones, such as `SLSA_BUILD_LEVEL_3` (verification summary).
    pub levels: Option<Vec<Claim>>,
}

/// What an outcome leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The image is refused until the image or the policy changes.
    Refuse,
    /// The image waits in quarantine. The next run looks again where nothing could be determined, and for everything else with
    /// `fondaco reconcile --verify-again`.
    Hold,
    /// The outcome is recorded and does not stop the image.
    Record,
}

impl Action {
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Refuse => Verdict::Refused,
            Self::Hold => Verdict::Held,
            Self::Record => Verdict::Cleared,
        }
    }
}
