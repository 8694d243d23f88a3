//! Azure Container Registry, and uploads in chunks as its limit may make them necessary.

use fondaco::{model::Kind, registry::RegistryKind::Acr};

use super::*;
use crate::registry::{broken_off, frames, kind, source_error, whole};

#[tokio::test]
async fn authorization_does_not_go_to_storage() {
    let storage = Fake::start(Options::default());
    let digest = storage.blob("any", "content");
    let fake = started(|options| {
        (options.auth, options.redirect_blobs) = (bearer(), Some(format!("http://{}", storage.address)));
    });
    fake.blob("a", "content");
    let stream = opened(&fake, Acr).get_blob("a", &digest).await.unwrap();
    assert_eq!(whole(stream).await.unwrap(), b"content");
    assert_eq!(storage.log().iter().filter(|logged| logged.authorization.is_some()).count(), 0);
    assert!(fake.log().iter().any(|logged| logged.authorization.as_deref() == Some("Bearer")));
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let fake = started(|options| options.auth = bearer());
    let digest = fake.blob("a", "x");
    let credential = Credential::IdentityToken(Secret::new("refresh"));
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, credential);
    let registry = open(&Access { behaviour: known(Acr), ..access }).unwrap();
    assert_eq!(registry.head_blob("a", &digest).await.unwrap(), Some(1));
    assert_eq!(fake.counts()["POST token"], 1);
}

#[tokio::test]
async fn a_request_that_is_too_large_names_the_key_that_helps() {
    let fake = started(|options| options.quirks.upload_bytes_max = Some(4));
    let error = push(&*opened(&fake, Acr), "a", b"0123456789").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("smaller `spec.behaviour.chunkBytes`"), "{error}");
    assert_eq!(fake.open_sessions(), 0);
    let still = behaving(&fake, Behaviour { chunk_bytes: Some(5), ..known(Acr) });
    let error = push(&*still, "a", b"0123456789").await.unwrap_err();
    assert!(error.to_string().contains("smaller `spec.behaviour.chunkBytes`"), "{error}");
    let chunked = behaving(&fake, Behaviour { chunk_bytes: Some(4), ..known(Acr) });
    push(&*chunked, "a", b"0123456789").await.unwrap();
}

/// The in-process registry, held to the conformance suite, refuses chunks whose `Content-Range` is not the next one.
#[tokio::test]
async fn chunks_are_cut_as_the_registry_wants_them() {
    let cases: [(u64, Option<usize>, &[usize]); 6] = [
        (4, None, &[4, 4, 2, 0]),
        (5, None, &[5, 5, 0]),
        (9, None, &[9, 1, 0]),
        (10, None, &[10]),
        (2, Some(6), &[6, 4, 0]),
        (2, Some(1000), &[10]),
    ];
    for (chunk_bytes, least, expected) in cases {
        let fake = started(|options| options.ways.chunk_min = least);
        let registry = behaving(&fake, Behaviour { chunk_bytes: Some(chunk_bytes), ..Behaviour::default() });
        let digest = Digest::sha256(b"0123456789");
        registry.put_blob("a", &digest, 10, frames(&[b"012", b"3456", b"", b"789"])).await.unwrap();
        assert_eq!(fake.stored("a", &digest).as_deref(), Some(&b"0123456789"[..]));
        let bodies =
            fake.log().into_iter().filter(|l| matches!(l.action.as_str(), "PATCH upload" | "PUT upload"));
        assert_eq!(bodies.map(|l| l.body_bytes).collect::<Vec<_>>(), expected, "{chunk_bytes} {least:?}");
        assert_eq!(fake.open_sessions(), 0);
        push(&*registry, "a", b"").await.unwrap();
    }
}

#[tokio::test]
async fn a_chunked_upload_that_fails_leaves_nothing_behind() {
    let fake = started(|options| options.accept_any_digest = true);
    let registry = behaving(&fake, Behaviour { chunk_bytes: Some(4), ..Behaviour::default() });
    let digest = Digest::sha256(b"0123456789");
    let put = async |size: u64, stream| registry.put_blob("a", &digest, size, stream).await;
    assert_eq!(put(10, broken_off(b"01234")).await, Err(source_error()), "the source's own error");
    assert_eq!(kind(put(10, frames(&[b"0123"])).await), Some(Kind::Mismatch), "too short");
    assert_eq!(kind(put(8, frames(&[b"0123456789"])).await), Some(Kind::Mismatch), "too long");
    assert_eq!(
        kind(put(8, frames(&[b"01234567", b"89"])).await),
        Some(Kind::Mismatch),
        "longer after the end"
    );
    assert_eq!((fake.open_sessions(), fake.repositories()), (0, vec![]));
}
