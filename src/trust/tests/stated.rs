//! What attestations state, from the registry to whoever uses it, and demands for what they say.

use std::collections::{BTreeMap, BTreeSet};

use super::{memory::*, *};
use crate::{
    manifest::{DesiredAttestation, Wanted},
    model::StatementKind,
    trust::{
        buildkit,
        predicate::{Content, StatedList},
        verify::{Accepted, verify_and_read},
    },
};

const VEX: &str = "https://openvex.dev/ns";
const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v0.2";

fn about_image(predicate_type: &str, predicate: &Value) -> Value {
    let mut statement = statement(predicate_type, &image("image").digest);
    statement["predicate"] = predicate.clone();
    statement
}

async fn read_by(policy: &DesiredPolicy, bundles: &[(TestKey, Value)]) -> (VerificationRecord, StatedList) {
    let registry = with_image("image");
    for (key, statement) in bundles {
        let bundle = bundle(key, key, statement).to_string();
        put_bundle(&registry, &image("image"), bundle.as_bytes());
    }
    let accepted = Accepted::of_policy(Some(policy));
    verify_and_read(&registry, PATH, &image("image").digest, &[], &accepted).await
}

fn vex() -> Value {
    json!({"@context": VEX, "timestamp": "2026-11-01T00:00:00Z",
        "statements": [{"vulnerability": {"name": "CVE-2026-0001"}, "status": "fixed"}]})
}

fn provenance(source: &str) -> Value {
    json!({"builder": {"id": "https://builder.example"}, "invocation": {"configSource": {"uri": source}}})
}

fn summary(resource: &str, result: &str) -> Value {
    json!({"verifier": {"id": "https://verifier.example"}, "resourceUri": resource, "verificationResult": result,
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3"]})
}

/// A policy that demands one attestation and no signature beside it is not needed: the demand's outcome is looked at.
fn demanding(predicate: &str, says: &[(StatementKind, &str)], levels: &[&str]) -> DesiredPolicy {
    let exactly = |(kind, text): &(StatementKind, &str)| (*kind, Wanted::Exactly((*text).to_owned()));
    let attestation = DesiredAttestation {
        name: "demand".into(),
        predicate: predicate.into(),
        signers: None,
        required: true,
        says: says.iter().map(exactly).collect::<BTreeMap<_, _>>(),
        levels: levels.iter().map(|level| (*level).to_owned()).collect::<BTreeSet<_>>(),
    };
    DesiredPolicy { attestations: vec![attestation], ..policy(&[("org", &org())]) }
}

#[tokio::test]
async fn what_is_stated_has_its_signer_only_where_verified() {
    let bundles = [(org(), about_image(VEX, &vex())), (stranger(), about_image(VEX, &vex()))];
    let (record, stated) = read_by(&policy(&[("org", &org())]), &bundles).await;
    assert_eq!(record.attestations.len(), 2);
    let told: Vec<_> = stated.items().iter().map(|s| (s.outcome, s.signer.as_deref())).collect();
    assert_eq!(told, [(Outcome::Verified, Some("org")), (Outcome::Foreign, None)]);
    assert!(stated.items().iter().all(|s| matches!(s.said.content, Content::Vex(_))));
    assert!(!stated.incomplete);
    let contents: BTreeSet<_> =
        record.attestations.iter().filter_map(|found| found.content.clone()).collect();
    assert_eq!(stated.items().iter().map(|s| s.attestation.clone()).collect::<BTreeSet<_>>(), contents);
}

#[tokio::test]
async fn a_signers_statement_that_cannot_be_read_leaves_the_rest_incomplete() {
    let statement = about_image("https://example.com/x", &json!({"a": 1})).to_string();
    let twice: Value = json!({"raw": statement.replace("\"a\":1", "\"a\":1,\"a\":2")});
    let text = twice["raw"].as_str().unwrap();
    let registry = with_image("image");
    let signed = format!("DSSEv1 28 application/vnd.in-toto+json {} {text}", text.len());
    let mut bundle = bundle(&org(), &org(), &json!({}));
    bundle["dsseEnvelope"]["payload"] = json!(STANDARD.encode(text));
    bundle["dsseEnvelope"]["signatures"][0]["sig"] =
        json!(STANDARD.encode(org().signature(signed.as_bytes())));
    put_bundle(&registry, &image("image"), bundle.to_string().as_bytes());
    let accepted = Accepted::of_policy(Some(&policy(&[("org", &org())])));
    let (record, stated) = verify_and_read(&registry, PATH, &image("image").digest, &[], &accepted).await;
    assert_eq!(record.attestations[0].outcome, Outcome::Verified);
    assert!(record.attestations[0].reason.contains("the key `a` twice"), "{}", record.attestations[0].reason);
    assert!(stated.items().is_empty() && stated.incomplete);
}

#[tokio::test]
async fn demands_are_met_by_what_a_signer_says() {
    let source = (StatementKind::Source, "https://github.com/acme/web");
    let good = about_image(PROVENANCE, &provenance("git+https://github.com/acme/web@refs/heads/main"));
    let cases = [
        (org(), good.clone(), Outcome::Verified, "attested by `org`"),
        (stranger(), good, Outcome::Foreign, ""),
        (
            org(),
            about_image(
                PROVENANCE,
                &provenance("git+https://github.com/acme/web.git.evil.example@refs/heads/main"),
            ),
            Outcome::Invalid,
            "its source is `https://github.com/acme/web.git.evil.example`",
        ),
        (org(), about_image(PROVENANCE, &json!({})), Outcome::Invalid, "`builder` is missing"),
        (org(), about_image(VEX, &vex()), Outcome::Absent, "no attestation of `slsaProvenance`"),
    ];
    for (key, statement, outcome, reason) in cases {
        let (record, _) = read_by(&demanding("slsaProvenance", &[source], &[]), &[(key, statement)]).await;
        let demand = record.demands.iter().find(|demand| demand.demand == "demand").unwrap();
        assert_eq!(demand.outcome, outcome, "{}", demand.reason);
        assert!(demand.reason.contains(reason), "{}", demand.reason);
    }
}

#[tokio::test]
async fn attack_a_summary_that_failed_or_is_for_another_repository() {
    let own = repository().to_string();
    for (resource, result, outcome, reason) in [
        (own.as_str(), "PASSED", Outcome::Verified, "attested by `org`"),
        (own.as_str(), "FAILED", Outcome::Invalid, "its verification result is `FAILED`"),
        (
            "mirror.example/team/other",
            "PASSED",
            Outcome::Invalid,
            "for another resource, `mirror.example/team/other`",
        ),
    ] {
        let wanted = demanding("verificationSummary", &[], &["SLSA_BUILD_LEVEL_3"]);
        let statement = about_image(SUMMARY, &summary(resource, result));
        let (record, _) = read_by(&wanted, &[(org(), statement)]).await;
        let demand = record.demands.iter().find(|demand| demand.demand == "demand").unwrap();
        assert_eq!(demand.outcome, outcome, "{}", demand.reason);
        assert!(demand.reason.contains(reason), "{}", demand.reason);
    }
}

/// Returns an index of one image with an attestation manifest of these layers, stored.
fn index(registry: &Memory, layers: &[(&str, Vec<u8>)]) -> Digest {
    let in_toto = "application/vnd.in-toto+json";
    let layers: Vec<_> = layers
        .iter()
        .map(|(annotation, bytes)| {
            registry.seed_blob(PATH, bytes);
            let mut layer = Descriptor::of(in_toto, bytes);
            layer.annotations.insert("in-toto.io/predicate-type".to_owned(), (*annotation).to_owned());
            layer
        })
        .collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "layers": layers,
        "config": Descriptor::of(media_type::OCI_CONFIG, b"{}")})
    .to_string();
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.as_bytes());
    let mut entry = Descriptor::of(media_type::OCI_MANIFEST, manifest.as_bytes());
    entry.annotations.insert("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned());
    entry.annotations.insert("vnd.docker.reference.digest".to_owned(), image("image").digest.to_string());
    let index =
        json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [image("image"), entry]});
    registry.seed_manifest(PATH, None, media_type::OCI_INDEX, index.to_string().as_bytes());
    Digest::sha256(index.to_string())
}

#[tokio::test]
async fn statements_of_an_index_are_unsigned_whatever_they_say() {
    let registry = with_image("image");
    let good = about_image(PROVENANCE, &provenance("git+https://github.com/acme/web@refs/heads/main"));
    let other = statement(PROVENANCE, &image("other").digest);
    let index = index(
        &registry,
        &[
            (PROVENANCE, good.to_string().into_bytes()),
            (VEX, good.to_string().into_bytes()),
            (PROVENANCE, other.to_string().into_bytes()),
            (PROVENANCE, b"{".to_vec()),
        ],
    );
    let found = buildkit::read(&registry, PATH, &index, &[]).await.unwrap();
    let mut told: Vec<_> =
        found.iter().map(|u| (u.found.outcome, u.found.reason.as_str(), u.stated.is_some())).collect();
    told.sort();
    let [unsigned, malformed @ ..] = told.as_slice() else { panic!() };
    assert_eq!(*unsigned, (Outcome::Absent, "unsigned: whoever pushes the image writes it", true));
    let reasons: Vec<_> = malformed.iter().map(|(outcome, reason, _)| (*outcome, &reason[..20])).collect();
    assert_eq!(
        reasons,
        [
            (Outcome::Invalid, "the annotation says "),
            (Outcome::Invalid, "the statement is for"),
            (Outcome::Invalid, "the statement is mal"),
        ]
    );
    assert!(found.iter().all(|unsigned| unsigned.found.proof == crate::model::Proof::default()));
    assert_eq!(buildkit::read(&registry, PATH, &image("nothing").digest, &[]).await.unwrap(), []);
}

#[tokio::test]
async fn an_index_that_cannot_be_read_is_not_one_without_statements() {
    let registry = with_image("image");
    let index = index(&registry, &[(PROVENANCE, b"{}".to_vec())]);
    registry.fail(&format!("manifest {index}"), super::memory::unavailable());
    assert_eq!(buildkit::read(&registry, PATH, &index, &[]).await.unwrap_err(), super::memory::unavailable());
}

#[tokio::test]
async fn statements_that_cannot_be_fetched_are_undeterminable() {
    let registry = with_image("image");
    let good = about_image(PROVENANCE, &provenance("x")).to_string().into_bytes();
    let digest = Digest::sha256(&good);
    let index = index(&registry, &[(PROVENANCE, good)]);
    registry.truncate(&digest);
    let found = buildkit::read(&registry, PATH, &index, &[]).await.unwrap();
    assert_eq!((found.len(), found[0].found.outcome, &found[0].stated), (1, Outcome::Undeterminable, &None));
    assert_eq!(found[0].found.predicate_type, PROVENANCE);
}
