//! Quay.

use fondaco::{
    model::{Kind, Reference},
    registry::{Mount, RegistryKind::Quay},
};

use super::*;

#[tokio::test]
async fn an_artifact_outside_of_dockers_schema_is_refused_with_its_types() {
    let fake = started(|options| options.quirks.strict_docker = true);
    let registry = opened(&fake, Quay);
    let subject = copy(&*registry, "a", "v1").await.unwrap();
    let text = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type::DOCKER_MANIFEST, "artifactType": "application/vnd.example.note",
        "config": Descriptor::of("application/vnd.docker.container.image.v1+json", b"{}"),
        "layers": [], "subject": subject.descriptor,
    })
    .to_string();
    let artifact = RawManifest {
        descriptor: Descriptor::of(media_type::DOCKER_MANIFEST, text.as_bytes()),
        bytes: text.into(),
    };
    let error = put(&*registry, "a", Reference::tag("note"), &artifact).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    for named in ["application/vnd.docker.container.image.v1+json", "application/vnd.example.note"] {
        assert!(error.to_string().contains(named), "{error}");
    }
    assert_eq!(fake.tag("a", "note"), None);
}

#[tokio::test]
async fn a_mount_names_the_repository_it_is_from() {
    let fake = started(|options| options.quirks.mount_needs_from = true);
    let digest = fake.blob("a", "x");
    assert_eq!(opened(&fake, Quay).mount_blob("b", &digest, "a").await, Ok(Mount::Done));
}
