//! Notary Project signatures in a registry: how they are found, and what is recorded of them.

use super::*;
use crate::{
    manifest::DesiredNotation,
    model::{ClaimKind, SignatureFormat},
    trust::{
        notation::tests::signed,
        verify::{Accepted, verify_sparingly},
    },
};

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

/// How a signature's manifest says what it is.
#[derive(Clone, Copy)]
pub(super) enum Form {
    ArtifactType,
    /// The first version of the specification.
    Config,
}

/// Stores layers as a signature of `subject`.
pub(super) fn put(registry: &Memory, subject: &Descriptor, form: Form, layers: &[&[u8]]) -> Digest {
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| {
            registry.seed_blob(PATH, layer);
            Descriptor::of("application/jose+json", layer)
        })
        .collect();
    let config = match form {
        Form::ArtifactType => Descriptor::of(media_type::OCI_EMPTY, b"{}"),
        Form::Config => Descriptor::of(SIGNATURE, b"{}"),
    };
    let mut manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config,
        "layers": layers, "subject": subject});
    if let Form::ArtifactType = form {
        manifest["artifactType"] = json!(SIGNATURE);
    }
    let manifest = manifest.to_string();
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.as_bytes());
    Digest::sha256(manifest.as_bytes())
}

/// Returns a registry with one signed image, the image, and the entry that accepts the signer.
pub(super) fn signed_image(form: Form) -> (Memory, Descriptor, DesiredNotation) {
    let registry = Memory::default();
    registry.seed_manifest(PATH, Some("1"), media_type::OCI_MANIFEST, &manifest("image"));
    let subject = image("image");
    let (envelope, store) = signed(&subject);
    put(&registry, &subject, form, &[&envelope]);
    (registry, subject, store)
}

async fn judged(registry: &Memory, subject: &Descriptor, stores: Vec<DesiredNotation>) -> VerificationRecord {
    let policy = DesiredPolicy { notation: stores, ..policy(&[("org", &org())]) };
    let accepted = Accepted::of_policy(Some(&policy)).at(at());
    verify_sparingly(registry, PATH, &subject.digest, &[], &accepted).await
}

#[tokio::test]
async fn a_signature_is_found_in_both_forms_and_recorded_with_its_signer() {
    for form in [Form::ArtifactType, Form::Config] {
        let (registry, subject, store) = signed_image(form);
        let record = judged(&registry, &subject, vec![store]).await;
        assert_eq!(record.outcome, Outcome::Verified, "{}", record.reason);
        let [found] = record.signatures.as_slice() else { panic!("{record:?}") };
        assert_eq!(found.format, SignatureFormat::Notation);
        assert_eq!(found.proof.signer.as_deref(), Some("vendor"));
        assert_eq!(found.proof.claims[&ClaimKind::Identity], "CN=Release,O=Example,ST=Berlin,C=DE");
        assert!(found.reason.ends_with("revocation was not asked"), "{}", found.reason);
        assert!(found.content.is_some());
    }
}

#[tokio::test]
async fn presence_is_told_where_nothing_accepts_it() {
    let (registry, subject, _) = signed_image(Form::ArtifactType);
    let record = judged(&registry, &subject, vec![]).await;
    let reason = "present, not verified: the policy names no Notation trust store";
    assert_eq!(told(&record), [(Outcome::Foreign, reason)]);
    assert_eq!(record.outcome, Outcome::Foreign);
    let record = verify(&registry, PATH, &subject.digest, None).await;
    assert_eq!((record.outcome, told(&record)), (Outcome::Foreign, vec![(Outcome::Foreign, reason)]));
}

#[tokio::test]
async fn without_a_time_nothing_is_determined() {
    let (registry, subject, store) = signed_image(Form::ArtifactType);
    let policy = DesiredPolicy { notation: vec![store], ..policy(&[]) };
    let record = verify(&registry, PATH, &subject.digest, Some(&policy)).await;
    let reason = "no time is told to judge its certificates at";
    assert_eq!(told(&record), [(Outcome::Undeterminable, reason)]);
}

#[tokio::test]
async fn a_signature_of_another_image_and_one_of_two_layers_are_invalid() {
    let (registry, other, store) = signed_image(Form::ArtifactType);
    let (envelope, _) = signed(&other);
    for (layers, reason) in [
        (vec![&envelope[..]], "it signs another image"),
        (vec![&envelope[..], b"x"], "the manifest has 2 layers, not one"),
        (vec![], "the manifest has 0 layers, not one"),
        (vec![&vec![b' '; 1024 * 1024 + 1][..]], "the envelope has 1048577 bytes, more than 1048576"),
    ] {
        let subject = image("second");
        let registry = Memory::default();
        registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, &manifest("second"));
        put(&registry, &subject, Form::ArtifactType, &layers);
        let record = judged(&registry, &subject, vec![store.clone()]).await;
        assert_eq!(record.outcome, Outcome::Invalid, "{}", record.reason);
        assert!(record.reason.starts_with(reason), "{}", record.reason);
    }
    assert_eq!(judged(&registry, &other, vec![store]).await.outcome, Outcome::Verified);
}

#[tokio::test]
async fn a_registry_that_fails_is_no_missing_signature() {
    let (registry, subject, store) = signed_image(Form::ArtifactType);
    registry.fail(&format!("manifest {}", subject.digest), memory::unavailable());
    let record = judged(&registry, &subject, vec![store.clone()]).await;
    assert_eq!(record.outcome, Outcome::Undeterminable, "{}", record.reason);

    let registry = Memory::default();
    let (envelope, store) = signed(&subject);
    put(&registry, &subject, Form::ArtifactType, &[&envelope]);
    let record = judged(&registry, &subject, vec![store]).await;
    let reason = "the registry does not have the signed image";
    assert_eq!(told(&record), [(Outcome::Undeterminable, reason)]);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_determines_nothing() {
    let (registry, subject, mut store) = signed_image(Form::ArtifactType);
    store.identities = vec!["x509.subject: Example".to_owned()];
    let record = judged(&registry, &subject, vec![store]).await;
    assert_eq!(record.outcome, Outcome::Undeterminable);
    assert!(record.reason.contains("of Notation store `vendor` cannot be read"), "{}", record.reason);
}
