//! Harbor, and OVHcloud's Managed Private Registry, which is one.

use fondaco::{
    model::Reference,
    registry::{
        Mount,
        RegistryKind::{Harbor, Ovhcloud},
    },
};

use super::*;
use crate::fake::{Fault, Mounts};

#[tokio::test]
async fn a_mount_from_a_project_that_is_not_there_is_an_upload() {
    for kind in [Harbor, Ovhcloud] {
        let fake = started(|options| (options.auth, options.mounts) = (bearer(), Mounts::Status(401)));
        let registry = opened(&fake, kind);
        let digest = Digest::sha256(b"layer");
        assert_eq!(registry.mount_blob("project/app", &digest, "gone/app").await, Ok(Mount::Refused));
        copy(&*registry, "project/app", "v1").await.unwrap();
    }
}

#[tokio::test]
async fn a_blob_that_head_does_not_find_is_asked_for_before_it_is_absent() {
    for kind in [Harbor, Ovhcloud] {
        let fake = started(|options| options.faults = vec![Fault::new("HEAD blob", 404, usize::MAX)]);
        let digest = fake.blob("proxy/library/nginx", "layer");
        let registry = opened(&fake, kind);
        assert_eq!(registry.head_blob("proxy/library/nginx", &digest).await.unwrap(), Some(5));
        let absent = Digest::sha256(b"nobody has this");
        assert_eq!(registry.head_blob("proxy/library/nginx", &absent).await.unwrap(), None);
        let usual = behaving(&fake, Behaviour::default());
        assert_eq!(
            usual.head_blob("proxy/library/nginx", &digest).await.unwrap(),
            None,
            "elsewhere 404 is 404"
        );
    }
}

#[tokio::test]
async fn the_status_and_not_the_code_says_that_a_manifest_is_missing() {
    for code in ["NOT_FOUND", "UNKNOWN", "unknown"] {
        let fake = started(|options| options.quirks.missing_manifest = Some((404, code)));
        for kind in [Harbor, Ovhcloud] {
            let registry = opened(&fake, kind);
            for reference in [Reference::tag("none"), Reference::from(&Digest::sha256(b"none"))] {
                assert_eq!(registry.head_manifest("project/app", &reference).await.unwrap(), None);
                assert_eq!(registry.get_manifest("project/app", &reference).await.unwrap(), None, "{code}");
            }
        }
    }
}

#[tokio::test]
async fn all_manifests_of_an_index_have_to_be_there() {
    for kind in [Harbor, Ovhcloud] {
        refuses_a_sparse_index(kind).await;
    }
}
