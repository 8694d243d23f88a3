//! Findings: an advisory that applies to packages of an image.

use serde::{Deserialize, Serialize};

use super::Severity;

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
