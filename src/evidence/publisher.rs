//! What publishers state about an image, as it is written to Git.
//!
//! Beside `verification.json`, which says who stands behind which statement, because package lists and statements about
//! vulnerabilities are long and change with other things than signatures do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Digest, Instant, Outcome, VexStatus};

/// `publisher.json`: what attestations state about the image. Statements of nobody, and of signers that the trust policy
/// does not accept, are listed and never used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublisherRecord {
    /// `fondaco/publisher/v1alpha1`.
    pub schema: String,
    pub subject: Digest,
    /// Sorted by attestation and subject.
    pub documents: Vec<PublisherDocument>,
    /// Attestations whose content was not kept, being too many or too large.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Why no statement excuses a finding, although some may say so: not everything that signers state about
    /// vulnerabilities could be taken into account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excuses_not_used: Option<String>,
}

impl PublisherRecord {
    /// Returns whether there is nothing in it.
    pub const fn says_nothing(&self) -> bool {
        self.documents.is_empty() && self.left_out == 0
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One attestation with what it holds. One block at most is there, two of a CycloneDX document with both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublisherDocument {
    /// Its layer, as in `verification.json`.
    pub attestation: Digest,
    /// The manifest that it speaks of.
    pub subject: Digest,
    pub predicate_type: String,
    /// `verified` says who made the statement, not that it is true.
    pub outcome: Outcome,
    /// The trust policy's name for who signed it, where verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// What it lacks, of a known type that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildStated>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<SbomCompared>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vex: Option<VexStated>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerabilities: Option<VulnerabilitiesStated>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<SummaryStated>,
    /// Package URL of the release, of a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

/// The inputs of a build as its provenance lists them. Builder and source stand in `verification.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BuildStated {
    pub materials: Vec<MaterialStated>,
    /// Materials that are not listed here.
    pub left_out: u64,
}

/// One input of a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaterialStated {
    pub uri: String,
    pub digests: Vec<String>,
}

/// A publisher's package list beside our own of the same manifest, by type, name and version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SbomCompared {
    /// `SPDX-2.3` or `CycloneDX 1.6`.
    pub format: String,
    /// Our list it was compared with, beside this record.
    pub packages: String,
    pub both: u64,
    pub only_publisher: Listed,
    pub only_ours: Listed,
    /// Packages by type that our catalogue does not read, and that were not compared for that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_types: BTreeMap<String, u64>,
    /// Entries without a readable package URL.
    pub unnamed: u64,
}

/// A count, and the first of what was counted.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listed {
    pub count: u64,
    /// As `type/name@version`, sorted.
    pub first: Vec<String>,
}

/// What a document states about vulnerabilities in this image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VexStated {
    /// Of a verified signer; nothing of others.
    pub statements: Vec<PublisherStatement>,
    /// Statements about other products.
    pub about_others: u64,
    /// Statements that are not listed here: nobody verified them, or they are too many.
    pub not_listed: u64,
}

/// One statement about a vulnerability in this image (OpenVEX).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublisherStatement {
    pub vulnerability: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    pub status: VexStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    pub at: Instant,
    /// Package URLs that it is limited to; none for the whole image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subcomponents: Vec<String>,
    /// Whether it speaks of one of several platforms only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub one_platform: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A publisher's own scan. Recorded, and used for nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VulnerabilitiesStated {
    pub scanner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Instant>,
    /// Absent where its result has a form that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<u64>,
}

/// A verification summary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SummaryStated {
    pub result: String,
    pub levels: Vec<String>,
    pub resource: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
}
