//! Google Artifact Registry.

use fondaco::{model::Kind, registry::RegistryKind::Gar};

use super::*;
use crate::fake::Chunks;

#[tokio::test]
async fn blobs_are_uploaded_in_one_piece() {
    refuses_chunks(Gar).await;
    let fake = started(|options| options.ways.chunks = Chunks::Refused);
    copy(&*opened(&fake, Gar), "project/repository/app", "v1").await.unwrap();
    let believed = Behaviour { chunks_broken: false, chunk_bytes: Some(4), ..known(Gar) };
    let error = push(&*behaving(&fake, believed), "project/repository/app", b"0123456789").await.unwrap_err();
    assert!(error.to_string().contains("it takes no uploads in chunks"), "{error}");
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_named() {
    let fake = started(|options| options.quirks.created_first = true);
    let error = copy(&*opened(&fake, Gar), "project/repository/app", "v1").await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let text = error.to_string();
    assert!(text.contains("repository `project/repository/app`") && text.contains("beforehand"), "{text}");
    fake.create("project/repository/app");
    copy(&*opened(&fake, Gar), "project/repository/app", "v1").await.unwrap();
}
