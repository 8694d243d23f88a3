//! Reads BuildKit's attestation manifests of an index. The reading itself is pure, in [`super::predicate::buildkit`].
//!
//! They are unsigned, so nothing that is found here meets a demand or makes an image verified. Those whose manifest an accepted
//! signer signed are found by [`super::verify`], where a policy demands what they state.

use super::{
    fetch::{self, FetchError},
    predicate::{
        Budget, Said, Stated,
        buildkit::{self, AttestationManifest, LAYERS_MAX, MANIFESTS_MAX},
    },
};
use crate::{
    model::{
        AttestationFound, Descriptor, Digest, Document, ImageManifest, Outcome, Proof, Reference,
        SignatureFormat,
    },
    registry::{RawManifest, Registry, RegistryError},
};

/// The largest statement that is fetched, in bytes: as for signed ones.
const STATEMENT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A statement with what is recorded of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    pub found: AttestationFound,
    /// Absent where it could not be read.
    pub stated: Option<Stated>,
}

/// Returns the statements of an index, sorted, without those that are among the `known` and verified. Of anything but an index
/// there are none.
///
/// What the index names and could not be fetched is `Undeterminable`, what is not as it should be `Invalid`, everything
/// else `Absent`, as nobody has signed it.
///
/// # Errors
/// Where the index itself could not be read: that is not the same as an index without statements.
pub async fn read(
    registry: &dyn Registry,
    repository: &str,
    image: &Digest,
    known: &[AttestationFound],
) -> Result<Vec<Unsigned>, RegistryError> {
    let raw = registry.get_manifest(repository, &Reference::from(image)).await?;
    let Some(Document::Index(index)) = raw.as_ref().and_then(parsed) else { return Ok(vec![]) };
    let (mut found, mut budget) = (vec![], Budget::default());
    let manifests = buildkit::manifests(&index);
    for manifest in manifests.iter().take(MANIFESTS_MAX) {
        found.extend(of_manifest(registry, repository, manifest, known, &mut budget).await);
    }
    if let Some(manifest) = manifests.get(MANIFESTS_MAX) {
        let reason =
            format!("{} attestation manifests, more than the {MANIFESTS_MAX} looked at", manifests.len());
        found.push(unread(manifest, None, Outcome::Undeterminable, reason));
    }
    found.sort_by(|a, b| a.found.cmp(&b.found));
    Ok(found)
}

fn parsed(raw: &RawManifest) -> Option<Document> {
    Document::parse(&raw.descriptor.media_type, &raw.bytes).ok()
}

async fn of_manifest(
    registry: &dyn Registry,
    repository: &str,
    manifest: &AttestationManifest,
    known: &[AttestationFound],
    budget: &mut Budget,
) -> Vec<Unsigned> {
    let is_known = |layer: &Descriptor| {
        let (carrier, layer) = (&manifest.descriptor.digest, Some(&layer.digest));
        known.iter().any(|found| {
            found.outcome == Outcome::Verified && found.digest == *carrier && found.content.as_ref() == layer
        })
    };
    let image = match image(registry, repository, &manifest.descriptor.digest).await {
        Ok(image) => image,
        Err((outcome, reason)) => return vec![unread(manifest, None, outcome, reason)],
    };
    let (layers, more) = buildkit::statements(&image);
    let mut found = vec![];
    for layer in layers.into_iter().filter(|layer| !is_known(layer)) {
        let mut unsigned = of_layer(registry, repository, manifest, layer).await;
        if let Some(stated) = &mut unsigned.stated {
            budget.keep(stated.outcome, &mut stated.said);
        }
        found.push(unsigned);
    }
    if more > 0 {
        let reason = format!("{more} more statements than the {LAYERS_MAX} looked at");
        found.push(unread(manifest, None, Outcome::Undeterminable, reason));
    }
    found
}

async fn image(
    registry: &dyn Registry,
    repository: &str,
    digest: &Digest,
) -> Result<ImageManifest, (Outcome, String)> {
    match registry.get_manifest(repository, &Reference::from(digest)).await {
        Ok(Some(raw)) => match parsed(&raw) {
            Some(Document::Image(image)) => Ok(*image),
            _ => Err((Outcome::Invalid, "the attestation manifest is none".to_owned())),
        },
        Ok(None) => {
            Err((Outcome::Undeterminable, "the registry does not have the attestation manifest".to_owned()))
        }
        Err(error) => Err((Outcome::Undeterminable, error.to_string())),
    }
}

async fn of_layer(
    registry: &dyn Registry,
    repository: &str,
    manifest: &AttestationManifest,
    layer: &Descriptor,
) -> Unsigned {
    let bytes = match fetch::read(registry, repository, layer, STATEMENT_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(error @ FetchError::TooLarge { .. }) => {
            return unread(
                manifest,
                Some(layer),
                Outcome::Undeterminable,
                format!("the statement's {error}"),
            );
        }
        Err(error) => return unread(manifest, Some(layer), Outcome::Undeterminable, error.to_string()),
    };
    match buildkit::read(layer, &bytes, &manifest.subject) {
        Err(reason) => unread(manifest, Some(layer), Outcome::Invalid, reason),
        Ok(said) => unsigned(manifest, layer, said),
    }
}

fn unsigned(manifest: &AttestationManifest, layer: &Descriptor, said: Said) -> Unsigned {
    let reason = "unsigned: whoever pushes the image writes it".to_owned();
    let mut unsigned = unread(manifest, Some(layer), Outcome::Absent, reason);
    unsigned.found.predicate_type.clone_from(&said.predicate_type);
    unsigned.found.says.clone_from(&said.says);
    unsigned.stated = Some(Stated {
        attestation: layer.digest.clone(),
        subject: manifest.subject.clone(),
        outcome: Outcome::Absent,
        signer: None,
        said,
    });
    unsigned
}

fn unread(
    manifest: &AttestationManifest,
    layer: Option<&Descriptor>,
    outcome: Outcome,
    reason: String,
) -> Unsigned {
    let announced = layer.and_then(|layer| layer.annotations.get(buildkit::PREDICATE_TYPE));
    let digest = manifest.descriptor.digest.clone();
    let found = AttestationFound {
        format: SignatureFormat::Buildkit,
        place: digest.to_string(),
        digest,
        content: layer.map(|layer| layer.digest.clone()),
        subject: Some(manifest.subject.clone()),
        predicate_type: announced.map_or("unknown".to_owned(), |text| super::predicate::shown(text)),
        says: std::collections::BTreeMap::new(),
        proof: Proof::default(),
        outcome,
        reason,
    };
    Unsigned { found, stated: None }
}
