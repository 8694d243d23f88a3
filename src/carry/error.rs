//! What can go wrong on either side of an air gap.

use std::{io, path::Path};

use crate::{
    evidence::EvidenceError,
    git::GitError,
    intake::IntakeError,
    model::{Digest, Kind},
    reconcile::RunError,
    registry::RegistryError,
    trust::sign::SignError,
};

/// Why a carry could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    #[error("consumer `{0}` is not defined in the manifests")]
    NoConsumer(String),
    #[error("nothing is cleared for {0}")]
    Nothing(String),
    #[error("a volume of {0} bytes is too small; at least {1}")]
    VolumeSize(u64, u64),
    #[error("`{directory}` holds another carry, of commit {commit}; name a new directory")]
    Occupied { directory: String, commit: String },
    #[error("the repository is a shallow clone; fetch the whole history first")]
    Shallow,
    #[error("`{path}`: {source}")]
    File { path: String, source: io::Error },
    #[error("`{path}` is no index of a carry: {reason}")]
    Index { path: String, reason: String },
    #[error("`{path}` is not signed by the key `{key}`: {reason}")]
    Signature { path: String, key: String, reason: String },
    #[error("the public key `{path}` cannot be used: {reason}")]
    Key { path: String, reason: String },
    #[error("the carried history ends at {found}, not at {expected}")]
    History { expected: String, found: String },
    #[error(
        "branch `{branch}` of `{remote}` is at {tip}, from which {commit} is no fast-forward: it is older or of another \
         history; nothing was tagged"
    )]
    NotForward { remote: String, branch: String, tip: String, commit: String },
    #[error("{digest} has {found} bytes where {expected} are recorded")]
    Size { digest: Digest, expected: u64, found: u64 },
    #[error("{expected} arrives as {found}")]
    Mismatch { expected: Digest, found: Digest },
    #[error("{0} was interrupted; the same command goes on from here")]
    Interrupted(&'static str),
    #[error("signer: {0}")]
    Signer(String),
    #[error("{digest}: {source}")]
    Image { digest: Digest, source: Box<IntakeError> },
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("a task of the carry ended unexpectedly: {0}")]
    Task(String),
}

impl CarryError {
    /// Returns what the error means to the caller.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoConsumer(_) | Self::Nothing(_) => Kind::NotFound,
            Self::VolumeSize(..)
            | Self::Occupied { .. }
            | Self::Shallow
            | Self::Index { .. }
            | Self::Key { .. } => Kind::Invalid,
            Self::Signature { .. }
            | Self::History { .. }
            | Self::NotForward { .. }
            | Self::Size { .. }
            | Self::Mismatch { .. } => Kind::Mismatch,
            Self::Signer(_) => Kind::Denied,
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => Kind::NotFound,
            Self::File { .. } | Self::Interrupted(_) => Kind::Unavailable,
            Self::Image { source, .. } => source.kind(),
            Self::Registry(error) => error.kind(),
            Self::Sign(error) => error.kind(),
            Self::Git(error) => error.kind(),
            Self::Evidence(error) => error.kind(),
            Self::Run(error) => error.kind(),
            Self::Task(_) => Kind::Bug,
        }
    }

    /// Returns a function that says which file failed.
    pub(super) fn file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::File { path: path.clone(), source }
    }
}
