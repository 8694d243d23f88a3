//! BuildKit's attestation manifests: images `unknown/unknown` of an index with unsigned statements as layers
//! (moby/buildkit docs/attestations/attestation-storage.md). Who can push the image can write them: evidence, not proof,
//! unless the attestation manifest itself is signed.

use std::collections::BTreeSet;

use super::Said;
use crate::model::{Descriptor, Digest, ImageIndex, ImageManifest};

/// The media type of a layer that is a statement.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Annotation of the manifest's descriptor in the index.
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// Annotation of a layer.
pub const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// The most attestation manifests of an index and statements of one: a build has one a platform, with two or three.
pub const MANIFESTS_MAX: usize = 64;
pub const LAYERS_MAX: usize = 16;

/// An attestation manifest and the manifest of the same index that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationManifest {
    pub descriptor: Descriptor,
    pub subject: Digest,
}

/// Returns the attestation manifests of an index, in its order; [`MANIFESTS_MAX`] of them are to be looked at. An entry that
/// speaks of nothing in the index is none.
pub fn manifests(index: &ImageIndex) -> Vec<AttestationManifest> {
    let there: BTreeSet<&Digest> = index.manifests.iter().map(|entry| &entry.digest).collect();
    let of = |entry: &Descriptor| {
        let subject: Digest = entry.annotations.get(REFERENCE_DIGEST)?.parse().ok()?;
        (entry.is_attestation_manifest() && there.contains(&subject) && subject != entry.digest)
            .then(|| AttestationManifest { descriptor: entry.clone(), subject })
    };
    index.manifests.iter().filter_map(of).collect()
}

/// Returns the layers of an attestation manifest that are statements, [`LAYERS_MAX`] at most, and how many more there are.
pub fn statements(manifest: &ImageManifest) -> (Vec<&Descriptor>, usize) {
    let mut layers: Vec<_> = manifest.layers.iter().filter(|layer| layer.media_type == IN_TOTO).collect();
    let more = layers.len().saturating_sub(LAYERS_MAX);
    layers.truncate(LAYERS_MAX);
    (layers, more)
}

/// Reads a layer.
///
/// # Errors
/// As [`super::read`]; where the annotation names another predicate type than the statement; and where the statement is
/// not about `subject`.
pub fn read(layer: &Descriptor, bytes: &[u8], subject: &Digest) -> Result<Said, String> {
    let said = super::read(bytes)?;
    annotated(&said, layer.annotations.get(PREDICATE_TYPE).map(String::as_str))?;
    if said.covers(subject) { Ok(said) } else { Err("the statement is for another subject".to_owned()) }
}

/// Returns whether a statement's predicate type is the one that an annotation of its layer or manifest names, if any. Tools
/// choose by the annotation what they fetch.
///
/// # Errors
/// A sentence with both.
pub fn annotated(said: &Said, annotation: Option<&str>) -> Result<(), String> {
    match annotation {
        Some(annotation) if annotation != said.predicate_type => Err(format!(
            "the annotation says `{}`, the statement `{}`",
            super::shown(annotation),
            super::shown(&said.predicate_type)
        )),
        _ => Ok(()),
    }
}
