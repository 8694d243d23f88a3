//! A service beside the registries that is asked for small documents: a Transit engine, a time-stamp authority, the
//! repository of a trust root.
//!
//! The same clients, limits and pauses as for registries. No redirect is followed, because a token would go with it or it
//! would lead to a host that nobody named, and what the service says about an error is quoted without our secrets in it.
//! What comes back is not trusted.

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use url::Url;

use super::{backoff, body, wire::Line};
use crate::{
    model::Kind,
    registry::{Access, Credential, Endpoint, RegistryError, Secret, Transport, asked::Asked},
};

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
    /// Returns the service at an address. Sends nothing.
    ///
    /// # Errors
    /// Kind `Invalid` for an address that is not a bare `http` or `https` one, which is not repeated as it may hold a
    /// password, and for certificates that are none; `Denied` for files that cannot be read.
    pub fn new(address: &str, transport: Transport) -> Result<Self, RegistryError> {
        let refused = |detail: &str| RegistryError::no_connection("the address", detail, Kind::Invalid);
        let address: Url = address.parse().map_err(|_| refused("it is not an address"))?;
        let bare = address.username().is_empty() && address.password().is_none() && address.query().is_none();
        let web = matches!(address.scheme(), "http" | "https");
        let Some(host) = super::address::server(&address).filter(|_| web && bare) else {
            return Err(refused("expected `https://HOST/PATH` without a user or a query"));
        };
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
        self.answer(question, ANSWER_BYTES_MAX).await
    }

    /// Returns the document at a path below the address, or `None` where there is none. At most `bytes_max` bytes are
    /// read; the path may come from outside.
    ///
    /// # Errors
    /// As [`Service::ask`], and `Invalid` for a path that leads elsewhere.
    pub async fn document(&self, path: &str, bytes_max: u64) -> Result<Option<Bytes>, RegistryError> {
        let what = format!("`{path}`");
        let question = Question { what: &what, path, ..Question::default() };
        match self.answer(&question, bytes_max).await {
            Ok(found) => Ok(Some(found)),
            Err(RegistryError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn answer(&self, question: &Question<'_>, bytes_max: u64) -> Result<Bytes, RegistryError> {
        let asked = Asked::new(&self.line.host, question.what);
        let url = self.below(question.path).ok_or_else(|| asked.invalid("the path leads elsewhere"))?;
        let mut repeats = 0;
        loop {
            let failure = match self.once(question, url.clone(), bytes_max, &asked).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(pause) = backoff::pause(&failure, repeats) else { return Err(failure) };
            tokio::time::sleep(pause).await;
            repeats += 1;
        }
    }

    /// Returns where a path leads, unless that is not below the address.
    fn below(&self, path: &str) -> Option<Url> {
        let mut url = self.address.clone();
        if path.is_empty() {
            return Some(url);
        }
        let folder = format!("{}/", self.address.path().trim_end_matches('/'));
        url.set_path(&format!("{folder}{path}"));
        url.path().starts_with(&folder).then_some(url)
    }

    async fn once(
        &self,
        question: &Question<'_>,
        url: Url,
        bytes_max: u64,
        asked: &Asked,
    ) -> Result<Bytes, RegistryError> {
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
            return body::read(response, bytes_max, asked).await;
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
        StatusCode::REQUEST_TIMEOUT => asked.unavailable(detail),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_addresses_are_taken_and_none_is_repeated() {
        for wrong in [
            "no address",
            "ftp://tuf.example/",
            "data:,x",
            "https://user:hush@tuf.example/",
            "https://hush@tuf.example/",
            "https://tuf.example/?token=hush",
        ] {
            let error = Service::new(wrong, Transport::default()).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{wrong}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_path_from_outside_stays_below_the_address() {
        for address in ["https://tuf.example/a/b", "https://tuf.example/a/b/"] {
            let service = Service::new(address, Transport::default()).unwrap();
            let below = |path: &str| service.below(path).map(String::from);
            let at = |rest: &str| Some(format!("https://tuf.example/a/b/{rest}"));
            assert_eq!(below(""), Some(address.to_owned()));
            assert_eq!(below("1.root.json"), at("1.root.json"));
            assert_eq!(below("targets/x?y#z"), at("targets/x%3Fy%23z"), "no query and no fragment");
            assert_eq!(
                below("https://evil.example/x"),
                at("https://evil.example/x"),
                "a path like any other"
            );
            assert_eq!(below("//evil.example/x"), at("//evil.example/x"));
            for elsewhere in ["../x", "x/../../c", "%2e%2e/x", "..\\x", ".."] {
                assert_eq!(below(elsewhere), None, "{elsewhere}");
            }
        }
    }
}
