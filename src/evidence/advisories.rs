//! What advisories said of an image, and which advisories these were.

use serde::{Deserialize, Serialize};

use crate::model::{Digest, Finding, Instant};

/// `scan.json`: packages against one advisory bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanRecord {
    /// `fondaco/scan/v1alpha1`.
    pub schema: String,
    pub subject: Digest,
    /// SHA-256 of the union package list, `packages.txt`.
    pub packages: Digest,
    pub advisories: AdvisoriesUsed,
    /// Who looked, and when. Absent in records of before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<Scanned>,
    pub findings: Vec<Finding>,
    /// What was not looked at, and why; never empty by omission.
    pub not_looked_at: Vec<NotLookedAt>,
}

/// A scan as an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scanned {
    pub at: Instant,
    /// `fondaco 0.1.0`.
    pub tool: String,
}

/// The advisory bundle a scan used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdvisoriesUsed {
    pub digest: Digest,
    /// The oldest date of the sources concerned: the date the scan speaks for.
    pub as_of: Instant,
    pub ecosystems: Vec<EcosystemUsed>,
    /// The sources concerned with their dates, sorted by name. Absent in records of before sources were told apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceUsed>,
}

/// A source of advisories and the date it speaks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceUsed {
    pub name: String,
    pub as_of: Instant,
}

/// How much the bundle knows of one ecosystem the image uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EcosystemUsed {
    pub ecosystem: String,
    pub records: u64,
    /// Names of the sources that speak of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

/// Something a scan could not speak about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotLookedAt {
    pub what: String,
    pub reason: String,
    /// Packages concerned; zero where it cannot be counted.
    pub packages: u64,
}

/// `lock/advisories.lock.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdvisoriesLock {
    /// `fondaco/advisories-lock/v1alpha1`.
    pub schema: String,
    pub digest: Digest,
    /// Bytes of the bundle.
    pub size: u64,
    /// The oldest date of its sources: the date the bundle speaks for.
    pub as_of: Instant,
    pub records: u64,
    /// Sorted by name.
    pub ecosystems: Vec<EcosystemUsed>,
    /// Sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<AdvisorySource>,
}

/// `evidence/advisories.json`: the bundle that every image was last scanned against. A scan whose result is the one recorded
/// is not recorded again, so this is where it is seen that newer advisories say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RescanRecord {
    /// `fondaco/rescan/v1alpha1`.
    pub schema: String,
    /// Of the bundle.
    pub digest: Digest,
    /// The date the bundle speaks for.
    pub as_of: Instant,
    pub scanned: Scanned,
    /// Images scanned.
    pub images: u64,
    /// Images for which the bundle says something else than is recorded of the one before.
    pub changed: u64,
}

/// What advisories were imported from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdvisorySource {
    pub name: String,
    /// When it was fetched, where that is known; else the date it gives itself or that of its newest record.
    pub as_of: Instant,
    /// SHA-256 of the file or archive; of a folder that of the sorted digests of its files.
    pub digest: Digest,
    /// Names of the forms found in it, sorted.
    pub formats: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Records seen, usable or not.
    pub read: u64,
    /// Records in the bundle.
    pub kept: u64,
    pub withdrawn: u64,
    /// Records that are not usable.
    pub rejected: u64,
    /// Records of products and releases that are not imported.
    pub left_out: u64,
}
