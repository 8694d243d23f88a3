//! Documents are attached once and read back.

use super::{memory::*, *};
use crate::{
    evidence::Vouched,
    model::Kind,
    trust::sign::{Stored, Vouching, attach},
};

const SBOM: &[u8] = br#"{"bomFormat":"CycloneDX"}"#;

async fn attached(registry: &Memory, bytes: &[u8]) -> Result<Vouched, SignError> {
    attached_as(registry, media_type::CYCLONEDX, bytes).await
}

async fn attached_as(registry: &Memory, artifact_type: &str, bytes: &[u8]) -> Result<Vouched, SignError> {
    let (repository, signer, stored) = (repository(), org(), Stored::default());
    let vouching = Vouching { registry, repository: &repository, signer: &signer, at: at(), stored: &stored };
    let vouched = attach(&vouching, &image("image"), artifact_type, bytes.to_vec()).await?;
    Ok(vouched.into_iter().next().unwrap())
}

#[tokio::test]
async fn a_document_is_attached_once() {
    let registry = Memory::default();
    let first = attached(&registry, SBOM).await.unwrap();
    assert_eq!(
        (first.format.as_str(), &first.subject, &first.key),
        ("cyclonedx", &image("image").digest, &None)
    );
    let manifest: Value =
        serde_json::from_slice(&registry.state().manifests[&(PATH.to_owned(), first.digest.clone())].1)
            .unwrap();
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.cyclonedx+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
        "layers": [{"mediaType": "application/vnd.cyclonedx+json", "digest": Digest::sha256(SBOM), "size": SBOM.len()}],
        "subject": {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image("image").digest, "size": image("image").size},
        "annotations": {"org.opencontainers.image.created": "2026-11-21T00:00:00Z"},
    });
    assert_eq!(manifest, expected);
    let writes = registry.writes().len();
    assert_eq!(attached(&registry, SBOM).await.unwrap(), first);
    assert_eq!(registry.writes().len(), writes);
}

#[tokio::test]
async fn another_document_or_another_type_is_another_referrer() {
    let registry = Memory::default();
    let first = attached(&registry, SBOM).await.unwrap();
    let second = attached(&registry, b"{}").await.unwrap();
    let third = attached_as(&registry, "application/spdx+json", SBOM).await.unwrap();
    assert_ne!(first.digest, second.digest);
    assert_ne!(first.digest, third.digest);
    assert_eq!(third.format, "application/spdx+json");
}

#[tokio::test]
async fn a_document_is_no_signature_and_does_not_disturb_one() {
    let registry = Memory::default();
    attached(&registry, SBOM).await.unwrap();
    let record = verified_by_org(&registry, &image("image")).await;
    assert_eq!((record.outcome, record.signatures.len()), (Outcome::Absent, 0));
}

#[tokio::test]
async fn documents_that_do_not_read_back_are_errors() {
    let error = attached(&Memory::forgetful(), SBOM).await.unwrap_err();
    assert!(matches!(&error, SignError::NotReadBack { format, .. } if format == "cyclonedx"), "{error}");

    let cut = Memory::default();
    cut.truncate(&Digest::sha256(SBOM));
    assert_eq!(attached(&cut, SBOM).await.unwrap_err().kind(), Kind::Mismatch);

    let busy = Memory::default();
    busy.fail("referrers", rate_limited());
    assert_eq!(attached(&busy, SBOM).await.unwrap_err().kind(), Kind::RateLimited);
    assert_eq!(busy.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_flood_of_referrers_stops_the_search() {
    let registry = Memory::default();
    let flood = (0..257_u32).map(|number| image(&number.to_string())).collect();
    registry.state().referrers.insert((PATH.to_owned(), image("image").digest), flood);
    let error = attached(&registry, SBOM).await.unwrap_err();
    assert!(error.to_string().contains("257 referrers"), "{error}");
}
