//! Docker Hub.

use fondaco::{
    model::Reference,
    registry::{Mount, RegistryKind::DockerHub},
};

use super::*;
use crate::fake::Fault;

#[tokio::test]
async fn a_tag_is_resolved_without_a_pull() {
    let fake = Fake::start(Options::default());
    let index = index(&[]);
    fake.manifest("library/nginx", "1", media_type::OCI_INDEX, index.bytes.clone());
    let registry = opened(&fake, DockerHub);
    let found = registry.head_manifest("library/nginx", &Reference::tag("1")).await.unwrap();
    assert_eq!(found, Some(index.descriptor));
    assert_eq!(fake.counts(), [("HEAD manifest".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_limit_on_every_request_is_waited_for() {
    let fake = Fake::start(Options::default());
    fake.manifest("library/nginx", "1", media_type::OCI_INDEX, index(&[]).bytes);
    let again = Fault { retry_after: Some(0), ..Fault::new("HEAD manifest", 429, 2) };
    fake.set(|options| options.faults = vec![again]);
    let found = opened(&fake, DockerHub).head_manifest("library/nginx", &Reference::tag("1")).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test]
async fn a_mount_asks_for_both_repositories_at_once() {
    let fake = started(|options| options.auth = bearer());
    let digest = fake.blob("acme/source", "x");
    let registry = opened(&fake, DockerHub);
    assert_eq!(registry.mount_blob("acme/target", &digest, "acme/source").await, Ok(Mount::Done));
    let tokens: Vec<String> =
        fake.log().into_iter().filter(|l| l.action == "GET token").map(|l| l.query).collect();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    for repository in ["acme%2Fsource%3Apull", "acme%2Ftarget%3Apull%2Cpush"] {
        assert!(tokens[0].contains(repository), "{tokens:?}");
    }
}

#[tokio::test]
async fn referrers_stand_under_the_fallback_tag() {
    keeps_the_fallback_tag(DockerHub).await;
}
