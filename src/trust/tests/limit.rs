//! Every limit, one step inside and one step outside.

use super::*;
use crate::trust::{format::LAYERS_MAX, sign::sign_image};

/// The limits, written out again so that a changed one is noticed.
const REFERRERS_MAX: usize = 256;
const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
const BUNDLE_BYTES_MAX: usize = 8 * 1024 * 1024;

fn layers(count: usize) -> Vec<Layer> {
    let payload = payload(&image("image").digest);
    let annotation = signature_of(&stranger(), &payload);
    vec![(payload, vec![annotation]); count]
}

#[tokio::test]
async fn signature_layers_over_the_limit_determine_nothing() {
    assert_eq!(LAYERS_MAX, 64);
    for (count, outcome) in [(LAYERS_MAX, Outcome::Foreign), (LAYERS_MAX + 1, Outcome::Undeterminable)] {
        let registry = Memory::default();
        put_signatures(&registry, &image("image"), &layers(count));
        let record = verified_by_org(&registry, &image("image")).await;
        assert_eq!((record.outcome, record.signatures.len()), (outcome, LAYERS_MAX), "{}", record.reason);
    }
}

#[tokio::test]
async fn a_full_signature_tag_is_not_made_fuller() {
    let registry = Memory::default();
    put_signatures(&registry, &image("image"), &layers(LAYERS_MAX));
    let error = sign_image(&registry, &repository(), &[image("image")], &org(), at()).await.unwrap_err();
    assert!(error.to_string().contains("carries 64 signatures already"), "{error}");
    assert_eq!(registry.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn referrers_over_the_limit_determine_nothing() {
    for (count, outcome) in [(REFERRERS_MAX, Outcome::Absent), (REFERRERS_MAX + 1, Outcome::Undeterminable)] {
        let registry = Memory::default();
        for number in 0..count {
            let manifest = json!({
                "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": "application/x-note",
                "config": Descriptor::of(media_type::OCI_EMPTY, b"{}"), "layers": [],
                "subject": image("image"), "annotations": {"number": number.to_string()},
            });
            registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.to_string().as_bytes());
        }
        let record = verified_by_org(&registry, &image("image")).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
    }
}

#[tokio::test]
async fn a_payload_over_the_limit_is_not_read() {
    for (size, outcome) in [(PAYLOAD_BYTES_MAX, Outcome::Verified), (PAYLOAD_BYTES_MAX + 1, Outcome::Invalid)]
    {
        let registry = Memory::default();
        let mut payload = payload(&image("image").digest);
        payload.resize(size, b' ');
        let annotation = signature_of(&org(), &payload);
        put_signatures(&registry, &image("image"), &[(payload, vec![annotation])]);
        let record = verified_by_org(&registry, &image("image")).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
    }
}

#[tokio::test]
async fn a_bundle_over_the_limit_is_not_read() {
    for (size, outcome) in
        [(BUNDLE_BYTES_MAX, Outcome::Verified), (BUNDLE_BYTES_MAX + 1, Outcome::Undeterminable)]
    {
        let registry = Memory::default();
        let statement = statement(format::SIGN_PREDICATE, &image("image").digest);
        let mut bundle = bundle(&org(), &org(), &statement).to_string().into_bytes();
        bundle.resize(size, b' ');
        put_bundle(&registry, &image("image"), &bundle);
        let record = verified_by_org(&registry, &image("image")).await;
        assert_eq!(record.outcome, outcome, "{}", record.reason);
    }
}

#[tokio::test]
async fn a_large_attestation_is_no_obstacle() {
    let registry = Memory::default();
    let layer =
        Descriptor::new(media_type::SIGSTORE_BUNDLE, Digest::sha256(b"big"), BUNDLE_BYTES_MAX as u64 + 1);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": media_type::SIGSTORE_BUNDLE,
        "config": Descriptor::of(media_type::OCI_EMPTY, b"{}"), "layers": [layer], "subject": image("image"),
        "annotations": {"dev.sigstore.bundle.predicateType": "https://spdx.dev/Document"},
    });
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.to_string().as_bytes());
    let record = verified_by_org(&registry, &image("image")).await;
    assert_eq!((record.outcome, record.signatures.len()), (Outcome::Absent, 0));
    let [attested] = record.attestations.as_slice() else { panic!("{record:?}") };
    assert_eq!(
        (attested.predicate_type.as_str(), attested.outcome),
        ("https://spdx.dev/Document", Outcome::Undeterminable)
    );
    assert!(attested.reason.contains("over the limit"), "{}", attested.reason);
}

#[tokio::test]
async fn a_blob_longer_than_its_descriptor_is_cut_off() {
    let registry = Memory::default();
    let subject = image("image");
    let bytes = bundle(&org(), &org(), &statement(format::SIGN_PREDICATE, &subject.digest)).to_string();
    put_bundle(&registry, &subject, bytes.as_bytes());
    let key = (PATH.to_owned(), Digest::sha256(bytes.as_bytes()));
    registry.state().blobs.insert(key, vec![b' '; 100_000].into());
    let record = verified_by_org(&registry, &subject).await;
    assert_eq!(record.outcome, Outcome::Undeterminable);
    // One frame of a thousand bytes more than promised, not all hundred of them.
    let length = bytes.len().div_ceil(1000) * 1000;
    assert!(record.reason.contains(&format!("delivered {length} bytes")), "{}", record.reason);
}

#[tokio::test]
async fn a_thousand_junk_signatures_cost_no_more_than_the_limit_and_hide_nothing() {
    let registry = Memory::default();
    for number in 0..1000 {
        put_bundle(&registry, &image("image"), format!("junk {number}").as_bytes());
    }
    let statement = statement(format::SIGN_PREDICATE, &image("image").digest);
    put_bundle(&registry, &image("image"), bundle(&org(), &org(), &statement).to_string().as_bytes());
    let payload = payload(&image("image").digest);
    let good = vec![signature_of(&org(), &payload)];
    let mut layers = layers(1000);
    layers.push((payload, good));
    put_signatures(&registry, &image("image"), &layers);
    let record = verified_by_org(&registry, &image("image")).await;
    assert!(matches!(record.outcome, Outcome::Verified | Outcome::Undeterminable), "{}", record.reason);
    assert_eq!(record.signatures.len(), REFERRERS_MAX + LAYERS_MAX);
}

#[tokio::test]
async fn a_payload_of_200_megabytes_is_not_even_asked_for() {
    const SIZE: u64 = 200 * 1024 * 1024;
    let registry = Memory::default();
    let layer = |media_type: &str| Descriptor::new(media_type, Digest::sha256(b"huge"), SIZE);
    registry.fail(&format!("blob {}", Digest::sha256(b"huge")), memory::unavailable());
    let manifest = |layer: Descriptor, subject: Option<Descriptor>| {
        json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "subject": subject,
            "config": Descriptor::of(media_type::OCI_CONFIG, b"{}"), "layers": [layer]})
        .to_string()
    };
    let tag = format::signature_tag(&image("image").digest).unwrap();
    let payload = manifest(layer(media_type::SIMPLE_SIGNING), None);
    registry.seed_manifest(PATH, Some(&tag), media_type::OCI_MANIFEST, payload.as_bytes());
    let record = verified_by_org(&registry, &image("image")).await;
    assert_eq!(record.outcome, Outcome::Invalid, "{}", record.reason);
    let bundle = manifest(layer(media_type::SIGSTORE_BUNDLE), Some(image("image")));
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, bundle.as_bytes());
    let record = verified_by_org(&registry, &image("image")).await;
    assert_eq!(record.outcome, Outcome::Undeterminable);
    assert!(record.reason.contains("over the limit"), "{}", record.reason);
}
