//! Who attested what, and what of it is known beside our own findings.

use serde::Serialize;

use super::Image;
use crate::evidence::{Listed, PublisherDocument, SbomCompared};
use crate::model::{AttestationFound, Finding, Outcome, SignatureFormat, StatementKind};
use crate::render::link::Link;

/// Forges stop rendering pages of half a megabyte; all stand in the records.
const ROWS_MAX: usize = 100;

/// How many packages of each side are shown.
const PACKAGES_MAX: usize = 5;

#[derive(Serialize)]
pub(super) struct Section {
    attestations: Vec<Attestation>,
    builds: Vec<Build>,
    sboms: Vec<SbomRow>,
    others: Vec<Other>,
    statements: Vec<Statement>,
    /// Why nothing excuses a finding, where that was decided.
    not_used: Option<String>,
    record: Link,
    left_out: usize,
}

#[derive(Serialize)]
struct Attestation {
    predicate_type: String,
    subject: String,
    digest: String,
    signer: String,
    outcome: &'static str,
    reason: String,
}

/// Who built it from what, as one attestation says.
#[derive(Serialize)]
struct Build {
    by: String,
    said: String,
}

#[derive(Serialize)]
struct SbomRow {
    by: String,
    subject: String,
    format: String,
    list: Link,
    both: u64,
    only_publisher: String,
    only_ours: String,
    not_compared: String,
}

/// What else is stated, in a sentence.
#[derive(Serialize)]
struct Other {
    by: String,
    subject: String,
    said: String,
}

#[derive(Serialize)]
struct Statement {
    finding: String,
    source: String,
    severity: &'static str,
    status: &'static str,
    justification: String,
    at: String,
    signer: String,
    attestation: String,
}

pub(super) fn section(image: Image<'_>) -> Section {
    let found = &image.record.verification.attestations;
    let documents: &[PublisherDocument] =
        image.record.publisher.as_ref().map_or(&[], |publisher| &publisher.documents);
    let findings = image.record.scan.iter().flat_map(|scan| &scan.findings);
    let statements: Vec<Statement> = findings.flat_map(statements).collect();
    let cut = |count: usize| count.saturating_sub(ROWS_MAX);
    let left_out = cut(found.len()) + cut(documents.len()) + cut(statements.len());
    Section {
        attestations: found.iter().take(ROWS_MAX).map(attestation).collect(),
        builds: found.iter().take(ROWS_MAX).filter_map(build).collect(),
        sboms: documents.iter().take(ROWS_MAX).filter_map(|document| sbom(image, document)).collect(),
        others: documents.iter().take(ROWS_MAX).filter_map(other).collect(),
        statements: statements.into_iter().take(ROWS_MAX).collect(),
        not_used: image.record.publisher.as_ref().and_then(|publisher| publisher.excuses_not_used.clone()),
        record: image.file("publisher.json"),
        left_out,
    }
}

/// Returns who stands behind a statement: the policy's name for a verified signer, and plain words for all others.
fn signer(found: &AttestationFound) -> String {
    let name = found.proof.key.as_ref().or(found.proof.signer.as_ref());
    match (found.outcome, name) {
        (Outcome::Verified, Some(name)) => name.clone(),
        // Found in itself, not under a signature.
        _ if found.format == SignatureFormat::Buildkit && found.place == found.digest.to_string() => {
            "nobody: unsigned".to_owned()
        }
        (outcome, _) => format!("nobody accepted: {outcome}"),
    }
}

fn attestation(found: &AttestationFound) -> Attestation {
    Attestation {
        predicate_type: found.predicate_type.clone(),
        subject: found.subject.as_ref().map_or("the image".to_owned(), crate::model::Digest::short),
        digest: found.content.as_ref().unwrap_or(&found.digest).short(),
        signer: signer(found),
        outcome: found.outcome.name(),
        reason: found.reason.clone(),
    }
}

/// Returns builder, source and commit, where a statement says any of them. What nobody verified is said to be that.
fn build(found: &AttestationFound) -> Option<Build> {
    let said = |kind| found.says.get(&kind);
    let (builder, source) = (said(StatementKind::Builder), said(StatementKind::Source));
    if builder.is_none() && source.is_none() {
        return None;
    }
    let unknown = "unknown".to_owned();
    let reference = said(StatementKind::SourceRef).map_or(String::new(), |text| format!(", {text}"));
    let commit = said(StatementKind::SourceCommit).unwrap_or(&unknown);
    let (builder, source) = (builder.unwrap_or(&unknown), source.unwrap_or(&unknown));
    Some(Build { by: signer(found), said: format!("{builder} from {source}{reference}, commit {commit}") })
}

fn by(document: &PublisherDocument) -> String {
    let nobody = || format!("nobody accepted: {}", document.outcome);
    document.signer.clone().unwrap_or_else(nobody)
}

fn sbom(image: Image<'_>, document: &PublisherDocument) -> Option<SbomRow> {
    let sbom = document.sbom.as_ref()?;
    Some(SbomRow {
        by: by(document),
        subject: document.subject.short(),
        format: sbom.format.clone(),
        list: image.file(&sbom.packages),
        both: sbom.both,
        only_publisher: listed(&sbom.only_publisher),
        only_ours: listed(&sbom.only_ours),
        not_compared: not_compared(sbom),
    })
}

fn listed(listed: &Listed) -> String {
    let shown: Vec<&str> = listed.first.iter().take(PACKAGES_MAX).map(String::as_str).collect();
    match (listed.count, shown.is_empty()) {
        (count, true) => count.to_string(),
        (count, false) if count > shown.len() as u64 => format!("{count}: {}, …", shown.join(", ")),
        (count, false) => format!("{count}: {}", shown.join(", ")),
    }
}

fn not_compared(sbom: &SbomCompared) -> String {
    let types = sbom.other_types.iter().map(|(kind, count)| format!("{count} of type {kind}"));
    let unnamed = (sbom.unnamed > 0).then(|| format!("{} without a package URL", sbom.unnamed));
    let parts: Vec<String> = types.chain(unnamed).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn other(document: &PublisherDocument) -> Option<Other> {
    let mut said = vec![];
    if let Some(summary) = &document.summary {
        let levels = summary.levels.join(", ");
        said.push(format!("verified {}: {} {levels}", summary.resource, summary.result));
    }
    if let Some(scan) = &document.vulnerabilities {
        let count = scan.findings.map_or("an unknown number of".to_owned(), |count| count.to_string());
        let at = scan.finished.map_or("unknown".to_owned(), |at| at.to_string());
        said.push(format!("scanned by {} at {at}: {count} findings; not used", scan.scanner));
    }
    if let Some(vex) = &document.vex {
        let (ours, hidden) = (vex.statements.len(), vex.not_listed);
        said.push(format!(
            "{ours} statements about vulnerabilities in this image, {hidden} more not used, {} about other products",
            vex.about_others
        ));
    }
    said.extend(document.release.as_ref().map(|purl| format!("belongs to release {purl}")));
    said.extend(document.unreadable.as_ref().map(|reason| format!("cannot be read: {reason}")));
    (!said.is_empty()).then(|| Other {
        by: by(document),
        subject: document.subject.short(),
        said: said.join("; "),
    })
}

fn statements(finding: &Finding) -> impl Iterator<Item = Statement> + '_ {
    finding.statements.iter().map(|statement| Statement {
        finding: finding.id.clone(),
        source: format!("{} {}", finding.source, finding.installed),
        severity: finding.severity.name(),
        status: statement.status.name(),
        justification: statement.justification.clone().unwrap_or_else(|| "none".to_owned()),
        at: statement.at.to_string(),
        signer: statement.signer.clone(),
        attestation: statement.attestation.short(),
    })
}
