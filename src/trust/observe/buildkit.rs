//! What BuildKit puts into an index: statements about each platform, unsigned, in manifests of their own.
//!
//! Evidence, not proof.

use std::collections::BTreeMap;

use crate::{
    evidence::VerificationRecord,
    model::{AttestationFound, Descriptor, Document, Outcome, Proof, Reference, SignatureFormat},
    registry::{RawManifest, Registry},
};

/// The layer annotation that names the statement's predicate (BuildKit `docs/attestations/attestation-storage.md`).
const PREDICATE: &str = "in-toto.io/predicate-type";

/// The annotation of an attestation manifest that names the manifest it speaks of.
const ABOUT: &str = "vnd.docker.reference.digest";

/// The most attestation manifests that are read: one a platform.
const MANIFESTS_MAX: usize = 32;

/// Adds what the index lists to the record, unless verification has listed it already.
pub(super) async fn add(
    registry: &dyn Registry,
    repository: &str,
    image: &Descriptor,
    record: &mut VerificationRecord,
) {
    let listed = record.attestations.iter().any(|found| found.format == SignatureFormat::Buildkit);
    if listed || !crate::model::media_type::is_index(&image.media_type) {
        return;
    }
    let Ok(Some(index)) = registry.get_manifest(repository, &Reference::from(&image.digest)).await else {
        return;
    };
    let Ok(Document::Index(index)) = Document::parse(&index.descriptor.media_type, &index.bytes) else {
        return;
    };
    let manifests = index.manifests.iter().filter(|manifest| manifest.is_attestation_manifest());
    for descriptor in manifests.take(MANIFESTS_MAX) {
        let found = registry.get_manifest(repository, &Reference::from(&descriptor.digest)).await;
        if let Ok(Some(manifest)) = found {
            record.attestations.extend(statements(descriptor, &manifest));
        }
    }
}

/// Returns the statements of one attestation manifest.
fn statements(descriptor: &Descriptor, manifest: &RawManifest) -> Vec<AttestationFound> {
    let Ok(Document::Image(image)) = Document::parse(&manifest.descriptor.media_type, &manifest.bytes) else {
        return vec![];
    };
    let about = descriptor.annotations.get(ABOUT).and_then(|digest| digest.parse().ok());
    let layers = image.layers.into_iter().filter_map(|layer| {
        let predicate_type = layer.annotations.get(PREDICATE)?.clone();
        Some(AttestationFound {
            format: SignatureFormat::Buildkit,
            place: descriptor.digest.to_string(),
            digest: descriptor.digest.clone(),
            content: Some(layer.digest),
            subject: about.clone(),
            predicate_type,
            says: BTreeMap::new(),
            proof: Proof::default(),
            outcome: Outcome::Absent,
            reason: "not signed".to_owned(),
        })
    });
    layers.collect()
}
