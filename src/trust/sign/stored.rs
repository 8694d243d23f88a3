//! The blobs that a run knows to be in a repository, so that equal bytes are written once.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use crate::{
    model::Digest,
    registry::{Registry, RegistryError},
};

/// Remembers for a run which small blobs are where.
#[derive(Debug, Default)]
pub struct Stored {
    blobs: Mutex<BTreeSet<(String, String, Digest)>>,
}

impl Stored {
    /// Stores a blob, unless this run did before. It is not looked for: what is signed is new, and the rest is as small
    /// as the question.
    pub(super) async fn write(
        &self,
        registry: &dyn Registry,
        repository: &str,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let key = (registry.host().to_owned(), repository.to_owned(), Digest::sha256(&bytes));
        if self.blobs.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return Ok(());
        }
        registry.put_small_blob(repository, &key.2, bytes).await?;
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        Ok(())
    }
}
