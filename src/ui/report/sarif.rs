//! SARIF 2.1.0 (OASIS standard, errata 01) as GitHub code scanning reads it ("SARIF support for code scanning").

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fact::{identity, score, standing, text};
use super::{Format, Report, ReportError, Subject, json_text};
use crate::model::{Finding, Severity, VexStatus};
use crate::render;

pub(super) struct Sarif;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

impl Format for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let rules = rules(report);
        let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, id)| (*id, index)).collect();
        let results: Vec<Value> = report
            .found()
            .map(|(subject, finding)| result(subject, finding, index[finding.id.as_str()]))
            .collect();
        let rules: Vec<Value> = rules.values().map(|findings| rule(findings)).collect();
        // One run: GitHub takes 20, and refuses two of one tool and category.
        let document = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": report.tool_name(),
                    "version": report.tool_version(),
                    "semanticVersion": report.tool_version(),
                    "rules": rules,
                }},
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": true,
                    "endTimeUtc": report.at.to_string(),
                    "toolExecutionNotifications": notifications(report),
                }],
                "results": results,
            }],
        });
        json_text(self.name(), document)
    }
}

/// Returns the findings by identifier: a rule is one vulnerability, whatever packages have it.
fn rules<'a>(report: &Report<'a>) -> BTreeMap<&'a str, Vec<&'a Finding>> {
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for (_, finding) in report.found() {
        rules.entry(finding.id.as_str()).or_default().push(finding);
    }
    rules
}

/// Returns the rule of a vulnerability, rated as the most severe of its findings.
fn rule(findings: &[&Finding]) -> Value {
    let worst =
        findings.iter().copied().max_by_key(|f| (f.severity, score::judged(f))).unwrap_or(findings[0]);
    let id = text::name(&worst.id);
    let aliases = identity::aliases(worst);
    let also =
        if aliases.is_empty() { String::new() } else { format!(" Also known as {}.", aliases.join(", ")) };
    let about = text::sentence(&format!("{id} is rated {}: {}.{also}", worst.severity, worst.chosen));
    let help = text::sentence(&standing::action(worst));
    let mut properties =
        json!({"precision": "high", "tags": ["security", "vulnerability", worst.severity.name()]});
    // What is unknown or without effect has no score; GitHub would show one of 0.0 as no severity.
    if let Some(tenths) = score::judged(worst) {
        properties["security-severity"] = score::decimal(tenths).into();
    }
    let mut rule = json!({
        "id": id,
        "name": "VulnerablePackage",
        "shortDescription": {"text": format!("{id} ({})", worst.severity)},
        "fullDescription": {"text": about},
        "help": {
            "text": format!("{about} {help}"),
            "markdown": format!("{} {}", render::md(&about), render::md(&help)),
        },
        "defaultConfiguration": {"level": level(worst.severity)},
        "properties": properties,
    });
    if let Some(page) = identity::page(&worst.id) {
        rule["helpUri"] = page.into();
    }
    rule
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Unknown => "warning",
        Severity::Low | Severity::Negligible => "note",
    }
}

fn result(subject: &Subject<'_>, finding: &Finding, rule: usize) -> Value {
    let standing = standing::of(finding);
    let print = fingerprint(subject, finding);
    let mut result = json!({
        "ruleId": text::name(&finding.id),
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": {"text": format!("{} In {}.", standing::sentence(finding), text::name(subject.name))},
        "locations": [location(subject, finding)],
        // GitHub knows a result again by the first alone.
        "partialFingerprints": {"primaryLocationLineHash": format!("{}:1", &print[..16]), "fondacoFinding/v1": print},
        "properties": {
            "severity": finding.severity.name(),
            "chosen": text::sentence(&finding.chosen),
            "status": standing.status.name(),
            "packages": identity::components(finding).into_iter().filter_map(|one| one.purl).collect::<Vec<_>>(),
        },
    });
    if standing.is_excused() {
        let why = standing.said().unwrap_or_default();
        let status = if standing.status == VexStatus::Fixed { "fixed" } else { "not affected" };
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": format!("{status}, says {why}")}]);
    }
    result
}

/// Returns what makes the finding the same one in the next version of the image: vulnerability, package and image.
fn fingerprint(subject: &Subject<'_>, finding: &Finding) -> String {
    identity::uuid(&["sarif", &finding.id, &finding.ecosystem, &finding.source, subject.name])
        .replace('-', "")
}

fn location(subject: &Subject<'_>, finding: &Finding) -> Value {
    let image = text::name(subject.name);
    let place = subject.digest.map_or(image.clone(), |digest| format!("{image}@{digest}"));
    let (name, installed) = (text::name(&finding.source), text::name(&finding.installed));
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(subject.name)},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
        },
        "logicalLocations": [{
            "name": name,
            "fullyQualifiedName": format!("{place}/{name}@{installed}"),
            "kind": "package",
        }],
        "message": {"text": format!("{place}: {name} {installed}")},
    })
}

/// Returns a relative URI for the name: GitHub takes no other, and a port's colon would make a scheme of the host.
fn uri(name: &str) -> String {
    let shown = text::name(name);
    let parts = shown.split('/').filter(|part| !["", ".", ".."].contains(part));
    let relative = parts.collect::<Vec<_>>().join("/");
    render::path(if relative.is_empty() { text::UNKNOWN } else { &relative })
}

/// Says what was not looked at, so that a run without results does not look complete.
fn notifications(report: &Report<'_>) -> Vec<Value> {
    let skipped = report.subjects.iter().flat_map(|subject| {
        let say = move |part: &crate::evidence::NotLookedAt| {
            let words = format!("{}: {} was not looked at: {}", subject.name, part.what, part.reason);
            json!({"level": "warning", "message": {"text": text::sentence(&words)}})
        };
        subject.scan.not_looked_at.iter().take(super::SKIPPED_MAX).map(say)
    });
    skipped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    fn written(subjects: &[Subject<'_>]) -> Value {
        serde_json::from_str(&Sarif.write(&sample::report(subjects)).unwrap()).unwrap()
    }

    #[test]
    fn a_result_names_rule_image_and_package() {
        let scan = sample::scan();
        let document = written(&[sample::image(&scan)]);
        let run = &document["runs"][0];
        let result = &run["results"][0];
        let rule =
            &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!((&result["ruleId"], &rule["id"]), (&json!("CVE-2024-0727"), &json!("CVE-2024-0727")));
        assert_eq!(rule["properties"]["security-severity"], "9.8");
        assert_eq!(rule["helpUri"], "https://www.cve.org/CVERecord?id=CVE-2024-0727");
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(uri, "docker.io/library/nginx%3A1.28");
        let place = result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap();
        assert!(place.starts_with("docker.io/library/nginx:1.28@sha256:"), "{place}");
        assert!(place.ends_with("/openssl@3.0.11-1"), "{place}");
    }

    #[test]
    fn a_fingerprint_outlives_versions_and_tells_images_apart() {
        let scan = sample::scan();
        let print = |name: &str, installed: &str| {
            let mut finding = scan.findings[0].clone();
            finding.installed = installed.to_owned();
            let subject = Subject { name, ..sample::image(&scan) };
            result(&subject, &finding, 0)["partialFingerprints"].clone()
        };
        assert_eq!(print("nginx", "1"), print("nginx", "2"));
        assert_ne!(print("nginx", "1"), print("redis", "1"));
    }

    #[test]
    fn one_vulnerability_of_several_images_is_one_rule() {
        let scan = sample::scan();
        let other = Subject { name: "docker.io/library/redis:7", ..sample::image(&scan) };
        let document = written(&[sample::image(&scan), other]);
        let run = &document["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len() * 2, run["results"].as_array().unwrap().len());
        assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn only_statements_suppress() {
        let scan = sample::scan();
        let document = written(&[sample::image(&scan)]);
        let suppressed = document["runs"][0]["results"].as_array().unwrap().iter();
        let suppressed: Vec<&Value> = suppressed.filter(|result| !result["suppressions"].is_null()).collect();
        assert_eq!(
            suppressed.iter().map(|result| &result["ruleId"]).collect::<Vec<_>>(),
            ["CVE-2023-45853", "CVE-2023-4911"]
        );
        let why = suppressed[0]["suppressions"][0]["justification"].as_str().unwrap();
        assert!(why.starts_with("not affected, says acme on "), "{why}");
    }

    /// RFC 3986, section 4.2: a relative reference has no colon in its first segment.
    #[test]
    fn names_are_relative_references() {
        for (name, expected) in [
            ("registry.example:5000/a:1", "registry.example%3A5000/a%3A1"),
            ("/tmp/../etc/./bom.json", "tmp/etc/bom.json"),
            ("../..", "unknown"),
            ("a b\n", "a%20b"),
        ] {
            assert_eq!(uri(name), expected);
        }
    }
}
