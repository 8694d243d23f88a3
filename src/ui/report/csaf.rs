//! CSAF 2.0 (OASIS standard), profile 5 "VEX": the images, their packages as parts of them, and where each stands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::fact::identity::{self, Component};
use super::fact::standing::{self, Standing};
use super::fact::{score, text};
use super::{Format, Report, ReportError, Subject, json_text};
use crate::model::{Finding, Severity, VendorState, VexStatus};

pub(super) struct Csaf;

/// Stands where nobody is named; RFC 2606 keeps the domain free.
const NAMESPACE_UNKNOWN: &str = "https://unknown.invalid";

impl Format for Csaf {
    fn name(&self) -> &'static str {
        "csaf"
    }

    fn document(&self, report: &Report<'_>) -> Result<String, ReportError> {
        let tree = Tree::of(report);
        let mut document = json!({"document": about(report)});
        if !report.subjects.is_empty() {
            document["product_tree"] = tree.value(report);
        }
        let vulnerabilities = vulnerabilities(report, &tree);
        if !vulnerabilities.is_empty() {
            document["vulnerabilities"] = vulnerabilities.into();
        }
        json_text(self.name(), document)
    }
}

fn about(report: &Report<'_>) -> Value {
    let at = report.at.to_string();
    // Profile 5 asks for a vulnerability; without one it is profile 1.
    let category = if report.found().next().is_some() { "csaf_vex" } else { "csaf_base" };
    let title = match report.subjects {
        [one] => format!("Vulnerabilities of {}", text::name(one.name)),
        many => format!("Vulnerabilities of {} images", many.len()),
    };
    let (name, namespace) =
        report.author.map_or((text::UNKNOWN, NAMESPACE_UNKNOWN), |a| (a.name, a.namespace));
    let mut about = json!({
        "category": category,
        "csaf_version": "2.0",
        "lang": "en",
        "title": title,
        // Who runs images that others make is a user (section 3.2.1.8.1).
        "publisher": {"category": "user", "name": text::name(name), "namespace": namespace},
        "tracking": {
            "id": format!("fondaco-{}", identity::document("csaf", report)),
            "status": "final",
            "version": "1",
            "initial_release_date": at,
            "current_release_date": at,
            "revision_history": [{"number": "1", "date": at, "summary": "As scanned."}],
            "generator": {"date": at, "engine": {"name": report.tool_name(), "version": report.tool_version()}},
        },
    });
    let notes = skipped(report);
    if !notes.is_empty() {
        about["notes"] = notes.into();
    }
    about
}

/// Says what was not looked at, so that silence about a package is not read as its being clean.
fn skipped(report: &Report<'_>) -> Vec<Value> {
    let note = |subject: &Subject<'_>, part: &crate::evidence::NotLookedAt| {
        let words = format!("{}: {}: {}", subject.name, part.what, part.reason);
        json!({"category": "general", "title": "Not looked at", "text": text::sentence(&words)})
    };
    let parts = |subject: &'_ Subject<'_>| -> Vec<Value> {
        subject.scan.not_looked_at.iter().take(super::SKIPPED_MAX).map(|part| note(subject, part)).collect()
    };
    report.subjects.iter().flat_map(parts).collect()
}

/// The products: images by position, packages by what they are, and which image has which package.
struct Tree {
    packages: BTreeMap<Component, usize>,
    parts: BTreeSet<(usize, Component)>,
}

impl Tree {
    fn of(report: &Report<'_>) -> Self {
        let parts: BTreeSet<(usize, Component)> = found(report)
            .flat_map(|(image, finding)| {
                identity::components(finding).into_iter().map(move |part| (image, part))
            })
            .collect();
        let packages: BTreeSet<Component> = parts.iter().map(|(_, part)| part.clone()).collect();
        Self { packages: packages.into_iter().enumerate().map(|(n, part)| (part, n + 1)).collect(), parts }
    }

    fn package(&self, part: &Component) -> String {
        format!("package-{}", self.packages[part])
    }

    /// Returns the identifier of a package in an image.
    fn part(&self, image: usize, part: &Component) -> String {
        format!("{}:{}", image_id(image), self.package(part))
    }

    fn value(&self, report: &Report<'_>) -> Value {
        let images = report.subjects.iter().enumerate().map(|(image, subject)| {
            // Where it lies is left out: a reader that compares it would not know the image again in a mirror.
            let purl = identity::product_purl(subject);
            json!({
                "product_id": image_id(image),
                "name": image_name(subject),
                "product_identification_helper": {"purl": purl},
            })
        });
        let packages = self.packages.keys().map(|part| {
            let mut product =
                json!({"product_id": self.package(part), "name": format!("{} {}", part.name, part.version)});
            if let Some(purl) = &part.purl {
                product["product_identification_helper"] = json!({"purl": purl});
            }
            product
        });
        let mut tree = json!({"full_product_names": images.chain(packages).collect::<Vec<_>>()});
        if !self.parts.is_empty() {
            tree["relationships"] =
                self.parts.iter().map(|(image, part)| self.relationship(report, *image, part)).collect();
        }
        tree
    }

    fn relationship(&self, report: &Report<'_>, image: usize, part: &Component) -> Value {
        let name = format!("{} {} in {}", part.name, part.version, image_name(&report.subjects[image]));
        json!({
            "category": "default_component_of",
            "product_reference": self.package(part),
            "relates_to_product_reference": image_id(image),
            "full_product_name": {"product_id": self.part(image, part), "name": name},
        })
    }
}

fn image_id(image: usize) -> String {
    format!("image-{}", image + 1)
}

fn image_name(subject: &Subject<'_>) -> String {
    let name = text::name(subject.name);
    subject.digest.map_or(name.clone(), |digest| format!("{name}@{digest}"))
}

/// Returns every finding with the position of its subject.
fn found<'a>(report: &Report<'a>) -> impl Iterator<Item = (usize, &'a Finding)> {
    let subjects: &'a [Subject<'a>] = report.subjects;
    let images = subjects.iter().enumerate();
    images.flat_map(|(image, subject)| subject.findings().into_iter().map(move |finding| (image, finding)))
}

/// The products of one vulnerability.
type Products<'a> = BTreeMap<String, (&'a Finding, Standing<'a>)>;

/// Returns each vulnerability once: a CVE may stand in one item alone (section 6.1.23).
fn vulnerabilities(report: &Report<'_>, tree: &Tree) -> Vec<Value> {
    let mut all: BTreeMap<&str, Products<'_>> = BTreeMap::new();
    for (image, finding) in found(report) {
        let standing = standing::of(finding);
        let products = all.entry(identity::cve_of(finding).unwrap_or(&finding.id)).or_default();
        for part in identity::components(finding) {
            let kept = products.entry(tree.part(image, &part)).or_insert((finding, standing));
            // A product stands in one group alone (section 6.1.6): of two that contradict each other the worse.
            if weight(standing.status) > weight(kept.1.status) {
                *kept = (finding, standing);
            }
        }
    }
    all.values().filter_map(vulnerability).collect()
}

const fn weight(status: VexStatus) -> u8 {
    match status {
        VexStatus::Fixed => 0,
        VexStatus::NotAffected => 1,
        VexStatus::UnderInvestigation => 2,
        VexStatus::Affected => 3,
    }
}

fn vulnerability(products: &Products<'_>) -> Option<Value> {
    let worst = products.values().map(|(finding, _)| *finding).max_by_key(|finding| finding.severity)?;
    let mut vulnerability = json!({
        "title": text::name(&worst.id),
        "notes": notes(products),
        "product_status": statuses(products),
    });
    let cve = identity::cve_of(worst);
    if let Some(cve) = cve {
        vulnerability["cve"] = cve.into();
    }
    let lists = [
        ("ids", ids(worst, cve)),
        ("references", references(worst)),
        ("scores", scores(products)),
        ("remediations", remediations(products)),
        ("flags", flags(products)),
        ("threats", threats(products)),
    ];
    for (key, list) in lists {
        if !list.is_empty() {
            vulnerability[key] = list.into();
        }
    }
    Some(vulnerability)
}

/// Returns the identifiers beside the CVE.
fn ids(finding: &Finding, cve: Option<&str>) -> Vec<Value> {
    let shown = std::iter::once(text::name(&finding.id)).chain(identity::aliases(finding));
    let others: BTreeSet<String> = shown.filter(|id| Some(id.as_str()) != cve).collect();
    let system = |id: &str| match id.split_once('-').map(|(system, _)| system) {
        Some("GHSA") => "GitHub Security Advisories",
        Some("CVE") => "CVE",
        _ => "OSV",
    };
    others.iter().map(|id| json!({"system_name": system(id), "text": id})).collect()
}

fn references(finding: &Finding) -> Vec<Value> {
    let ids: BTreeSet<&str> = std::iter::once(&finding.id)
        .chain(finding.advisories.iter().map(|a| &a.id))
        .map(String::as_str)
        .collect();
    let reference = |id| Some(json!({"category": "external", "summary": id, "url": identity::page(id)?}));
    ids.into_iter().filter_map(reference).collect()
}

fn notes(products: &Products<'_>) -> Vec<Value> {
    let said: BTreeSet<String> = products
        .values()
        .map(|(finding, standing)| {
            let stated = standing
                .said()
                .map_or(String::new(), |said| format!(" {}, says {said}", standing.status.name()));
            text::sentence(&format!("{} Severity: {}.{stated}", standing::sentence(finding), finding.chosen))
        })
        .collect();
    said.into_iter().map(|text| json!({"category": "details", "title": "Finding", "text": text})).collect()
}

fn statuses(products: &Products<'_>) -> Value {
    let mut statuses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (product, (_, standing)) in products {
        let group = match standing.status {
            VexStatus::Affected => "known_affected",
            VexStatus::NotAffected => "known_not_affected",
            VexStatus::Fixed => "fixed",
            VexStatus::UnderInvestigation => "under_investigation",
        };
        statuses.entry(group).or_default().push(product);
    }
    json!(statuses)
}

/// Returns products by what is said of them.
fn grouped<'a, K: Ord>(
    products: &'a Products<'_>,
    key: impl Fn(&Finding, &Standing<'_>) -> Option<K>,
) -> BTreeMap<K, Vec<&'a str>> {
    let mut groups: BTreeMap<K, Vec<&str>> = BTreeMap::new();
    for (product, (finding, standing)) in products {
        if let Some(key) = key(finding, standing) {
            groups.entry(key).or_default().push(product);
        }
    }
    groups
}

/// Returns CVSS 3 scores by base metrics alone: what else a vector says is about a time or a place (section 3.2.3.13).
fn scores(products: &Products<'_>) -> Vec<Value> {
    let vector = |finding: &Finding| {
        let version = |one: &score::Scored<'_>| match one.version {
            score::Version::V3_0 => Some("3.0"),
            score::Version::V3_1 => Some("3.1"),
            score::Version::V2 | score::Version::V4 => None,
        };
        let is_base = |one: &score::Scored<'_>| one.claim.value.split('/').count() == 9;
        let mut all = score::all(finding).into_iter().filter(is_base);
        all.find_map(|one| Some((one.claim.value.clone(), version(&one)?, one.tenths)))
    };
    let score = |((vector, version, tenths), products): ((String, &str, u32), Vec<&str>)| {
        let number = f64::from(tenths) / 10.0;
        let severity = match Severity::from_cvss_score(number) {
            Severity::Negligible | Severity::Unknown => "NONE".to_owned(),
            severity => severity.name().to_uppercase(),
        };
        let cvss = json!({"version": version, "vectorString": vector, "baseScore": number, "baseSeverity": severity});
        json!({"products": products, "cvss_v3": cvss})
    };
    grouped(products, |finding, _| vector(finding)).into_iter().map(score).collect()
}

/// Returns what to do, which profile 5 asks for of all that are affected (section 4.5).
fn remediations(products: &Products<'_>) -> Vec<Value> {
    let action = |finding: &Finding, standing: &Standing<'_>| {
        let category = match (&finding.fixed, finding.state) {
            (Some(_), _) => "vendor_fix",
            (None, Some(VendorState::WillNotFix | VendorState::EndOfLife)) => "no_fix_planned",
            (None, _) => "none_available",
        };
        (standing.status == VexStatus::Affected).then(|| (category, standing::action(finding)))
    };
    let value = |((category, details), products)| json!({"category": category, "details": details, "product_ids": products});
    grouped(products, action).into_iter().map(value).collect()
}

/// Returns why products are not affected, where a label says it (section 3.2.3.5).
fn flags(products: &Products<'_>) -> Vec<Value> {
    let label = |_: &Finding, standing: &Standing<'_>| {
        let is = standing.status == VexStatus::NotAffected;
        Some((standing.label().filter(|_| is)?, standing.statement?.at))
    };
    let value = |((label, at), products): ((&str, crate::model::Instant), Vec<&str>)| json!({"label": label, "date": at.to_string(), "product_ids": products});
    grouped(products, label).into_iter().map(value).collect()
}

/// Returns why products are not affected, in the words of who says so (section 3.2.3.14).
fn threats(products: &Products<'_>) -> Vec<Value> {
    let impact = |_: &Finding, standing: &Standing<'_>| {
        let is = standing.status == VexStatus::NotAffected;
        Some((standing.said().filter(|_| is)?, standing.statement?.at))
    };
    let value = |((said, at), products): ((String, crate::model::Instant), Vec<&str>)| {
        let details = format!("Not affected, says {said}");
        json!({"category": "impact", "details": details, "date": at.to_string(), "product_ids": products})
    };
    grouped(products, impact).into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    fn written(subjects: &[Subject<'_>]) -> Value {
        serde_json::from_str(&Csaf.write(&sample::report(subjects)).unwrap()).unwrap()
    }

    fn of(document: &Value, cve: &str) -> Value {
        document["vulnerabilities"].as_array().unwrap().iter().find(|one| one["cve"] == cve).unwrap().clone()
    }

    #[test]
    fn each_status_has_what_profile_5_asks_for() {
        let scan = sample::scan();
        let document = written(&[sample::image(&scan)]);
        for (cve, group, reason) in [
            ("CVE-2024-0727", "known_affected", Some("/remediations/0/details")),
            ("CVE-2026-0002", "under_investigation", None),
            ("CVE-2023-45853", "known_not_affected", Some("/flags/0/label")),
            ("CVE-2023-4911", "fixed", None),
        ] {
            let one = of(&document, cve);
            assert_eq!(
                one["product_status"].as_object().unwrap().keys().collect::<Vec<_>>(),
                [group],
                "{cve}"
            );
            assert!(reason.is_none_or(|pointer| one.pointer(pointer).is_some()), "{cve}: {one:#}");
        }
        assert_eq!(of(&document, "CVE-2024-0727")["remediations"][0]["category"], "vendor_fix");
        assert_eq!(of(&document, "CVE-2023-45853")["flags"][0]["label"], "vulnerable_code_not_present");
    }

    #[test]
    fn the_tree_says_which_package_is_in_which_image() {
        let scan = sample::scan();
        let document = written(&[sample::image(&scan)]);
        let product = of(&document, "CVE-2024-0727")["product_status"]["known_affected"][0].clone();
        let tree = &document["product_tree"];
        let part = tree["relationships"].as_array().unwrap().iter();
        let part = part.clone().find(|one| one["full_product_name"]["product_id"] == product).unwrap();
        let helper = |id: &Value| {
            let mut products = tree["full_product_names"].as_array().unwrap().iter();
            products.find(|one| one["product_id"] == *id).unwrap()["product_identification_helper"]["purl"]
                .clone()
        };
        assert_eq!(helper(&part["product_reference"]), "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64");
        let image = helper(&part["relates_to_product_reference"]);
        assert!(image.as_str().unwrap().starts_with("pkg:oci/nginx@sha256:"), "{image}");
    }

    /// Sections 6.1.23 and 6.1.6.
    #[test]
    fn a_cve_stands_in_one_item_and_a_product_in_one_group() {
        let mut scan = sample::scan();
        let mut other = scan.findings[0].clone();
        other.ids.push("DSA-1".to_owned());
        other.statements = vec![sample::statement("acme", 1, VexStatus::NotAffected)];
        scan.findings.push(other);
        let document = written(&[sample::image(&scan), sample::image(&scan)]);
        let all = document["vulnerabilities"].as_array().unwrap();
        assert_eq!(all.iter().filter(|one| one["cve"] == "CVE-2024-0727").count(), 1);
        let one = of(&document, "CVE-2024-0727");
        assert_eq!(one["product_status"].as_object().unwrap().keys().collect::<Vec<_>>(), ["known_affected"]);
        assert_eq!(
            one["product_status"]["known_affected"],
            json!(["image-1:package-3", "image-2:package-3"])
        );
    }

    #[test]
    fn without_findings_it_is_no_vex() {
        let scan = sample::empty();
        let document = written(&[sample::image(&scan)]);
        assert_eq!(document["document"]["category"], "csaf_base");
        assert!(document["vulnerabilities"].is_null());
    }
}
