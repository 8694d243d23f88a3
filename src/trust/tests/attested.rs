//! Attestations: who made them, and whether that is what a policy wants.

use std::collections::BTreeSet;

use super::{instance::*, memory::*, *};
use crate::{
    manifest::DesiredAttestation,
    model::{
        Outcome::{Absent, Foreign, Invalid, Undeterminable, Verified},
        SignatureFormat,
    },
};

const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";
const SBOM: &str = "https://example.org/sbom/v1";
const VULN: &str = "https://example.org/scan/v1";

fn wanted(name: &str, predicate: &str, required: bool) -> DesiredAttestation {
    DesiredAttestation {
        name: name.to_owned(),
        predicate: predicate.to_owned(),
        signers: None,
        required,
        says: BTreeMap::new(),
        levels: BTreeSet::new(),
    }
}

fn demanding(attestations: Vec<DesiredAttestation>) -> DesiredPolicy {
    DesiredPolicy { attestations, ..policy(&[("org", &org())]) }
}

/// An image that the organisation signed, with attestations by keys.
fn attested(attestations: &[(&TestKey, &str)]) -> Memory {
    let registry = with_image("image");
    let digest = image("image").digest;
    put_bundle(
        &registry,
        &image("image"),
        bundle(&org(), &org(), &statement(SIGN, &digest)).to_string().as_bytes(),
    );
    for (key, predicate) in attestations {
        let bundle = bundle(key, key, &statement(predicate, &digest));
        put_bundle(&registry, &image("image"), bundle.to_string().as_bytes());
    }
    registry
}

async fn judged(registry: &Memory, policy: &DesiredPolicy) -> VerificationRecord {
    verify(registry, PATH, &image("image").digest, Some(policy)).await
}

fn outcomes(record: &VerificationRecord) -> Vec<(&str, Outcome)> {
    record.demands.iter().map(|made| (made.demand.as_str(), made.outcome)).collect()
}

/// An attestation that was altered, or is about another image, is an invalid one: it is neither missing nor a signature.
#[tokio::test]
async fn an_attestation_that_does_not_hold_is_invalid_and_no_signature() {
    let digest = image("image").digest;
    let mut altered = bundle(&org(), &org(), &statement(SBOM, &digest));
    let other = bundle(&org(), &org(), &statement(SBOM, &image("other").digest));
    altered["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"].clone();
    for bundle in [altered, other] {
        let registry = attested(&[]);
        put_bundle(&registry, &image("image"), bundle.to_string().as_bytes());
        let record = judged(&registry, &demanding(vec![wanted("sbom", SBOM, true)])).await;
        assert_eq!(outcomes(&record), [("signature", Verified), ("sbom", Invalid)]);
        assert_eq!((record.signatures.len(), record.attestations.len()), (1, 1));
        assert_eq!(judged(&registry, &policy(&[("org", &org())])).await.outcome, Verified);
    }
}

#[tokio::test]
async fn the_worst_demand_decides_and_each_is_told() {
    type Case<'a> = (&'a [(&'a TestKey, &'a str)], Outcome, [Outcome; 3]);
    let both = [wanted("sbom", SBOM, true), wanted("scan", VULN, true)];
    let cases: [Case<'_>; 4] = [
        (&[(&org(), SBOM), (&org(), VULN)], Verified, [Verified, Verified, Verified]),
        (&[(&org(), SBOM)], Absent, [Verified, Verified, Absent]),
        (&[(&org(), SBOM), (&stranger(), VULN)], Foreign, [Verified, Verified, Foreign]),
        // One that counts is enough, whoever else speaks.
        (&[(&org(), SBOM), (&org(), VULN), (&stranger(), VULN)], Verified, [Verified, Verified, Verified]),
    ];
    for (attestations, outcome, [signature, sbom, scan]) in cases {
        let record = judged(&attested(attestations), &demanding(both.to_vec())).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
        assert_eq!(outcomes(&record), [("signature", signature), ("sbom", sbom), ("scan", scan)]);
        assert_eq!(record.attestations.len(), attestations.len());
        assert!(record.attestations.is_sorted());
    }
}

#[tokio::test]
async fn what_is_not_required_counts_where_it_contradicts() {
    let optional = demanding(vec![wanted("sbom", SBOM, false)]);
    let cases: [(&[(&TestKey, &str)], Outcome); 3] =
        [(&[], Verified), (&[(&org(), SBOM)], Verified), (&[(&stranger(), SBOM)], Foreign)];
    for (attestations, outcome) in cases {
        let record = judged(&attested(attestations), &optional).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
    }
}

#[tokio::test]
async fn only_the_named_signers_statement_counts() {
    let mut policy = demanding(vec![wanted("sbom", SBOM, true)]);
    policy.keys.push(super::policy(&[("other", &stranger())]).keys[0].clone());
    policy.attestations[0].signers = Some(BTreeSet::from(["other".to_owned()]));
    let record = judged(&attested(&[(&org(), SBOM)]), &policy).await;
    assert_eq!(record.outcome, Foreign, "{}", record.reason);
    let record = judged(&attested(&[(&stranger(), SBOM)]), &policy).await;
    assert_eq!(record.outcome, Verified, "{}", record.reason);
}

#[tokio::test]
async fn a_bundle_for_another_predicate_or_another_image_meets_no_demand() {
    let policy = demanding(vec![wanted("sbom", SBOM, true)]);
    let record = judged(&attested(&[(&org(), "https://example.org/sbom/v2")]), &policy).await;
    assert_eq!(outcomes(&record), [("signature", Verified), ("sbom", Absent)]);
    let registry = attested(&[]);
    let other = bundle(&org(), &org(), &statement(SBOM, &image("other").digest));
    put_bundle(&registry, &image("image"), other.to_string().as_bytes());
    let record = judged(&registry, &policy).await;
    assert_eq!(outcomes(&record)[1], ("sbom", Invalid));
}

#[tokio::test]
async fn a_publisher_who_only_attests() {
    let mut policy = demanding(vec![wanted("sbom", SBOM, true)]);
    policy.signers.at_least = 0;
    let registry = with_image("image");
    let attestation = bundle(&org(), &org(), &statement(SBOM, &image("image").digest));
    put_bundle(&registry, &image("image"), attestation.to_string().as_bytes());
    let record = judged(&registry, &policy).await;
    assert_eq!(
        (record.outcome, outcomes(&record)),
        (Verified, vec![("sbom", Verified)]),
        "{}",
        record.reason
    );
}

/// Returns the layer of a `.att` manifest: an envelope with annotations.
fn layer(key: &TestKey, predicate: &str) -> (Vec<u8>, Vec<(&'static str, String)>) {
    let bundle = bundle(key, key, &statement(predicate, &image("image").digest));
    let annotations =
        vec![(format::SIGNATURE, String::new()), (format::LAYER_PREDICATE, predicate.to_owned())];
    (bundle["dsseEnvelope"].to_string().into_bytes(), annotations)
}

/// Stores a `.att` manifest.
fn put_attestations(registry: &Memory, layers: &[Layer]) {
    let descriptors: Vec<_> = layers
        .iter()
        .map(|(envelope, annotations)| {
            registry.seed_blob(PATH, envelope);
            let mut layer = Descriptor::of(format::ENVELOPE, envelope);
            layer.annotations =
                annotations.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            layer
        })
        .collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": Descriptor::of(media_type::OCI_CONFIG, b"{}"), "layers": descriptors})
    .to_string();
    let tag = format::attestation_tag(&image("image").digest).unwrap();
    registry.seed_manifest(PATH, Some(&tag), media_type::OCI_MANIFEST, manifest.as_bytes());
}

#[tokio::test]
async fn legacy_attestations_are_read_where_they_are_demanded() {
    let policy = demanding(vec![wanted("sbom", SBOM, true)]);
    for (key, outcome) in [(org(), Verified), (stranger(), Foreign)] {
        let registry = attested(&[]);
        put_attestations(&registry, &[layer(&key, VULN), layer(&key, SBOM)]);
        let record = judged(&registry, &policy).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
        let formats: Vec<_> = record.attestations.iter().map(|found| found.format).collect();
        assert_eq!(formats, [SignatureFormat::CosignAttestation; 2]);
        // Nobody asks for the tag where nothing is demanded.
        registry.fail(&format!("manifest {}", record.attestations[0].place), unavailable());
        assert_eq!(judged(&registry, &demanding(vec![])).await.outcome, Verified);
        assert_eq!(judged(&registry, &policy).await.outcome, Undeterminable, "an error is never absence");
    }
}

#[tokio::test]
async fn a_legacy_attestation_by_a_certificate_with_its_log_entry() {
    let sigstore = Sigstore::new();
    let by = sigstore.certify();
    let (envelope, mut annotations) = layer(&by.key, SBOM);
    annotations.push((format::CERTIFICATE, by.pem.clone()));
    let body = dsse_body(&serde_json::from_slice(&envelope).unwrap(), &by.pem);
    annotations.push(sigstore.logged(&body, NOON));
    let mut policy = identity_policy(workflow(), &sigstore.root());
    policy.signers.at_least = 0;
    policy.attestations = vec![wanted("sbom", SBOM, true)];
    let registry = with_image("image");
    put_attestations(&registry, &[(envelope.clone(), annotations.clone())]);
    let record = judged(&registry, &policy).await;
    assert_eq!(record.outcome, Verified, "{}", record.reason);
    // The entry of another envelope.
    let other = bundle(&by.key, &by.key, &statement(VULN, &image("image").digest));
    annotations.pop();
    annotations.push(sigstore.logged(&dsse_body(&other["dsseEnvelope"], &by.pem), NOON));
    let registry = with_image("image");
    put_attestations(&registry, &[(envelope, annotations)]);
    assert_eq!(judged(&registry, &policy).await.outcome, Invalid);
}

#[tokio::test]
async fn legacy_layers_as_referrers_are_judged_as_what_they_are() {
    let registry = with_image("image");
    let payload = payload(&image("image").digest);
    registry.seed_blob(PATH, &payload);
    let mut layer = Descriptor::of(media_type::SIMPLE_SIGNING, &payload);
    let (name, signature) = signature_of(&org(), &payload);
    layer.annotations.insert(name.to_owned(), signature);
    let config = Descriptor::of("application/vnd.dev.cosign.artifact.sig.v1+json", b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config,
        "layers": [layer], "subject": image("image")});
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.to_string().as_bytes());
    let record = verified_by_org(&registry, &image("image")).await;
    assert_eq!(record.outcome, Verified, "{}", record.reason);
    assert_eq!(record.signatures[0].format, SignatureFormat::CosignLegacy);
    assert_eq!(record.signatures[0].content, Some(Digest::sha256(&payload)));
}
