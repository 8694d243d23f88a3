//! OCI distribution registries and image-layout directories behind one trait.
//!
//! Knows HTTP, authentication, limits and the file layout; knows nothing of plans, consumers or evidence. Nothing
//! that is read here is trusted: whoever needs a digest to hold checks it (see [`crate::intake`], next in reading
//! order). What `oci-client` does soundly (parsing references) it does; everything that streams or writes is ours,
//! because its relay releases corrupt bytes and it swallows rate limits.

mod access;
pub mod archive;
mod artifact;
mod asked;
mod behaviour;
mod capabilities;
mod creation;
pub mod credentials;
mod error;
mod http;
mod layout;
mod limits;
mod local;
mod manifest_type;
mod name;
mod overrides;
mod place;
pub mod probe;
pub mod quirks;
mod referrer;
mod secret;
mod sigv4;
mod tags;
mod transport;
mod usage;

pub use access::{Access, Credential, Endpoint, open};
pub use archive::ArchiveRegistry;
pub use artifact::{EMPTY_CONFIG, artifact_manifest};
pub use behaviour::{ActionGroup, Behaviour, CreateRepository, MountSupport, Rate};
pub use capabilities::{Capabilities, ChunkedUpload, ReferrersSupport, SharedBlobs, TagWrites};
pub use creation::Creation;
pub use credentials::{Credentials, Environment};
pub use error::RegistryError;
pub use http::{HttpRegistry, Question, Service};
pub use layout::LayoutRegistry;
pub use limits::{Limits, PATIENCE};
pub use local::Local;
pub use overrides::BehaviourOverrides;
pub use place::{Place, PlaceError};
pub use quirks::RegistryKind;
pub(crate) use referrer::fallback_tag;
pub use secret::Secret;
pub use sigv4::AwsKeys;
pub use tags::TAGS_MAX;
pub use transport::{ClientIdentity, ClientKey, Pem, Proxy, Transport};
pub use usage::{Allowance, Usage};

use std::{collections::BTreeMap, pin::Pin};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::model::{Descriptor, Digest, Reference};

/// Bytes of a blob as they arrive, in frames of any size.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, RegistryError>> + Send>>;

/// A manifest as the registry stores it. `descriptor.digest` is computed from `bytes`, never taken from a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawManifest {
    pub descriptor: Descriptor,
    pub bytes: Bytes,
}

/// What became of a request to mount a blob from another repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    /// The blob is in the repository now.
    Done,
    /// The registry did not mount it; upload instead. An upload session it opened has been closed.
    Refused,
}

/// What became of a request to delete a tag or a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone now.
    Done,
    /// It was not there.
    Absent,
    /// The registry does not delete.
    Unsupported,
}

/// What became of a manifest that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The manifest's own, but for a referrer that the registry takes only without its `subject`
    /// ([`Registry::put_referrer`]).
    pub digest: Digest,
    /// Whether the registry itself indexes the manifest's `subject` (answered `OCI-Subject`). Where false, the
    /// fallback tag has been written by [`Registry::put_referrer`].
    pub subject_indexed: bool,
}

/// One registry: a host, or a directory of image layouts.
#[async_trait]
pub trait Registry: Send + Sync + std::fmt::Debug {
    /// Returns the host as manifests and evidence name it.
    fn host(&self) -> &str;

    /// Returns media type, digest and size of a manifest, or `None` where the registry answers that it does not exist.
    /// One HEAD; a GET only where the registry's HEAD carries no digest.
    async fn head_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError>;

    /// Returns a manifest of at most [`crate::model::MANIFEST_BYTES_MAX`] bytes. Asked for by digest, the bytes have
    /// that digest.
    async fn get_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<RawManifest>, RegistryError>;

    /// Returns the size of a blob, or `None` where it is not in this repository.
    async fn head_blob(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, RegistryError>;

    /// Opens a blob for reading. The stream is not verified. A missing blob is an error of kind `NotFound`.
    /// A registry serves a bounded number of streams at a time: one that nobody reads or drops keeps others waiting.
    async fn get_blob(&self, repository: &str, digest: &Digest) -> Result<BlobStream, RegistryError>;

    /// Makes a blob of repository `from` part of `repository`, without moving bytes.
    async fn mount_blob(&self, repository: &str, digest: &Digest, from: &str)
    -> Result<Mount, RegistryError>;

    /// Stores a blob of exactly `size` bytes. The caller's stream fails before its last frame where the bytes do not
    /// match `digest`; then nothing is stored and the upload session is closed.
    async fn put_blob(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
        body: BlobStream,
    ) -> Result<(), RegistryError>;

    /// Stores a blob whose bytes are at hand, in as few requests as the registry allows.
    async fn put_small_blob(
        &self,
        repository: &str,
        digest: &Digest,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let size = bytes.len() as u64;
        let body = Box::pin(futures_util::stream::iter([Ok(bytes)]));
        self.put_blob(repository, digest, size, body).await
    }

    /// Stores a manifest under a digest or a tag and returns the digest that the registry confirmed. A tag that holds the
    /// digest already and cannot be written again is success; one that holds another digest is an error of kind `Denied`.
    async fn put_manifest(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Written, RegistryError>;

    /// Returns the descriptors of the manifests whose `subject` is `digest`: referrers API, else the fallback tag
    /// `sha256-<hex>`. `NotFound` of both means none; every other failure is an error, never an empty list.
    async fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError>;

    /// Stores a manifest that has a `subject`, by digest, and keeps the fallback tag where the registry does not
    /// index subjects: the descriptor (with `artifactType` and annotations pulled up) is appended to the index there.
    /// A registry that answers 405 gets the manifest without its `subject`, listed under the fallback tag.
    async fn put_referrer(
        &self,
        repository: &str,
        subject: &Digest,
        manifest: &RawManifest,
    ) -> Result<Written, RegistryError>;

    /// Stores several referrers of one manifest as [`Registry::put_referrer`] does each, in the same order; a fallback tag
    /// is written once for all of them.
    async fn put_referrers(
        &self,
        repository: &str,
        subject: &Digest,
        manifests: &[RawManifest],
    ) -> Result<Vec<Written>, RegistryError> {
        let mut written = vec![];
        for manifest in manifests {
            written.push(self.put_referrer(repository, subject, manifest).await?);
        }
        Ok(written)
    }

    /// Deletes a tag, or a manifest with all tags that point to it. Nothing is deleted without a reviewed document: only
    /// the withdrawal of an image comes here, and `fondaco doctor` for what it wrote itself.
    async fn delete_manifest(
        &self,
        _repository: &str,
        _reference: &Reference,
    ) -> Result<Deleted, RegistryError> {
        Ok(Deleted::Unsupported)
    }

    /// Returns the registry where it is one behind HTTP, which can be probed.
    fn as_http(&self) -> Option<&HttpRegistry> {
        None
    }

    /// Waits, as long as is reasonable, until uploads that were given up have been closed at the registry.
    async fn settle(&self) {}

    /// Returns the tags of a repository, sorted, at most [`TAGS_MAX`]; names that are no tags are left out. A repository
    /// that does not exist is an error of kind `NotFound`, which is not the same as one without tags.
    async fn tags(&self, repository: &str) -> Result<Vec<String>, RegistryError>;

    /// Returns how the registry behaves where registries differ.
    fn behaviour(&self) -> &Behaviour;

    /// Returns how many requests have been sent so far, by method and action (`HEAD manifest`, `POST mount`). Repeated
    /// requests, redirects and token requests count. Empty where no requests are sent.
    fn requests(&self) -> BTreeMap<String, u64> {
        self.usage().requests
    }

    /// Returns what the registry has been asked and has moved so far. Empty where no requests are sent.
    fn usage(&self) -> Usage {
        Usage::default()
    }
}
