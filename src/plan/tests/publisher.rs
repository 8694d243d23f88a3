//! What publishers state, made a record, and the findings it is put beside.

use std::collections::BTreeSet;

use crate::{
    evidence::{Document as _, ImageRecord, PublisherRecord, sample},
    model::{Digest, Finding, Outcome, Severity, VexStatus},
    plan::publisher::record,
    scan,
    trust::predicate::{self, Stated, StatedList},
};
use serde_json::{Value, json};

/// An image of two platforms.
fn nginx() -> ImageRecord {
    let key = (sample::repository(sample::NGINX), sample::digest(sample::NGINX));
    sample::evidence().images.remove(&key).unwrap()
}

/// An image of one platform.
fn redis() -> ImageRecord {
    let key = (sample::repository(sample::REDIS), sample::digest(sample::REDIS));
    sample::evidence().images.remove(&key).unwrap()
}

fn stated(subject: &Digest, signer: Option<&str>, kind: &str, predicate: &Value) -> Stated {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "registry.example/web", "digest": {"sha256": subject.hex()}}],
        "predicateType": kind, "predicate": predicate,
    });
    Stated {
        attestation: Digest::sha256(statement.to_string()),
        subject: subject.clone(),
        outcome: if signer.is_some() { Outcome::Verified } else { Outcome::Foreign },
        signer: signer.map(ToOwned::to_owned),
        said: predicate::read(statement.to_string().as_bytes()).unwrap(),
    }
}

fn list(items: impl IntoIterator<Item = Stated>) -> StatedList {
    let mut list = StatedList::default();
    items.into_iter().for_each(|item| list.add(item));
    list
}

const VEX: &str = "https://openvex.dev/ns";

fn vex(statements: &Value) -> Value {
    json!({"@context": VEX, "@id": "x", "author": "a", "version": 1, "timestamp": "2026-11-01T00:00:00Z", "statements": statements})
}

fn about(vulnerability: &str, status: &str, products: &Value) -> Value {
    json!({"vulnerability": {"name": vulnerability}, "status": status, "justification": "component_not_present", "products": products})
}

fn recorded(image: &ImageRecord, items: impl IntoIterator<Item = Stated>) -> PublisherRecord {
    let record = record(&image.custody, &image.packages, &list(items));
    assert_eq!(PublisherRecord::parse(record.text().as_bytes()).unwrap(), record);
    record
}

#[test]
fn a_publishers_sbom_is_compared_with_our_list_of_the_same_manifest() {
    let mut image = nginx();
    let arm = image.custody.subject.platforms[1].clone();
    let own = "pkg:deb/debian/libc6@2.36-9?arch=arm64&distro=debian-12\npkg:deb/debian/zlib1g@1?arch=arm64\n";
    image.packages.insert(arm.packages.clone(), own.to_owned());
    let purl = |text: &str| json!({"externalRefs": [{"referenceType": "purl", "referenceLocator": text}]});
    let spdx = json!({"spdxVersion": "SPDX-2.3", "packages": [
        purl("pkg:deb/debian/libc6@2.36-9?arch=arm64"), purl("pkg:deb/debian/extra@1"), purl("pkg:golang/github.com/a/b@v1"),
        purl("pkg:hackage/a@1"), {"name": "x"}]});
    let record = recorded(&image, [stated(&arm.digest, None, "https://spdx.dev/Document", &spdx)]);
    let sbom = record.documents[0].sbom.as_ref().unwrap();
    assert_eq!(sbom.packages, arm.packages);
    assert_eq!((sbom.both, sbom.unnamed), (1, 1));
    assert_eq!(
        (sbom.only_publisher.count, &sbom.only_publisher.first[..]),
        (2, &["deb/extra@1".to_owned(), "golang/github.com/a/b@v1".to_owned()][..])
    );
    assert_eq!((sbom.only_ours.count, &sbom.only_ours.first[..]), (1, &["deb/zlib1g@1".to_owned()][..]));
    let types: Vec<_> = sbom.other_types.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(types, [("hackage", 1)]);
}

#[test]
fn lists_of_packages_are_bounded() {
    let image = nginx();
    let packages: Vec<_> = (0..500)
        .map(|n| json!({"externalRefs": [{"referenceType": "purl", "referenceLocator": format!("pkg:deb/debian/p{n}@1")}]}))
        .chain((0..500).map(|n| json!({"externalRefs": [{"referenceType": "purl", "referenceLocator": format!("pkg:t{n}/a@1")}]})))
        .collect();
    let spdx = json!({"spdxVersion": "SPDX-2.3", "packages": packages});
    let subject = image.custody.subject.digest.clone();
    let record = recorded(&image, [stated(&subject, None, "https://spdx.dev/Document", &spdx)]);
    let sbom = record.documents[0].sbom.as_ref().unwrap();
    assert_eq!((sbom.only_publisher.count, sbom.only_publisher.first.len()), (500, 20));
    assert_eq!(sbom.other_types.len(), 20);
}

/// Returns status and limits of the statements that were taken to be about the image.
fn ours(image: &ImageRecord, products: &Value) -> Vec<(bool, Vec<String>)> {
    let subject = image.custody.subject.digest.clone();
    let document = vex(&json!([about("CVE-2026-1111", "not_affected", products)]));
    let record = recorded(image, [stated(&subject, Some("acme"), VEX, &document)]);
    let found = record.documents[0].vex.as_ref().unwrap();
    assert_eq!(found.statements.len() as u64 + found.about_others, 1);
    found.statements.iter().map(|s| (s.one_platform, s.subcomponents.clone())).collect()
}

#[test]
fn products_are_the_image_only_by_digest() {
    let image = nginx();
    let (own, arm) = (&image.custody.subject.digest, &image.custody.subject.platforms[1].digest);
    let purl = |digest: &Digest| {
        format!("pkg:oci/nginx@sha256%3A{}?repository_url=docker.io/library/nginx", digest.hex())
    };
    let whole = vec![(false, vec![])];
    assert_eq!(ours(&image, &json!([])), whole, "the subject is meant");
    assert_eq!(ours(&image, &json!([{"@id": "registry.example/web"}])), whole, "the subject's own name");
    assert_eq!(ours(&image, &json!([{"@id": purl(own)}])), whole);
    assert_eq!(ours(&image, &json!([{"identifiers": {"purl": purl(own)}}])), whole);
    assert_eq!(ours(&image, &json!([{"@id": "anything", "hashes": {"sha-256": own.hex()}}])), whole);
    assert_eq!(ours(&image, &json!([{"@id": purl(arm)}])), [(true, vec![])], "one of two platforms");
    let part = json!([{"@id": purl(own), "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}]);
    assert_eq!(ours(&image, &part), [(false, vec!["pkg:deb/debian/openssl".to_owned()])]);
}

#[test]
fn attack_vex_for_another_product() {
    let image = nginx();
    let (own, other) = (image.custody.subject.digest.clone(), Digest::sha256("other"));
    for products in [
        json!([{"@id": "pkg:oci/nginx"}]),
        json!([{"@id": "pkg:oci/nginx?tag=1.28"}]),
        json!([{"@id": "pkg:oci/nginx@1.28"}]),
        json!([{"@id": format!("pkg:oci/nginx@{other}")}]),
        json!([{"@id": format!("pkg:oci/nginx@{other}#{own}")}]),
        json!([{"@id": format!("pkg:generic/nginx@{own}")}]),
        json!([{"@id": "docker.io/library/nginx"}]),
        json!([{"@id": "registry.example/web/"}]),
        json!([{"@id": "pkg:deb/debian/openssl@3.0.11-1"}]),
        json!([{"hashes": {"sha-256": other.hex()}}]),
        json!([{"@id": "registry.example/web", "hashes": {"sha-256": other.hex()}}]),
        json!([{"hashes": {"sha-256": "short"}}]),
        json!([{}]),
    ] {
        assert_eq!(ours(&image, &products), [], "{products}");
    }
}

fn finding(id: &str, ids: &[&str], packages: &[&str]) -> Finding {
    Finding {
        id: id.into(),
        ids: ids.iter().map(ToString::to_string).collect(),
        ecosystem: "Debian:12".into(),
        source: "openssl".into(),
        installed: "3.0.11-1".into(),
        packages: packages.iter().map(ToString::to_string).collect(),
        fixed: None,
        severity: Severity::Critical,
        chosen: "test".into(),
        severities: vec![],
        state: None,
        exploited: vec![],
        epss: None,
        advisories: vec![],
        first_seen: None,
        exploited_seen: None,
        statements: vec![],
    }
}

const LIBSSL: &str = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl";
const OPENSSL: &str = "pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12";

/// Returns what is put beside a finding of two packages, as `signer status`.
fn beside(image: &mut ImageRecord, items: impl IntoIterator<Item = Stated>) -> Vec<String> {
    let publisher = recorded(image, items);
    let scan = image.scan.as_mut().unwrap();
    scan.findings = vec![finding("CVE-2026-1111", &["CVE-2026-1111", "DSA-5999-1"], &[LIBSSL, OPENSSL])];
    scan::state(scan, Some(&publisher));
    scan.findings[0].statements.iter().map(|s| format!("{} {}", s.signer, s.status.name())).collect()
}

fn by(image: &ImageRecord, signer: Option<&str>, statement: &Value) -> Stated {
    stated(&image.custody.subject.digest, signer, VEX, &vex(&json!([statement])))
}

#[test]
fn statements_of_verified_signers_stand_beside_the_finding() {
    let mut image = redis();
    let good = by(&image, Some("acme"), &about("CVE-2026-1111", "not_affected", &json!([])));
    assert_eq!(beside(&mut image, [good.clone()]), ["acme not_affected"]);
    let finding = &image.scan.as_ref().unwrap().findings[0];
    let statement = &finding.statements[0];
    assert_eq!(statement.attestation, good.attestation);
    assert_eq!(statement.justification.as_deref(), Some("component_not_present"));
    assert_eq!(statement.at.to_string(), "2026-11-01T00:00:00Z");
    assert_eq!(finding.excused_by().len(), 1);
    // Taken away again once nobody states it.
    let scan = image.scan.as_mut().unwrap();
    scan::state(scan, None);
    assert_eq!(scan.findings[0].statements, []);
}

#[test]
fn attack_unverified_vex_is_listed_and_never_used() {
    let mut image = redis();
    let foreign = by(&image, None, &about("CVE-2026-1111", "not_affected", &json!([])));
    let claimed = Stated { signer: Some("acme".into()), ..foreign.clone() };
    assert_eq!(beside(&mut image, [foreign.clone(), claimed]), Vec::<String>::new());
    let record = recorded(&image, [foreign]);
    let found = record.documents[0].vex.as_ref().unwrap();
    assert_eq!((found.statements.len(), found.not_listed), (0, 1));
    assert_eq!(record.documents[0].signer, None);
}

#[test]
fn what_excuses_is_matched_narrowly_and_what_speaks_against_widely() {
    let part = |parts: &[&str]| {
        let parts: Vec<_> = parts.iter().map(|purl| json!({"@id": purl})).collect();
        json!([{"@id": "registry.example/web", "subcomponents": parts}])
    };
    let libssl = "pkg:deb/debian/libssl3@3.0.11-1";
    let cases = [
        ("CVE-2026-1111", part(&[libssl, "pkg:deb/debian/openssl"]), true, true),
        ("CVE-2026-1111", part(&[LIBSSL, OPENSSL]), true, true),
        // One of two packages: not all of the finding.
        ("CVE-2026-1111", part(&[libssl]), false, true),
        ("CVE-2026-1111", part(&["pkg:deb/debian/libssl3@3.0.12", "pkg:deb/debian/openssl"]), false, true),
        ("CVE-2026-1111", part(&["pkg:deb/ubuntu/libssl3", "pkg:deb/ubuntu/openssl"]), false, false),
        ("CVE-2026-1111", part(&["pkg:deb/debian/libssl3?arch=arm64"]), false, false),
        ("CVE-2026-1111", part(&["anything"]), false, false),
        // A notice of a distributor is about several vulnerabilities.
        ("DSA-5999-1", json!([]), false, true),
        ("CVE-2026-2222", json!([]), false, false),
        ("cve-2026-1111", json!([]), false, false),
    ];
    for (name, products, excuses, speaks_against) in cases {
        let mut image = redis();
        for (status, expected) in [
            ("not_affected", excuses),
            ("fixed", excuses),
            ("affected", speaks_against),
            ("under_investigation", speaks_against),
        ] {
            let item = by(&image, Some("acme"), &about(name, status, &products));
            let found = beside(&mut image, [item]);
            assert_eq!(!found.is_empty(), expected, "{name} {status} {products}");
        }
    }
}

#[test]
fn an_alias_excuses_only_where_the_name_is_no_cve() {
    let of = |name: &str, alias: &str| json!({"vulnerability": {"name": name, "aliases": [alias]}, "status": "fixed"});
    for (name, alias, expected) in [
        ("GHSA-aaaa-bbbb-cccc", "CVE-2026-1111", true),
        ("CVE-2026-2222", "CVE-2026-1111", false),
        ("CVE-2026-2222", "DSA-5999-1", false),
        ("GHSA-aaaa-bbbb-cccc", "DSA-5999-1", false),
    ] {
        let mut image = redis();
        let item = by(&image, Some("acme"), &of(name, alias));
        assert_eq!(!beside(&mut image, [item]).is_empty(), expected, "{name} {alias}");
    }
}

#[test]
fn a_statement_about_one_of_two_platforms_excuses_nothing() {
    let mut image = nginx();
    let arm = image.custody.subject.platforms[1].digest.clone();
    for (status, expected) in [("not_affected", 0), ("affected", 1)] {
        let item =
            stated(&arm, Some("acme"), VEX, &vex(&json!([about("CVE-2026-1111", status, &json!([]))])));
        assert_eq!(beside(&mut image, [item]).len(), expected, "{status}");
    }
}

/// Signer, status and day of a statement.
type Made<'a> = (&'a str, &'a str, u8);

#[test]
fn the_latest_statement_of_every_signer_has_to_excuse() {
    let at = |status: &str, day: u8| {
        let mut statement = about("CVE-2026-1111", status, &json!([]));
        statement["timestamp"] = json!(format!("2026-11-{day:02}T00:00:00Z"));
        statement
    };
    let cases: [(&[Made<'_>], bool); 7] = [
        (&[("acme", "not_affected", 1)], true),
        (&[("acme", "affected", 1), ("acme", "fixed", 2)], true),
        (&[("acme", "not_affected", 1), ("acme", "affected", 2)], false),
        (&[("acme", "not_affected", 1), ("acme", "under_investigation", 1)], false),
        (&[("acme", "not_affected", 2), ("other", "affected", 1)], false),
        (&[("acme", "not_affected", 2), ("other", "fixed", 1)], true),
        (&[("acme", "affected", 1)], false),
    ];
    for (statements, expected) in cases {
        let mut image = redis();
        let items: Vec<_> = statements
            .iter()
            .map(|(signer, status, day)| by(&image, Some(signer), &at(status, *day)))
            .collect();
        beside(&mut image, items);
        let excused = !image.scan.unwrap().findings[0].excused_by().is_empty();
        assert_eq!(excused, expected, "{statements:?}");
    }
}

/// What is not read could say the opposite of what is.
#[test]
fn nothing_is_excused_where_not_everything_was_read() {
    let mut image = redis();
    let own = image.custody.subject.digest.clone();
    let good = by(&image, Some("acme"), &about("CVE-2026-1111", "not_affected", &json!([])));
    let broken = stated(&own, Some("acme"), VEX, &json!({"@context": VEX, "statements": [{}]}));
    let later = stated(&own, Some("acme"), "https://openvex.dev/ns/v9", &json!({}));
    let many: Vec<_> = (0..1001).map(|n| about(&format!("CVE-2026-{n}"), "fixed", &json!([]))).collect();
    let many = stated(&own, Some("acme"), VEX, &vex(&json!(many)));
    for (other, reason) in [
        (broken, "a signer's statements about vulnerabilities cannot be read"),
        (later, "a signer's statements about vulnerabilities cannot be read"),
        (many, "a signer states more than 1000 things about this image"),
    ] {
        assert_eq!(beside(&mut image, [good.clone(), other.clone()]), Vec::<String>::new());
        let record = recorded(&image, [good.clone(), other.clone()]);
        assert_eq!(record.excuses_not_used.as_deref(), Some(reason));
        // Of nobody they change nothing: or anybody could take a signer's statements away.
        let unsigned = Stated { signer: None, outcome: Outcome::Foreign, ..other };
        assert_eq!(beside(&mut image, [good.clone(), unsigned]), ["acme not_affected"]);
    }
    let mut full = StatedList::default();
    full.add(good);
    full.incomplete = true;
    let record = record(&image.custody, &image.packages, &full);
    assert_eq!(
        record.excuses_not_used.as_deref(),
        Some("not everything that signers state could be read or kept")
    );
}

#[test]
fn every_kind_of_statement_is_recorded() {
    let image = redis();
    let own = &image.custody.subject.digest;
    let of = |kind: &str, predicate: Value| stated(own, Some("acme"), kind, &predicate);
    let record = recorded(
        &image,
        [
            of(
                "https://slsa.dev/provenance/v0.2",
                json!({"builder": {"id": "b"}, "materials": [{"uri": "u", "digest": {"sha1": "a"}}]}),
            ),
            of(
                "https://cosign.sigstore.dev/attestation/vuln/v1",
                json!({"scanner": {"uri": "s", "result": {"matches": []}}, "metadata": {"scanFinishedOn": "2026-11-01T00:00:00Z"}}),
            ),
            of(
                "https://slsa.dev/verification_summary/v1",
                json!({"verifier": {"id": "v"}, "resourceUri": "r", "verificationResult": "FAILED", "verifiedLevels": ["L"]}),
            ),
            of("https://in-toto.io/attestation/release/v0.1", json!({"purl": "pkg:github/a/b@1"})),
            of("https://spdx.dev/Document", json!({})),
            of("https://example.com/x", json!({})),
        ],
    );
    let blocks: BTreeSet<String> = record
        .documents
        .iter()
        .map(|document| {
            let Value::Object(map) = serde_json::to_value(document).unwrap() else { panic!() };
            let common = ["attestation", "subject", "predicateType", "outcome", "signer"];
            map.keys().filter(|key| !common.contains(&key.as_str())).cloned().collect::<String>()
        })
        .collect();
    assert_eq!(
        blocks.into_iter().collect::<Vec<_>>(),
        ["", "build", "release", "summary", "unreadable", "vulnerabilities"]
    );
    assert!(!record.says_nothing() && recorded(&image, []).says_nothing());
    assert_eq!(record.excuses_not_used, None);
}

#[test]
fn labels_are_those_of_openvex() {
    for (status, label) in
        [(VexStatus::NotAffected, "not_affected"), (VexStatus::UnderInvestigation, "under_investigation")]
    {
        assert_eq!(serde_json::to_value(status).unwrap(), label);
        assert_eq!(VexStatus::of_openvex(label), Some(status));
    }
}
