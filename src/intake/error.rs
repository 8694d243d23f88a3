//! Why an image could not be taken in.

use super::{Panicked, RelayError};
use crate::catalogue::CatalogueError;
use crate::model::{Digest, DocumentError, Kind};
use crate::registry::RegistryError;

/// A failed intake: the error of one image.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("{0}")]
    Source(#[source] RegistryError),
    #[error("{0}")]
    Target(#[source] RegistryError),
    #[error("manifest `{digest}` does not exist at `{host}`")]
    Missing { host: String, digest: Digest },
    #[error("manifest `{digest}`: {error}")]
    Document { digest: Digest, error: DocumentError },
    #[error("manifest `{digest}`: {detail}")]
    Manifest { digest: Digest, detail: String },
    #[error("configuration `{digest}`: {detail}")]
    Config { digest: Digest, detail: String },
    #[error("layer `{digest}`: {error}")]
    Layer { digest: Digest, error: CatalogueError },
    #[error("layer `{layer}` uncompresses to `{found}`, but the configuration promises `{promised}`")]
    DiffId { layer: Digest, promised: Digest, found: Digest },
    #[error("what belongs to `{subject}` cannot be determined: {error}")]
    Companions { subject: Digest, error: Box<RegistryError> },
    /// Registries name what a tag means by SHA-256, whatever digest it was pushed by. Followed by its SHA-512 the image could be
    /// pulled by nobody who demands a signature: cosign 3.1.3 does not read `image@sha512:…` and looks for what names the
    /// SHA-256; skopeo 1.9.3 says that the manifest does not match its digest (both tried with olareg). The same bytes pinned
    /// by SHA-256 are the same image.
    #[error(
        "`{host}` answers tag `{tag}` with `{found}`, which is another digest of the same bytes: tags do not lead back to \
         images pinned by SHA-512 there; pin `{found}` instead"
    )]
    AnotherDigest { host: String, tag: String, found: Digest },
    #[error("SBOM of `{platform}`: {detail}")]
    Sbom { platform: Digest, detail: String, kind: Kind },
    #[error("`{what}` is not in `{host}` although it was written there")]
    NotReadBack { host: String, what: String },
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error("intake has been stopped")]
    Stopped,
}

impl IntakeError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Source(error) | Self::Target(error) => error.kind(),
            Self::Companions { error, .. } => error.kind(),
            Self::Missing { .. } => Kind::NotFound,
            Self::Document { .. }
            | Self::Manifest { .. }
            | Self::Config { .. }
            | Self::AnotherDigest { .. } => Kind::Invalid,
            Self::Layer { error, .. } => error.kind(),
            Self::DiffId { .. } | Self::NotReadBack { .. } => Kind::Mismatch,
            Self::Sbom { kind, .. } => *kind,
            Self::Panicked(_) => Kind::Bug,
            Self::Stopped => Kind::Unavailable,
        }
    }
}

impl From<RelayError> for IntakeError {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Source(error) => Self::Source(error),
            RelayError::Target(error) => Self::Target(error),
        }
    }
}
