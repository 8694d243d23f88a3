//! What is signed verifies, is written once, and keeps what others wrote.

use serde_json::Value;

use super::{memory::*, *};
use crate::{
    evidence::Vouched,
    model::{Document, Kind, Reference, SignatureFormat},
    registry::Registry as _,
    trust::sign::sign_image,
};

/// Signs one subject.
async fn sign(registry: &Memory, subject: &Descriptor, key: &TestKey) -> Result<Vec<Vouched>, SignError> {
    sign_image(registry, &repository(), std::slice::from_ref(subject), key, at()).await
}

#[tokio::test]
async fn what_we_sign_verifies_in_both_forms() {
    let registry = Memory::default();
    let (index, platform) = (image("index"), image("platform"));
    let subjects = [index.clone(), platform.clone()];
    let vouched = sign_image(&registry, &repository(), &subjects, &org(), at()).await.unwrap();
    assert_eq!(vouched.len(), 4);
    assert!(vouched.is_sorted());
    for subject in &subjects {
        let record = verified_by_org(&registry, subject).await;
        assert_eq!(
            (record.outcome, record.reason.as_str()),
            (Outcome::Verified, "signed by accepted key `org`")
        );
        let formats: Vec<_> = record.signatures.iter().map(|found| found.format).collect();
        assert_eq!(formats, [SignatureFormat::CosignLegacy, SignatureFormat::SigstoreBundle]);
        for found in &record.signatures {
            assert_eq!((found.outcome, found.proof.key.as_deref()), (Outcome::Verified, Some("org")));
            let expected = Vouched {
                format: if found.format == SignatureFormat::CosignLegacy {
                    "cosign-legacy"
                } else {
                    "sigstore-bundle"
                }
                .to_owned(),
                subject: subject.digest.clone(),
                digest: found.digest.clone(),
                predicate_type: None,
                key: Some(org().key_digest()),
                facts: None,
                as_of: None,
                log: None,
            };
            assert!(vouched.contains(&expected), "{expected:?}");
        }
        let tag = format!("sha256-{}.sig", subject.digest.hex());
        assert_eq!(record.signatures[0].place, tag);
        assert_eq!(record.signatures[1].place, record.signatures[1].digest.to_string());
    }
}

/// The expected documents are those of cosign's SIGNATURE_SPEC and BUNDLE_SPEC.
#[tokio::test]
async fn what_we_write_has_the_shape_that_cosign_writes() {
    let registry = Memory::default();
    let subject = image("image");
    let vouched = sign(&registry, &subject, &org()).await.unwrap();
    let state = registry.state();
    let manifest = |digest: &Digest| -> Value {
        serde_json::from_slice(&state.manifests[&(PATH.to_owned(), digest.clone())].1).unwrap()
    };
    let blob = |digest: &str| &state.blobs[&(PATH.to_owned(), digest.parse().unwrap())];

    let legacy = manifest(&vouched[0].digest);
    let payload = blob(legacy["layers"][0]["digest"].as_str().unwrap());
    let digest = &subject.digest;
    let expected = format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"mirror.example/team/web"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
    );
    assert_eq!(payload, expected.as_bytes());
    assert_eq!(legacy["layers"][0]["mediaType"], "application/vnd.dev.cosign.simplesigning.v1+json");
    assert_eq!(legacy["config"]["mediaType"], "application/vnd.oci.image.config.v1+json");
    let config: Value = serde_json::from_slice(blob(legacy["config"]["digest"].as_str().unwrap())).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"], json!([legacy["layers"][0]["digest"]]));

    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{}"}}}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{{}}}}"#,
        digest.hex()
    );
    let referrer = manifest(&vouched[1].digest);
    let layer = referrer["layers"][0]["digest"].as_str().unwrap();
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "layers": [{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "digest": layer, "size": blob(layer).len()}],
        "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": image("image").size},
        "annotations": {"org.opencontainers.image.created": "2026-11-21T00:00:00Z",
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
            "vnd.fondaco.key": org().key_digest(), "vnd.fondaco.statement": Digest::sha256(&statement)},
    });
    assert_eq!(referrer, expected);
    assert_eq!(
        blob("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
        b"{}".as_slice()
    );
    let bundle: Value = serde_json::from_slice(blob(layer)).unwrap();
    assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    let signed = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(signed).unwrap(), statement);
}

#[tokio::test]
async fn signing_again_writes_nothing() {
    let registry = Memory::default();
    let subjects = [image("index"), image("platform")];
    let first = sign_image(&registry, &repository(), &subjects, &org(), at()).await.unwrap();
    let (writes, state) = (registry.writes().len(), registry.state().clone());
    let later = "2027-01-01T00:00:00Z".parse().unwrap();
    let second = sign_image(&registry, &repository(), &subjects, &org(), later).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(registry.writes().len(), writes);
    assert_eq!(*registry.state(), state);
}

#[tokio::test]
async fn two_runs_in_two_registries_write_equal_bytes() {
    let (one, two) = (Memory::default(), Memory::default());
    for registry in [&one, &two] {
        sign(registry, &image("image"), &org()).await.unwrap();
    }
    assert_eq!(*one.state(), *two.state());
}

#[tokio::test]
async fn a_run_that_died_between_the_forms_is_finished() {
    let registry = Memory::default();
    let subject = image("image");
    sign(&registry, &subject, &org()).await.unwrap();
    let whole = registry.state().clone();
    registry.state().referrers.clear();
    let writes = registry.writes().len();
    sign(&registry, &subject, &org()).await.unwrap();
    assert_eq!(*registry.state(), whole);
    // The signature tag is as it was; blobs of equal bytes are stored again.
    let again = &registry.writes()[writes..];
    assert!(!again.iter().any(|write| write.contains(".sig")), "{again:?}");
    assert_eq!(again.iter().filter(|write| write.starts_with("manifest")).count(), 1, "{again:?}");
}

#[tokio::test]
async fn signatures_of_others_stay_in_the_signature_tag() {
    let registry = Memory::default();
    let subject = image("image");
    sign(&registry, &subject, &stranger()).await.unwrap();
    sign(&registry, &subject, &org()).await.unwrap();
    let record = verify(
        &registry,
        PATH,
        &subject.digest,
        Some(&policy(&[("stranger", &stranger()), ("org", &org())])),
    )
    .await;
    let signers: Vec<_> =
        record.signatures.iter().map(|found| (found.format, found.proof.key.as_deref())).collect();
    let expected = [
        (SignatureFormat::CosignLegacy, Some("org")),
        (SignatureFormat::CosignLegacy, Some("stranger")),
        (SignatureFormat::SigstoreBundle, Some("org")),
        (SignatureFormat::SigstoreBundle, Some("stranger")),
    ];
    let mut signers = signers;
    signers.sort();
    assert_eq!(signers, expected);
    assert_eq!(record.reason, "signed by accepted key `org`, `stranger`");

    let tag = Reference::tag(format!("sha256-{}.sig", subject.digest.hex()));
    let manifest = registry.get_manifest(PATH, &tag).await.unwrap().unwrap();
    let Ok(Document::Image(sig)) = Document::parse(&manifest.descriptor.media_type, &manifest.bytes) else {
        panic!("not a manifest")
    };
    let config: Value =
        serde_json::from_slice(&registry.state().blobs[&(PATH.to_owned(), sig.config.digest.clone())])
            .unwrap();
    let layers: Vec<_> = sig.layers.iter().map(|layer| layer.digest.to_string()).collect();
    assert_eq!(config["rootfs"]["diff_ids"], json!(layers));
    assert_eq!(layers.len(), 2);
}

/// containers/image compares the docker-reference, so what was signed for quarantine does not do for a distribution.
#[tokio::test]
async fn a_signature_for_a_repository_of_another_name_is_not_ours_here() {
    let registry = Memory::default();
    let subject = image("image");
    let payload =
        String::from_utf8(payload(&subject.digest)).unwrap().replace(PATH, "quarantine/web").into_bytes();
    put_signatures(&registry, &subject, &[(payload.clone(), vec![signature_of(&org(), &payload)])]);
    sign(&registry, &subject, &org()).await.unwrap();
    let record = verified_by_org(&registry, &subject).await;
    let legacy = record.signatures.iter().filter(|found| found.format == SignatureFormat::CosignLegacy);
    assert_eq!(legacy.count(), 2);
}

#[tokio::test]
async fn a_registry_that_forgets_is_found_out() {
    let registry = Memory::forgetful();
    let error = sign(&registry, &image("image"), &org()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Mismatch);
    assert!(error.to_string().contains("does not give back the sigstore-bundle"), "{error}");
}

#[tokio::test]
async fn nothing_is_written_where_it_could_not_be_looked_first() {
    let subject = image("image");
    let tag = format!("manifest sha256-{}.sig", subject.digest.hex());
    for (request, fault, kind) in
        [(tag.as_str(), unavailable(), Kind::Unavailable), ("referrers", rate_limited(), Kind::RateLimited)]
    {
        let registry = Memory::default();
        registry.fail(request, fault);
        let error = sign(&registry, &subject, &org()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(registry.writes(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_signature_tag_that_holds_an_index_is_not_overwritten() {
    let registry = Memory::default();
    let subject = image("image");
    let tag = format!("sha256-{}.sig", subject.digest.hex());
    registry.seed_manifest(PATH, Some(&tag), media_type::OCI_INDEX, br#"{"schemaVersion":2,"manifests":[]}"#);
    let error = sign(&registry, &subject, &org()).await.unwrap_err();
    assert!(error.to_string().contains("holds an index"), "{error}");
    assert_eq!(registry.writes(), Vec::<String>::new());
}

/// A new key adds its signatures and leaves the old ones; the payload, which is the same, is not stored twice.
#[tokio::test]
async fn a_new_key_signs_beside_the_old_one() {
    let registry = Memory::default();
    let subject = image("image");
    sign(&registry, &subject, &stranger()).await.unwrap();
    let writes = registry.writes().len();
    let vouched = sign(&registry, &subject, &org()).await.unwrap();
    assert!(vouched.iter().all(|vouched| vouched.key == Some(org().key_digest())));
    let payload = format!("blob {}", Digest::sha256(payload_of_cosign(&subject)));
    assert!(!registry.writes()[writes..].contains(&payload));
    for key in [stranger(), org()] {
        let record = verify(&registry, PATH, &subject.digest, Some(&policy(&[("one", &key)]))).await;
        assert_eq!(record.outcome, Outcome::Verified);
    }
}

/// Returns the payload in the order of keys that cosign writes.
fn payload_of_cosign(subject: &Descriptor) -> String {
    format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"mirror.example/team/web"}},"image":{{"docker-manifest-digest":"{}"}},"type":"cosign container image signature"}},"optional":null}}"#,
        subject.digest
    )
}

/// Annotations of the list spare requests, and nothing hangs on them: whoever marks a foreign bundle as ours makes us
/// write ours.
#[tokio::test]
async fn a_foreign_bundle_that_is_marked_as_ours_does_not_count() {
    let registry = Memory::default();
    let subject = image("image");
    sign(&registry, &subject, &stranger()).await.unwrap();
    let statement = Digest::sha256(format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{}"}}}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{{}}}}"#,
        subject.digest.hex()
    ));
    for listed in registry.state().referrers.values_mut().flatten() {
        listed.annotations.insert("vnd.fondaco.key".to_owned(), org().key_digest().to_string());
        listed.annotations.insert("vnd.fondaco.statement".to_owned(), statement.to_string());
    }
    let vouched = sign(&registry, &subject, &org()).await.unwrap();
    assert_eq!(vouched.len(), 2);
    assert_eq!(verified_by_org(&registry, &subject).await.outcome, Outcome::Verified);
    assert_eq!(registry.state().referrers.values().flatten().count(), 2);
}

/// Bundles that were written before there were marks, or by a registry that lists none, are found by reading them.
#[tokio::test]
async fn our_bundle_without_marks_is_found() {
    let registry = Memory::default();
    let subject = image("image");
    let first = sign(&registry, &subject, &org()).await.unwrap();
    registry.state().referrers.values_mut().flatten().for_each(|listed| listed.annotations.clear());
    let writes = registry.writes().len();
    assert_eq!(sign(&registry, &subject, &org()).await.unwrap(), first);
    assert_eq!(registry.writes().len(), writes);
}
