//! A registry in memory, for tests: it checks nothing, stops reading an upload once it has the promised bytes, counts
//! every call and breaks on demand.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::model::{Descriptor, Digest, Reference};
use crate::registry::{Behaviour, BlobStream, Mount, RawManifest, Registry, RegistryError, Written};

/// How a blob is delivered wrongly.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// One bit of the last byte is another.
    Flipped,
    /// The last byte is missing.
    Truncated,
    /// One byte more.
    Longer,
    /// The connection breaks in the middle.
    Broken,
    /// An upload of it is refused half way.
    UploadRefused,
    /// An upload of it, or of the manifest of that digest, is accepted and forgotten.
    Forgotten,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    behaviour: Behaviour,
    host: String,
    blobs: Mutex<BTreeMap<(String, Digest), Bytes>>,
    manifests: Mutex<BTreeMap<(String, String), (String, Bytes)>>,
    calls: Mutex<Vec<String>>,
    faults: Mutex<BTreeMap<Digest, Fault>>,
    pub mounts: bool,
    refuses_referrers: bool,
}

impl Memory {
    pub(super) fn new(host: &str) -> Self {
        Self { host: host.to_owned(), ..Self::default() }
    }

    /// Returns a registry that refuses every manifest that refers to another one.
    pub(super) fn without_referrers(host: &str) -> Self {
        Self { refuses_referrers: true, ..Self::new(host) }
    }

    pub(super) fn add_blob(&self, path: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let bytes = Bytes::copy_from_slice(bytes);
        self.blobs.lock().unwrap().insert((path.to_owned(), digest.clone()), bytes);
        digest
    }

    pub(super) fn add_manifest(&self, path: &str, media_type: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let held = (media_type.to_owned(), Bytes::copy_from_slice(bytes));
        self.manifests.lock().unwrap().insert((path.to_owned(), digest.to_string()), held);
        digest
    }

    pub(super) fn fail(&self, digest: &Digest, fault: Fault) {
        self.faults.lock().unwrap().insert(digest.clone(), fault);
    }

    /// Returns how many calls begin with `prefix`, for instance `get_blob app sha256:…`.
    pub(super) fn count(&self, prefix: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| call.starts_with(prefix)).count()
    }

    /// Returns all calls that write, in order.
    pub(super) fn writes(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().filter(|call| call.starts_with("put_")).cloned().collect()
    }

    pub(super) fn holds(&self, path: &str, digest: &Digest) -> bool {
        self.blobs.lock().unwrap().contains_key(&(path.to_owned(), digest.clone()))
    }

    pub(super) fn manifest(&self, path: &str, reference: &str) -> Option<Bytes> {
        let key = (path.to_owned(), reference.to_owned());
        self.manifests.lock().unwrap().get(&key).map(|(_, bytes)| bytes.clone())
    }

    pub(super) fn blob(&self, path: &str, digest: &Digest) -> Option<Bytes> {
        self.blobs.lock().unwrap().get(&(path.to_owned(), digest.clone())).cloned()
    }

    fn call(&self, what: &str, path: &str, about: &impl ToString) {
        self.calls.lock().unwrap().push(format!("{what} {path} {}", about.to_string()));
    }

    fn fault(&self, digest: &Digest) -> Option<Fault> {
        self.faults.lock().unwrap().get(digest).copied()
    }

    fn unavailable(&self, what: &str) -> RegistryError {
        let detail = "test".to_owned();
        RegistryError::Unavailable { host: self.host.clone(), what: what.to_owned(), detail }
    }
}

/// Small frames, so that a blob has several.
const FRAME: usize = 256;

#[async_trait]
impl Registry for Memory {
    fn host(&self) -> &str {
        &self.host
    }

    fn behaviour(&self) -> &Behaviour {
        &self.behaviour
    }

    async fn head_manifest(
        &self,
        path: &str,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        self.call("head_manifest", path, reference);
        let held = self.manifests.lock().unwrap().get(&(path.to_owned(), reference.to_string())).cloned();
        Ok(held.map(|(media_type, bytes)| Descriptor::of(media_type, &bytes)))
    }

    async fn get_manifest(
        &self,
        path: &str,
        reference: &Reference,
    ) -> Result<Option<RawManifest>, RegistryError> {
        self.call("get_manifest", path, reference);
        let held = self.manifests.lock().unwrap().get(&(path.to_owned(), reference.to_string())).cloned();
        Ok(held
            .map(|(media_type, bytes)| RawManifest { descriptor: Descriptor::of(media_type, &bytes), bytes }))
    }

    async fn head_blob(&self, path: &str, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        self.call("head_blob", path, digest);
        Ok(self.blobs.lock().unwrap().get(&(path.to_owned(), digest.clone())).map(|bytes| bytes.len() as u64))
    }

    async fn get_blob(&self, path: &str, digest: &Digest) -> Result<BlobStream, RegistryError> {
        self.call("get_blob", path, digest);
        let what = format!("blob `{digest}`");
        let held = self.blobs.lock().unwrap().get(&(path.to_owned(), digest.clone())).cloned();
        let mut bytes = held.ok_or(RegistryError::NotFound { host: self.host.clone(), what })?.to_vec();
        let mut end = vec![];
        match self.fault(digest) {
            Some(Fault::Flipped) => *bytes.last_mut().unwrap() ^= 1,
            Some(Fault::Truncated) => drop(bytes.pop()),
            Some(Fault::Longer) => bytes.push(0),
            Some(Fault::Broken) => {
                bytes.truncate(bytes.len() / 2);
                end.push(Err(self.unavailable("the middle of a blob")));
            }
            _ => {}
        }
        let frames: Vec<_> = bytes.chunks(FRAME).map(|frame| Ok(Bytes::copy_from_slice(frame))).collect();
        Ok(Box::pin(stream::iter(frames.into_iter().chain(end))))
    }

    async fn mount_blob(&self, path: &str, digest: &Digest, from: &str) -> Result<Mount, RegistryError> {
        self.call("mount_blob", path, digest);
        let mut blobs = self.blobs.lock().unwrap();
        match blobs.get(&(from.to_owned(), digest.clone())).cloned().filter(|_| self.mounts) {
            Some(bytes) => {
                blobs.insert((path.to_owned(), digest.clone()), bytes);
                Ok(Mount::Done)
            }
            None => Ok(Mount::Refused),
        }
    }

    async fn put_blob(
        &self,
        path: &str,
        digest: &Digest,
        size: u64,
        mut body: BlobStream,
    ) -> Result<(), RegistryError> {
        self.call("put_blob", path, digest);
        let mut bytes = vec![];
        while (bytes.len() as u64) < size {
            if matches!(self.fault(digest), Some(Fault::UploadRefused)) && bytes.len() as u64 > size / 2 {
                return Err(self.unavailable("an upload"));
            }
            match body.next().await {
                Some(Ok(frame)) => bytes.extend_from_slice(&frame),
                // As an HTTP client says it: the upload failed, whatever the reason.
                Some(Err(_)) | None => return Err(self.unavailable("an upload whose body failed")),
            }
        }
        if !matches!(self.fault(digest), Some(Fault::Forgotten)) {
            self.blobs.lock().unwrap().insert((path.to_owned(), digest.clone()), bytes.into());
        }
        Ok(())
    }

    async fn put_manifest(
        &self,
        path: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Written, RegistryError> {
        self.call("put_manifest", path, reference);
        let digest = Digest::sha256(&bytes);
        let held = (media_type.to_owned(), bytes);
        if matches!(self.fault(&digest), Some(Fault::Forgotten)) {
            return Ok(Written { digest, subject_indexed: false });
        }
        self.manifests.lock().unwrap().insert((path.to_owned(), reference.to_string()), held);
        Ok(Written { digest, subject_indexed: false })
    }

    async fn referrers(&self, path: &str, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let manifests = self.manifests.lock().unwrap();
        let of_path =
            manifests.iter().filter(|((held, reference), _)| held == path && reference.contains(':'));
        let refers = of_path.filter_map(|(_, (media_type, bytes))| {
            let manifest: serde_json::Value = serde_json::from_slice(bytes).ok()?;
            let artifact_type = manifest["artifactType"].as_str().map(str::to_owned);
            (manifest["subject"]["digest"].as_str() == Some(&digest.to_string()))
                .then(|| Descriptor { artifact_type, ..Descriptor::of(media_type, bytes) })
        });
        Ok(refers.collect())
    }

    async fn tags(&self, _: &str) -> Result<Vec<String>, RegistryError> {
        Ok(vec![])
    }

    async fn put_referrer(
        &self,
        path: &str,
        _: &Digest,
        manifest: &RawManifest,
    ) -> Result<Written, RegistryError> {
        if self.refuses_referrers {
            return Err(self.unavailable("referrers"));
        }
        let RawManifest { descriptor, bytes } = manifest;
        let reference = Reference::from(&descriptor.digest);
        self.put_manifest(path, &reference, &descriptor.media_type, bytes.clone()).await
    }
}
