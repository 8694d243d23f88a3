//! Small blobs, read whole within a limit and checked against their digest.

use futures_util::StreamExt;

use crate::{
    model::Descriptor,
    registry::{Registry, RegistryError},
};

/// Why a blob was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("blob of {size} bytes is over the limit of {max}")]
    TooLarge { size: u64, max: u64 },
}

/// Returns the bytes of a blob. They have the descriptor's size and digest, and are at most `max`.
pub(super) async fn read(
    registry: &dyn Registry,
    repository: &str,
    blob: &Descriptor,
    max: u64,
) -> Result<Vec<u8>, FetchError> {
    if blob.size > max {
        return Err(FetchError::TooLarge { size: blob.size, max });
    }
    let (host, what) = (registry.host().to_owned(), format!("blob `{}`", blob.digest));
    let mut body = registry.get_blob(repository, &blob.digest).await?;
    let mut bytes = Vec::new();
    while let Some(frame) = body.next().await {
        bytes.extend_from_slice(&frame?);
        // Stop at the first byte too many: a registry may send for ever.
        if bytes.len() as u64 > blob.size {
            let found = bytes.len() as u64;
            return Err(RegistryError::Size { host, what, expected: blob.size, found }.into());
        }
    }
    let found = blob.digest.same_algorithm_of(&bytes);
    if found != blob.digest {
        return Err(RegistryError::Mismatch { host, what, expected: blob.digest.clone(), found }.into());
    }
    Ok(bytes)
}
