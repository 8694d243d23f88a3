//! What becomes of a blob that is sent in two chunks ("Pushing a blob in chunks"). Runs send blobs whole; a registry that
//! limits the size of a request needs chunks, and some lose data with them without saying so.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::{Probe, Said, Site};
use crate::{
    model::Digest,
    registry::{Capabilities, ChunkedUpload, Registry as _, RegistryError},
};

/// The first chunk, where the registry states no minimum.
const CHUNK_BYTES: usize = 512;

/// The largest minimum that is met only to find out: more is no tiny content.
const CHUNK_BYTES_MAX: u64 = 1024 * 1024;

pub(super) struct Chunks;

#[async_trait]
impl Probe for Chunks {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let mut session = site.http.ask_session(&site.repository).await?;
        let minimum = session.chunk_min_bytes;
        found.chunk_min_bytes = minimum;
        if minimum.is_some_and(|minimum| minimum > CHUNK_BYTES_MAX) {
            session.close().await;
            let minimum = minimum.unwrap_or_default();
            return Ok(vec![Said::note(format!("chunks have at least {minimum} bytes; not tried"))]);
        }
        let content = content(site, minimum);
        let first = content.len() - site.fresh("chunks").len();
        site.note_blob(content.len());
        for (offset, chunk) in [(0, content.slice(..first)), (first, content.slice(first..))] {
            let answer = site.http.ask_chunk(&site.repository, &mut session, offset, chunk).await?;
            if answer.refusal.is_some() {
                session.close().await;
                found.chunked_upload = Some(ChunkedUpload::Refused);
                return Ok(vec![Said::note("chunks are refused; runs send blobs whole")]);
            }
        }
        let digest = Digest::sha256(&content);
        let end = site.http.ask_finish(&site.repository, session, &digest).await?;
        let whole = end.refusal.is_none() && read_back(site, &digest, content.len()).await?;
        found.chunked_upload = Some(if whole { ChunkedUpload::Works } else { ChunkedUpload::Corrupts });
        Ok(vec![if whole {
            Said::ok(minimum.map_or("chunks are put together".to_owned(), |minimum| {
                format!("chunks of at least {minimum} bytes are put together")
            }))
        } else {
            Said::warning(
                "chunks are accepted and not put together",
                "runs send blobs whole; warn whoever pushes here with other tools",
            )
        }])
    }
}

/// Returns two different chunks, the second one new to the registry.
fn content(site: &Site<'_>, minimum: Option<u64>) -> Bytes {
    let minimum = usize::try_from(minimum.unwrap_or(0)).unwrap_or(0);
    let mut content = vec![b'.'; minimum.max(CHUNK_BYTES)];
    content.extend_from_slice(&site.fresh("chunks"));
    Bytes::from(content)
}

/// Returns whether the registry delivers what was sent; GHCR has confirmed uploads of which it kept the last chunk only.
async fn read_back(site: &Site<'_>, digest: &Digest, length: usize) -> Result<bool, RegistryError> {
    let mut stream = match site.http.get_blob(&site.repository, digest).await {
        Ok(stream) => stream,
        Err(RegistryError::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut read = Vec::with_capacity(length);
    while let Some(frame) = stream.try_next().await? {
        read.extend_from_slice(&frame);
        if read.len() > length {
            return Ok(false);
        }
    }
    Ok(digest.same_algorithm_of(&read) == *digest)
}
