//! OpenVEX 0.2.0 (`OPENVEX-SPEC.md`).

use serde_json::{Value, json};

use super::fact::{identity, standing, text};
use super::{Format, Report, ReportError, Subject, json_text};
use crate::model::{Algorithm, Digest, Finding, VexStatus};

pub(super) struct OpenVex;

impl Format for OpenVex {
    fn name(&self) -> &'static str {
        "openvex"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let statements: Vec<Value> =
            report.found().map(|(subject, finding)| statement(report, subject, finding)).collect();
        let document = json!({
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": format!("urn:uuid:{}", identity::document(self.name(), report)),
            "author": report.author.map_or(text::UNKNOWN.to_owned(), |author| text::name(author.name)),
            "timestamp": report.at.to_string(),
            "version": 1,
            "tooling": text::name(report.tool),
            "statements": statements,
        });
        json_text(self.name(), document)
    }
}

fn statement(report: &Report<'_>, subject: &Subject<'_>, finding: &Finding) -> Value {
    let standing = standing::of(finding);
    let mut vulnerability = json!({"name": text::name(&finding.id)});
    if let Some(page) = identity::page(&finding.id) {
        vulnerability["@id"] = page.into();
    }
    let aliases = identity::aliases(finding);
    if !aliases.is_empty() {
        vulnerability["aliases"] = aliases.into();
    }
    let mut statement = json!({
        "vulnerability": vulnerability,
        "products": [product(subject, finding)],
        "status": standing.status.name(),
        "timestamp": standing.statement.map_or(report.at, |statement| statement.at).to_string(),
        "status_notes": notes(finding, &standing),
    });
    match standing.status {
        VexStatus::Affected => statement["action_statement"] = standing::action(finding).into(),
        // "MUST" have one of the two.
        VexStatus::NotAffected => match standing.label() {
            Some(label) => statement["justification"] = label.into(),
            None => statement["impact_statement"] = standing.said().unwrap_or_default().into(),
        },
        VexStatus::Fixed | VexStatus::UnderInvestigation => {}
    }
    statement
}

/// Returns what the status rests on.
fn notes(finding: &Finding, standing: &standing::Standing<'_>) -> String {
    match standing.said() {
        Some(said) => format!("As stated by {said}"),
        None => text::sentence(&standing::sentence(finding)),
    }
}

/// Returns the image with the packages that have the vulnerability; what is said holds for those in this image.
fn product(subject: &Subject<'_>, finding: &Finding) -> Value {
    let purl = identity::product_purl(subject);
    let mut product =
        json!({"@id": purl, "identifiers": {"purl": identity::located_purl(subject).unwrap_or(purl)}});
    if let Some((name, hex)) = subject.digest.map(hash) {
        product["hashes"] = json!({name: hex});
    }
    let purls: Vec<Value> = identity::components(finding)
        .into_iter()
        .filter_map(|one| one.purl)
        .map(|purl| json!({"@id": purl, "identifiers": {"purl": purl}}))
        .collect();
    if !purls.is_empty() {
        product["subcomponents"] = purls.into();
    }
    product
}

/// Returns a digest in the words of IANA's "Named Information Hash Algorithm Registry", as the specification asks.
fn hash(digest: &Digest) -> (&'static str, &str) {
    match digest.algorithm() {
        Algorithm::Sha256 => ("sha-256", digest.hex()),
        Algorithm::Sha512 => ("sha-512", digest.hex()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    fn written() -> Value {
        let scan = sample::scan();
        serde_json::from_str(&OpenVex.write(&sample::report(&[sample::image(&scan)])).unwrap()).unwrap()
    }

    fn of(document: &Value, id: &str) -> Value {
        let mut statements = document["statements"].as_array().unwrap().iter();
        statements.find(|one| one["vulnerability"]["name"] == id).unwrap().clone()
    }

    #[test]
    fn the_product_is_the_image_by_digest_and_the_packages_are_its_parts() {
        let statement = of(&written(), "CVE-2024-0727");
        let product = &statement["products"][0];
        let hex = sample::digest().hex().to_owned();
        assert_eq!(product["@id"], format!("pkg:oci/nginx@sha256:{hex}"));
        assert_eq!(
            product["identifiers"]["purl"],
            format!("pkg:oci/nginx@sha256:{hex}?repository_url=docker.io/library/nginx")
        );
        assert_eq!(product["hashes"]["sha-256"], hex);
        assert_eq!(product["subcomponents"][0]["@id"], "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64");
    }

    /// "OpenVEX Status Labels" and the table of statement fields.
    #[test]
    fn each_status_has_the_fields_that_it_asks_for_and_no_others() {
        let document = written();
        for (id, status, field) in [
            ("CVE-2024-0727", "affected", Some("action_statement")),
            ("CVE-2026-0002", "under_investigation", None),
            ("CVE-2023-45853", "not_affected", Some("justification")),
            ("CVE-2023-4911", "fixed", None),
        ] {
            let statement = of(&document, id);
            assert_eq!(statement["status"], status, "{id}");
            for other in ["action_statement", "justification", "impact_statement"] {
                assert_eq!(!statement[other].is_null(), field == Some(other), "{id}: {other}");
            }
        }
        assert_eq!(
            of(&document, "CVE-2024-0727")["action_statement"],
            "Update openssl to 3.0.13-1 or later."
        );
        assert_eq!(of(&document, "CVE-2023-45853")["timestamp"], "1970-01-02T00:00:00Z");
    }

    #[test]
    fn a_reason_that_is_no_label_becomes_the_impact() {
        let mut scan = sample::scan();
        for finding in &mut scan.findings {
            for statement in &mut finding.statements {
                statement.justification = Some("not in our build".to_owned());
            }
        }
        let text = OpenVex.write(&sample::report(&[sample::image(&scan)])).unwrap();
        let statement = of(&serde_json::from_str(&text).unwrap(), "CVE-2023-45853");
        assert_eq!(statement["impact_statement"], "acme on 1970-01-02: not in our build");
        assert!(statement["justification"].is_null());
    }
}
