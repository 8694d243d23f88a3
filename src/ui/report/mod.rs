//! Findings in the formats that other programs read: code hosts, CI servers, VEX consumers, spreadsheets, browsers.
//!
//! Pure: what a scan recorded to one document. Nothing is decided here and nothing is said that the record does not tell;
//! no format calls something harmless without a signed statement that does. Names, versions and statements come from
//! images and advisories and are hostile: each format escapes and cuts them ([`fact::text`]). To add a format, write
//! `report/<name>.rs` and name it twice below. Next in reading order: [`crate::demo`].

mod csaf;
mod csv;
mod cyclonedx;
mod fact;
mod gitlab;
mod html;
mod junit;
mod markdown;
mod openvex;
mod sarif;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use serde_json::Value;

use crate::{
    evidence::ScanRecord,
    model::{Digest, Finding, Instant, Kind, Severity},
};

/// What a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// At most [`SUBJECTS_MAX`].
    pub subjects: &'a [Subject<'a>],
    /// `fondaco 0.1.0`.
    pub tool: &'a str,
    /// The time that documents carry.
    pub at: Instant,
    /// The least severity that counts as failed, in formats that know failure.
    pub threshold: Severity,
    /// Who answers for the document, in formats that ask for it.
    pub author: Option<Author<'a>>,
}

/// One image or SBOM and what was found in it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// `docker.io/library/nginx:1.28`, or the file name of an SBOM.
    pub name: &'a str,
    /// Of the image; absent where an SBOM does not name it.
    pub digest: Option<&'a Digest>,
    pub scan: &'a ScanRecord,
}

/// Who answers for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author<'a> {
    pub name: &'a str,
    /// A URI of theirs, for instance `https://example.org`.
    pub namespace: &'a str,
}

/// The most images in one document: more are a run of everything, which belongs into the evidence.
pub const SUBJECTS_MAX: usize = 1_000;

/// The most findings in one document. GitHub takes no more results in one SARIF run, and no reader reads more.
pub const FINDINGS_MAX: usize = 25_000;

/// The most gaps of a scan that are told in a document whose readers look for findings.
const SKIPPED_MAX: usize = 100;

/// Says why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// A report that silently leaves findings out would look better than it is.
    #[error("{count} {what} are too many for one `{format}` report; at most {max} fit, so write several")]
    TooMany { format: &'static str, what: &'static str, count: usize, max: usize },
    #[error("`{format}` report does not serialise: {detail}")]
    Write { format: &'static str, detail: String },
}

impl ReportError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::TooMany { .. } => Kind::Invalid,
            Self::Write { .. } => Kind::Bug,
        }
    }
}

/// A format of reports.
pub trait Format: Sync {
    /// Its name on the command line, which is that of its file here.
    fn name(&self) -> &'static str;

    /// Returns the document of a report that is within the limits. Equal reports give equal bytes.
    ///
    /// # Errors
    /// [`ReportError`] where the document cannot hold it.
    fn document(&self, report: &Report<'_>) -> Result<String, ReportError>;

    /// Returns the document.
    ///
    /// # Errors
    /// [`ReportError::TooMany`] above [`SUBJECTS_MAX`] and [`FINDINGS_MAX`].
    fn write(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let findings = report.subjects.iter().map(|subject| subject.scan.findings.len()).sum();
        let limits =
            [("subjects", report.subjects.len(), SUBJECTS_MAX), ("findings", findings, FINDINGS_MAX)];
        if let Some((what, count, max)) = limits.into_iter().find(|(_, count, max)| count > max) {
            return Err(ReportError::TooMany { format: self.name(), what, count, max });
        }
        self.document(report)
    }
}

/// Every format, by name.
pub const ALL: &[&dyn Format] = &[
    &csaf::Csaf,
    &csv::Csv,
    &cyclonedx::CycloneDxVex,
    &gitlab::GitLab,
    &html::Html,
    &junit::JUnit,
    &markdown::Markdown,
    &openvex::OpenVex,
    &sarif::Sarif,
];

/// Returns the format of a name.
pub fn of(name: &str) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|format| format.name() == name)
}

impl<'a> Report<'a> {
    /// Returns every finding with its subject, subject by subject.
    fn found(&self) -> impl Iterator<Item = (&'a Subject<'a>, &'a Finding)> {
        let subjects: &'a [Subject<'a>] = self.subjects;
        subjects
            .iter()
            .flat_map(|subject| subject.findings().into_iter().map(move |finding| (subject, finding)))
    }

    /// Returns the version alone of the tool.
    fn tool_version(&self) -> &'a str {
        self.tool.rsplit_once(' ').map_or(self.tool, |(_, version)| version)
    }

    /// Returns the name alone of the tool.
    fn tool_name(&self) -> &'a str {
        self.tool.rsplit_once(' ').map_or(self.tool, |(name, _)| name)
    }
}

impl<'a> Subject<'a> {
    /// Returns the findings, the most severe first, in an order that does not depend on that of the record.
    fn findings(&self) -> Vec<&'a Finding> {
        let mut findings: Vec<&Finding> = self.scan.findings.iter().collect();
        findings.sort_by(|a, b| (Reverse(a.severity), a).cmp(&(Reverse(b.severity), b)));
        findings
    }
}

/// Returns a document as text, its keys sorted where the order of a map is not kept anyway: whether it is depends on other
/// crates of the build. Scores are fractions, which [`crate::model::canonical`] refuses.
fn json_text(format: &'static str, mut document: Value) -> Result<String, ReportError> {
    document.sort_all_objects();
    let text = serde_json::to_string_pretty(&document);
    let text = text.map_err(|e| ReportError::Write { format, detail: e.to_string() })?;
    Ok(text + "\n")
}
