//! Blobs: mount and upload. Uploads are monolithic (`POST`, then one `PUT`): several registries lose data with `PATCH`.
//! Where a registry's behaviour asks for chunks, [`super::chunks`] sends them.

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
    HttpRegistry,
    auth::{self, Scopes},
    backoff, body,
    manifests::content_digest,
    sessions::{Opened, Session},
    wire::Call,
};
use crate::{
    model::{Digest, media_type},
    registry::{ActionGroup, BlobStream, Mount, MountSupport, RegistryError, asked::Asked},
};

/// The longest that an upload may stand still, including the registry's own work after the last byte: storing a large
/// layer in object storage takes minutes.
const IDLE: Duration = Duration::from_mins(5);

/// The largest blob that is sent with the request that may only open a session, in bytes. Signatures have one kilobyte,
/// attestations with whole SBOMs several hundred.
const SINGLE_POST_BYTES_MAX: u64 = 1024 * 1024;

impl HttpRegistry {
    pub(super) async fn blob_mount(
        &self,
        repository: &str,
        digest: &Digest,
        from: &str,
    ) -> Result<Mount, RegistryError> {
        if self.behaviour.mount == MountSupport::Never || !self.wire.auth.same_account(repository, from) {
            // One request has one credential, and a credential of another account could not read `from`.
            return Ok(Mount::Refused);
        }
        let call = self.mount_call(repository, digest, from);
        let response = match Session::open(&self.wire, repository, call).await {
            Ok(Opened::Other(response)) => response,
            Ok(Opened::Session(session)) => {
                session.close().await;
                return Ok(Mount::Refused);
            }
            // A mount that fails never fails the image: the upload that follows shows whether something is wrong. Denied
            // says that the registry, or its token endpoint, does not let us read `from`, and an upload needs no leave
            // for that.
            Ok(Opened::Unusable(_)) => return Ok(Mount::Refused),
            Err(error @ RegistryError::RateLimited { .. }) => return Err(error),
            Err(error) => {
                tracing::debug!(%error, "not mounted");
                return Ok(Mount::Refused);
            }
        };
        if response.status() != StatusCode::CREATED {
            return Ok(Mount::Refused);
        }
        self.wire.line.meter.mounted();
        Ok(Mount::Done)
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
        if self.behaviour.chunks_broken && self.behaviour.chunk_bytes.is_some() {
            return Err(asked
                .invalid("it does not keep uploads in chunks whole: leave `spec.behaviour.chunkBytes` out"));
        }
        let session = self.session(repository, &asked).await?;
        self.put_into(session, &Upload { repository, digest, size, asked: &asked }, stream).await
    }

    /// Uploads a blob into a session, as the registry's behaviour asks for.
    async fn put_into(
        &self,
        mut session: Session,
        upload: &Upload<'_>,
        stream: BlobStream,
    ) -> Result<(), RegistryError> {
        let size = upload.size;
        // The registry knows a least size of a chunk ("OCI-Chunk-Min-Length"); a blob that is one chunk needs no PATCH.
        let chunk = self.behaviour.chunk_bytes.map(|bytes| bytes.max(session.chunk_min_bytes.unwrap_or(0)));
        let chunk = chunk.filter(|chunk| *chunk < size);
        let done = self.put(upload, &mut session, stream, chunk).await;
        match done {
            Ok(()) => {
                self.wire.line.budget.transferred(ActionGroup::UploadBody);
                session.used();
            }
            Err(_) => session.close().await,
        }
        done?;
        if chunk.is_some() || self.behaviour.read_back { self.read_back(upload).await } else { Ok(()) }
    }

    /// Uploads a blob in one `POST` with its digest (distribution specification, "Single POST"), or, where the registry
    /// answers with a session instead, into that. Which of the two it does is remembered.
    pub(super) async fn small_blob_put(
        &self,
        repository: &str,
        digest: &Digest,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let stream: BlobStream = Box::pin(futures_util::stream::iter([Ok(bytes.clone())]));
        let size = bytes.len() as u64;
        let fits = (1..=SINGLE_POST_BYTES_MAX).contains(&size) && self.behaviour.chunk_bytes.is_none();
        if !fits || self.wants_sessions.load(Ordering::Relaxed) {
            return self.blob_put(repository, digest, size, stream).await;
        }
        let asked = self.asked(format!("the upload of `{repository}@{digest}`"));
        let upload = Upload { repository, digest, size, asked: &asked };
        let scopes = auth::push(repository);
        let mut call = self.call(Method::POST, repository, "blobs/uploads/", "upload", asked.clone(), scopes);
        call.url = upload.address(call.url);
        call.headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(media_type::OCTET_STREAM)),
            (CONTENT_LENGTH, HeaderValue::from(size)),
        ]);
        call.body = bytes;
        match Session::open(&self.wire, repository, call).await? {
            Opened::Other(response) if response.status() == StatusCode::CREATED => {
                self.wire.line.meter.wrote(size);
                upload.stored(response).await?;
                if self.behaviour.read_back { self.read_back(&upload).await } else { Ok(()) }
            }
            Opened::Session(session) => {
                self.wants_sessions.store(true, Ordering::Relaxed);
                self.put_into(session, &upload, stream).await
            }
            Opened::Unusable(error) => Err(error),
            // No such repository yet, or nothing of the kind is known there: the long way says what is wrong.
            Opened::Other(response) => {
                let unknown = response.status() != StatusCode::NOT_FOUND;
                self.wants_sessions.store(unknown, Ordering::Relaxed);
                self.blob_put(repository, digest, size, stream).await
            }
        }
    }

    /// Sends a body once its first frame is there: a source that cannot be opened costs no broken request, and leave to
    /// upload is never held while waiting for leave to download.
    async fn put(
        &self,
        upload: &Upload<'_>,
        session: &mut Session,
        stream: BlobStream,
        chunk: Option<u64>,
    ) -> Result<(), RegistryError> {
        let mut stream = Box::pin(stream.peekable());
        if let Some(Err(error)) = stream.as_mut().peek().await {
            return Err(error.clone());
        }
        let _slot = self.wire.line.budget.transfer(ActionGroup::UploadBody).await;
        match (upload.size, chunk) {
            (0, _) => self.put_nothing(upload, session.url.clone(), stream).await,
            (_, Some(chunk)) => self.put_chunks(upload, session, stream, chunk).await,
            (_, None) => self.put_stream(upload, session.url.clone(), stream).await,
        }
    }

    /// Looks at a blob that the registry says it has stored: not every registry has then kept all of it.
    async fn read_back(&self, upload: &Upload<'_>) -> Result<(), RegistryError> {
        match self.blob_head(upload.repository, upload.digest).await? {
            Some(size) if size == upload.size => Ok(()),
            Some(size) => Err(upload.asked.size(upload.size, size)),
            None => Err(upload.asked.invalid("stored, it says, but the blob is not there")),
        }
    }

    /// Opens an upload session, again where the repository had to be created first.
    pub(super) async fn session(&self, repository: &str, asked: &Asked) -> Result<Session, RegistryError> {
        match self.try_session(repository, asked).await? {
            Some(session) => Ok(session),
            None if self.created(repository).await? => {
                let session = self.try_session(repository, asked).await?;
                session
                    .ok_or_else(|| asked.unavailable("the repository has been created and is not there yet"))
            }
            None => Err(self.no_repository(repository)),
        }
    }

    /// Opens an upload session; `None` where there is no such repository.
    async fn try_session(&self, repository: &str, asked: &Asked) -> Result<Option<Session>, RegistryError> {
        let scopes = auth::push(repository);
        let mut call = self.call(Method::POST, repository, "blobs/uploads/", "upload", asked.clone(), scopes);
        call.headers = nothing();
        match Session::open(&self.wire, repository, call).await? {
            Opened::Session(session) => Ok(Some(session)),
            Opened::Unusable(error) => Err(error),
            Opened::Other(response) if response.status() == StatusCode::NOT_FOUND => Ok(None),
            Opened::Other(response) => Err(body::refusal(response, asked).await),
        }
    }

    /// An empty blob has no last frame to hold back, so everything is checked before the request.
    async fn put_nothing(
        &self,
        upload: &Upload<'_>,
        session: Url,
        mut stream: BlobStream,
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
        stream: BlobStream,
    ) -> Result<(), RegistryError> {
        let flow = Flow::default();
        let body = Body::wrap_stream(flow.measured(stream, upload.size, upload.asked.clone()));
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(media_type::OCTET_STREAM)),
            (CONTENT_LENGTH, HeaderValue::from(upload.size)),
        ]);
        let url = upload.address(session);
        let answer = self.send_once(upload, Method::PUT, &url, headers, body, &flow).await?;
        upload.stored(answer).await
    }

    /// Sends bytes that are there only once: no repetition, no answer to a challenge.
    pub(super) async fn send_once(
        &self,
        upload: &Upload<'_>,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Body,
        flow: &Flow,
    ) -> Result<Response, RegistryError> {
        let mut request =
            self.wire.line.client(url).request(method.clone(), url.clone()).headers(headers).body(body);
        if self.wire.ours(url)
            && let Some(header) = self.wire.auth.header(&self.wire.line, &upload.scopes()).await?
        {
            request = request.header(AUTHORIZATION, header);
        }
        let line = &self.wire.line;
        let turn = line.budget.leave(Some(ActionGroup::UploadBody), upload.asked).await?;
        line.meter.sent(&method, "upload");
        let before = flow.moved.load(Ordering::Relaxed);
        let answer = watched(request.send(), &flow.moved, upload.asked).await;
        line.meter.wrote(flow.moved.load(Ordering::Relaxed) - before);
        if let Ok(response) = &answer {
            turn.answered(response.status(), response.headers(), backoff::now_unix());
        }
        // What stopped the source explains more than the broken request that followed.
        if let Some(error) = flow.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
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
        Ok(answer)
    }
}

/// The headers of a request that could have a body and has none: some servers insist on a length.
pub(super) fn nothing() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static("0"))])
}

/// The error of a registry, or of a proxy before it, that takes no request this large.
pub(super) fn too_large(asked: &Asked) -> RegistryError {
    asked.invalid("status 413, too much in one request: set a smaller `spec.behaviour.chunkBytes` in its `Registry` document")
}

/// A blob to be uploaded.
pub(super) struct Upload<'a> {
    pub(super) repository: &'a str,
    pub(super) digest: &'a Digest,
    pub(super) size: u64,
    pub(super) asked: &'a Asked,
}

impl Upload<'_> {
    /// Returns the session's address with the digest appended to whatever query it has.
    pub(super) fn address(&self, mut session: Url) -> Url {
        session.query_pairs_mut().append_pair("digest", &self.digest.to_string());
        session
    }

    pub(super) fn scopes(&self) -> Scopes {
        auth::push(self.repository)
    }

    pub(super) async fn stored(&self, response: Response) -> Result<(), RegistryError> {
        match (response.status(), content_digest(response.headers())) {
            (StatusCode::CREATED, Some(found)) if found.algorithm() == self.digest.algorithm() => {
                self.asked.same_digest(self.digest, found)
            }
            (StatusCode::CREATED, _) => Ok(()),
            (StatusCode::PAYLOAD_TOO_LARGE, _) => Err(too_large(self.asked)),
            _ => Err(body::refusal(response, self.asked).await),
        }
    }
}

/// What is known of a stream while it flows into requests.
#[derive(Default)]
pub(super) struct Flow {
    failed: Arc<Mutex<Option<RegistryError>>>,
    moved: Arc<AtomicU64>,
}

impl Flow {
    /// Passes a stream on, counts it, stops it where it is longer or shorter than promised, and keeps its error.
    pub(super) fn measured(
        &self,
        stream: BlobStream,
        size: u64,
        asked: Asked,
    ) -> impl Stream<Item = Result<Bytes, RegistryError>> + Send + use<> {
        let (counted, moved, failed) =
            (Arc::clone(&self.moved), Arc::clone(&self.moved), Arc::clone(&self.failed));
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
