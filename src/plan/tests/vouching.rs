//! What promoted images lack, by the records alone.

use super::*;
use crate::{
    evidence::{AdvisoriesUsed, Document as _, ScanRecord, Vouched},
    manifest::PublishedKey,
    model::AttestationKind,
    plan::{Cause, Lacking},
    trust::sign::{Artefact, attest},
};

fn key(name: &str) -> Digest {
    Digest::sha256(name)
}

/// Returns what a run records of artefacts that it wrote.
fn recorded(artefacts: &[Artefact], by: &Digest) -> Vec<Vouched> {
    let of = |artefact: &Artefact| Vouched {
        format: artefact.form.format().to_owned(),
        predicate_type: artefact.form.predicate_type().map(str::to_owned),
        subject: artefact.subject.digest.clone(),
        digest: Digest::sha256(format!("{artefact:?}")),
        key: artefact.form.is_signed().then(|| by.clone()),
        facts: artefact.facts.clone(),
        as_of: artefact.as_of,
        log: None,
    };
    artefacts.iter().map(of).collect()
}

/// Completes promotions that say nothing of what was written: everything was, by the first key.
pub(super) fn write_all(record: &mut ImageRecord) {
    let mirror = desired(None).mirror;
    let judged = record.clone();
    for hop in record.custody.hops.iter_mut().filter(|hop| hop.kind == HopKind::Promotion) {
        let (tag, consumer) = (hop.tag.as_deref().unwrap_or_default(), hop.consumer.as_deref());
        let consumer = consumer.unwrap_or_default();
        let facts = attest::Facts { record: &judged, distribution: &hop.to, tag, consumer, mirror: &mirror };
        hop.vouched = recorded(&attest::wanted(&facts), &key("first"));
    }
}

fn scan(as_of: &str, gaps: &[&str]) -> ScanRecord {
    let gap = |what: &&str| crate::evidence::NotLookedAt {
        what: (*what).to_owned(),
        reason: "no cataloguer".to_owned(),
        packages: 0,
    };
    ScanRecord {
        schema: ScanRecord::SCHEMA.to_owned(),
        subject: Digest::sha256("image"),
        packages: Digest::sha256(""),
        advisories: AdvisoriesUsed {
            digest: Digest::sha256(as_of),
            as_of: at(as_of),
            ecosystems: vec![],
            sources: vec![],
        },
        scanned: None,
        findings: vec![],
        not_looked_at: gaps.iter().map(gap).collect(),
    }
}

struct Case {
    desired: Desired,
    evidence: Evidence,
}

/// An image that was promoted with everything, scanned by advisories of the first of November.
fn promoted() -> Case {
    let digest = Digest::sha256("image");
    let mut evidence = evidence(&digest, Verdict::Cleared, vec![receipt(Certainty::Performed)]);
    let record = evidence.images.values_mut().next().unwrap();
    record.scan = Some(scan("2026-11-01T00:00:00Z", &["wheels"]));
    write_all(record);
    Case { desired: desired(None), evidence }
}

impl Case {
    fn record(&mut self) -> &mut ImageRecord {
        self.evidence.images.values_mut().next().unwrap()
    }

    fn publish(&mut self, name: &str) {
        let (path, pem) = ("keys/acme.pub".to_owned(), String::new());
        self.desired.mirror.signing.public = Some(PublishedKey { path, pem, fingerprint: key(name) });
    }

    fn plan(&self) -> Plan {
        let digest = Digest::sha256("image");
        planned(&self.desired, &self.evidence, &observed(Seen::Digest(digest.clone()), Seen::Digest(digest)))
    }

    fn lacking(&self) -> Vec<(&'static str, Cause)> {
        let plan = self.plan();
        let lacking: Vec<Lacking> = plan.images[0].consumers[0].lacking.clone();
        assert_eq!(plan.is_empty(), lacking.is_empty());
        lacking.iter().map(|one| (one.name(), one.cause)).collect()
    }
}

#[test]
fn what_was_written_is_not_written_again() {
    let mut case = promoted();
    assert_eq!(case.lacking(), []);
    case.publish("first");
    assert_eq!(case.lacking(), [], "the published key is the one that signed");
}

/// Only what is in bundles can have an entry; a log that follows another takes its entries over where the root names both.
#[test]
fn a_log_that_is_named_later_wants_every_bundle() {
    let mut case = promoted();
    let log = |ids: &[&str]| crate::manifest::DesiredLog {
        url: "https://rekor.acme.example".into(),
        root: crate::manifest::DesiredFile { path: "trust/log.json".into(), text: String::new() },
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    case.desired.mirror.signing.log = Some(log(&["aa"]));
    let expected = ["signature", "sbom", "scan", "summary", "custody"].map(|name| (name, Cause::Log));
    assert_eq!(case.lacking(), expected);
    let text = explain(&case.plan(), &cost::Forecast::new(), at("2026-11-21T00:00:00Z"));
    assert!(text.contains(": not in the log"), "{text}");
    let json = json(&case.plan(), &cost::Forecast::new());
    assert_eq!(json["images"][0]["consumers"][0]["sign"][0]["why"], "log");

    for hop in &mut case.record().custody.hops {
        for vouched in
            hop.vouched.iter_mut().filter(|one| one.key.is_some() && one.format == "sigstore-bundle")
        {
            vouched.log = Some("aa".into());
        }
    }
    assert_eq!(case.lacking(), []);
    case.desired.mirror.signing.log = Some(log(&["aa", "bb"]));
    assert_eq!(case.lacking(), []);
    case.desired.mirror.signing.log = Some(log(&["bb"]));
    assert_eq!(case.lacking(), expected);
    case.desired.mirror.signing.log = None;
    assert_eq!(case.lacking(), [], "an entry is no harm");
}

#[test]
fn another_key_signs_and_attests_everything_anew() {
    let mut case = promoted();
    case.publish("second");
    let by = |name| (name, Cause::Key);
    let expected = ["signature", "signature", "sbom", "scan", "summary", "custody"].map(by);
    assert_eq!(case.lacking(), expected, "the document beside the image is nobody's");
    let plan = case.plan();
    let text = explain(&plan, &cost::Forecast::new(), at("2026-11-21T00:00:00Z"));
    assert!(
        text.contains("re-sign   1 custody, 1 sbom, 1 scan, 2 signature, 1 summary: another key"),
        "{text}"
    );
    assert!(text.contains("promote 0 · re-sign 1 · hold 0"), "{text}");
    let json = json(&plan, &cost::Forecast::new());
    assert_eq!(json["images"][0]["consumers"][0]["sign"][0]["why"], "key");

    // The run records what it wrote, and that is the end of it.
    let (wrote, mut hop) = (plan.images[0].consumers[0].lacking.clone(), receipt(Certainty::Performed));
    let artefacts: Vec<Artefact> = wrote.into_iter().map(|lacking| lacking.artefact).collect();
    (hop.kind, hop.vouched) = (HopKind::ReSign, recorded(&artefacts, &key("second")));
    case.record().custody.hops.push(hop);
    assert_eq!(case.lacking(), []);
}

#[test]
fn what_was_promoted_before_there_were_attestations_gets_them() {
    let mut case = promoted();
    case.record().custody.hops[0].vouched.retain(|vouched| vouched.predicate_type.is_none());
    let absent = |kind: AttestationKind| (kind.name(), Cause::Absent);
    assert_eq!(case.lacking(), AttestationKind::ALL.map(absent));
    case.desired.mirror.vouching.attestations = [AttestationKind::Scan].into();
    assert_eq!(case.lacking(), [absent(AttestationKind::Scan)]);
}

#[test]
fn a_scan_is_attested_anew_where_it_says_something_else_or_after_a_week() {
    type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, Cause)]);
    let fresh = [("scan", Cause::Advisories), ("summary", Cause::Advisories)];
    let other = [("scan", Cause::Facts), ("summary", Cause::Facts)];
    let cases: [Case<'_>; 4] = [
        ("2026-11-01T00:00:00Z", &["wheels"], &[]),
        ("2026-11-07T23:59:59Z", &["wheels"], &[]),
        ("2026-11-08T00:00:00Z", &["wheels"], &fresh),
        ("2026-11-01T00:00:01Z", &["wheels", "gems"], &other),
    ];
    for (as_of, gaps, expected) in cases {
        let mut case = promoted();
        case.record().scan = Some(scan(as_of, gaps));
        assert_eq!(case.lacking(), expected, "{as_of} {gaps:?}");
    }
}

#[test]
fn a_refused_image_is_not_signed_and_its_summary_says_so() {
    let mut case = promoted();
    case.publish("second");
    case.record().verdicts.verdicts[0].verdict = Verdict::Refused;
    assert_eq!(case.lacking(), [("scan", Cause::Key), ("summary", Cause::Key)]);
    case.record().verdicts.verdicts[0].verdict = Verdict::Held;
    assert_eq!(case.lacking(), [("scan", Cause::Key)]);
}

#[test]
fn the_newest_statement_counts_where_facts_come_back() {
    let mut case = promoted();
    case.record().scan = Some(scan("2026-11-01T00:00:00Z", &[]));
    let plan = case.plan();
    let artefacts = plan.images[0].consumers[0].lacking.iter().map(|lacking| lacking.artefact.clone());
    let artefacts: Vec<Artefact> = artefacts.collect();
    let mut hop = receipt(Certainty::Performed);
    (hop.kind, hop.vouched) = (HopKind::ReSign, recorded(&artefacts, &key("first")));
    case.record().custody.hops.push(hop);
    assert_eq!(case.lacking(), []);
    case.record().scan = Some(scan("2026-11-01T00:00:00Z", &["wheels"]));
    assert_eq!(case.lacking(), [("scan", Cause::Facts), ("summary", Cause::Facts)]);
}

#[test]
fn what_came_across_an_air_gap_or_is_not_there_is_left_alone() {
    let mut carried = promoted();
    carried.publish("second");
    carried.record().custody.hops.insert(0, Hop { kind: HopKind::Carry, ..receipt(Certainty::Performed) });
    assert_eq!(carried.lacking(), []);

    let mut moved = promoted();
    moved.publish("second");
    let digest = Digest::sha256("image");
    let seen =
        observed(Seen::Digest(digest), Seen::Failed { kind: Kind::Unavailable, message: "503".into() });
    assert!(planned(&moved.desired, &moved.evidence, &seen).images[0].consumers[0].lacking.is_empty());
}

#[test]
fn signatures_that_name_tags_are_one_for_each() {
    let mut case = promoted();
    case.desired.mirror.vouching.docker_reference = crate::model::DockerReference::RepositoryAndTag;
    assert_eq!(case.lacking(), [("signature", Cause::Absent)]);
}
