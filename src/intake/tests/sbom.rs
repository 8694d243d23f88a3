//! The SBOM that the intake keeps beside each platform.

use serde_json::Value;

use super::*;
use crate::intake::SbomOrder;
use crate::model::{CycloneDx, Reference};

fn order() -> SbomOrder {
    SbomOrder {
        version: CycloneDx::V1_6,
        repository: "up.example/library/a".to_owned(),
        creator: Some("sbom@acme.example".to_owned()),
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        tool: "fondaco 0.1.0".to_owned(),
    }
}

#[tokio::test]
async fn each_platform_gets_the_sbom_that_is_recorded() {
    let (up, down) = registries();
    let root = image(&up, "amd64", &[debian("a")]);
    let job = Job { sbom: Some(order()), ..job(&up, &down, &root) };
    let taken = take_in(&intake(), &job).await.unwrap();
    let platform = &taken.subject.platforms[0];
    let sbom = platform.sbom.as_ref().unwrap();
    assert_eq!(sbom.format, "CycloneDX 1.6");
    let listed = down.referrers(DOWN, &platform.digest).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0].digest, listed[0].artifact_type.as_deref()),
        (&sbom.referrer, Some(media_type::CYCLONEDX))
    );
    let manifest: Value =
        serde_json::from_slice(&down.manifest(DOWN, &sbom.referrer.to_string()).unwrap()).unwrap();
    assert_eq!(manifest["subject"]["digest"], platform.digest.to_string());
    assert_eq!(manifest["layers"][0]["digest"], sbom.digest.to_string());
    assert_eq!(manifest["annotations"]["org.opencontainers.image.created"], "2026-11-21T00:00:00Z");
    let bytes = down.blob(DOWN, &sbom.digest).unwrap();
    assert_eq!((bytes.len() as u64, Digest::sha256(&bytes)), (sbom.size, sbom.digest.clone()));
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["specVersion"], "1.6");
    assert_eq!(document["metadata"]["timestamp"], "2026-11-21T00:00:00Z");
    let purl = |one: &Value| one["purl"] == "pkg:deb/debian/a@1?arch=all&distro=debian-12";
    assert!(document["components"].as_array().unwrap().iter().any(purl), "{document}");
    // What keeps the image is still written last.
    assert_eq!(down.writes().last().unwrap(), &format!("put_manifest {DOWN} {}", job.digest.keep_tag()));
}

#[tokio::test]
async fn an_image_whose_sbom_is_not_there_is_not_taken_in() {
    let (up, _) = registries();
    let down = Arc::new(Memory::without_referrers("down.example"));
    let root = image(&up, "amd64", &[debian("a")]);
    let job = Job { sbom: Some(order()), ..job(&up, &down, &root) };
    let error = take_in(&intake(), &job).await.unwrap_err();
    assert!(matches!(error, IntakeError::Target(_)), "{error}");
    let tag = Reference::tag(job.digest.keep_tag());
    assert_eq!(down.head_manifest(DOWN, &tag).await.unwrap(), None);
}
