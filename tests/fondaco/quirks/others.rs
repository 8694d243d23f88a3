//! Registries of which little is known: Nexus, Scaleway.

use fondaco::{
    model::Kind,
    registry::RegistryKind::{Nexus, Scaleway},
};

use super::*;

#[tokio::test]
async fn nexus_needs_all_manifests_of_an_index() {
    refuses_a_sparse_index(Nexus).await;
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_named() {
    let fake = started(|options| options.quirks.created_first = true);
    let error = copy(&*opened(&fake, Scaleway), "namespace/app", "v1").await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().contains("its namespace or project, beforehand"), "{error}");
}
