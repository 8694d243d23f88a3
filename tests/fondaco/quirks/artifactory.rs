//! Artifactory.

use fondaco::{
    model::{Kind, Reference},
    registry::{Mount, RegistryKind::Artifactory},
};

use super::*;
use crate::{
    fake::{Mounts, Shared},
    registry::kind,
};

#[tokio::test]
async fn a_shared_blob_is_found_where_mounts_are_refused() {
    let fake = started(|options| {
        (options.mounts, options.ways.shared_blobs) = (Mounts::Status(405), Shared::AfterManifest);
    });
    let registry = opened(&fake, Artifactory);
    assert!(registry.behaviour().head_first);
    let layer = push(&*registry, "docker-local/a", b"layer").await.unwrap();
    assert_eq!(registry.head_blob("docker-local/b", &layer).await.unwrap(), None);
    copy(&*registry, "docker-local/a", "v1").await.unwrap();
    assert_eq!(registry.head_blob("docker-local/b", &layer).await.unwrap(), Some(5));
    assert_eq!(registry.mount_blob("docker-local/b", &layer, "docker-local/a").await, Ok(Mount::Refused));
}

#[tokio::test]
async fn forbidden_is_not_absent() {
    let fake = started(|options| options.quirks.missing_manifest = Some((403, "DENIED")));
    let registry = opened(&fake, Artifactory);
    let tag = Reference::tag("none");
    assert_eq!(kind(registry.head_manifest("docker-virtual/a", &tag).await), Some(Kind::Denied));
    assert_eq!(kind(registry.get_manifest("docker-virtual/a", &tag).await), Some(Kind::Denied));
}
