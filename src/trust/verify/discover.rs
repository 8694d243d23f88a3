//! Looks for signatures in a registry and hands the bytes to the judges. The only I/O of verification.

use super::{bundle, keys::AcceptedKeys, legacy, outcome::Judgement};
use crate::{
    model::{
        Descriptor, Digest, Document, ImageManifest, Outcome, Proof, Reference, SignatureFormat,
        SignatureFound, media_type,
    },
    registry::{RawManifest, Registry, RegistryError},
    trust::{
        fetch::{self, FetchError},
        format::{self, LAYERS_MAX},
    },
};

/// The most referrers that are looked at. Each costs two requests; a flood must not keep a run busy.
pub(super) const REFERRERS_MAX: usize = 256;

/// The largest simple signing payload, in bytes. Real ones have about 250.
pub(super) const PAYLOAD_BYTES_MAX: u64 = 1024 * 1024;

/// The largest bundle, in bytes. A signature has about 1 KiB, or 10 KiB with log entries; attestations, which
/// share the form, carry whole SBOMs.
pub(super) const BUNDLE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// One signature that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::trust) struct Sighting {
    pub(in crate::trust) found: SignatureFound,
    /// The repository a `.sig` payload was signed for.
    pub(in crate::trust) docker_reference: Option<String>,
}

/// What kept us from looking everywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::trust) enum Failure {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// There is more than we look at.
    #[error("{0}")]
    Limit(String),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Registry(error) => Self::Registry(error),
            FetchError::TooLarge { .. } => Self::Limit(error.to_string()),
        }
    }
}

/// Everything found beside one image, sorted, and what could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::trust) struct Survey {
    pub(in crate::trust) sightings: Vec<Sighting>,
    pub(in crate::trust) failures: Vec<Failure>,
}

impl Survey {
    fn note(&mut self, format: SignatureFormat, place: &str, digest: &Digest, judgement: Judgement) {
        let Judgement { outcome, key, reason, docker_reference } = judgement;
        let proof = Proof { key, ..Proof::default() };
        let (place, digest) = (place.to_owned(), digest.clone());
        let found = SignatureFound { format, place, digest, content: None, proof, outcome, reason };
        self.sightings.push(Sighting { found, docker_reference });
    }

    /// Notes a signature whose bytes could not be had.
    fn fail(&mut self, format: SignatureFormat, place: &str, digest: &Digest, failure: Failure) {
        self.note(format, place, digest, Judgement::undeterminable(failure.to_string()));
        self.failures.push(failure);
    }
}

/// Looks at both places and judges what is there.
pub(in crate::trust) async fn survey(
    registry: &dyn Registry,
    repository: &str,
    subject: &Digest,
    keys: &AcceptedKeys,
) -> Survey {
    let place = Place { registry, repository, subject, keys };
    let mut survey = Survey::default();
    if let Some(tag) = format::signature_tag(subject) {
        match registry.get_manifest(repository, &Reference::tag(tag.as_str())).await {
            Ok(Some(manifest)) => place.look_at_tag(&tag, &manifest, &mut survey).await,
            Ok(None) => {}
            Err(error) => survey.failures.push(error.into()),
        }
    }
    match registry.referrers(repository, subject).await {
        Ok(referrers) => place.look_at_referrers(referrers, &mut survey).await,
        Err(error) => survey.failures.push(error.into()),
    }
    survey.sightings.sort();
    survey
}

/// Where a survey looks, and with which keys.
struct Place<'a> {
    registry: &'a dyn Registry,
    repository: &'a str,
    subject: &'a Digest,
    keys: &'a AcceptedKeys,
}

impl Place<'_> {
    async fn look_at_tag(&self, tag: &str, manifest: &RawManifest, survey: &mut Survey) {
        const FORMAT: SignatureFormat = SignatureFormat::CosignLegacy;
        let digest = &manifest.descriptor.digest;
        let image = match image_of(manifest) {
            Ok(image) => image,
            Err(reason) => return survey.note(FORMAT, tag, digest, Judgement::invalid(reason)),
        };
        let signatures: Vec<_> =
            image.layers.iter().filter(|layer| layer.media_type == media_type::SIMPLE_SIGNING).collect();
        if signatures.len() > LAYERS_MAX {
            let more = format!("`{tag}` carries {} signatures, more than {LAYERS_MAX}", signatures.len());
            survey.failures.push(Failure::Limit(more));
        }
        for layer in signatures.into_iter().take(LAYERS_MAX) {
            match fetch::read(self.registry, self.repository, layer, PAYLOAD_BYTES_MAX).await {
                Ok(payload) => {
                    let judgement = legacy::verdict_of(layer, &payload, self.subject, self.keys);
                    survey.note(FORMAT, tag, digest, judgement);
                }
                // No honest payload comes near the limit, so this is no obstacle but a malformed signature.
                Err(error @ FetchError::TooLarge { .. }) => {
                    survey.note(FORMAT, tag, digest, Judgement::invalid(format!("the payload's {error}")));
                }
                Err(error) => survey.fail(FORMAT, tag, digest, error.into()),
            }
        }
    }

    async fn look_at_referrers(&self, mut referrers: Vec<Descriptor>, survey: &mut Survey) {
        referrers.sort_by(|a, b| a.digest.cmp(&b.digest));
        referrers.dedup_by(|a, b| a.digest == b.digest);
        if referrers.len() > REFERRERS_MAX {
            let more = format!("{} referrers, more than the {REFERRERS_MAX} looked at", referrers.len());
            survey.failures.push(Failure::Limit(more));
        }
        for referrer in referrers.iter().take(REFERRERS_MAX) {
            self.look_at_referrer(referrer, survey).await;
        }
    }

    /// Looks at one referrer. Whether it is a bundle is told by its layer: fallback indexes written by older clients
    /// carry another `artifactType`.
    async fn look_at_referrer(&self, referrer: &Descriptor, survey: &mut Survey) {
        const FORMAT: SignatureFormat = SignatureFormat::SigstoreBundle;
        let (place, digest) = (referrer.digest.to_string(), &referrer.digest);
        let declared = referrer.artifact_type.as_deref().is_some_and(is_bundle);
        let manifest = match self.registry.get_manifest(self.repository, &Reference::from(digest)).await {
            Ok(Some(manifest)) => manifest,
            Ok(None) if declared => {
                let gone = Judgement::absent("listed as a referrer, but the registry does not have it");
                return survey.note(FORMAT, &place, digest, gone);
            }
            Ok(None) => return,
            Err(error) => return survey.fail(FORMAT, &place, digest, error.into()),
        };
        let image = match image_of(&manifest) {
            Ok(image) => image,
            Err(reason) if declared => {
                return survey.note(FORMAT, &place, digest, Judgement::invalid(reason));
            }
            Err(_) => return,
        };
        if !image.layers.iter().any(|layer| is_bundle(&layer.media_type)) {
            return;
        }
        match self.read_bundle(&image).await {
            Ok(judgement) => survey.note(FORMAT, &place, digest, judgement),
            Err(failure) => survey.fail(FORMAT, &place, digest, failure),
        }
    }

    async fn read_bundle(&self, image: &ImageManifest) -> Result<Judgement, Failure> {
        let [layer] = image.layers.as_slice() else {
            return Ok(Judgement::invalid(format!(
                "the manifest has {} layers, not one",
                image.layers.len()
            )));
        };
        match fetch::read(self.registry, self.repository, layer, BUNDLE_BYTES_MAX).await {
            Ok(bytes) => Ok(bundle::verdict_of(&bytes, self.subject, self.keys)),
            Err(error @ FetchError::TooLarge { .. }) => {
                // A large SBOM attestation is no obstacle. Whoever lies here only hides a signature.
                let predicate = image.annotations.get(format::PREDICATE);
                match predicate.filter(|predicate| *predicate != format::SIGN_PREDICATE) {
                    Some(predicate) => Ok(Judgement::attestation(predicate)),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn is_bundle(media_type: &str) -> bool {
    media_type.starts_with(format::BUNDLE_PREFIX)
}

fn image_of(manifest: &RawManifest) -> Result<ImageManifest, String> {
    match Document::parse(&manifest.descriptor.media_type, &manifest.bytes) {
        Ok(Document::Image(image)) => Ok(*image),
        Ok(Document::Index(_)) => Err("an index, not a manifest".to_owned()),
        Err(error) => Err(super::shown(&error.to_string())),
    }
}

/// Returns the verified signatures of one form, in the order of [`Survey::sightings`].
pub(in crate::trust) fn verified(
    survey: &Survey,
    format: SignatureFormat,
) -> impl Iterator<Item = &Sighting> {
    survey.sightings.iter().filter(move |sighting| {
        sighting.found.format == format && sighting.found.outcome == Outcome::Verified
    })
}
