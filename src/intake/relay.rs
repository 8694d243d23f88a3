//! One pass from registry to registry: read, verify, write, and let a worker see every byte.

use futures_util::{StreamExt, stream};

use super::{LayerTap, ProgressFn, Verification, verified};
use crate::model::{Descriptor, Kind};
use crate::registry::{Registry, RegistryError};

/// A repository of a registry.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub registry: &'a dyn Registry,
    pub path: &'a str,
}

/// Says which side a transfer failed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    #[error("{0}")]
    Source(#[source] RegistryError),
    #[error("{0}")]
    Target(#[source] RegistryError),
}

impl RelayError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Source(error) | Self::Target(error) => error.kind(),
        }
    }
}

/// Moves one blob and returns its bytes. What the tap's worker makes of them does not matter here.
///
/// # Errors
/// [`RelayError::Source`] where reading failed or the bytes are not the blob, even where the target complained as
/// well because its upload broke off; [`RelayError::Target`] for everything else.
pub async fn relay(
    from: Side<'_>,
    to: Side<'_>,
    blob: &Descriptor,
    tap: Option<LayerTap>,
    progress: ProgressFn,
) -> Result<u64, RelayError> {
    let inner = from.registry.get_blob(from.path, &blob.digest).await.map_err(RelayError::Source)?;
    let (mut body, outcome) = verified(inner, from.registry.host(), blob, tap, progress);
    if blob.size == 0 {
        // An upload of nothing may never ask for its body, so the check has to come first.
        while let Some(frame) = body.next().await {
            frame.map_err(RelayError::Source)?;
        }
        body = Box::pin(stream::empty());
    }
    let put = to.registry.put_blob(to.path, &blob.digest, blob.size, body).await;
    match (outcome(), put) {
        (Verification::Failed(error), _) => Err(RelayError::Source(error)),
        (_, Err(error)) => Err(RelayError::Target(error)),
        (Verification::Complete, Ok(())) => Ok(blob.size),
        (Verification::Unfinished, Ok(())) => Err(RelayError::Target(RegistryError::Invalid {
            host: to.registry.host().to_owned(),
            what: format!("the upload of blob `{}`", blob.digest),
            detail: "accepted before the last byte was sent".into(),
        })),
    }
}
