//! A service beside the registries that is asked for small documents: a Transit engine, a time-stamp authority.
//!
//! The same clients, limits and pauses as for registries. No redirect is followed, because a token would go with it, and
//! what the service says about an error is quoted without our secrets in it.

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use url::Url;

use super::{backoff, body, wire::Line};
use crate::registry::{Access, Credential, Endpoint, RegistryError, Secret, Transport, asked::Asked};

/// The largest answer that is read. Keys of Transit with hundreds of versions and time stamps with long chains have less.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// A service at an address.
#[derive(Debug)]
pub struct Service {
    line: Line,
    address: Url,
}

/// What a service is asked.
#[derive(Debug, Clone, Default)]
pub struct Question<'a> {
    /// What is asked for, in words that fit the messages of [`RegistryError`].
    pub what: &'a str,
    /// Goes behind the address, without a slash before it; empty for the address itself.
    pub path: &'a str,
    /// Headers; their values are never shown.
    pub headers: Vec<(&'static str, Secret)>,
    /// Media type and bytes; `None` asks with GET.
    pub body: Option<(&'static str, Vec<u8>)>,
}

impl Service {
    /// Returns the service at an address, which manifests have checked. Sends nothing.
    ///
    /// # Errors
    /// Kind `Invalid` for what is no address and for certificates that are none, `Denied` for files that cannot be read.
    pub fn new(address: &str, transport: Transport) -> Result<Self, RegistryError> {
        let refused =
            || RegistryError::no_connection(address, "it is not an address", crate::model::Kind::Invalid);
        let address: Url = address.parse().map_err(|_| refused())?;
        let host = super::address::server(&address).ok_or_else(refused)?;
        let plain = address.scheme() == "http";
        let access =
            Access { transport, ..Access::new(host, Endpoint::Http { plain }, Credential::Anonymous) };
        Ok(Self { line: Line::new(&access, address.clone())?, address })
    }

    /// Asks, again where a failure is a passing one, and returns the bytes of the answer.
    ///
    /// # Errors
    /// `Denied` for 401 and 403, `NotFound` for 404, `RateLimited`, `Unavailable` for failed connections and 5xx,
    /// `Invalid` for every other answer than 200 and 201 and for answers that are too large.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Bytes, RegistryError> {
        let asked = Asked::new(&self.line.host, question.what);
        let mut repeats = 0;
        loop {
            let failure = match self.once(question, &asked).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(pause) = backoff::pause(&failure, repeats) else { return Err(failure) };
            tokio::time::sleep(pause).await;
            repeats += 1;
        }
    }

    async fn once(&self, question: &Question<'_>, asked: &Asked) -> Result<Bytes, RegistryError> {
        let mut url = self.address.clone();
        if !question.path.is_empty() {
            url.set_path(&format!("{}/{}", self.address.path().trim_end_matches('/'), question.path));
        }
        let method = if question.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.line.client(&url).request(method.clone(), url);
        for (name, value) in &question.headers {
            let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| {
                asked.denied(&format!("the value for `{name}` has characters no header may have"))
            })?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static(name), value);
        }
        if let Some((media_type, bytes)) = &question.body {
            request = request.header(CONTENT_TYPE, *media_type).body(bytes.clone());
        }
        let response = self.line.execute(request, &method, "service", asked).await?;
        if matches!(response.status(), StatusCode::OK | StatusCode::CREATED) {
            return body::read(response, ANSWER_BYTES_MAX, asked).await;
        }
        Err(refusal(response, question, asked).await)
    }
}

/// Turns an answer that is not the wished one into an error with the service's own words.
async fn refusal(response: Response, question: &Question<'_>, asked: &Asked) -> RegistryError {
    let status = response.status();
    let wait = backoff::retry_after_s(response.headers(), backoff::now_unix());
    let read = body::read(response, ANSWER_BYTES_MAX, asked).await;
    let said = read.map(|body| explanation(&body)).unwrap_or_default();
    let said = question.headers.iter().fold(said, |said, (_, secret)| said.replace(secret.reveal(), "…"));
    let detail = format!("status {}{}{said}", status.as_u16(), if said.is_empty() { "" } else { ": " });
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => asked.denied(&detail),
        StatusCode::NOT_FOUND => asked.not_found(),
        StatusCode::TOO_MANY_REQUESTS => asked.rate_limited(wait),
        _ if status.is_server_error() => asked.unavailable(detail),
        _ if status.is_redirection() => asked.invalid(format!("{detail}, which is not followed")),
        _ => asked.invalid(detail),
    }
}

/// Returns the first error in the form of Vault and OpenBao, `{"errors": ["…"]}`.
fn explanation(body: &[u8]) -> String {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let mut errors = answer["errors"].as_array().into_iter().flatten();
    let first = errors.find_map(serde_json::Value::as_str);
    first.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}
