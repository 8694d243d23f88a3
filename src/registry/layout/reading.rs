//! Reading manifests and referrers out of a stored layout.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use super::{index::Index, stored::Stored};
use crate::{
    model::{Descriptor, Digest, Document, MANIFEST_BYTES_MAX, Reference, media_type},
    registry::{
        RawManifest, RegistryError,
        asked::Asked,
        manifest_type,
        referrer::{fallback_tag, referrer},
        tags::Names,
    },
};

/// What a manifest says about its subject, if it has one.
pub(super) type Referring = Option<(Digest, Descriptor)>;

/// What manifests say about their subjects, by digest: manifests never change, so each is read once.
#[derive(Debug, Default)]
pub(in crate::registry) struct Subjects(Mutex<BTreeMap<Digest, Referring>>);

impl Subjects {
    fn known(&self, digest: &Digest) -> Option<Referring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    pub(super) fn learn(&self, digest: Digest, referring: Referring) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, referring);
    }
}

/// Returns a manifest, or `None` where the layout does not have it.
///
/// # Errors
/// `Invalid` where `index.json` contradicts itself, `Mismatch` where the bytes are not the manifest.
pub(in crate::registry) fn manifest(
    stored: &dyn Stored,
    reference: &Reference,
    asked: &Asked,
) -> Result<Option<RawManifest>, RegistryError> {
    let index = Index::read(stored, asked)?;
    let listed = match reference {
        Reference::Tag(tag) => match index.tagged(tag, asked)? {
            Some(entry) => Some(entry),
            None => return Ok(None),
        },
        Reference::Digest(digest) => index.by_digest(digest),
    };
    let digest = match (&listed, reference) {
        (Some(entry), _) => entry.digest.clone(),
        (None, Reference::Digest(digest)) => digest.clone(),
        (None, Reference::Tag(_)) => return Ok(None),
    };
    let Some(bytes) = bytes(stored, &digest, listed.is_some(), asked)? else { return Ok(None) };
    asked.same_digest(&digest, digest.same_algorithm_of(&bytes))?;
    let declared = listed.as_ref().map(|entry| entry.media_type.as_str());
    match manifest_type::agreed(declared, &bytes) {
        Ok(media_type) => {
            let descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
            Ok(Some(RawManifest { descriptor, bytes }))
        }
        // A blob that no index lists need not be a manifest at all.
        Err(_) if listed.is_none() => Ok(None),
        Err(reason) => Err(asked.invalid(reason)),
    }
}

/// Reads a blob that is a manifest (`listed` in an index) or may be one.
fn bytes(
    stored: &dyn Stored,
    digest: &Digest,
    listed: bool,
    asked: &Asked,
) -> Result<Option<Bytes>, RegistryError> {
    match stored.blob_size(digest, asked)? {
        None if listed => Err(asked.invalid("`index.json` names a blob that is not there")),
        None => Ok(None),
        Some(size) if size > MANIFEST_BYTES_MAX && !listed => Ok(None),
        Some(size) => {
            asked.manifest_size(size)?;
            stored.read_blob(digest, MANIFEST_BYTES_MAX, asked).map(Some)
        }
    }
}

/// Returns the descriptors of the manifests whose subject is `subject`.
pub(in crate::registry) fn referrers(
    stored: &dyn Stored,
    subjects: &Subjects,
    subject: &Digest,
    asked: &Asked,
) -> Result<Vec<Descriptor>, RegistryError> {
    let index = Index::read(stored, asked)?;
    let mut found = BTreeMap::new();
    let listed = |t: &str| media_type::is_manifest(t) || media_type::is_index(t);
    for entry in index.entries().filter(|entry| listed(&entry.media_type)) {
        if let Some((of, referrer)) = referring(stored, subjects, &entry.digest, asked)?
            && of == *subject
        {
            found.insert(referrer.digest.clone(), referrer);
        }
    }
    // Layouts written by tools that copy a registry without referrers API hold its fallback tags.
    let fallback = Reference::Tag(fallback_tag(subject));
    if let Some(held) = manifest(stored, &fallback, asked)? {
        let Ok(Document::Index(list)) = Document::parse(&held.descriptor.media_type, &held.bytes) else {
            return Err(asked.invalid(format!("`{fallback}` holds no index")));
        };
        found.extend(list.manifests.into_iter().map(|entry| (entry.digest.clone(), entry)));
    }
    Ok(found.into_values().collect())
}

/// Returns the tags, sorted.
pub(in crate::registry) fn tags(stored: &dyn Stored, asked: &Asked) -> Result<Vec<String>, RegistryError> {
    if stored.read_index(asked)?.is_none() {
        return Err(asked.not_found());
    }
    let index = Index::read(stored, asked)?;
    let mut names = Names::default();
    index.names().try_for_each(|name| names.add(name)).map_err(|reason| asked.invalid(reason))?;
    Ok(names.sorted(asked))
}

fn referring(
    stored: &dyn Stored,
    subjects: &Subjects,
    digest: &Digest,
    asked: &Asked,
) -> Result<Referring, RegistryError> {
    if let Some(known) = subjects.known(digest) {
        return Ok(known);
    }
    let read = manifest(stored, &Reference::from(digest), asked)?.as_ref().and_then(referrer);
    subjects.learn(digest.clone(), read.clone());
    Ok(read)
}
