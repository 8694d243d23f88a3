//! Uploads in chunks: `POST`, a `PATCH` for each chunk, `PUT`. Only where a registry's behaviour asks for it: several
//! registries lose data this way, so what each answer says is compared, and the blob is looked at afterwards.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _, stream};
use reqwest::{
    Body, Method, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE},
};
use tokio::sync::Mutex;

use super::{
    HttpRegistry, body,
    sessions::Session,
    uploads::{Flow, Upload, nothing, too_large},
    wire::Call,
};
use crate::{
    model::media_type,
    registry::{BlobStream, RegistryError},
};

/// A stream that is cut into chunks wherever its frames end.
struct Source {
    stream: BlobStream,
    /// What of the last frame belongs to the next chunk.
    rest: Bytes,
}

impl HttpRegistry {
    /// Sends a blob in chunks of at most `chunk` bytes and closes the session with its digest.
    pub(super) async fn put_chunks(
        &self,
        upload: &Upload<'_>,
        session: &mut Session,
        stream: BlobStream,
        chunk: u64,
    ) -> Result<(), RegistryError> {
        let flow = Flow::default();
        let stream = Box::pin(flow.measured(stream, upload.size, upload.asked.clone()));
        let source = Arc::new(Mutex::new(Source { stream, rest: Bytes::new() }));
        let mut sent = 0;
        while sent < upload.size {
            let bytes = chunk.min(upload.size - sent);
            let body = Body::wrap_stream(part(Arc::clone(&source), bytes));
            let headers = described(sent, bytes);
            let answer = self.send_once(upload, Method::PATCH, &session.url, headers, body, &flow).await?;
            sent += bytes;
            self.kept(upload, session, answer, sent).await?;
        }
        // What comes after the promised size is found here, and refused.
        while source.lock().await.stream.try_next().await?.is_some() {}
        let call = Call {
            method: Method::PUT,
            url: upload.address(session.url.clone()),
            action: "upload",
            asked: upload.asked.clone(),
            scopes: upload.scopes(),
            headers: nothing(),
            body: Bytes::new(),
        };
        upload.stored(self.wire.send(&call).await?).await
    }

    /// Checks that the registry has kept everything so far, and takes over where the upload goes on.
    async fn kept(
        &self,
        upload: &Upload<'_>,
        session: &mut Session,
        answer: Response,
        sent: u64,
    ) -> Result<(), RegistryError> {
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::PAYLOAD_TOO_LARGE => return Err(too_large(upload.asked)),
            StatusCode::METHOD_NOT_ALLOWED => {
                return Err(upload.asked.invalid("it takes no uploads in chunks"));
            }
            _ => return Err(body::refusal(answer, upload.asked).await),
        }
        let range = answer.headers().get(RANGE).and_then(|value| value.to_str().ok());
        if let Some(range) = range.filter(|range| last_kept(range) != Some(sent - 1)) {
            let detail = format!("of bytes 0-{} it says to have kept `{range}`", sent - 1);
            return Err(upload.asked.invalid(detail));
        }
        if answer.headers().contains_key(LOCATION) {
            session.url = self.wire.location(&answer, &session.url, upload.asked)?;
        }
        Ok(())
    }
}

/// Returns the headers of a chunk ("Pushing a blob in chunks"): `Content-Range` has no unit there.
fn described(start: u64, bytes: u64) -> HeaderMap {
    let range = format!("{start}-{}", start + bytes - 1);
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(media_type::OCTET_STREAM)),
        (CONTENT_LENGTH, HeaderValue::from(bytes)),
        (CONTENT_RANGE, HeaderValue::try_from(range).expect("digits and a hyphen make a header")),
    ])
}

/// Returns the last byte of `0-<end>`, with or without a unit in front.
fn last_kept(range: &str) -> Option<u64> {
    range.trim().trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()
}

/// Returns the next `bytes` bytes of the source as a stream of its own.
fn part(source: Arc<Mutex<Source>>, bytes: u64) -> impl Stream<Item = Result<Bytes, RegistryError>> + Send {
    stream::try_unfold(bytes, move |left| {
        let source = Arc::clone(&source);
        async move {
            if left == 0 {
                return Ok(None);
            }
            let mut source = source.lock().await;
            if source.rest.is_empty() {
                let Some(frame) = source.stream.try_next().await? else { return Ok(None) };
                source.rest = frame;
            }
            let cut = source.rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let piece = source.rest.split_to(cut);
            Ok(Some((piece, left - cut as u64)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_are_cut_where_chunks_end() {
        let frames: Vec<Result<Bytes, RegistryError>> =
            ["abc", "", "defgh", "i"].map(|text| Ok(Bytes::from(text))).into();
        let stream: BlobStream = Box::pin(stream::iter(frames));
        let source = Arc::new(Mutex::new(Source { stream, rest: Bytes::new() }));
        for expected in ["abcd", "efgh", "i"] {
            let pieces: Vec<Bytes> = part(Arc::clone(&source), 4).try_collect().await.unwrap();
            assert_eq!(pieces.concat(), expected.as_bytes());
        }
    }

    #[test]
    fn ranges_are_read_with_and_without_unit() {
        assert_eq!(last_kept("0-9"), Some(9));
        assert_eq!(last_kept("bytes=0-9"), Some(9));
        for wrong in ["", "9", "1-9", "0-", "0--1", "0-9-12"] {
            assert_eq!(last_kept(wrong), None, "{wrong}");
        }
    }
}
