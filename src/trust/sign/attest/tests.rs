//! The predicates against the specifications' field lists, and when they are written.

use std::collections::BTreeSet;

use super::*;
use crate::{
    evidence::{Evidence, Scanned, sample},
    model::AttestationKind::{Custody, Sbom, Scan, Summary},
};

const TOOL: &str = "fondaco 0.1.0";

struct Case {
    evidence: Evidence,
    mirror: DesiredMirror,
    distribution: Repository,
}

fn case() -> Case {
    let mut evidence = sample::evidence();
    // What redis has been found to have, for every image.
    let findings = evidence.images.values().find_map(|record| {
        record.scan.as_ref().map(|scan| scan.findings.clone()).filter(|findings| !findings.is_empty())
    });
    for record in evidence.images.values_mut() {
        record.scan.as_mut().unwrap().findings = findings.clone().unwrap();
    }
    Case {
        evidence,
        mirror: sample::desired().mirror,
        distribution: "registry.acme.example:5000/payments/nginx".parse().unwrap(),
    }
}

impl Case {
    fn record(&mut self) -> &mut ImageRecord {
        let mut records = self.evidence.images.values_mut();
        let cleared = |record: &&mut ImageRecord| {
            let verdicts = &record.verdicts.verdicts;
            verdicts.iter().any(|v| v.consumer == "payments" && v.verdict == Verdict::Cleared)
        };
        records.find(cleared).unwrap()
    }

    fn with<T>(&mut self, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        let (mirror, distribution) = (self.mirror.clone(), self.distribution.clone());
        let record = self.record();
        let (tag, consumer) = ("1.28", "payments");
        look(&Facts { record, distribution: &distribution, tag, consumer, mirror: &mirror })
    }

    fn wanted(&mut self) -> Vec<Artefact> {
        self.with(wanted)
    }

    fn reference(&mut self) -> String {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method's lifetime is not general enough"
        )]
        self.with(|facts| facts.reference())
    }

    fn kinds(&mut self) -> BTreeSet<AttestationKind> {
        let kinds = self.wanted().into_iter().filter_map(|artefact| match artefact.form {
            Form::Attestation { kind, .. } => Some(kind),
            _ => None,
        });
        kinds.collect()
    }

    /// Returns the predicate of a kind and its statement's subject.
    fn predicate(&mut self, wanted_kind: AttestationKind) -> (Value, Digest) {
        let wanted = self.wanted();
        let of_kind = wanted.into_iter().find(
            |artefact| matches!(&artefact.form, Form::Attestation { kind, .. } if *kind == wanted_kind),
        );
        let artefact = of_kind.unwrap();
        let made =
            self.with(|facts| made(facts, &Documents::new(), std::slice::from_ref(&artefact), TOOL)).unwrap();
        let Content::Predicate(predicate) = made[0].content.clone() else { panic!("no predicate") };
        (predicate, artefact.subject.digest)
    }

    fn substance(&mut self, wanted: AttestationKind) -> Option<Digest> {
        let artefacts = self.wanted();
        let of_kind = artefacts
            .into_iter()
            .find(|artefact| matches!(&artefact.form, Form::Attestation { kind, .. } if *kind == wanted));
        of_kind.unwrap().facts
    }
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn signatures_are_on_every_manifest_and_attestations_where_they_belong() {
    let mut case = case();
    let (top, platforms) = {
        let subject = &case.record().custody.subject;
        (subject.digest.clone(), subject.platforms.iter().map(|one| one.digest.clone()).collect::<Vec<_>>())
    };
    assert!(platforms.len() > 1 && !platforms.contains(&top));
    let wanted = case.wanted();
    for digest in platforms.iter().chain([&top]) {
        let forms = wanted.iter().filter(|artefact| artefact.subject.digest == *digest);
        let mut names: Vec<_> = forms
            .map(|artefact| match &artefact.form {
                Form::Attestation { kind, .. } => kind.name(),
                Form::CosignLegacy => "legacy",
                Form::Signature => "signature",
                Form::Document { .. } => "document",
            })
            .collect();
        names.sort_unstable();
        let expected: &[_] = if *digest == top {
            &["custody", "legacy", "scan", "signature", "summary"]
        } else {
            &["document", "legacy", "sbom", "signature"]
        };
        assert_eq!(names, expected);
    }
}

#[test]
fn what_is_not_cleared_is_not_signed_but_said() {
    let all: BTreeSet<_> = AttestationKind::ALL.into();
    for (verdict, kinds) in [
        (Verdict::Cleared, all),
        (Verdict::Held, BTreeSet::from([Scan])),
        (Verdict::Refused, BTreeSet::from([Scan, Summary])),
    ] {
        let mut case = case();
        let verdicts = &mut case.record().verdicts.verdicts;
        verdicts.iter_mut().find(|v| v.consumer == "payments").unwrap().verdict = verdict;
        // The record is found by its being cleared.
        let record = case.evidence.images.values().find(|record| {
            record.verdicts.verdicts.iter().any(|v| v.consumer == "payments" && v.verdict == verdict)
        });
        let facts = Facts {
            record: record.unwrap(),
            distribution: &case.distribution,
            tag: "1.28",
            consumer: "payments",
            mirror: &case.mirror,
        };
        let wanted = wanted(&facts);
        let found: BTreeSet<_> = wanted
            .iter()
            .filter_map(|artefact| match artefact.form {
                Form::Attestation { kind, .. } => Some(kind),
                _ => None,
            })
            .collect();
        assert_eq!(found, kinds, "{verdict}");
        assert_eq!(wanted.iter().any(|a| a.form == Form::Signature), verdict == Verdict::Cleared);
    }
}

#[test]
fn the_manifest_chooses_what_is_attested() {
    let mut case = case();
    case.mirror.vouching.attestations = BTreeSet::from([Sbom, Custody]);
    case.mirror.vouching.custody_predicate = "https://acme.example/custody/v1".to_owned();
    assert_eq!(case.kinds(), BTreeSet::from([Sbom, Custody]));
    let wanted = case.wanted();
    let types: BTreeSet<_> = wanted.iter().filter_map(|artefact| artefact.form.predicate_type()).collect();
    assert_eq!(types, BTreeSet::from(["https://acme.example/custody/v1", "https://cyclonedx.org/bom"]));
}

/// cosign `specs/COSIGN_VULN_ATTESTATION_SPEC.md`.
#[test]
fn a_scan_has_the_fields_of_cosigns_specification() {
    let mut case = case();
    let scanned = Scanned { at: "2026-11-20T10:00:00Z".parse().unwrap(), tool: TOOL.to_owned() };
    case.record().scan.as_mut().unwrap().scanned = Some(scanned);
    let (scan, subject) = case.predicate(Scan);
    assert_eq!(keys(&scan), BTreeSet::from(["invocation", "metadata", "scanner"]));
    assert_eq!(keys(&scan["scanner"]), BTreeSet::from(["db", "result", "uri", "version"]));
    assert_eq!(
        scan["metadata"],
        json!({"scanStartedOn": "2026-11-20T10:00:00Z", "scanFinishedOn": "2026-11-20T10:00:00Z"})
    );
    let record = case.record();
    let advisories = &record.scan.as_ref().unwrap().advisories;
    assert_eq!(scan["scanner"]["db"]["version"], json!(advisories.digest));
    assert_eq!(scan["scanner"]["db"]["lastUpdate"], json!(advisories.as_of));
    assert_eq!(scan["scanner"]["result"]["findings"], json!(record.scan.as_ref().unwrap().findings));
    assert_eq!(subject, record.custody.subject.digest);
}

#[test]
fn a_scan_whose_time_is_not_recorded_names_none() {
    let (scan, _) = case().predicate(Scan);
    assert_eq!(scan["metadata"], json!({}));
    assert_eq!(scan["scanner"]["version"], Value::Null);
}

/// slsa.dev/spec/v1.1/verification_summary, "Schema".
#[test]
fn a_summary_has_the_fields_of_the_specification() {
    let mut case = case();
    let (summary, _) = case.predicate(Summary);
    let required = ["policy", "resourceUri", "verificationResult", "verifiedLevels", "verifier"];
    let optional = ["inputAttestations", "slsaVersion", "timeVerified"];
    assert_eq!(keys(&summary), required.into_iter().chain(optional).collect());
    assert_eq!(
        summary["verifier"],
        json!({"id": "urn:fondaco:mirror:acme", "version": {"fondaco": "0.1.0"}})
    );
    assert_eq!(summary["verificationResult"], "PASSED");
    assert_eq!(summary["verifiedLevels"], json!(["SLSA_BUILD_LEVEL_UNEVALUATED"]));
    let record = case.record().clone();
    assert_eq!(summary["timeVerified"], json!(record.verdicts.judged_at));
    let policy = json!({"uri": "urn:fondaco:mirror:acme:consumer:payments:gate:standard",
        "digest": {"gitCommit": record.verdicts.manifest_commit}});
    assert_eq!(summary["policy"], policy);
    // The package URL specification's example of type `oci`, with this repository.
    let resource = format!(
        "pkg:oci/nginx@sha256%3A{}?repository_url=registry.acme.example%3A5000/payments/nginx",
        record.custody.subject.digest.hex()
    );
    assert_eq!(summary["resourceUri"], json!(resource));
    let inputs = summary["inputAttestations"].as_array().unwrap();
    let names: Vec<_> =
        inputs.iter().map(|input| input["name"].as_str().unwrap().rsplit('/').next()).collect();
    assert_eq!(names, [Some("packages.txt"), Some("scan.json"), Some("verification.json")]);
    assert!(inputs.iter().all(|input| input["digest"]["sha256"].as_str().is_some_and(|hex| hex.len() == 64)));
}

#[test]
fn custody_says_what_was_known_before_the_promotion() {
    let mut case = case();
    let (custody, _) = case.predicate(Custody);
    let hops = custody["hops"].as_array().unwrap();
    assert!(case.record().custody.hops.len() > hops.len(), "the promotion is left out");
    assert!(hops.iter().all(|hop| hop["kind"] == "intake"));
    let (uri, colon) = ("urn:fondaco:custody:v1", "urn:");
    assert!(case.wanted().iter().any(|artefact| artefact.form.predicate_type() == Some(uri)));
    assert!(uri.starts_with(colon), "no domain is borrowed");
}

#[test]
fn an_sbom_attestation_says_what_the_attached_document_says() {
    let mut case = case();
    let (sbom, platform) = case.predicate(Sbom);
    let document = case
        .with(|facts| sbom::document(facts, &platform, Sboms { documents: &Documents::new(), tool: TOOL }))
        .unwrap();
    assert_eq!(sbom, serde_json::from_slice::<Value>(&document).unwrap());
    assert_eq!(sbom["bomFormat"], "CycloneDX");
}

#[test]
fn only_new_facts_are_reasons_to_attest_again() {
    let before = AttestationKind::ALL.map(|kind| case().substance(kind));
    let changed = |change: &dyn Fn(&mut ImageRecord)| {
        let mut case = case();
        change(case.record());
        let after = AttestationKind::ALL.map(|kind| case.substance(kind));
        let differ = AttestationKind::ALL.into_iter().zip(before.iter().zip(&after));
        differ.filter(|(_, (a, b))| a != b).map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    let newer = |record: &mut ImageRecord| {
        let advisories = &mut record.scan.as_mut().unwrap().advisories;
        advisories.digest = Digest::sha256("another bundle");
        advisories.as_of = "2027-01-01T00:00:00Z".parse().unwrap();
        record.verdicts.judged_at = "2027-01-01T00:00:00Z".parse().unwrap();
        record.verdicts.manifest_commit = "2".repeat(40);
    };
    assert_eq!(changed(&newer), [], "the same result by a newer bundle");
    let fewer = |record: &mut ImageRecord| record.scan.as_mut().unwrap().findings.clear();
    assert_eq!(changed(&fewer), [Scan, Summary]);
    let verified = |record: &mut ImageRecord| record.verification.reason = "another".to_owned();
    assert_eq!(changed(&verified), [Summary]);
    let promoted = |record: &mut ImageRecord| {
        let again = record.custody.hops.last().unwrap().clone();
        record.custody.hops.push(again);
    };
    assert_eq!(changed(&promoted), []);
}

#[test]
fn a_large_scan_is_named_by_its_digest() {
    let mut case = case();
    let scan = case.record().scan.as_mut().unwrap();
    let finding = scan.findings[0].clone();
    scan.findings = vec![finding; 20_000];
    let (predicate, _) = case.predicate(Scan);
    let result = &predicate["scanner"]["result"];
    assert_eq!(result["findingCount"], 20_000);
    assert!(predicate.to_string().len() < 4_096);
}

#[test]
fn the_payload_names_the_tag_where_the_manifest_says_so() {
    let mut case = case();
    assert_eq!(case.reference(), "registry.acme.example:5000/payments/nginx");
    let plain = case.wanted();
    assert!(plain.iter().all(|artefact| artefact.form != Form::CosignLegacy || artefact.facts.is_none()));
    case.mirror.vouching.docker_reference = DockerReference::RepositoryAndTag;
    assert_eq!(case.reference(), "registry.acme.example:5000/payments/nginx:1.28");
    let tagged = case.wanted();
    assert!(tagged.iter().all(|artefact| artefact.form != Form::CosignLegacy || artefact.facts.is_some()));
}
