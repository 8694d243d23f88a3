//! Where probes write, and what they have written: noted before the request is sent, removed at the end.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use super::{Said, repositories};
use crate::{
    model::{Descriptor, Digest, Kind, Reference, media_type},
    registry::{Deleted, EMPTY_CONFIG, HttpRegistry, Registry as _, RegistryError, http::Answer},
};

/// The most leftovers that one line names; the rest is counted.
const NAMED_MAX: usize = 5;

/// The repositories of one registry that probes may write to.
pub(super) struct Site<'a> {
    pub(super) http: &'a HttpRegistry,
    pub(super) repository: String,
    /// A second repository, to mount from.
    pub(super) sibling: String,
    nonce: &'a str,
    traces: Mutex<Traces>,
}

#[derive(Default)]
struct Traces {
    /// In the order of writing.
    manifests: Vec<(String, Reference)>,
    blobs: Vec<u64>,
}

impl<'a> Site<'a> {
    pub(super) fn new(http: &'a HttpRegistry, quarantine: &str, nonce: &'a str) -> Self {
        let [repository, sibling] = repositories(quarantine);
        Self { http, repository, sibling, nonce, traces: Mutex::default() }
    }

    /// Stores the first blob and returns whether more can be asked: a registry that we may not write to is only noted,
    /// since another part of it may be the one that runs write to.
    pub(super) async fn first_write(&self, said: &mut Vec<(&'static str, Said)>) -> bool {
        let Err(error) = self.blob(&self.repository, EMPTY_CONFIG).await else { return true };
        let todo = format!(
            "let the credential write to `{}/{}`, or create that repository, to have the registry probed",
            self.http.host(),
            self.repository
        );
        let what = format!("its ways are not known: {error}");
        said.push(match error.kind() {
            Kind::Denied | Kind::NotFound => ("write", Said { todo: Some(todo), ..Said::note(what) }),
            _ => ("write", Said::error(what, "see that blobs can be uploaded: no run can do without")),
        });
        false
    }

    /// Returns a blob that no earlier run has written.
    pub(super) fn fresh(&self, label: &str) -> Bytes {
        Bytes::from(format!("written by fondaco doctor to find out about {label}; {}\n", self.nonce))
    }

    pub(super) async fn blob(&self, repository: &str, bytes: &[u8]) -> Result<Descriptor, RegistryError> {
        let descriptor = Descriptor::of(media_type::OCTET_STREAM, bytes);
        self.blob_under(repository, &descriptor.digest, bytes).await.map(|()| descriptor)
    }

    pub(super) async fn blob_under(
        &self,
        repository: &str,
        digest: &Digest,
        bytes: &[u8],
    ) -> Result<(), RegistryError> {
        self.note_blob(bytes.len());
        let body = Box::pin(stream::iter([Ok(Bytes::copy_from_slice(bytes))]));
        self.http.put_blob(repository, digest, bytes.len() as u64, body).await
    }

    pub(super) fn note_blob(&self, size: usize) {
        self.traces().blobs.push(size as u64);
    }

    /// Returns an image manifest with an empty configuration and this layer, merged with `more`.
    pub(super) fn manifest(layer: &Descriptor, more: Value) -> Bytes {
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type::OCI_MANIFEST,
            "config": Descriptor::of(media_type::OCI_EMPTY, EMPTY_CONFIG),
            "layers": [layer],
        });
        if let (Some(manifest), Value::Object(more)) = (manifest.as_object_mut(), more) {
            manifest.extend(more);
        }
        Bytes::from(manifest.to_string())
    }

    /// Returns the empty descriptor, whose blob is there since the first write.
    pub(super) fn empty() -> Descriptor {
        Descriptor::of(media_type::OCI_EMPTY, EMPTY_CONFIG)
    }

    /// Writes a manifest by its digest.
    pub(super) async fn write(
        &self,
        media_type: &'static str,
        bytes: Bytes,
    ) -> Result<(Digest, Answer), RegistryError> {
        let digest = Digest::sha256(&bytes);
        let answer = self.write_as(&self.repository, &Reference::from(&digest), media_type, bytes).await?;
        Ok((digest, answer))
    }

    /// Writes a manifest under a tag or digest. It is noted first, so that it is also removed where the answer gets lost.
    pub(super) async fn write_as(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &'static str,
        bytes: Bytes,
    ) -> Result<Answer, RegistryError> {
        let trace = |reference: Reference| (repository.to_owned(), reference);
        {
            let mut traces = self.traces();
            traces.manifests.push(trace(Reference::from(&Digest::sha256(&bytes))));
            traces.manifests.push(trace(reference.clone()));
        }
        self.http.ask_manifest_write(repository, reference, media_type, bytes).await
    }

    fn traces(&self) -> MutexGuard<'_, Traces> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes every manifest and tag that was written, the last one first, and says what stays.
    pub(super) async fn clean_up(&self) -> Vec<Said> {
        let (manifests, blobs) = {
            let mut traces = self.traces();
            (std::mem::take(&mut traces.manifests), std::mem::take(&mut traces.blobs))
        };
        let mut left: Vec<String> = vec![];
        let mut why = None;
        for (repository, reference) in order(&manifests) {
            match self.remove(repository, reference).await {
                Ok(true) => {}
                Ok(false) => left.push(shown(repository, reference)),
                Err(error) => {
                    left.push(shown(repository, reference));
                    why = Some(error);
                }
            }
        }
        self.http.settle().await;
        left.sort();
        let mut said: Vec<Said> = leftovers(&left, why.as_ref()).into_iter().collect();
        if !blobs.is_empty() {
            let bytes: u64 = blobs.iter().sum();
            said.push(Said::note(format!(
                "{} blobs of {bytes} bytes in `{}` and `{}` are left to the registry's garbage collection",
                blobs.len(),
                self.repository,
                self.sibling
            )));
        }
        said
    }

    /// Deletes one of our own and returns whether it is gone.
    async fn remove(&self, repository: &str, reference: &Reference) -> Result<bool, RegistryError> {
        match self.http.delete_manifest(repository, reference).await {
            Ok(Deleted::Done | Deleted::Absent) => Ok(true),
            // What was refused in the first place needs no removal.
            Ok(Deleted::Unsupported) | Err(_) if self.is_absent(repository, reference).await => Ok(true),
            Ok(Deleted::Unsupported) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn is_absent(&self, repository: &str, reference: &Reference) -> bool {
        matches!(self.http.head_manifest(repository, reference).await, Ok(None))
    }
}

/// Returns what to remove in an order that registries allow: tags first, then what names others before what is named.
fn order(manifests: &[(String, Reference)]) -> Vec<&(String, Reference)> {
    let mut seen = BTreeSet::new();
    let latest_first = manifests.iter().rev().filter(|trace| seen.insert(*trace));
    let (tags, digests): (Vec<_>, Vec<_>) =
        latest_first.partition(|(_, reference)| matches!(reference, Reference::Tag(_)));
    tags.into_iter().chain(digests).collect()
}

fn shown(repository: &str, reference: &Reference) -> String {
    match reference {
        Reference::Tag(tag) => format!("{repository}:{tag}"),
        Reference::Digest(digest) => format!("{repository}@{}", digest.short()),
    }
}

fn leftovers(left: &[String], why: Option<&RegistryError>) -> Option<Said> {
    if left.is_empty() {
        return None;
    }
    let more = left.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let why = why.map_or_else(|| "the registry does not delete".to_owned(), ToString::to_string);
    let named = left[..left.len().min(NAMED_MAX)].join(", ");
    Some(Said::warning(
        format!("{} manifests and tags could not be removed ({why}): {named}{more}", left.len()),
        "remove them, or both repositories, by the registry's own means",
    ))
}
