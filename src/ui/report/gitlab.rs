//! GitLab's container scanning report, schema 15 (`container-scanning-report-format.json` of its security report schemas).

use serde_json::{Value, json};

use super::fact::{identity, score, standing, text};
use super::{Format, Report, ReportError, Subject, json_text};
use crate::model::{Finding, Instant, Severity, VexStatus};

pub(super) struct GitLab;

/// GitLab 15 and later read it, and it has what is said here but for vectors, which it ignores.
const SCHEMA_VERSION: &str = "15.0.7";

/// The longest vector and the most of them (`cvss_vectors`).
const VECTOR_CHARS_MAX: usize = 128;
const VECTORS_MAX: usize = 10;

impl Format for GitLab {
    fn name(&self) -> &'static str {
        "gitlab"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let about = json!({
            "id": "fondaco",
            "name": report.tool_name(),
            "version": report.tool_version(),
            "vendor": {"name": report.tool_name()},
        });
        let vulnerabilities: Vec<Value> =
            report.found().map(|(subject, finding)| vulnerability(report, subject, finding)).collect();
        let document = json!({
            "version": SCHEMA_VERSION,
            "scan": {
                "analyzer": about,
                "scanner": about,
                "type": "container_scanning",
                "status": "success",
                "start_time": local(report.at),
                "end_time": local(report.at),
                "messages": messages(report),
            },
            "vulnerabilities": vulnerabilities,
        });
        json_text(self.name(), document)
    }
}

/// Returns the time without its zone, `2020-01-28T03:26:02`: the schema takes no `Z`.
fn local(at: Instant) -> String {
    at.to_string().trim_end_matches('Z').to_owned()
}

fn vulnerability(report: &Report<'_>, subject: &Subject<'_>, finding: &Finding) -> Value {
    let standing = standing::of(finding);
    let image = text::name(subject.name);
    let named = ["gitlab", subject.name, &identity::product_purl(subject), &identity::content(finding)];
    let mut vulnerability = json!({
        "id": identity::uuid(&named),
        "name": text::name(&finding.id),
        "description": text::sentence(&standing::sentence(finding)),
        "severity": severity(finding.severity),
        "solution": standing::action(finding),
        "identifiers": identifiers(finding),
        "links": identity::page(&finding.id).into_iter().map(|url| json!({"url": url})).collect::<Vec<_>>(),
        "location": {
            "dependency": {
                "package": {"name": text::name(&finding.source)},
                "version": text::name(&finding.installed),
            },
            "operating_system": identity::system(finding),
            "image": image,
        },
        "details": details(finding, &standing),
    });
    let vectors = vectors(finding);
    if !vectors.is_empty() {
        vulnerability["cvss_vectors"] = vectors.into();
    }
    if standing.status == VexStatus::NotAffected {
        let why = standing.said().unwrap_or_default();
        vulnerability["flags"] = json!([{
            "type": "flagged-as-likely-false-positive",
            "origin": report.tool_name(),
            "description": format!("not affected, says {why}"),
        }]);
    }
    vulnerability
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Negligible => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// Returns the identifiers; the first is the one that GitLab knows a vulnerability by.
fn identifiers(finding: &Finding) -> Vec<Value> {
    let shown = std::iter::once(text::name(&finding.id));
    let identifier = |id: String| {
        let kind = match id.split_once('-').map(|(kind, _)| kind) {
            Some("CVE") => "cve",
            Some("GHSA") => "ghsa",
            Some("RHSA") => "rhsa",
            Some("USN") => "usn",
            Some("ELSA") => "elsa",
            _ => "fondaco",
        };
        let mut identifier = json!({"type": kind, "name": id, "value": id});
        if let Some(page) = identity::page(&id) {
            identifier["url"] = page.into();
        }
        identifier
    };
    shown.chain(identity::aliases(finding)).map(identifier).collect()
}

/// Returns the vectors that the schema takes: those of CVSS 2 and 3.
fn vectors(finding: &Finding) -> Vec<Value> {
    let taken = |one: &score::Scored<'_>| {
        one.version != score::Version::V4 && one.claim.value.len() <= VECTOR_CHARS_MAX
    };
    let all = score::all(finding).into_iter().filter(taken).take(VECTORS_MAX);
    all.map(|one| json!({"vendor": text::name(&one.claim.by), "vector": one.claim.value})).collect()
}

/// Returns what GitLab shows below the description.
fn details(finding: &Finding, standing: &standing::Standing<'_>) -> Value {
    let row =
        |name: &str, value: String| (name.to_owned(), json!({"name": name, "type": "text", "value": value}));
    let packages: Vec<String> = identity::components(finding).into_iter().map(|one| one.name).collect();
    let mut rows = vec![
        row("Severity chosen", text::sentence(&finding.chosen)),
        row("Installed packages", text::sentence(&packages.join(", "))),
        row("VEX status", standing.status.name().to_owned()),
    ];
    rows.extend(standing.said().map(|said| row("Statement", said)));
    rows.extend(
        finding
            .exploited
            .first()
            .map(|e| row("Known exploited", text::name(&format!("{}, since {}", e.by, e.since)))),
    );
    Value::Object(rows.into_iter().collect())
}

/// Says what was not looked at.
fn messages(report: &Report<'_>) -> Vec<Value> {
    let skipped = report.subjects.iter().flat_map(|subject| {
        let say = move |part: &crate::evidence::NotLookedAt| {
            let words = format!("{}: {} was not looked at: {}", subject.name, part.what, part.reason);
            json!({"level": "warn", "value": text::sentence(&words)})
        };
        subject.scan.not_looked_at.iter().take(super::SKIPPED_MAX).map(say)
    });
    skipped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    fn written() -> Value {
        let scan = sample::scan();
        serde_json::from_str(&GitLab.write(&sample::report(&[sample::image(&scan)])).unwrap()).unwrap()
    }

    #[test]
    fn what_the_schema_requires_is_there() {
        let document = written();
        for (pointer, expected) in [
            ("/version", "15.0.7"),
            ("/scan/type", "container_scanning"),
            ("/scan/status", "success"),
            ("/scan/start_time", "2026-11-21T00:00:00"),
            ("/scan/messages/0/level", "warn"),
            ("/vulnerabilities/0/severity", "Critical"),
            ("/vulnerabilities/0/identifiers/0/type", "cve"),
            ("/vulnerabilities/0/identifiers/0/value", "CVE-2024-0727"),
            ("/vulnerabilities/0/location/image", "docker.io/library/nginx:1.28"),
            ("/vulnerabilities/0/location/operating_system", "debian-12"),
            ("/vulnerabilities/0/location/dependency/package/name", "openssl"),
            ("/vulnerabilities/0/location/dependency/version", "3.0.11-1"),
        ] {
            assert_eq!(document.pointer(pointer).and_then(Value::as_str), Some(expected), "{pointer}");
        }
    }

    #[test]
    fn findings_that_differ_have_identifiers_that_differ() {
        let mut scan = sample::scan();
        let mut of_another_module = scan.findings[0].clone();
        of_another_module.packages = vec!["pkg:deb/debian/other@3.0.11-1".to_owned()];
        scan.findings.push(of_another_module);
        let text = GitLab.write(&sample::report(&[sample::image(&scan)])).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let all = document["vulnerabilities"].as_array().unwrap();
        let ids: std::collections::BTreeSet<&str> =
            all.iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), scan.findings.len());
    }

    #[test]
    fn only_a_statement_flags() {
        let document = written();
        let all = document["vulnerabilities"].as_array().unwrap().iter();
        let flagged: Vec<&Value> =
            all.filter(|one| !one["flags"].is_null()).map(|one| &one["name"]).collect();
        assert_eq!(flagged, ["CVE-2023-45853"]);
    }

    #[test]
    fn identifiers_are_few_and_none_is_said_twice() {
        let mut finding = sample::finding("CVE-2026-0001", "openssl");
        finding.ids = (0..100).map(|n| format!("CVE-2026-{n:04}")).collect();
        let identifiers = identifiers(&finding);
        assert_eq!(identifiers.len(), 20);
        assert_eq!(identifiers.iter().filter(|one| one["value"] == "CVE-2026-0001").count(), 1);
    }
}
