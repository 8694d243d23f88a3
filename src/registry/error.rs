//! What can go wrong with a registry.

use std::time::Duration;

use crate::model::{Digest, Kind, quantity::span};

/// A failed request. Addresses in it carry no query, no user information and no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("{what} does not exist at `{host}`")]
    NotFound { host: String, what: String },
    #[error("`{host}` denied {what}: {detail}")]
    Denied { host: String, what: String, detail: String },
    #[error("no credential for `{host}` from {place}: {detail}")]
    Credential { host: String, place: String, detail: String, kind: Kind },
    #[error("no connection to `{host}`: {detail}")]
    Connection { host: String, detail: String, kind: Kind },
    #[error("`{host}` asked for patience at {what}{}", again(*retry_after_s))]
    RateLimited { host: String, what: String, retry_after_s: Option<u64> },
    #[error("`{host}` failed at {what}: {detail}")]
    Unavailable { host: String, what: String, detail: String },
    #[error("`{host}` answered {what} with something invalid: {detail}")]
    Invalid { host: String, what: String, detail: String },
    #[error("`{host}` delivered {what} whose digest is {found}, not {expected}")]
    Mismatch { host: String, what: String, expected: Digest, found: Digest },
    #[error("`{host}` delivered {found} bytes of {what}, not {expected}")]
    Size { host: String, what: String, expected: u64, found: u64 },
}

fn again(retry_after_s: Option<u64>) -> String {
    let wait = retry_after_s.map(|seconds| span(Duration::from_secs(seconds)));
    wait.map(|wait| format!("; try again in {wait}")).unwrap_or_default()
}

impl RegistryError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } => Kind::NotFound,
            Self::Denied { .. } => Kind::Denied,
            Self::RateLimited { .. } => Kind::RateLimited,
            Self::Unavailable { .. } => Kind::Unavailable,
            Self::Invalid { .. } => Kind::Invalid,
            Self::Mismatch { .. } | Self::Size { .. } => Kind::Mismatch,
            Self::Credential { kind, .. } | Self::Connection { kind, .. } => *kind,
        }
    }

    /// Returns that a credential that is kept at `place` cannot be had.
    pub(super) fn no_credential(host: &str, place: &str, detail: &str, kind: Kind) -> Self {
        let (host, place) = (host.to_owned(), place.to_owned());
        Self::Credential { host, place, detail: super::asked::quotable(detail), kind }
    }

    /// Returns that nothing can be sent to `host`, for a reason that does not pass by itself.
    pub(super) fn no_connection(host: &str, detail: &str, kind: Kind) -> Self {
        Self::Connection { host: host.to_owned(), detail: super::asked::quotable(detail), kind }
    }
}
