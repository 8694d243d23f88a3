//! Sending one request: authentication, redirects by hand, repetition, timeouts, counting.
//!
//! Knows nothing of manifests and blobs; [`super::manifests`] and its neighbours do.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION},
};
use tokio_util::task::TaskTracker;
use url::Url;

use super::{
    address,
    auth::{Auth, Scopes},
    backoff, body,
    budget::{self, Budget},
    challenge::challenge,
    meter::Meter,
    tls::{self, Clients},
};
use crate::registry::{Access, RegistryError, asked::Asked};

/// The most redirects that are followed for one request. Registries use one, to storage.
const REDIRECTS_MAX: usize = 5;

/// The longest wait for the head of an answer.
const ANSWER: Duration = Duration::from_mins(1);

/// The connection to one registry: everything but authentication.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) host: String,
    pub(super) base: Url,
    clients: Clients,
    pub(super) budget: Budget,
    pub(super) meter: Meter,
}

/// A [`Line`] with who we are on it.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) line: Line,
    pub(super) auth: Auth,
    /// Whether 403 may mean that the credential has expired.
    renew_on_forbidden: bool,
    /// Requests that go on without whoever began them: sessions being opened or closed.
    pub(super) closing: TaskTracker,
}

/// One request that may be repeated.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// The name under which it is counted.
    pub(super) action: &'static str,
    pub(super) asked: Asked,
    pub(super) scopes: Scopes,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Line {
    pub(super) fn new(access: &Access, base: Url) -> Result<Self, RegistryError> {
        let host = access.host.clone();
        let clients = Clients::new(&host, &access.transport)?;
        let budget = Budget::new(&access.behaviour.rates, access.concurrent);
        Ok(Self { host, base, clients, budget, meter: Meter::default() })
    }

    /// Returns whether credentials may go to an address: to the registry's own server and nowhere else.
    pub(super) fn ours(&self, url: &Url) -> bool {
        address::same_origin(url, &self.base)
    }

    /// Returns the client for an address: one that knows our certificate for the registry itself, else one without.
    pub(super) fn client(&self, url: &Url) -> &Client {
        self.clients.of(self.ours(url))
    }

    /// Waits for its turn, sends one request and waits for the head of its answer, whatever the status.
    pub(super) async fn execute(
        &self,
        request: RequestBuilder,
        method: &Method,
        action: &str,
        asked: &Asked,
    ) -> Result<Response, RegistryError> {
        let turn = self.budget.enter(budget::group(method, action), asked).await?;
        self.meter.sent(method, action);
        match tokio::time::timeout(ANSWER, request.send()).await {
            Ok(Ok(response)) => {
                turn.answered(response.status(), response.headers(), backoff::now_unix());
                Ok(response)
            }
            Ok(Err(e)) => Err(tls::failure(e, asked)),
            Err(_) => {
                turn.unanswered();
                Err(asked.unavailable(format!("no answer for {} s", ANSWER.as_secs())))
            }
        }
    }

    /// Runs `attempt` until its answer is neither a failed connection nor 429 nor 5xx, a bounded number of times.
    pub(super) async fn repeat<F, A>(&self, asked: &Asked, mut attempt: A) -> Result<Response, RegistryError>
    where
        A: FnMut() -> F,
        F: Future<Output = Result<Response, RegistryError>>,
    {
        let mut repeats = 0;
        loop {
            let failure = match attempt().await {
                Ok(response) if passing(response.status()) => body::refusal(response, asked).await,
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let Some(pause) = backoff::pause(&failure, repeats) else { return Err(failure) };
            tracing::debug!(%failure, ?pause, "asking again");
            tokio::time::sleep(pause).await;
            repeats += 1;
        }
    }
}

/// Returns whether the same request may well succeed in a moment.
fn passing(status: StatusCode) -> bool {
    let lasting = [StatusCode::NOT_IMPLEMENTED, StatusCode::HTTP_VERSION_NOT_SUPPORTED];
    status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
        || (status.is_server_error() && !lasting.contains(&status))
}

impl Wire {
    pub(super) fn new(access: &Access, base: Url) -> Result<Self, RegistryError> {
        Ok(Self {
            line: Line::new(access, base)?,
            auth: Auth::new(access.credentials.clone()),
            renew_on_forbidden: access.behaviour.renew_on_forbidden,
            closing: TaskTracker::new(),
        })
    }

    /// Sends a request, again where the failure is a passing one, and once more with a new token or credential where the
    /// registry asks for one. Returns answers of every status but 401, 408, 429 and (most) 5xx, which are errors.
    ///
    /// POST is repeated, too: all that can come of it is a second upload session that nobody uses.
    pub(super) async fn send(&self, call: &Call) -> Result<Response, RegistryError> {
        let sent = self.auth.header(&self.line, &call.scopes).await?;
        let response = self.line.repeat(&call.asked, || self.follow(call, sent.as_ref())).await?;
        let response = match self.renewed(call, &response, sent.as_ref()).await? {
            Some(header) => self.line.repeat(&call.asked, || self.follow(call, Some(&header))).await?,
            None => response,
        };
        match response.status() {
            StatusCode::UNAUTHORIZED => {
                let refusal = body::refusal(response, &call.asked).await;
                Err(self.auth.explained(refusal, &call.scopes).await)
            }
            _ => Ok(response),
        }
    }

    /// Returns the `Authorization` with which a request that was answered like this may succeed; `None` where the answer
    /// is final.
    async fn renewed(
        &self,
        call: &Call,
        response: &Response,
        sent: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        // What another host says, to which a redirect led, is no question to us.
        if !(self.ours(&call.url) && self.ours(response.url())) {
            return Ok(None);
        }
        match (response.status(), challenge(response.headers()), sent) {
            (StatusCode::UNAUTHORIZED, Some(challenged), _) => {
                self.auth.answer(&self.line, challenged, &call.scopes, sent, &call.asked).await.map(Some)
            }
            (status, _, Some(sent)) if self.may_be_expired(status) => {
                self.auth.renewed(&self.line, &call.scopes, sent).await
            }
            _ => Ok(None),
        }
    }

    /// Returns whether a refusal may mean that what was sent to say who we are has expired.
    pub(super) fn may_be_expired(&self, status: StatusCode) -> bool {
        status == StatusCode::UNAUTHORIZED || (status == StatusCode::FORBIDDEN && self.renew_on_forbidden)
    }

    /// See [`Line::ours`].
    pub(super) fn ours(&self, url: &Url) -> bool {
        self.line.ours(url)
    }

    /// Sends a request once and follows redirects of GET and HEAD.
    async fn follow(&self, call: &Call, header: Option<&HeaderValue>) -> Result<Response, RegistryError> {
        let mut url = call.url.clone();
        for hop in 0..=REDIRECTS_MAX {
            let mut request = self.line.client(&url).request(call.method.clone(), url.clone());
            request = request.headers(call.headers.clone());
            if !call.body.is_empty() {
                request = request.body(call.body.clone());
            }
            if let Some(header) = header.filter(|_| self.ours(&url)) {
                request = request.header(AUTHORIZATION, header);
            }
            let action = if hop == 0 { call.action } else { "redirect" };
            let response = self.line.execute(request, &call.method, action, &call.asked).await?;
            let reading = call.method == Method::GET || call.method == Method::HEAD;
            if !(reading && is_redirect(response.status())) {
                return Ok(response);
            }
            url = self.location(&response, &url, &call.asked)?;
        }
        Err(call.asked.invalid(format!("more than {REDIRECTS_MAX} redirects")))
    }

    /// Returns the `Location` of an answer, joined to the address it came from.
    ///
    /// # Errors
    /// `Invalid` where there is none or it leads where [`address::objection`] does not let it.
    pub(super) fn location(
        &self,
        response: &Response,
        from: &Url,
        asked: &Asked,
    ) -> Result<Url, RegistryError> {
        let text = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let to =
            text.and_then(|text| from.join(text).ok()).ok_or_else(|| asked.invalid("no usable Location"))?;
        match address::objection(&self.line.base, from, &to) {
            Some(reason) => Err(asked.invalid(format!("a Location that is not followed: {reason}"))),
            None => Ok(to),
        }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
