//! Blobs: look and read.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderValue, RANGE},
};

use super::{
    HttpRegistry, auth, backoff, body,
    budget::Slot,
    wire::{Call, Wire},
};
use crate::{
    model::Digest,
    registry::{ActionGroup, BlobStream, RegistryError, asked::Asked},
};

/// How often in a row one download is taken up again after an interruption.
const RESUMES_MAX: u32 = 3;

/// Bytes after which a download that was interrupted is as good as new. A large layer over a bad line gets through, and
/// a server that drips bytes between interruptions does not keep a run busy.
const STEADY_BYTES: u64 = 8 * 1024 * 1024;

impl HttpRegistry {
    pub(super) async fn blob_head(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError> {
        let call = self.blob_call(Method::HEAD, repository, digest);
        let response = self.wire.send(&call).await?;
        match response.status() {
            StatusCode::OK => {
                length(response.headers()).map(Some).ok_or_else(|| call.asked.invalid("no Content-Length"))
            }
            StatusCode::NOT_FOUND if self.behaviour.head_blob_unreliable => {
                self.blob_found(repository, digest).await
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(body::refusal(response, &call.asked).await),
        }
    }

    /// Asks for a blob that HEAD has not found, and reads no more than the head of the answer.
    async fn blob_found(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        let call = self.blob_call(Method::GET, repository, digest);
        let response = self.wire.send(&call).await?;
        match response.status() {
            StatusCode::OK => {
                length(response.headers()).map(Some).ok_or_else(|| call.asked.invalid("no Content-Length"))
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(body::refusal(response, &call.asked).await),
        }
    }

    pub(super) async fn blob_get(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<BlobStream, RegistryError> {
        let call = self.blob_call(Method::GET, repository, digest);
        let slot = self.wire.line.budget.transfer(ActionGroup::Read).await;
        let response = self.wire.send(&call).await?;
        if response.status() != StatusCode::OK {
            return Err(body::refusal(response, &call.asked).await);
        }
        let total = length(response.headers());
        let wire = Arc::clone(&self.wire);
        let (again, resumes, steady) = (0, 0, STEADY_BYTES);
        let download =
            Download { wire, call, response, total, offset: 0, again, resumes, steady, _slot: slot };
        Ok(Box::pin(stream::try_unfold(download, |mut download| async move {
            Ok(download.next().await?.map(|frame| (frame, download)))
        })))
    }

    fn blob_call(&self, method: Method, repository: &str, digest: &Digest) -> Call {
        let asked = Asked::new(&self.host, format!("blob `{repository}@{digest}`"));
        self.call(method, repository, &format!("blobs/{digest}"), "blob", asked, auth::pull(repository))
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A blob on its way.
struct Download {
    wire: Arc<Wire>,
    call: Call,
    response: Response,
    /// What the first answer said, in bytes.
    total: Option<u64>,
    /// Bytes delivered so far.
    offset: u64,
    /// Bytes of the current answer that were delivered before and are passed over.
    again: u64,
    /// Interruptions since `steady`.
    resumes: u32,
    /// The offset from which on the download counts as going well.
    steady: u64,
    _slot: Slot,
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        loop {
            let broken = match body::frame(&mut self.response, &self.call.asked).await {
                Ok(Some(frame)) => {
                    self.wire.line.meter.read(frame.len());
                    match self.fresh(frame) {
                        Some(frame) => return Ok(Some(frame)),
                        None => continue,
                    }
                }
                Ok(None) if self.again == 0 && self.total.is_none_or(|total| self.offset >= total) => {
                    self.wire.line.budget.transferred(ActionGroup::Read);
                    return Ok(None);
                }
                Ok(None) => self.call.asked.unavailable(format!("ended after {} bytes", self.offset)),
                Err(broken) => broken,
            };
            self.resume(broken).await?;
        }
    }

    /// Returns what of a frame has not been delivered yet.
    fn fresh(&mut self, mut frame: Bytes) -> Option<Bytes> {
        let known = frame.len().min(usize::try_from(self.again).unwrap_or(usize::MAX));
        let fresh = frame.split_off(known);
        self.again -= known as u64;
        self.offset += fresh.len() as u64;
        if self.offset >= self.steady {
            self.resumes = 0;
        }
        (!fresh.is_empty()).then_some(fresh)
    }

    /// Asks for the rest. A server that ignores the range starts again, and what has been delivered is passed over; if
    /// that is not what it was, the digest tells whoever receives it. Everything else ends the download with `broken`.
    async fn resume(&mut self, broken: RegistryError) -> Result<(), RegistryError> {
        if self.resumes == RESUMES_MAX {
            return Err(broken);
        }
        if let Some(pause) = self.resumes.checked_sub(1).and_then(|number| backoff::pause(&broken, number)) {
            tokio::time::sleep(pause).await;
        }
        self.resumes += 1;
        self.steady = self.offset.saturating_add(STEADY_BYTES);
        let mut call = self.call.clone();
        let range = HeaderValue::try_from(format!("bytes={}-", self.offset));
        call.headers.insert(RANGE, range.map_err(|_| broken.clone())?);
        let response = self.wire.send(&call).await?;
        self.again = match response.status() {
            StatusCode::OK => self.offset,
            StatusCode::PARTIAL_CONTENT => self.fits(response.headers()).map(|()| 0)?,
            _ => return Err(broken),
        };
        self.response = response;
        Ok(())
    }

    /// Checks that an answer to a range is the rest of this blob (RFC 9110, section 14.4).
    fn fits(&self, headers: &HeaderMap) -> Result<(), RegistryError> {
        let text = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or("nothing");
        let range = text.strip_prefix("bytes ").and_then(|range| range.split_once('/'));
        let fits = range.is_some_and(|(span, total)| {
            let total = total.parse().ok();
            let starts = span.split('-').next().and_then(|first| first.parse().ok()) == Some(self.offset);
            starts && (total.is_none() || self.total.is_none() || total == self.total)
        });
        let what = || format!("asked for the bytes from {}, it sends `{text}`", self.offset);
        if fits { Ok(()) } else { Err(self.call.asked.invalid(what())) }
    }
}
