//! An archive as a registry with one repository, for reading.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

use super::contents::Contents;
use crate::{
    model::{Descriptor, Digest, Reference},
    registry::{
        Behaviour, BlobStream, LayoutRegistry, Mount, RawManifest, Registry, RegistryError, Written,
        asked::Asked,
        layout::{self, Stored as _, Subjects},
    },
};

/// A layout in an archive. Its one repository is [`LayoutRegistry::ONLY`]; writing is refused, because an archive is
/// written whole.
#[derive(Debug, Clone)]
pub struct ArchiveRegistry {
    host: String,
    contents: Arc<Contents>,
    subjects: Arc<Subjects>,
    behaviour: Behaviour,
}

impl ArchiveRegistry {
    /// Lists the archive; a compressed one is decompressed to a temporary file. Blocks.
    ///
    /// # Errors
    /// `NotFound`, or `Invalid` where it is hostile or damaged.
    pub fn open(host: &str, file: &Path) -> Result<Self, RegistryError> {
        let contents = Contents::open(file, &Asked::new(host, "the archive"))?;
        Ok(Self {
            host: host.to_owned(),
            contents: Arc::new(contents),
            subjects: Arc::default(),
            behaviour: Behaviour::default(),
        })
    }

    /// Returns the digest of the image that `wanted` means; without it, the only image. Blocks.
    ///
    /// # Errors
    /// As [`super::super::Local::source`].
    pub(in crate::registry) fn image(&self, wanted: Option<&Reference>) -> Result<Digest, RegistryError> {
        let what = wanted.map_or_else(|| "the image".to_owned(), |wanted| format!("image `{wanted}`"));
        layout::image(self.contents.as_ref(), wanted, &Asked::new(&self.host, what))
    }

    fn asked(&self, repository: &str, what: &str) -> Result<Asked, RegistryError> {
        let asked = Asked::new(&self.host, what);
        if repository == LayoutRegistry::ONLY { Ok(asked) } else { Err(asked.not_found()) }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        asked: &Asked,
        work: impl FnOnce(&Self, &Asked) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        let (own, context) = (self.clone(), asked.clone());
        let done = tokio::task::spawn_blocking(move || work(&own, &context)).await;
        done.unwrap_or_else(|e| Err(asked.unavailable(e.to_string())))
    }

    fn read_only(&self) -> RegistryError {
        Asked::new(&self.host, "a write").denied("an archive that is read is not written")
    }
}

#[async_trait]
impl Registry for ArchiveRegistry {
    fn host(&self) -> &str {
        &self.host
    }

    fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    async fn head_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        Ok(self.get_manifest(repository, reference).await?.map(|manifest| manifest.descriptor))
    }

    async fn get_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<RawManifest>, RegistryError> {
        let asked = self.asked(repository, &format!("manifest `{reference}`"))?;
        let reference = reference.clone();
        let read =
            move |own: &Self, asked: &Asked| layout::manifest(own.contents.as_ref(), &reference, asked);
        self.blocking(&asked, read).await
    }

    async fn head_blob(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        let asked = self.asked(repository, &format!("blob `{digest}`"))?;
        self.contents.blob_size(digest, &asked)
    }

    async fn get_blob(&self, repository: &str, digest: &Digest) -> Result<BlobStream, RegistryError> {
        let asked = self.asked(repository, &format!("blob `{digest}`"))?;
        let digest = digest.clone();
        let open = move |own: &Self, asked: &Asked| own.contents.open_blob(&digest, asked);
        let section = self.blocking(&asked, open).await?.ok_or_else(|| asked.not_found())?;
        Ok(layout::stream(section, asked))
    }

    async fn mount_blob(&self, _: &str, _: &Digest, _: &str) -> Result<Mount, RegistryError> {
        Err(self.read_only())
    }

    async fn put_blob(&self, _: &str, _: &Digest, _: u64, _: BlobStream) -> Result<(), RegistryError> {
        Err(self.read_only())
    }

    async fn put_manifest(
        &self,
        _: &str,
        _: &Reference,
        _: &str,
        _: Bytes,
    ) -> Result<Written, RegistryError> {
        Err(self.read_only())
    }

    async fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let asked = self.asked(repository, &format!("the referrers of `{digest}`"))?;
        let digest = digest.clone();
        let list = move |own: &Self, asked: &Asked| {
            layout::referrers(own.contents.as_ref(), &own.subjects, &digest, asked)
        };
        self.blocking(&asked, list).await
    }

    async fn tags(&self, repository: &str) -> Result<Vec<String>, RegistryError> {
        let asked = self.asked(repository, "the tags")?;
        self.blocking(&asked, move |own, asked| layout::tags(own.contents.as_ref(), asked)).await
    }

    async fn put_referrer(&self, _: &str, _: &Digest, _: &RawManifest) -> Result<Written, RegistryError> {
        Err(self.read_only())
    }
}
