//! A directory of OCI image layouts as a registry: one layout for each repository.
//!
//! `<root>/<repository>/{oci-layout,index.json,blobs/<algorithm>/<hex>}`; each is a valid layout that other tools read.
//! Every write is a temporary file, synchronised and renamed; `index.json` changes under a lock that other processes
//! respect. A single layout ([`LayoutRegistry::single`]) is a registry with one repository. [`files`] knows paths,
//! [`index`] knows `index.json`, [`reading`] finds manifests also where the files lie in an archive.

mod blobs;
mod files;
mod index;
mod naming;
mod reading;
mod stored;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;

use self::files::Layout;
pub(super) use self::{
    blobs::{copy, stream},
    files::tidy,
    naming::image,
    reading::{Subjects, manifest, referrers, tags},
    stored::{INDEX_BYTES_MAX, MARKER_BYTES_MAX, Section, Stored},
};
use super::{
    Behaviour, BlobStream, Deleted, Mount, RawManifest, Registry, RegistryError, Written,
    asked::Asked,
    manifest_type,
    name::check_reference,
    referrer::{referrer, referrer_of},
};
use crate::model::{Descriptor, Digest, Document, Reference};

/// Image layouts below one directory, or one image layout.
#[derive(Debug, Clone)]
pub struct LayoutRegistry {
    host: String,
    root: PathBuf,
    /// Whether the root is itself a layout.
    single: bool,
    behaviour: Behaviour,
    subjects: Arc<Subjects>,
}

impl LayoutRegistry {
    /// The one repository of a registry that is a single layout.
    pub const ONLY: &str = "layout";

    /// Returns the registry below `root`, which need not exist yet. Touches no file.
    pub fn new(host: &str, root: &Path) -> Self {
        let behaviour = Behaviour { sparse_index: true, ..Behaviour::default() };
        Self {
            host: host.to_owned(),
            root: root.to_owned(),
            single: false,
            behaviour,
            subjects: Arc::default(),
        }
    }

    /// Returns the layout `root` as a registry whose one repository is [`LayoutRegistry::ONLY`]. Touches no file.
    pub fn single(host: &str, root: &Path) -> Self {
        Self { single: true, ..Self::new(host, root) }
    }

    /// Returns the digest of the image that `wanted` means in a single layout; without it, the only image. Blocks.
    pub(super) fn image(&self, wanted: Option<&Reference>) -> Result<Digest, RegistryError> {
        let what = wanted.map_or_else(|| "the image".to_owned(), |wanted| format!("image `{wanted}`"));
        image(&self.layout(Self::ONLY)?, wanted, &Asked::new(&self.host, what))
    }

    fn layout(&self, repository: &str) -> Result<Layout, RegistryError> {
        match self.single {
            false => Layout::new(&self.host, &self.root, repository),
            true if repository == Self::ONLY => Ok(Layout::single(&self.root)),
            true => Err(Asked::new(&self.host, format!("repository `{repository}`")).not_found()),
        }
    }

    /// Runs file work where it may block.
    async fn blocking<T, F>(&self, asked: &Asked, work: F) -> Result<T, RegistryError>
    where
        T: Send + 'static,
        F: FnOnce(&Self, &Asked) -> Result<T, RegistryError> + Send + 'static,
    {
        let (own, context) = (self.clone(), asked.clone());
        let done = tokio::task::spawn_blocking(move || work(&own, &context)).await;
        done.unwrap_or_else(|e| Err(asked.unavailable(e.to_string())))
    }

    fn asked(&self, repository: &str, reference: &Reference) -> Asked {
        let separator = if matches!(reference, Reference::Tag(_)) { ':' } else { '@' };
        Asked::new(&self.host, format!("manifest `{repository}{separator}{reference}`"))
    }

    fn write(
        layout: &Layout,
        reference: &Reference,
        media_type: &str,
        bytes: &Bytes,
        asked: &Asked,
    ) -> Result<Written, RegistryError> {
        asked.manifest_size(bytes.len() as u64)?;
        let digest = match reference {
            Reference::Digest(expected) => expected.same_algorithm_of(bytes),
            Reference::Tag(_) => Digest::sha256(bytes),
        };
        if let Reference::Digest(expected) = reference {
            asked.same_digest(expected, digest.clone())?;
        }
        let agreed = manifest_type::agreed(Some(media_type), bytes).map_err(|e| asked.invalid(e))?;
        let descriptor = Descriptor::new(agreed, digest.clone(), bytes.len() as u64);
        complete(layout, &descriptor.media_type, bytes, asked)?;
        let manifest = RawManifest { descriptor: descriptor.clone(), bytes: bytes.clone() };
        let referring = referrer(&manifest);
        let entry = referring.as_ref().map_or(descriptor, |(_, entry)| entry.clone());
        layout.write_blob(&digest, bytes, asked)?;
        let tag = match reference {
            Reference::Tag(tag) => Some(tag.as_str()),
            Reference::Digest(_) => None,
        };
        layout.change_index(asked, |index| index.put(entry, tag))?;
        Ok(Written { digest, subject_indexed: referring.is_some() })
    }

    /// Takes a tag, or a manifest with its tags, out of the index; then the manifest's bytes, which are named no more.
    fn remove(layout: &Layout, reference: &Reference, asked: &Asked) -> Result<Deleted, RegistryError> {
        if manifest(layout, reference, asked)?.is_none() {
            return Ok(Deleted::Absent);
        }
        match reference {
            Reference::Tag(tag) => layout.change_index(asked, |index| index.remove_tag(tag))?,
            Reference::Digest(digest) => {
                layout.change_index(asked, |index| index.remove(digest))?;
                layout.remove_blob(digest, asked)?;
            }
        }
        Ok(Deleted::Done)
    }
}

/// Returns an error where a manifest names content of this repository that is not there, as registries do: otherwise a
/// tag could point to half an image.
fn complete(layout: &Layout, media_type: &str, bytes: &[u8], asked: &Asked) -> Result<(), RegistryError> {
    let document = Document::parse(media_type, bytes).map_err(|e| asked.invalid(e.to_string()))?;
    let named: Vec<Descriptor> = match document {
        Document::Index(index) => index.manifests,
        Document::Image(image) => std::iter::once(image.config).chain(image.layers).collect(),
    };
    // Foreign layers (`urls`) are not stored with the image.
    for descriptor in named.iter().filter(|descriptor| descriptor.urls.is_empty()) {
        if layout.blob_size(&descriptor.digest, asked)?.is_none() {
            let what = format!("{}, which {} names,", descriptor.digest, asked.what);
            return Err(Asked::new(&asked.host, what).not_found());
        }
    }
    Ok(())
}

#[async_trait]
impl Registry for LayoutRegistry {
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
        check_reference(&self.host, reference)?;
        let (layout, reference) = (self.layout(repository)?, reference.clone());
        let asked = self.asked(repository, &reference);
        self.blocking(&asked, move |_, asked| manifest(&layout, &reference, asked)).await
    }

    async fn head_blob(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        let (layout, digest) = (self.layout(repository)?, digest.clone());
        let asked = Asked::new(&self.host, format!("blob `{repository}@{digest}`"));
        self.blocking(&asked, move |_, asked| layout.blob_size(&digest, asked)).await
    }

    async fn get_blob(&self, repository: &str, digest: &Digest) -> Result<BlobStream, RegistryError> {
        let (layout, digest) = (self.layout(repository)?, digest.clone());
        let asked = Asked::new(&self.host, format!("blob `{repository}@{digest}`"));
        let file = self.blocking(&asked, move |_, asked| layout.open_blob(&digest, asked)).await?;
        Ok(blobs::stream(file.ok_or_else(|| asked.not_found())?, asked))
    }

    async fn mount_blob(
        &self,
        repository: &str,
        digest: &Digest,
        from: &str,
    ) -> Result<Mount, RegistryError> {
        let (layout, source, digest) = (self.layout(repository)?, self.layout(from)?, digest.clone());
        let asked = Asked::new(&self.host, format!("the mount of `{repository}@{digest}`"));
        self.blocking(&asked, move |_, asked| layout.link_blob(&digest, &source, asked)).await
    }

    async fn put_blob(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
        body: BlobStream,
    ) -> Result<(), RegistryError> {
        let (layout, digest) = (self.layout(repository)?, digest.clone());
        let asked = Asked::new(&self.host, format!("blob `{repository}@{digest}`"));
        let created = layout.clone();
        let file = self.blocking(&asked, move |_, asked| created.temporary(asked)).await?;
        let file = blobs::fill(file, &digest, size, body, &asked).await?;
        self.blocking(&asked, move |_, asked| layout.keep(file, &digest, asked)).await
    }

    async fn put_manifest(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Written, RegistryError> {
        check_reference(&self.host, reference)?;
        let (layout, reference, media_type) =
            (self.layout(repository)?, reference.clone(), media_type.to_owned());
        let asked = self.asked(repository, &reference);
        self.blocking(&asked, move |_, asked| Self::write(&layout, &reference, &media_type, &bytes, asked))
            .await
    }

    async fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let (layout, digest) = (self.layout(repository)?, digest.clone());
        let asked = Asked::new(&self.host, format!("the referrers of `{repository}@{digest}`"));
        self.blocking(&asked, move |own, asked| referrers(&layout, &own.subjects, &digest, asked)).await
    }

    async fn tags(&self, repository: &str) -> Result<Vec<String>, RegistryError> {
        let layout = self.layout(repository)?;
        let asked = Asked::new(&self.host, format!("the tags of `{repository}`"));
        self.blocking(&asked, move |_, asked| tags(&layout, asked)).await
    }

    async fn put_referrer(
        &self,
        repository: &str,
        subject: &Digest,
        manifest: &RawManifest,
    ) -> Result<Written, RegistryError> {
        let reference = Reference::from(&manifest.descriptor.digest);
        referrer_of(&self.asked(repository, &reference), subject, manifest)?;
        self.put_manifest(repository, &reference, &manifest.descriptor.media_type, manifest.bytes.clone())
            .await
    }

    async fn delete_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Deleted, RegistryError> {
        check_reference(&self.host, reference)?;
        let (layout, reference) = (self.layout(repository)?, reference.clone());
        let asked = self.asked(repository, &reference);
        self.blocking(&asked, move |_, asked| Self::remove(&layout, &reference, asked)).await
    }
}
