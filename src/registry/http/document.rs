//! Documents that are no registry's, such as the metadata of a trust root: one GET each, nothing else.
//!
//! No credentials, no redirects (they would lead to hosts that nobody named), no repetition. What comes back is not
//! trusted.

use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use url::Url;

use super::{body, tls::Clients};
use crate::{
    model::Kind,
    registry::{RegistryError, Transport, asked::Asked},
};

/// The longest wait for the beginning of an answer; [`body::read`] bounds the rest.
const ANSWER: Duration = Duration::from_secs(30);

/// A place that serves documents below one address.
#[derive(Debug)]
pub struct Documents {
    base: Url,
    host: String,
    clients: Clients,
}

impl Documents {
    /// Prepares to read below `address`; sends nothing.
    ///
    /// # Errors
    /// `Invalid` for an address that is not a bare `http` or `https` one, and where no client can be made.
    pub fn new(address: &str, transport: &Transport) -> Result<Self, RegistryError> {
        let refused = |detail: &str| RegistryError::no_connection("the address", detail, Kind::Invalid);
        let mut base: Url = address.parse().map_err(|_| refused("not an address"))?;
        let web = matches!(base.scheme(), "http" | "https");
        let anonymous = base.username().is_empty() && base.password().is_none();
        let Some(host) = base.host_str().filter(|_| web && anonymous && base.query().is_none()) else {
            return Err(refused("expected `https://HOST/PATH` without a user or a query"));
        };
        let host = base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let clients = Clients::new(&host, transport)?;
        Ok(Self { base, host, clients })
    }

    /// Returns the document at a relative path, or `None` where there is none. At most `bytes_max` bytes are read.
    ///
    /// # Errors
    /// `Invalid` where it is larger; otherwise what the answer's status means.
    pub async fn get(&self, path: &str, bytes_max: u64) -> Result<Option<Bytes>, RegistryError> {
        let asked = Asked::new(&self.host, format!("`{path}`"));
        let url = self.base.join(path).map_err(|_| asked.invalid("not a path"))?;
        if url.origin() != self.base.origin() || !url.path().starts_with(self.base.path()) {
            return Err(asked.invalid("the path leads elsewhere"));
        }
        let sent = self.clients.of(true).get(url).send();
        let answer = match tokio::time::timeout(ANSWER, sent).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(asked.unavailable(body::chain(error))),
            Err(_) => return Err(asked.unavailable(format!("no answer for {} s", ANSWER.as_secs()))),
        };
        match answer.status() {
            StatusCode::OK => body::read(answer, bytes_max, &asked).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(body::refusal(answer, &asked).await),
        }
    }
}
