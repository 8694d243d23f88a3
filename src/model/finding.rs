//! Findings: an advisory that applies to packages of an image.

use serde::{Deserialize, Serialize};

use super::{FindingStatement, Severity};

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
    /// The severity chosen for judging.
    pub severity: Severity,
    /// Who chose: the claim of `severities` that won and why.
    pub chosen: String,
    /// Every statement about the severity.
    pub severities: Vec<SeverityClaim>,
    /// What verified signers state about it, sorted by signer and time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<FindingStatement>,
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
