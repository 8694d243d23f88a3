//! Blobs: look and read.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderValue, RANGE},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    HttpRegistry, auth, body,
    wire::{Call, Wire},
};
use crate::{
    model::Digest,
    registry::{BlobStream, RegistryError, asked::Asked},
};

/// How often one download is taken up again after an interruption.
const RESUMES_MAX: u32 = 3;

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
        let permit = Arc::clone(&self.wire.downloads).acquire_owned().await;
        let permit = permit.map_err(|_| call.asked.unavailable("closed"))?;
        let response = self.wire.send(&call).await?;
        if response.status() != StatusCode::OK {
            return Err(body::refusal(response, &call.asked).await);
        }
        let total = length(response.headers());
        let wire = Arc::clone(&self.wire);
        let download = Download { wire, call, response, total, offset: 0, resumes: 0, _permit: permit };
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
    resumes: u32,
    _permit: OwnedSemaphorePermit,
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        loop {
            let broken = match body::frame(&mut self.response, &self.call.asked).await {
                Ok(Some(frame)) => {
                    self.offset += frame.len() as u64;
                    return Ok(Some(frame));
                }
                Ok(None) if self.total.is_none_or(|total| self.offset >= total) => return Ok(None),
                Ok(None) => self.call.asked.unavailable(format!("ended after {} bytes", self.offset)),
                Err(broken) => broken,
            };
            self.resume(broken).await?;
        }
    }

    /// Asks for the rest. A server that answers with anything but exactly that ends the download with `broken`.
    async fn resume(&mut self, broken: RegistryError) -> Result<(), RegistryError> {
        if self.resumes == RESUMES_MAX {
            return Err(broken);
        }
        self.resumes += 1;
        let mut call = self.call.clone();
        let range = HeaderValue::try_from(format!("bytes={}-", self.offset));
        call.headers.insert(RANGE, range.map_err(|_| broken.clone())?);
        let response = self.wire.send(&call).await?;
        let starts = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let fits = starts.is_some_and(|text| text.starts_with(&format!("bytes {}-", self.offset)));
        if response.status() != StatusCode::PARTIAL_CONTENT || !fits {
            return Err(broken);
        }
        self.response = response;
        Ok(())
    }
}
