//! The registry trait against everything that implements it.

mod access;
mod auth;
mod budget;
mod faults;
mod hostile;
mod layout;
mod local;
mod probe;
mod sessions;
mod table;
mod tags;
mod tls;

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use fondaco::{
    model::{Descriptor, Digest, Kind, media_type},
    registry::{
        Access, BlobStream, Credential, Endpoint, RawManifest, Registry, RegistryError, Secret, open,
    },
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::fake::Fake;

fn http(address: &str, credential: Credential) -> Arc<dyn Registry> {
    open(&Access::new(address, Endpoint::Http { plain: true }, credential)).unwrap()
}

fn anonymous(fake: &Fake) -> Arc<dyn Registry> {
    http(&fake.address, Credential::Anonymous)
}

fn user(fake: &Fake, password: &str) -> Arc<dyn Registry> {
    let password = Secret::new(password);
    http(&fake.address, Credential::Basic { username: "robot".to_owned(), password })
}

fn directory(root: &Path) -> Arc<dyn Registry> {
    let endpoint = Endpoint::Layout(root.to_owned());
    open(&Access::new("layouts.example", endpoint, Credential::Anonymous)).unwrap()
}

/// Returns a stream of these frames.
pub(crate) fn frames(frames: &[&[u8]]) -> BlobStream {
    let owned: Vec<_> = frames.iter().map(|frame| Ok(Bytes::copy_from_slice(frame))).collect();
    Box::pin(stream::iter(owned))
}

/// Returns a stream that fails before its last frame, as a relay does when the digest is wrong.
pub(crate) fn broken_off(first: &[u8]) -> BlobStream {
    Box::pin(frames(&[first]).chain(stream::iter([Err(source_error())])))
}

pub(crate) fn source_error() -> RegistryError {
    let (expected, found) = (Digest::sha256(b"expected"), Digest::sha256(b"found"));
    RegistryError::Mismatch {
        host: "source.example".to_owned(),
        what: "the blob".to_owned(),
        expected,
        found,
    }
}

pub(crate) async fn whole(stream: BlobStream) -> Result<Vec<u8>, RegistryError> {
    stream
        .try_fold(vec![], |mut all, frame| async move {
            all.extend_from_slice(&frame);
            Ok(all)
        })
        .await
}

pub(crate) async fn push(
    registry: &dyn Registry,
    repository: &str,
    bytes: &[u8],
) -> Result<Digest, RegistryError> {
    let digest = Digest::sha256(bytes);
    registry.put_blob(repository, &digest, bytes.len() as u64, frames(&[bytes])).await.map(|()| digest)
}

pub(crate) fn kind<T>(result: Result<T, RegistryError>) -> Option<Kind> {
    result.err().map(|error| error.kind())
}

/// Returns an image manifest with an empty configuration and one layer.
pub(crate) fn image(layer: &[u8]) -> RawManifest {
    manifest(&serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": Descriptor::of(media_type::OCI_EMPTY, b"{}"),
        "layers": [Descriptor::of(media_type::OCI_LAYER_TAR, layer)],
    }))
}

/// Returns an artifact that refers to `subject`.
pub(crate) fn artifact(subject: &RawManifest, note: &str) -> RawManifest {
    manifest(&serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "artifactType": "application/vnd.example.note",
        "config": Descriptor::of(media_type::OCI_EMPTY, b"{}"),
        "layers": [Descriptor::of(media_type::OCI_EMPTY, b"{}")],
        "subject": subject.descriptor,
        "annotations": {"example.note": note},
    }))
}

pub(crate) fn manifest(value: &serde_json::Value) -> RawManifest {
    let bytes = Bytes::from(value.to_string());
    RawManifest { descriptor: Descriptor::of(media_type::OCI_MANIFEST, &bytes), bytes }
}
