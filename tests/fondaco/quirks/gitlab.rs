//! GitLab.

use fondaco::{
    model::Kind,
    registry::{Mount, RegistryKind::Gitlab},
};

use super::*;
use crate::registry::artifact;

#[tokio::test]
async fn a_scope_that_may_not_be_read_does_not_keep_an_upload_away() {
    let fake = started(|options| {
        (options.auth, options.refused_scopes) = (bearer(), vec!["secret/app".to_owned()]);
    });
    let digest = fake.blob("secret/app", "layer");
    let registry = opened(&fake, Gitlab);
    assert_eq!(registry.mount_blob("group/app", &digest, "secret/app").await, Ok(Mount::Refused));
    copy(&*registry, "group/app", "v1").await.unwrap();
}

#[tokio::test]
async fn a_type_that_is_not_taken_is_named() {
    let fake =
        started(|options| options.ways.refused_artifacts = vec!["application/vnd.example.note".to_owned()]);
    let registry = opened(&fake, Gitlab);
    let subject = copy(&*registry, "group/app", "v1").await.unwrap();
    let digest = &subject.descriptor.digest;
    let error = registry.put_referrer("group/app", digest, &artifact(&subject, "x")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("artifact type `application/vnd.example.note`"), "{error}");
    assert_eq!(fake.tag("group/app", &digest.dashed()), None, "nothing lists what is not there");
}
