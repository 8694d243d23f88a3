//! CycloneDX 1.6 with vulnerabilities: what its guides call VDR, and VEX where statements say more.

use serde_json::{Value, json};

use super::fact::identity::{self, Component};
use super::fact::standing::{self, Standing};
use super::fact::{score, text};
use super::{Format, Report, ReportError, Subject, json_text};
use crate::model::{Finding, Severity, SeverityClaim, VendorState, VexStatus};

pub(super) struct CycloneDxVex;

/// The most statements about one severity; there are some ten sources.
const RATINGS_MAX: usize = 50;

impl Format for CycloneDxVex {
    fn name(&self) -> &'static str {
        "cyclonedx"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let images: Vec<Value> =
            report.subjects.iter().enumerate().map(|(at, subject)| image(at, subject)).collect();
        let indexed = report.subjects.iter().enumerate();
        let found = indexed
            .flat_map(|(at, subject)| subject.findings().into_iter().map(move |finding| (at, finding)));
        let vulnerabilities: Vec<Value> = found
            .enumerate()
            .map(|(number, (at, finding))| {
                vulnerability(number, &reference(at, &report.subjects[at]), finding, report)
            })
            .collect();
        let mut metadata = json!({
            "timestamp": report.at.to_string(),
            "tools": {"components": [
                {"type": "application", "name": report.tool_name(), "version": report.tool_version()},
            ]},
        });
        let mut components = images;
        // What the document is about, where that is one thing.
        if let [only] = components.as_mut_slice() {
            let parts = only.as_object_mut().and_then(|only| only.remove("components"));
            metadata["component"] = only.take();
            components = parts.and_then(|parts| parts.as_array().cloned()).unwrap_or_default();
        }
        let skipped = skipped(report);
        if !skipped.is_empty() {
            metadata["properties"] = skipped.into();
        }
        let document = json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": format!("urn:uuid:{}", identity::document(self.name(), report)),
            "version": 1,
            "metadata": metadata,
            "components": components,
            "vulnerabilities": vulnerabilities,
        });
        json_text(self.name(), document)
    }
}

/// Returns the reference of an image, unique in the document however often the image stands in it.
fn reference(at: usize, subject: &Subject<'_>) -> String {
    let digest = subject.digest.unwrap_or(&subject.scan.subject);
    if at == 0 { digest.to_string() } else { format!("{digest}#{}", at + 1) }
}

/// Returns the reference of a package within an image.
fn part(image: &str, component: &Component) -> String {
    let name = component.purl.clone().unwrap_or_else(|| format!("{}@{}", component.name, component.version));
    format!("{image}/{name}")
}

fn image(at: usize, subject: &Subject<'_>) -> Value {
    let reference = reference(at, subject);
    let all = subject.findings().into_iter().flat_map(identity::components);
    let unique: std::collections::BTreeSet<Component> = all.collect();
    let mut image = json!({
        "type": if subject.digest.is_some() { "container" } else { "file" },
        "bom-ref": reference,
        "name": text::name(subject.name),
        "purl": identity::located_purl(subject).unwrap_or_else(|| identity::product_purl(subject)),
        "components": unique.iter().map(|one| package(&reference, one)).collect::<Vec<_>>(),
    });
    if let Some(digest) = subject.digest {
        image["version"] = digest.to_string().into();
    }
    image
}

fn package(image: &str, component: &Component) -> Value {
    let mut package = json!({
        "type": "library",
        "bom-ref": part(image, component),
        "name": component.name,
        "version": component.version,
    });
    if let Some(purl) = &component.purl {
        package["purl"] = purl.as_str().into();
    }
    package
}

fn vulnerability(number: usize, image: &str, finding: &Finding, report: &Report<'_>) -> Value {
    let standing = standing::of(finding);
    let mut vulnerability = json!({
        "bom-ref": format!("vulnerability-{}", number + 1),
        "id": text::name(&finding.id),
        "ratings": ratings(finding, report),
        "recommendation": standing::action(finding),
        "detail": text::sentence(&standing::sentence(finding)),
        "affects": affects(image, finding, &standing),
        "properties": properties(finding),
    });
    if let Some(page) = identity::page(&finding.id) {
        vulnerability["source"] = json!({"name": source(&finding.id), "url": page});
    }
    let lists = [("references", references(finding)), ("advisories", advisories(finding))];
    for (key, list) in lists {
        if !list.is_empty() {
            vulnerability[key] = list.into();
        }
    }
    let analysis = analysis(finding, &standing);
    if analysis.as_object().is_some_and(|analysis| !analysis.is_empty()) {
        vulnerability["analysis"] = analysis;
    }
    vulnerability
}

/// Returns who keeps the page of an identifier.
fn source(id: &str) -> &'static str {
    match id.split_once('-').map(|(kind, _)| kind) {
        Some("CVE") => "CVE",
        Some("GHSA") => "GitHub Advisories",
        _ => "OSV",
    }
}

/// Returns what was chosen with the reason, and every statement as its source made it.
fn ratings(finding: &Finding, report: &Report<'_>) -> Vec<Value> {
    let chosen = json!({
        "source": {"name": report.tool_name()},
        "severity": severity(finding.severity),
        "method": "other",
        "justification": text::sentence(&finding.chosen),
    });
    let scored = score::all(finding);
    let said = finding.severities.iter().take(RATINGS_MAX).map(|claim| {
        let score = scored.iter().find(|one| one.claim == claim);
        score.map_or_else(|| rating(claim), rating_of_score)
    });
    std::iter::once(chosen).chain(said).collect()
}

/// Returns the rating of a word.
fn rating(claim: &SeverityClaim) -> Value {
    let said = text::name(&claim.value);
    json!({
        "source": {"name": text::name(&claim.by)},
        "severity": severity(claim.severity),
        "method": "other",
        "justification": format!("says {said}"),
    })
}

fn rating_of_score(scored: &score::Scored<'_>) -> Value {
    let method = match scored.version {
        score::Version::V2 => "CVSSv2",
        score::Version::V3_0 => "CVSSv3",
        score::Version::V3_1 => "CVSSv31",
        score::Version::V4 => "CVSSv4",
    };
    json!({
        "source": {"name": text::name(&scored.claim.by)},
        "score": scored.number(),
        "severity": severity(scored.claim.severity),
        "method": method,
        "vector": scored.claim.value,
    })
}

/// Returns the word of CycloneDX for a severity.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Negligible => "info",
        severity => severity.name(),
    }
}

fn references(finding: &Finding) -> Vec<Value> {
    let reference = |id: String| {
        let page = identity::page(&id)?;
        Some(json!({"id": id, "source": {"name": source(&id), "url": page}}))
    };
    identity::aliases(finding).into_iter().filter_map(reference).collect()
}

fn advisories(finding: &Finding) -> Vec<Value> {
    let advisory = |id: &String| Some(json!({"title": id, "url": identity::page(id)?}));
    let ids: std::collections::BTreeSet<&String> = finding.advisories.iter().map(|found| &found.id).collect();
    ids.into_iter().filter_map(advisory).collect()
}

/// Returns what statements and the vendor say. A version that is called affected is no analysis, so that alone gives none.
fn analysis(finding: &Finding, standing: &Standing<'_>) -> Value {
    let mut analysis = json!({});
    let state = match (standing.status, standing.statement) {
        (VexStatus::Affected, None) => None,
        (VexStatus::Affected, Some(_)) => Some("exploitable"),
        (VexStatus::UnderInvestigation, _) => Some("in_triage"),
        (VexStatus::NotAffected, _) => Some("not_affected"),
        (VexStatus::Fixed, _) => Some("resolved"),
    };
    if let Some(state) = state {
        analysis["state"] = state.into();
    }
    if let (Some(label), VexStatus::NotAffected) = (standing.cyclonedx_label(), standing.status) {
        analysis["justification"] = label.into();
    }
    if let (Some(said), Some(statement)) = (standing.said(), standing.statement) {
        analysis["detail"] = format!("As stated by {said}").into();
        analysis["firstIssued"] = statement.at.to_string().into();
    }
    let response = match (&finding.fixed, finding.state) {
        _ if standing.is_excused() => None,
        (Some(_), _) => Some("update"),
        (None, Some(VendorState::WillNotFix | VendorState::EndOfLife)) => Some("will_not_fix"),
        (None, _) => None,
    };
    if let Some(response) = response {
        analysis["response"] = json!([response]);
    }
    analysis
}

fn affects(image: &str, finding: &Finding, standing: &Standing<'_>) -> Vec<Value> {
    let status = match standing.status {
        VexStatus::Affected => "affected",
        VexStatus::UnderInvestigation => "unknown",
        VexStatus::Fixed | VexStatus::NotAffected => "unaffected",
    };
    let affects = |one: Component| json!({"ref": part(image, &one), "versions": [{"version": one.version, "status": status}]});
    identity::components(finding).into_iter().map(affects).collect()
}

fn properties(finding: &Finding) -> Vec<Value> {
    let property = |name: &str, value: String| json!({"name": format!("fondaco:{name}"), "value": text::sentence(&value)});
    let mut all = vec![property("source", format!("{} {}", finding.source, finding.installed))];
    all.extend(finding.fixed.as_ref().map(|fixed| property("fixed", fixed.clone())));
    all.extend(standing::state(finding).map(|state| property("vendorState", state.to_owned())));
    all.extend(
        finding.exploited.iter().map(|e| property("exploited", format!("{} since {}", e.by, e.since))),
    );
    all.extend(finding.epss.iter().map(|e| property("epss", format!("{} on {}", e.score, e.date))));
    all
}

/// Says what was not looked at.
fn skipped(report: &Report<'_>) -> Vec<Value> {
    let skipped = report.subjects.iter().flat_map(|subject| {
        let say = move |part: &crate::evidence::NotLookedAt| {
            let words = format!("{}: {}: {}", subject.name, part.what, part.reason);
            json!({"name": "fondaco:notLookedAt", "value": text::sentence(&words)})
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
        serde_json::from_str(&CycloneDxVex.write(&sample::report(subjects)).unwrap()).unwrap()
    }

    fn of<'a>(document: &'a Value, id: &str) -> &'a Value {
        document["vulnerabilities"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap()
    }

    #[test]
    fn ratings_say_who_and_scores_are_numbers() {
        let scan = sample::scan();
        let document = written(&[sample::image(&scan)]);
        let ratings = &of(&document, "CVE-2024-0727")["ratings"];
        assert_eq!(ratings[0]["severity"], "critical");
        assert_eq!((&ratings[1]["score"], &ratings[1]["method"]), (&json!(9.8), &json!("CVSSv31")));
        assert_eq!(ratings[1]["source"]["name"], "CVSS_V3 of DEBIAN-CVE-2024-0727");
    }

    #[test]
    fn only_statements_and_vendors_are_an_analysis() {
        let scan = sample::scan();
        let document = written(&[sample::image(&scan)]);
        for (id, state, response) in [
            ("CVE-2024-0727", None, Some("update")),
            ("CVE-2026-0002", Some("in_triage"), None),
            ("CVE-2023-45853", Some("not_affected"), None),
            ("CVE-2023-4911", Some("resolved"), None),
        ] {
            let analysis = &of(&document, id)["analysis"];
            assert_eq!(
                (analysis["state"].as_str(), analysis["response"][0].as_str()),
                (state, response),
                "{id}"
            );
        }
        assert_eq!(of(&document, "CVE-2023-45853")["analysis"]["justification"], "code_not_present");
    }

    #[test]
    fn what_is_affected_is_a_component_and_references_are_unique() {
        let scan = sample::scan();
        let document = written(&[sample::image(&scan), sample::image(&scan)]);
        let images = document["components"].as_array().unwrap();
        let parts = images.iter().flat_map(|image| image["components"].as_array().unwrap());
        let references: Vec<&str> =
            images.iter().chain(parts).map(|one| one["bom-ref"].as_str().unwrap()).collect();
        let unique: std::collections::BTreeSet<&str> = references.iter().copied().collect();
        assert_eq!(unique.len(), references.len());
        for one in document["vulnerabilities"].as_array().unwrap() {
            assert!(unique.contains(one["affects"][0]["ref"].as_str().unwrap()), "{one:#}");
        }
        let alone = written(&[sample::image(&scan)]);
        assert_eq!(alone["metadata"]["component"]["type"], "container");
    }
}
