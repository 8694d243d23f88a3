//! zot, and Aliyun, which answers chunks as it does.

use fondaco::{
    model::Kind,
    registry::RegistryKind::{Aliyun, Zot},
};

use super::*;
use crate::fake::Shared;

#[tokio::test]
async fn a_blob_that_shows_everywhere_is_copied_all_the_same() {
    let fake = started(|options| options.ways.shared_blobs = Shared::Always);
    let registry = opened(&fake, Zot);
    copy(&*registry, "a", "v1").await.unwrap();
    assert_eq!(registry.head_blob("b", &Digest::sha256(b"layer")).await.unwrap(), Some(5));
    copy(&*registry, "b", "v1").await.unwrap();
    assert!(fake.stored("b", &Digest::sha256(b"layer")).is_some());
}

#[tokio::test]
async fn a_wrong_range_ends_an_upload_in_chunks() {
    for kind in [Zot, Aliyun] {
        refuses_chunks(kind).await;
        let fake = started(|options| options.quirks.range_stands_still = true);
        let believed = Behaviour { chunks_broken: false, chunk_bytes: Some(4), ..known(kind) };
        let error = push(&*behaving(&fake, believed), "a", b"0123456789").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains("of bytes 0-3 it says to have kept `0-0`"), "{kind:?}: {error}");
        assert_eq!(fake.open_sessions(), 0);
    }
}
