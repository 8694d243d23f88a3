//! What can go wrong while signing.

use crate::{
    model::{Digest, Kind},
    registry::RegistryError,
    trust::{fetch::FetchError, verify::discover::Failure},
};

/// A signature or document that was not written, or was written and did not read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The password does not open the key. What was tried is not in the message.
    #[error("the password does not open the signing key")]
    Password,
    /// A secret that opens the key is not there.
    #[error("the key needs a {what}: {variable} is not set")]
    NoSecret { what: &'static str, variable: &'static str },
    /// The key is not the one that the manifests publish: consumers would refuse what it signs.
    #[error("it is not the published key `{path}`: its own public half is {found}")]
    NotPublished { path: String, found: Digest },
    #[error("the signing key cannot be used: {0}")]
    Key(String),
    #[error("the key did not sign: {0}")]
    Signer(String),
    /// A secret was not taken. What was tried is not in the message.
    #[error("{0}")]
    Refused(String),
    /// What a key outside of this process returned is no signature of it over what was asked for.
    #[error("`{by}` returned a signature that its public key does not verify")]
    Forged { by: String },
    #[error("no time stamp from `{authority}`: {reason}")]
    Timestamp { authority: String, reason: String },
    #[error("no entry in the log `{log}`: {reason}")]
    Log { log: String, reason: String },
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Evidence names the bytes of an SBOM, and nothing else may stand in for them.
    #[error("SBOM `{digest}` of platform `{}` is not in {looked} any more; put it back, or have the image taken in again", platform.short())]
    NoSbom { digest: Digest, platform: Digest, looked: String },
    /// What is there does not let us add to it.
    #[error("signature cannot be added in `{repository}`: {reason}")]
    Occupied { repository: String, reason: String },
    /// The registry took it and does not give it back as it was.
    #[error("`{repository}` does not give back the {format} of {}: {reason}", subject.short())]
    NotReadBack { repository: String, format: String, subject: Digest, reason: String },
}

impl SignError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Password | Self::NoSecret { .. } | Self::Refused(_) => Kind::Denied,
            Self::Key(_) | Self::Occupied { .. } | Self::Timestamp { .. } | Self::Log { .. } => Kind::Invalid,
            Self::Signer(_) => Kind::Unavailable,
            Self::NoSbom { .. } => Kind::NotFound,
            Self::Registry(error) => error.kind(),
            Self::NotReadBack { .. } | Self::NotPublished { .. } | Self::Forged { .. } => Kind::Mismatch,
        }
    }

    /// Returns the error of a survey that could not look everywhere.
    pub(super) fn of_failure(repository: &str, failure: &Failure) -> Self {
        match failure {
            Failure::Registry(error) => Self::Registry(error.clone()),
            Failure::Limit(reason) => {
                Self::Occupied { repository: repository.to_owned(), reason: reason.clone() }
            }
        }
    }

    pub(super) fn of_fetch(repository: &str, error: FetchError) -> Self {
        Self::of_failure(repository, &error.into())
    }
}
