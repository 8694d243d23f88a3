//! GitHub Container Registry.

use fondaco::{model::Kind, registry::RegistryKind::Ghcr};

use super::*;
use crate::{
    fake::Referrers,
    registry::{artifact, kind},
};

#[tokio::test]
async fn nothing_is_left_out_of_a_fallback_index_by_its_type() {
    keeps_the_fallback_tag(Ghcr).await;
    let fake = started(|options| options.referrers = Referrers::Off);
    let subject = image(b"layer");
    let mut wrong = artifact(&subject, "x");
    wrong.descriptor.artifact_type = Some("application/vnd.oci.empty.v1+json".to_owned());
    let untyped = artifact(&subject, "y");
    let digest = &subject.descriptor.digest;
    fake.manifest("a", &digest.dashed(), media_type::OCI_INDEX, index(&[&wrong, &untyped]).bytes);
    let listed = opened(&fake, Ghcr).referrers("a", digest).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        fake.log().iter().all(|logged| !logged.query.contains("artifactType")),
        "never asked for by type"
    );
}

#[tokio::test]
async fn a_blob_that_was_not_kept_whole_is_found_out() {
    refuses_chunks(Ghcr).await;
    let fake = started(|options| options.quirks.keeps_at_most = Some(4));
    assert_eq!(kind(push(&*opened(&fake, Ghcr), "a", b"0123456789").await), Some(Kind::Mismatch));
    fake.set(|options| options.quirks.keeps_at_most = None);
    push(&*opened(&fake, Ghcr), "a", b"0123456789").await.unwrap();
}

#[tokio::test]
async fn an_identity_token_is_used_where_post_is_not_allowed() {
    let fake = started(|options| (options.auth, options.token_post_status) = (bearer(), Some(405)));
    let digest = fake.blob("a", "x");
    let credential = Credential::IdentityToken(Secret::new("refresh"));
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, credential);
    let registry = open(&Access { behaviour: known(Ghcr), ..access }).unwrap();
    assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    assert_eq!(fake.counts()["GET token"], 1);
}
