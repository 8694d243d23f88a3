//! The kinds of documents, one file each. Doc comments become the hover text of editors, through the JSON Schemas.
//!
//! To add a kind: write its file, then name it in [`Kind`] and its tables below.

mod advisories;
mod consumer;
mod gate;
mod image_set;
mod limits;
mod mirror;
mod registry;
mod signing;
mod trust_policy;
mod withdrawal;

use schemars::JsonSchema;
use serde::Deserialize;

pub use advisories::{AdvisoriesSpec, AdvisorySourceSpec};
pub use consumer::{ConsumerSpec, GateChoice};
pub use gate::{
    CommittedSecrets, GateSpec, LicencesSpec, Licensed, PublisherVex, Requirement, Threshold, UnknownLicence,
    UnknownSeverity,
};
pub use image_set::{ForeignLayers, ImageEntry, ImageSetSpec, Selection};
pub use limits::LimitsSpec;
pub use mirror::MirrorSpec;
pub use registry::{
    Declared, Jurisdiction, Operator, Parent, PrefixCredential, RegistryAccess, RegistrySpec,
};
pub use signing::{LogSigning, Pkcs11Signing, PreviousSigning, Signing, TimestampSigning, TransitSigning};
pub use trust_policy::{
    Action, NotationStore, Signers, TrustPolicySpec, TrustedIdentity, TrustedKey, WantedAttestation,
};
pub use withdrawal::{Delete, WithdrawalSpec, WithdrawnImage};

use super::text::{HostName, Name};

/// The `apiVersion` of every document.
pub const API_VERSION: &str = "fondaco/v1alpha1";

/// The kinds, in the order in which a manifest repository grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Mirror,
    Registry,
    ImageSet,
    Consumer,
    Gate,
    TrustPolicy,
    Withdrawal,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Mirror,
        Self::Registry,
        Self::ImageSet,
        Self::Consumer,
        Self::Gate,
        Self::TrustPolicy,
        Self::Withdrawal,
    ];

    /// Returns the word behind `kind:`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mirror => "Mirror",
            Self::Registry => "Registry",
            Self::ImageSet => "ImageSet",
            Self::Consumer => "Consumer",
            Self::Gate => "Gate",
            Self::TrustPolicy => "TrustPolicy",
            Self::Withdrawal => "Withdrawal",
        }
    }

    /// Returns what messages call it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Mirror => "mirror",
            Self::Registry => "registry",
            Self::ImageSet => "image set",
            Self::Consumer => "consumer",
            Self::Gate => "gate",
            Self::TrustPolicy => "trust policy",
            Self::Withdrawal => "withdrawal",
        }
    }

    /// Returns names that a document of this kind may not have, because records use them for the absence of one.
    pub const fn reserved(self) -> &'static [&'static str] {
        match self {
            Self::Gate => &["default", "inline"],
            Self::TrustPolicy => &["none"],
            Self::Mirror | Self::Registry | Self::ImageSet | Self::Consumer | Self::Withdrawal => &[],
        }
    }
}

/// Which version of the format the document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ApiVersion {
    #[serde(rename = "fondaco/v1alpha1")]
    V1Alpha1,
}

/// A document: which format, which kind, which name, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "document")]
pub struct Document<S, M = Metadata> {
    /// Which version of the format the document is written in: `fondaco/v1alpha1`.
    pub api_version: ApiVersion,
    /// What the document is.
    pub kind: String,
    /// How other documents and the evidence call it.
    pub metadata: M,
    /// What it says.
    pub spec: S,
}

/// How other documents and the evidence call the document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "metadata block")]
pub struct Metadata {
    /// Name, unique within its kind. It becomes part of file names in the evidence.
    pub name: Name,
}

/// How the registry is called. The name may be its host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "metadata block")]
pub struct RegistryMetadata {
    /// The registry's host, or any name where `spec.host` says the host.
    pub name: RegistryName,
}

/// A name, or a host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RegistryName {
    Host(HostName),
    Name(Name),
}

impl RegistryName {
    pub fn text(&self) -> &str {
        match self {
            Self::Host(HostName(text)) | Self::Name(Name(text)) => text,
        }
    }
}
