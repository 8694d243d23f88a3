//! Findings: an advisory that applies to packages of an image.

use serde::{Deserialize, Serialize};

use super::{FindingStatement, Instant, Severity};

/// One vulnerability in one source package of an image, with every identifier it is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The identifier shown first: a CVE where there is one, else the advisory's own.
    pub id: String,
    /// Every identifier, sorted, the shown one among them.
    pub ids: Vec<String>,
    /// Ecosystem of the advisory, for instance `Debian:12`.
    pub ecosystem: String,
    /// The source package the advisory speaks of.
    pub source: String,
    /// The installed version of that source package.
    pub installed: String,
    /// The package URLs of the installed packages built from it, sorted.
    pub packages: Vec<String>,
    /// The first version without the vulnerability, where one is known.
    pub fixed: Option<String>,
    /// What the vendor does about it, where it has no repair and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<VendorState>,
    /// The severity chosen for judging.
    pub severity: Severity,
    /// Who chose: the claim of `severities` that won and why.
    pub chosen: String,
    /// Every statement about the severity.
    pub severities: Vec<SeverityClaim>,
    /// Who says that it is being exploited; empty where nobody is known to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exploited: Vec<ExploitedStatement>,
    /// How likely it is to be exploited soon, as was estimated on a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<EpssStatement>,
    /// The records that say so. Absent in records of before this was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<FoundIn>,
    /// When this image was first known to have it. Absent in records of before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Instant>,
    /// When it was first known here to be exploited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploited_seen: Option<Instant>,
    /// What verified signers state about it, sorted by signer and time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<FindingStatement>,
}

/// The record of an advisory that speaks of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FoundIn {
    pub id: String,
    /// Name of the source in the advisory bundle.
    pub source: String,
    /// What it calls affected: `>= 1.2, < 1.4-2`; several ranges with ` or ` between.
    pub affected: String,
}

/// Prefixes with which distributions turn a CVE into an identifier of their own (OSV, "Defined databases").
const CVE_PREFIXES: [&str; 4] = ["DEBIAN-", "ALPINE-", "UBUNTU-", ""];

/// Returns the CVE that an identifier is or is derived from.
pub fn cve(id: &str) -> Option<&str> {
    let name =
        CVE_PREFIXES.iter().find_map(|prefix| id.strip_prefix(prefix).filter(|n| n.starts_with("CVE-")))?;
    let (year, number) = name.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (year.len() == 4 && number.len() >= 4 && digits(year) && digits(number)).then_some(name)
}

impl Finding {
    /// Returns the statements that excuse it: the latest of every signer who speaks of it, where all of them do. Of two
    /// statements of one moment that contradict each other neither excuses.
    pub fn excused_by(&self) -> Vec<&FindingStatement> {
        let latest = |statement: &&FindingStatement| {
            let later =
                |other: &FindingStatement| other.signer == statement.signer && other.at > statement.at;
            !self.statements.iter().any(later)
        };
        let latest: Vec<_> = self.statements.iter().filter(latest).collect();
        if latest.iter().all(|statement| statement.status.excuses()) { latest } else { vec![] }
    }
}

/// What the vendor does about a vulnerability that it has not repaired, as it says it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VendorState {
    /// It has the vulnerability, and nothing more is said.
    Affected,
    /// It is being looked into.
    UnderInvestigation,
    /// A repair waits for a later occasion (Debian `postponed`, Red Hat "Fix deferred", Ubuntu `deferred`).
    Deferred,
    /// No repair is planned (Debian `ignored`, Red Hat "Will not fix", Ubuntu `ignored`).
    WillNotFix,
    /// The release or package is no longer looked after (Debian `end-of-life`, Red Hat "Out of support scope").
    EndOfLife,
}

impl VendorState {
    /// Returns what a person reads.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Affected => "not fixed",
            Self::UnderInvestigation => "under investigation",
            Self::Deferred => "fix deferred",
            Self::WillNotFix => "will not be fixed",
            Self::EndOfLife => "end of life",
        }
    }
}

/// That a vulnerability is exploited, as a source states it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExploitedStatement {
    /// Who says so: `CISA KEV`, `EUVD`.
    pub by: String,
    /// The day it was added there, `2025-08-25`.
    pub since: String,
    /// Whether it is known to be used for ransomware.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ransomware: bool,
}

/// The Exploit Prediction Scoring System's estimate; numbers as text, because records have no floats.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EpssStatement {
    /// The day of the model's run, `2026-11-21`.
    pub date: String,
    /// Probability of exploitation within 30 days, `0.94410`.
    pub score: String,
    /// Share of vulnerabilities that score the same or less, `0.99950`.
    pub percentile: String,
}

/// What one source says about the severity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeverityClaim {
    /// Who says so, for instance `Debian urgency` or `CVSS_V3 of DEBIAN-CVE-2024-0727`.
    pub by: String,
    /// As the source wrote it, a CVSS vector or a word.
    pub value: String,
    pub severity: Severity,
}
