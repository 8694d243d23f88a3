//! Why a trust root was not read, fetched or written.

use crate::{model::Kind, registry::RegistryError};

/// A failed refresh. Whatever the failure, the file in the manifest repository is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error("trust root `{path}` cannot be read: {reason}")]
    Read { path: String, reason: String },
    #[error("`{path}` cannot be written: {reason}")]
    Write { path: String, reason: String },
    #[error(transparent)]
    Fetch(#[from] RegistryError),
    /// What the TUF repository serves does not hold: a signature, a hash, a length, a form.
    #[error("`{url}` is not to be trusted: {reason}")]
    Untrusted { url: String, reason: String },
    /// Its metadata has ended: nobody has signed it lately, or somebody keeps us from seeing that.
    #[error("`{url}` serves metadata that has expired: {reason}")]
    Expired { url: String, reason: String },
    #[error("`{url}` has no `{target}`")]
    NoTarget { url: String, target: String },
    /// What is offered is older than what is there.
    #[error("rollback: {0}")]
    Rollback(String),
    #[error("what is offered is no trust root: {0}")]
    Content(String),
}

impl RootError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } | Self::Content(_) => Kind::Invalid,
            Self::Write { .. } => Kind::Denied,
            Self::Fetch(error) => error.kind(),
            Self::Untrusted { .. } | Self::Rollback(_) | Self::Expired { .. } => Kind::Mismatch,
            Self::NoTarget { .. } => Kind::NotFound,
        }
    }
}
