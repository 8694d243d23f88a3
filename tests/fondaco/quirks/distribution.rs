//! CNCF distribution, 2 and 3.

use fondaco::{
    model::{Kind, Reference},
    registry::RegistryKind::{Distribution, Distribution2},
};

use super::*;
use crate::fake::Subjects;

#[tokio::test]
async fn referrers_stand_under_the_fallback_tag() {
    for kind in [Distribution, Distribution2] {
        keeps_the_fallback_tag(kind).await;
    }
}

#[tokio::test]
async fn all_manifests_of_an_index_have_to_be_there_unless_it_is_told_otherwise() {
    for kind in [Distribution, Distribution2] {
        refuses_a_sparse_index(kind).await;
    }
    let fake = started(|options| options.ways.sparse_index = true);
    let registry = behaving(&fake, Behaviour { sparse_index: true, ..known(Distribution) });
    let there = copy(&*registry, "a", "v1").await.unwrap();
    let sparse = index(&[&there, &image(b"not copied")]);
    put(&*registry, "a", Reference::tag("all"), &sparse).await.unwrap();
}

#[tokio::test]
async fn an_artifact_of_a_docker_subject_is_reported_and_nothing_is_listed() {
    let fake = started(|options| {
        (options.quirks.subjects, options.referrers) = (Subjects::NotDocker, crate::fake::Referrers::Off);
    });
    let registry = opened(&fake, Distribution2);
    let mut subject = copy(&*registry, "a", "v1").await.unwrap();
    subject.descriptor.media_type = media_type::DOCKER_MANIFEST.to_owned();
    let digest = &subject.descriptor.digest;
    let artifact = crate::registry::artifact(&subject, "x");
    let error = registry.put_referrer("a", digest, &artifact).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().contains("a blob or manifest that"), "{error}");
    assert_eq!(fake.tag("a", &digest.dashed()), None);
}
