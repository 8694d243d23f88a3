//! Upload sessions: each one is used up or closed, also when whoever opened it is not there any more.
//!
//! A session that is dropped closes itself on the runtime, past the task that held it: a failed source, a cancelled
//! future and an error of the registry leave nothing behind. [`super::uploads`] says what is sent in between.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap},
};
use tokio::runtime::Handle;
use tokio_util::task::task_tracker::TaskTrackerToken;
use url::Url;

use super::{
    HttpRegistry, auth,
    wire::{Call, Wire},
};
use crate::registry::{RegistryError, asked::Asked};

/// The longest that the end of a run waits for sessions to be closed. A registry that takes longer drops them by itself.
const SETTLE: Duration = Duration::from_secs(10);

/// An open upload session.
#[derive(Debug)]
pub(in crate::registry) struct Session {
    wire: Arc<Wire>,
    repository: String,
    /// Where the next request of the upload goes; the registry may change it with every answer.
    pub(super) url: Url,
    /// `OCI-Chunk-Min-Length`, where the registry states one.
    pub(in crate::registry) chunk_min_bytes: Option<u64>,
    open: bool,
    /// Counts the session among those that the end of a run waits for.
    _counted: TaskTrackerToken,
}

/// What came of a request that may open a session.
#[derive(Debug)]
pub(super) enum Opened {
    Session(Session),
    /// A session was opened and nobody can say where.
    Unusable(RegistryError),
    /// Another answer than 202.
    Other(Response),
}

impl Session {
    /// Sends a request that may open a session. The answer is waited for even where the caller is dropped meanwhile:
    /// otherwise nobody would know the session that it names.
    pub(super) async fn open(
        wire: &Arc<Wire>,
        repository: &str,
        call: Call,
    ) -> Result<Opened, RegistryError> {
        let (own, repository, asked) = (Arc::clone(wire), repository.to_owned(), call.asked.clone());
        let task = wire.closing.spawn(async move {
            let response = own.send(&call).await?;
            if response.status() != StatusCode::ACCEPTED {
                return Ok(Opened::Other(response));
            }
            Ok(match own.location(&response, &call.url, &call.asked) {
                Ok(url) => {
                    let (counted, chunk_min_bytes) = (own.closing.token(), chunk_min(response.headers()));
                    let open = true;
                    Opened::Session(Self {
                        wire: own,
                        repository,
                        url,
                        chunk_min_bytes,
                        open,
                        _counted: counted,
                    })
                }
                Err(error) => Opened::Unusable(error),
            })
        });
        task.await.unwrap_or_else(|error| Err(asked.unavailable(error.to_string())))
    }

    /// Says that the registry has stored the blob and dropped the session.
    pub(super) fn used(mut self) {
        self.open = false;
    }

    /// Closes the session and waits until that is done. Registries drop sessions by themselves later, so a failure is no
    /// error.
    pub(in crate::registry) async fn close(mut self) {
        self.open = false;
        let task =
            self.wire.closing.spawn(close(Arc::clone(&self.wire), self.repository.clone(), self.url.clone()));
        if let Err(error) = task.await {
            tracing::debug!(%error, "an upload session stays open");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Without a runtime the process is ending, and nothing can be sent any more.
        if let (true, Ok(runtime)) = (self.open, Handle::try_current()) {
            let end = close(Arc::clone(&self.wire), self.repository.clone(), self.url.clone());
            self.wire.closing.spawn_on(end, &runtime);
        }
    }
}

fn chunk_min(headers: &HeaderMap) -> Option<u64> {
    headers.get("oci-chunk-min-length")?.to_str().ok()?.trim().parse().ok()
}

async fn close(wire: Arc<Wire>, repository: String, url: Url) {
    let asked = Asked::new(&wire.line.host, format!("the end of an upload to `{repository}`"));
    match delete(&wire, &repository, url, asked).await {
        Ok(status) if status.is_success() || status == StatusCode::NOT_FOUND => {}
        Ok(status) => tracing::debug!(%status, repository, "an upload session stays open"),
        Err(error) => tracing::debug!(%error, "an upload session stays open"),
    }
}

async fn delete(wire: &Wire, repository: &str, url: Url, asked: Asked) -> Result<StatusCode, RegistryError> {
    let mut request = wire.line.client(&url).delete(url.clone());
    if wire.ours(&url)
        && let Some(header) = wire.auth.header(&wire.line, &auth::push(repository)).await?
    {
        request = request.header(AUTHORIZATION, header);
    }
    let response = wire.line.execute(request, &Method::DELETE, "upload", &asked).await?;
    if !wire.may_be_expired(response.status()) {
        return Ok(response.status());
    }
    // Distribution wants the right to delete for every DELETE, sessions included; few need a token of its own for it.
    let call = Call {
        method: Method::DELETE,
        url,
        action: "upload",
        asked,
        scopes: auth::delete(repository),
        headers: HeaderMap::new(),
        body: bytes::Bytes::new(),
    };
    wire.send(&call).await.map(|response| response.status())
}

impl HttpRegistry {
    /// Waits until sessions that were given up are closed, or as long as is reasonable.
    pub(super) async fn sessions_closed(&self) {
        let closing = &self.wire.closing;
        closing.close();
        if tokio::time::timeout(SETTLE, closing.wait()).await.is_err() {
            tracing::warn!(host = self.host, open = closing.len(), "upload sessions may stay open");
        }
        closing.reopen();
    }
}
