//! What the advisory bundle says about the packages.

use std::cmp::Reverse;

use serde::Serialize;

use super::Image;
use crate::advisory;
use crate::evidence::ScanRecord;
use crate::model::{Finding, Severity};
use crate::render::link::Link;

/// Forges stop rendering pages of half a megabyte; the most severe come first and all stand in the record.
const ROWS_MAX: usize = 200;

#[derive(Serialize)]
pub(super) struct Section {
    record: Link,
    bundle: String,
    as_of: String,
    ecosystems: Vec<Ecosystem>,
    /// Sources of what is known of vulnerabilities whatever package has them.
    about_vulnerabilities: Option<String>,
    counts: Vec<Count>,
    rows: Vec<Row>,
    left_out: usize,
    not_looked_at: Vec<NotLookedAt>,
}

#[derive(Serialize)]
struct Ecosystem {
    name: String,
    records: u64,
}

#[derive(Serialize)]
struct Count {
    severity: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct Row {
    id: String,
    source: String,
    installed: String,
    severity: &'static str,
    chosen: String,
    fixed: String,
    ecosystem: String,
    /// `CISA KEV since 2026-11-19`; nothing where nobody says so.
    exploited: Option<String>,
}

#[derive(Serialize)]
struct NotLookedAt {
    what: String,
    reason: String,
    /// Nothing where they could not be counted.
    packages: Option<u64>,
}

pub(super) fn section(image: Image<'_>, scan: &ScanRecord) -> Section {
    let mut findings: Vec<&Finding> = scan.findings.iter().collect();
    findings.sort_by_key(|finding| (Reverse(finding.severity), *finding));
    let count = |severity: &Severity| Count {
        severity: severity.name(),
        count: findings.iter().filter(|finding| finding.severity == *severity).count(),
    };
    let skipped = scan.not_looked_at.iter().map(|part| NotLookedAt {
        what: part.what.clone(),
        reason: part.reason.clone(),
        packages: Some(part.packages).filter(|count| *count > 0),
    });
    let (about, ecosystems): (Vec<_>, Vec<_>) =
        scan.advisories.ecosystems.iter().partition(|used| used.ecosystem == advisory::NOTES);
    Section {
        record: image.file("scan.json"),
        bundle: scan.advisories.digest.to_string(),
        as_of: scan.advisories.as_of.to_string(),
        about_vulnerabilities: about.first().map(|used| used.sources.join(", ")),
        ecosystems: ecosystems
            .into_iter()
            .map(|e| Ecosystem { name: e.ecosystem.clone(), records: e.records })
            .collect(),
        counts: Severity::ALL.iter().rev().map(count).collect(),
        rows: findings.iter().take(ROWS_MAX).map(|finding| row(finding)).collect(),
        left_out: findings.len().saturating_sub(ROWS_MAX),
        not_looked_at: skipped.collect(),
    }
}

fn row(finding: &Finding) -> Row {
    Row {
        id: finding.id.clone(),
        source: finding.source.clone(),
        installed: finding.installed.clone(),
        severity: finding.severity.name(),
        chosen: finding.chosen.clone(),
        fixed: match (&finding.fixed, finding.state) {
            (Some(version), _) => version.clone(),
            (None, Some(state)) => state.words().to_owned(),
            (None, None) => "none known".to_owned(),
        },
        ecosystem: finding.ecosystem.clone(),
        exploited: (!finding.exploited.is_empty()).then(|| {
            let said = finding.exploited.iter().map(|said| format!("{} since {}", said.by, said.since));
            said.collect::<Vec<_>>().join(", ")
        }),
    }
}
