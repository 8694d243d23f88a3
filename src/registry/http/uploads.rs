//! Blobs: mount and upload. Uploads are monolithic (`POST`, then one `PUT`): several registries lose data with `PATCH`.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use reqwest::{
    Body, Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use url::Url;

use super::{
    HttpRegistry, auth, backoff, body,
    manifests::content_digest,
    sessions::{Opened, Session},
    wire::Call,
};
use crate::{
    model::{Digest, media_type},
    registry::{ActionGroup, BlobStream, Mount, RegistryError, asked::Asked},
};

/// The longest that an upload may stand still, including the registry's own work after the last byte: storing a large
/// layer in object storage takes minutes.
const IDLE: Duration = Duration::from_mins(5);

impl HttpRegistry {
    pub(super) async fn blob_mount(
        &self,
        repository: &str,
        digest: &Digest,
        from: &str,
    ) -> Result<Mount, RegistryError> {
        if !self.wire.auth.same_account(repository, from) {
            // One request has one credential, and this one could not read `from`.
            return Ok(Mount::Refused);
        }
        let call = self.mount_call(repository, digest, from);
        let asked = call.asked.clone();
        let response = match Session::open(&self.wire, repository, call).await {
            Ok(Opened::Other(response)) => response,
            Ok(Opened::Session(session)) => {
                session.close().await;
                return Ok(Mount::Refused);
            }
            // Denied: the registry, or its token endpoint, does not let us read `from`, and the upload needs no leave
            // for that.
            Ok(Opened::Unusable(_)) | Err(RegistryError::Denied { .. }) => return Ok(Mount::Refused),
            Err(error) => return Err(error),
        };
        match response.status() {
            StatusCode::CREATED => {
                self.wire.line.meter.mounted();
                Ok(Mount::Done)
            }
            status if status.is_client_error() => Ok(Mount::Refused),
            _ => Err(body::refusal(response, &asked).await),
        }
    }

    pub(super) fn mount_call(&self, repository: &str, digest: &Digest, from: &str) -> Call {
        let asked = self.asked(format!("the mount of `{repository}@{digest}`"));
        let mut scopes = auth::push(repository);
        scopes.extend(auth::pull(from));
        let mut call = self.call(Method::POST, repository, "blobs/uploads/", "mount", asked, scopes);
        call.url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", from);
        call.headers = nothing();
        call
    }

    pub(super) async fn blob_put(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
        stream: BlobStream,
    ) -> Result<(), RegistryError> {
        let asked = self.asked(format!("the upload of `{repository}@{digest}`"));
        let session = self.session(repository, &asked).await?;
        let upload = Upload { repository, digest, size, asked: &asked };
        let done = self.put(&upload, session.url.clone(), stream).await;
        match done {
            Ok(()) => {
                self.wire.line.budget.transferred(ActionGroup::UploadBody);
                session.used();
            }
            Err(_) => session.close().await,
        }
        done
    }

    /// Sends a body once its first frame is there: a source that cannot be opened costs no broken request, and leave to
    /// upload is never held while waiting for leave to download.
    async fn put(&self, upload: &Upload<'_>, session: Url, stream: BlobStream) -> Result<(), RegistryError> {
        let mut stream = Box::pin(stream.peekable());
        if let Some(Err(error)) = stream.as_mut().peek().await {
            return Err(error.clone());
        }
        let _slot = self.wire.line.budget.transfer(ActionGroup::UploadBody).await;
        match upload.size {
            0 => self.put_nothing(upload, session, stream).await,
            _ => self.put_stream(upload, session, stream).await,
        }
    }

    /// Opens an upload session.
    pub(super) async fn session(&self, repository: &str, asked: &Asked) -> Result<Session, RegistryError> {
        let scopes = auth::push(repository);
        let mut call = self.call(Method::POST, repository, "blobs/uploads/", "upload", asked.clone(), scopes);
        call.headers = nothing();
        match Session::open(&self.wire, repository, call).await? {
            Opened::Session(session) => Ok(session),
            Opened::Unusable(error) => Err(error),
            Opened::Other(response) => Err(body::refusal(response, asked).await),
        }
    }

    /// An empty blob has no last frame to hold back, so everything is checked before the request.
    async fn put_nothing(
        &self,
        upload: &Upload<'_>,
        session: Url,
        mut stream: impl Stream<Item = Result<Bytes, RegistryError>> + Send + Unpin,
    ) -> Result<(), RegistryError> {
        while let Some(frame) = stream.try_next().await? {
            if !frame.is_empty() {
                return Err(upload.asked.size(0, frame.len() as u64));
            }
        }
        upload.asked.same_digest(upload.digest, upload.digest.same_algorithm_of(b""))?;
        let call = Call {
            method: Method::PUT,
            url: upload.address(session),
            action: "upload",
            asked: upload.asked.clone(),
            scopes: auth::push(upload.repository),
            headers: nothing(),
            body: Bytes::new(),
        };
        let response = self.wire.send(&call).await?;
        upload.stored(response).await
    }

    async fn put_stream(
        &self,
        upload: &Upload<'_>,
        session: Url,
        stream: impl Stream<Item = Result<Bytes, RegistryError>> + Send + 'static,
    ) -> Result<(), RegistryError> {
        let url = upload.address(session);
        let failed = Arc::new(Mutex::new(None));
        let moved = Arc::new(AtomicU64::new(0));
        let source =
            measured(stream, upload.size, upload.asked.clone(), Arc::clone(&failed), Arc::clone(&moved));
        let mut request = self.wire.line.client(&url).put(url.clone()).body(Body::wrap_stream(source));
        request = request.header(CONTENT_TYPE, media_type::OCTET_STREAM).header(CONTENT_LENGTH, upload.size);
        if self.wire.ours(&url)
            && let Some(header) =
                self.wire.auth.header(&self.wire.line, &auth::push(upload.repository)).await?
        {
            request = request.header(AUTHORIZATION, header);
        }
        let line = &self.wire.line;
        let turn = line.budget.leave(Some(ActionGroup::UploadBody), upload.asked).await?;
        line.meter.sent(&Method::PUT, "upload");
        let answer = watched(request.send(), &moved, upload.asked).await;
        line.meter.wrote(moved.load(Ordering::Relaxed));
        if let Ok(response) = &answer {
            turn.answered(response.status(), response.headers(), backoff::now_unix());
        }
        // What stopped the source explains more than the broken request that followed.
        if let Some(error) = failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        let answer = answer?;
        if self.wire.may_be_expired(answer.status()) {
            // The body is spent: the caller starts again with a new stream, and then a new token is fetched.
            return Err(match body::refusal(answer, upload.asked).await {
                RegistryError::Denied { detail, .. } => {
                    upload.asked.unavailable(format!("{detail}, after the upload had begun"))
                }
                other => other,
            });
        }
        upload.stored(answer).await
    }
}

/// The headers of a request that could have a body and has none: some servers insist on a length.
pub(super) fn nothing() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("0"))])
}

struct Upload<'a> {
    repository: &'a str,
    digest: &'a Digest,
    size: u64,
    asked: &'a Asked,
}

impl Upload<'_> {
    /// Returns the session's address with the digest appended to whatever query it has.
    fn address(&self, mut session: Url) -> Url {
        session.query_pairs_mut().append_pair("digest", &self.digest.to_string());
        session
    }

    async fn stored(&self, response: Response) -> Result<(), RegistryError> {
        match (response.status(), content_digest(response.headers())) {
            (StatusCode::CREATED, Some(found)) if found.algorithm() == self.digest.algorithm() => {
                self.asked.same_digest(self.digest, found)
            }
            (StatusCode::CREATED, _) => Ok(()),
            _ => Err(body::refusal(response, self.asked).await),
        }
    }
}

/// Passes a stream on, counts it, stops it where it is longer or shorter than promised, and keeps its error.
fn measured(
    stream: impl Stream<Item = Result<Bytes, RegistryError>> + Send,
    size: u64,
    asked: Asked,
    failed: Arc<Mutex<Option<RegistryError>>>,
    moved: Arc<AtomicU64>,
) -> impl Stream<Item = Result<Bytes, RegistryError>> + Send {
    let counted = Arc::clone(&moved);
    let checked_end = asked.clone();
    let frames = stream.map(move |frame| {
        let frame = frame?;
        let so_far = counted.fetch_add(frame.len() as u64, Ordering::Relaxed) + frame.len() as u64;
        if so_far > size { Err(asked.size(size, so_far)) } else { Ok(frame) }
    });
    let end = futures_util::stream::once(async move {
        let so_far = moved.load(Ordering::Relaxed);
        if so_far < size { Err(checked_end.size(size, so_far)) } else { Ok(Bytes::new()) }
    });
    frames.chain(end).inspect_err(move |error| {
        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
    })
}

/// Waits for an answer as long as bytes move.
async fn watched(
    answer: impl Future<Output = Result<Response, reqwest::Error>>,
    moved: &AtomicU64,
    asked: &Asked,
) -> Result<Response, RegistryError> {
    let mut answer = std::pin::pin!(answer);
    loop {
        let before = moved.load(Ordering::Relaxed);
        match tokio::time::timeout(IDLE, &mut answer).await {
            Ok(answer) => return answer.map_err(|e| asked.unavailable(body::chain(e))),
            Err(_) if moved.load(Ordering::Relaxed) > before => {}
            Err(_) => return Err(asked.unavailable(format!("nothing moved for {} s", IDLE.as_secs()))),
        }
    }
}
