//! Puts contents of a medium into repositories of the receiving mirror: blobs, then manifests, children first, then what
//! refers to them. What is there already is not written again.

use std::sync::Arc;

use super::{CarriedCompanion, CarriedImage, CarriedManifest, CarryError, medium::Medium};
use crate::{
    intake::{self, RelayError, Side, Verification},
    model::{Descriptor, Digest, MANIFEST_BYTES_MAX, Reference, Repository, media_type},
    registry::{Mount, RawManifest, Registry},
};

/// A repository of the receiving mirror that is filled from a medium.
#[derive(Debug)]
pub(super) struct Filling<'m> {
    pub medium: &'m Medium,
    pub registry: Arc<dyn Registry>,
    pub repository: Repository,
    /// Quarantine, which holds the image already, where this is a distribution.
    pub quarantine: Option<(Arc<dyn Registry>, Repository)>,
    /// Bytes written so far.
    pub bytes: u64,
}

impl Filling<'_> {
    fn path(&self) -> &str {
        &self.repository.path
    }

    /// Returns the contents of an image that are neither here nor on the medium.
    pub(super) async fn missing(&self, image: &CarriedImage) -> Result<Vec<Digest>, CarryError> {
        let mut missing = vec![];
        for manifest in &image.manifests {
            let digest = &manifest.digest;
            if !self.medium.has(digest) && !self.holds(&Reference::from(digest), digest).await? {
                missing.push(digest.clone());
            }
        }
        for digest in &image.blobs {
            let there =
                self.medium.has(digest) || self.registry.head_blob(self.path(), digest).await?.is_some();
            if !there {
                missing.push(digest.clone());
            }
        }
        Ok(missing)
    }

    /// Writes the blobs of an image that the medium has. Nothing names them yet.
    pub(super) async fn blobs(&mut self, digests: &[Digest]) -> Result<(), CarryError> {
        for digest in digests.iter().filter(|digest| self.medium.has(digest)) {
            self.blob(digest).await?;
        }
        Ok(())
    }

    /// Writes the manifests of an image by digest, and a tag for it if there is one.
    pub(super) async fn manifests(
        &mut self,
        manifests: &[CarriedManifest],
        tag: Option<&str>,
    ) -> Result<(), CarryError> {
        for manifest in manifests {
            self.manifest(manifest, &Reference::from(&manifest.digest)).await?;
        }
        match (manifests.last(), tag) {
            (Some(root), Some(tag)) => self.manifest(root, &Reference::tag(tag)).await,
            _ => Ok(()),
        }
    }

    /// Writes a signature or document beside an image and reads it back.
    pub(super) async fn companion(&mut self, companion: &CarriedCompanion) -> Result<(), CarryError> {
        self.blobs(&companion.blobs).await?;
        let Some((root, children)) = companion.manifests.split_last() else { return Ok(()) };
        self.manifests(children, None).await?;
        if let Some(tag) = &companion.tag {
            return self.manifest(root, &Reference::tag(tag)).await;
        }
        let Some(subject) = &companion.subject else { return Ok(()) };
        let listed = self.registry.referrers(self.path(), subject).await?;
        if listed.iter().any(|referrer| referrer.digest == root.digest) {
            return Ok(());
        }
        let bytes = self.medium.read(&root.digest, MANIFEST_BYTES_MAX).await?;
        self.bytes += bytes.len() as u64;
        let descriptor = Descriptor::new(&root.media_type, root.digest.clone(), bytes.len() as u64);
        let manifest = RawManifest { descriptor, bytes };
        self.registry.put_referrer(self.path(), subject, &manifest).await?;
        self.read_back(&Reference::from(&root.digest), &root.digest).await
    }

    /// Returns whether a reference means this digest here.
    pub(super) async fn holds(&self, reference: &Reference, digest: &Digest) -> Result<bool, CarryError> {
        let held = self.registry.head_manifest(self.path(), reference).await?;
        Ok(held.is_some_and(|held| held.digest == *digest))
    }

    async fn manifest(
        &mut self,
        manifest: &CarriedManifest,
        reference: &Reference,
    ) -> Result<(), CarryError> {
        let digest = &manifest.digest;
        if self.holds(reference, digest).await? {
            return Ok(());
        }
        let bytes = if self.medium.has(digest) {
            self.medium.read(digest, MANIFEST_BYTES_MAX).await?
        } else {
            self.elsewhere(digest).await?
        };
        self.bytes += bytes.len() as u64;
        self.registry.put_manifest(self.path(), reference, &manifest.media_type, bytes).await?;
        self.read_back(reference, digest).await
    }

    /// Reads a manifest that an earlier session imported: here, or into quarantine.
    async fn elsewhere(&self, digest: &Digest) -> Result<bytes::Bytes, CarryError> {
        let reference = Reference::from(digest);
        if let Some(held) = self.registry.get_manifest(self.path(), &reference).await? {
            return Ok(held.bytes);
        }
        if let Some((registry, repository)) = &self.quarantine
            && let Some(held) = registry.get_manifest(&repository.path, &reference).await?
        {
            return Ok(held.bytes);
        }
        Err(CarryError::Task(format!("{digest} was not checked for")))
    }

    async fn read_back(&self, reference: &Reference, digest: &Digest) -> Result<(), CarryError> {
        match self.registry.head_manifest(self.path(), reference).await? {
            Some(held) if held.digest == *digest => Ok(()),
            Some(held) => Err(CarryError::Mismatch { expected: digest.clone(), found: held.digest }),
            None => Err(CarryError::Task(format!("`{}` does not give back {digest}", self.repository))),
        }
    }

    /// Writes a blob: mounted from quarantine where that is in this registry, else from the medium, else, where an
    /// earlier session imported it, from quarantine.
    pub(super) async fn blob(&mut self, digest: &Digest) -> Result<(), CarryError> {
        if self.registry.head_blob(self.path(), digest).await?.is_some() {
            return Ok(());
        }
        if let Some((_, quarantine)) =
            self.quarantine.as_ref().filter(|(_, q)| q.host == self.repository.host)
            && self.registry.mount_blob(self.path(), digest, &quarantine.path).await? == Mount::Done
        {
            return Ok(());
        }
        match &self.quarantine {
            Some((registry, quarantine)) if !self.medium.has(digest) => {
                let size = registry.head_blob(&quarantine.path, digest).await?.unwrap_or_default();
                let blob = Descriptor::new(media_type::OCTET_STREAM, digest.clone(), size);
                let from = Side { registry: registry.as_ref(), path: &quarantine.path };
                let to = Side { registry: self.registry.as_ref(), path: &self.repository.path };
                let relayed = intake::relay(from, to, &blob, None, Arc::new(|_| {})).await;
                self.bytes +=
                    relayed.map_err(|(RelayError::Source(error) | RelayError::Target(error))| error)?;
                Ok(())
            }
            _ => self.blob_from_medium(digest).await,
        }
    }

    async fn blob_from_medium(&mut self, digest: &Digest) -> Result<(), CarryError> {
        let (body, size, outcome) = self.medium.open_content(digest)?;
        let put = self.registry.put_blob(self.path(), digest, size, body).await;
        match (outcome(), put) {
            (Verification::Failed(error), _) | (_, Err(error)) => Err(error.into()),
            (_, Ok(())) => {
                self.bytes += size;
                Ok(())
            }
        }
    }
}
