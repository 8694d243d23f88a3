//! A registry in memory with switches for faults.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::{
    model::{Descriptor, Digest, Document, Reference},
    registry::{Behaviour, BlobStream, Mount, RawManifest, Registry, RegistryError, Written},
};

pub(super) const HOST: &str = "mirror.example";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) blobs: BTreeMap<(String, Digest), Bytes>,
    pub(super) manifests: BTreeMap<(String, Digest), (String, Bytes)>,
    pub(super) tags: BTreeMap<(String, String), Digest>,
    pub(super) referrers: BTreeMap<(String, Digest), Vec<Descriptor>>,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    behaviour: Behaviour,
    state: Mutex<State>,
    /// Every write that was accepted.
    writes: Mutex<Vec<String>>,
    /// Every request that reads, in the words of `faults`.
    reads: Mutex<Vec<String>>,
    /// Requests that fail: `head <reference>`, `manifest <reference>`, `blob <digest>`, `referrers <digest>`, or `referrers` for all of those.
    faults: Mutex<BTreeMap<String, RegistryError>>,
    /// Blobs that are delivered without their last byte.
    truncated: Mutex<BTreeSet<Digest>>,
    /// Writes are acknowledged and forgotten.
    forgetful: bool,
}

impl Memory {
    pub(super) fn forgetful() -> Self {
        Self { forgetful: true, ..Self::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn writes(&self) -> Vec<String> {
        self.writes.lock().unwrap().clone()
    }

    pub(super) fn reads(&self) -> Vec<String> {
        self.reads.lock().unwrap().clone()
    }

    pub(super) fn fail(&self, request: &str, error: RegistryError) {
        self.faults.lock().unwrap().insert(request.to_owned(), error);
    }

    pub(super) fn truncate(&self, blob: &Digest) {
        self.truncated.lock().unwrap().insert(blob.clone());
    }

    /// Stores a blob without counting it as a write.
    pub(super) fn seed_blob(&self, repository: &str, bytes: &[u8]) {
        let key = (repository.to_owned(), Digest::sha256(bytes));
        self.state().blobs.insert(key, Bytes::copy_from_slice(bytes));
    }

    /// Stores a manifest without counting it as a write, and indexes its subject.
    pub(super) fn seed_manifest(&self, repository: &str, tag: Option<&str>, media_type: &str, bytes: &[u8]) {
        let mut state = self.state();
        let digest = Digest::sha256(bytes);
        let key = (repository.to_owned(), digest.clone());
        state.manifests.insert(key, (media_type.to_owned(), Bytes::copy_from_slice(bytes)));
        if let Some(tag) = tag {
            state.tags.insert((repository.to_owned(), tag.to_owned()), digest);
        }
        let Ok(Document::Image(image)) = Document::parse(media_type, bytes) else { return };
        let Some(subject) = image.subject else { return };
        let mut descriptor = Descriptor::of(media_type, bytes);
        descriptor.artifact_type = image.artifact_type;
        descriptor.annotations = image.annotations;
        let referrers = state.referrers.entry((repository.to_owned(), subject.digest)).or_default();
        if !referrers.contains(&descriptor) {
            referrers.push(descriptor);
        }
    }

    fn fault(&self, request: &str) -> Result<(), RegistryError> {
        self.reads.lock().unwrap().push(request.to_owned());
        self.faults.lock().unwrap().get(request).cloned().map_or(Ok(()), Err)
    }

    fn wrote(&self, what: String) -> bool {
        self.writes.lock().unwrap().push(what);
        !self.forgetful
    }

    fn find(&self, repository: &str, reference: &Reference) -> Option<RawManifest> {
        let state = self.state();
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(tag) => state.tags.get(&(repository.to_owned(), tag.clone()))?.clone(),
        };
        let (media_type, bytes) = state.manifests.get(&(repository.to_owned(), digest))?;
        Some(RawManifest { descriptor: Descriptor::of(media_type, bytes), bytes: bytes.clone() })
    }
}

pub(super) fn unavailable() -> RegistryError {
    RegistryError::Unavailable { host: HOST.to_owned(), what: "it".to_owned(), detail: "500".to_owned() }
}

pub(super) fn rate_limited() -> RegistryError {
    RegistryError::RateLimited { host: HOST.to_owned(), what: "it".to_owned(), retry_after_s: None }
}

#[async_trait]
impl Registry for Memory {
    fn host(&self) -> &str {
        HOST
    }

    fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    async fn head_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        self.fault(&format!("head {reference}"))?;
        Ok(self.find(repository, reference).map(|manifest| manifest.descriptor))
    }

    async fn get_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<RawManifest>, RegistryError> {
        self.fault(&format!("manifest {reference}"))?;
        Ok(self.find(repository, reference))
    }

    async fn head_blob(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        let state = self.state();
        Ok(state.blobs.get(&(repository.to_owned(), digest.clone())).map(|bytes| bytes.len() as u64))
    }

    async fn get_blob(&self, repository: &str, digest: &Digest) -> Result<BlobStream, RegistryError> {
        self.fault(&format!("blob {digest}"))?;
        let missing = RegistryError::NotFound { host: HOST.to_owned(), what: format!("blob `{digest}`") };
        let found = self.state().blobs.get(&(repository.to_owned(), digest.clone())).cloned();
        let mut bytes = found.ok_or(missing)?;
        if self.truncated.lock().unwrap().contains(digest) {
            bytes.truncate(bytes.len() - 1);
        }
        let frames: Vec<_> = bytes.chunks(1000).map(|frame| Ok(Bytes::copy_from_slice(frame))).collect();
        Ok(Box::pin(stream::iter(frames)))
    }

    async fn mount_blob(&self, _: &str, _: &Digest, _: &str) -> Result<Mount, RegistryError> {
        Ok(Mount::Refused)
    }

    async fn put_blob(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
        body: BlobStream,
    ) -> Result<(), RegistryError> {
        let frames: Vec<_> = body.collect().await;
        let bytes: Vec<u8> = frames.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        assert_eq!((bytes.len() as u64, &Digest::sha256(&bytes)), (size, digest));
        if self.wrote(format!("blob {digest}")) {
            self.seed_blob(repository, &bytes);
        }
        Ok(())
    }

    async fn put_manifest(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Written, RegistryError> {
        if self.wrote(format!("manifest {reference}")) {
            let tag = if let Reference::Tag(tag) = reference { Some(tag.as_str()) } else { None };
            self.seed_manifest(repository, tag, media_type, &bytes);
        }
        Ok(Written { digest: Digest::sha256(&bytes), subject_indexed: true })
    }

    async fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        self.fault(&format!("referrers {digest}"))?;
        self.faults.lock().unwrap().get("referrers").cloned().map_or(Ok(()), Err)?;
        Ok(self.state().referrers.get(&(repository.to_owned(), digest.clone())).cloned().unwrap_or_default())
    }

    async fn tags(&self, repository: &str) -> Result<Vec<String>, RegistryError> {
        let tags = self.state().tags.clone();
        Ok(tags.into_keys().filter(|(held, _)| held == repository).map(|(_, tag)| tag).collect())
    }

    async fn put_referrer(
        &self,
        repository: &str,
        subject: &Digest,
        manifest: &RawManifest,
    ) -> Result<Written, RegistryError> {
        let parsed = Document::parse(&manifest.descriptor.media_type, &manifest.bytes).unwrap();
        let Document::Image(image) = parsed else { panic!("a referrer is a manifest") };
        assert_eq!(&image.subject.unwrap().digest, subject);
        let reference = Reference::from(&manifest.descriptor.digest);
        self.put_manifest(repository, &reference, &manifest.descriptor.media_type, manifest.bytes.clone())
            .await
    }
}
