//! One image's surroundings in a registry: its referrers and its tags, one request after the other or a few at a time.

use futures_util::{StreamExt, stream};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    accepted::Accepted,
    bundle,
    discover::{BUNDLE_BYTES_MAX, Failure, Finding, PAYLOAD_BYTES_MAX, REFERRERS_MAX, Spot, Survey},
    legacy, notary,
    outcome::{Attested, Judgement},
};
use crate::{
    model::{
        Descriptor, Digest, Document, ImageManifest, Reference, Repository, SignatureFormat, media_type,
    },
    registry::{RawManifest, Registry, RegistryError},
    trust::{
        fetch::{self, FetchError},
        format::{self, LAYERS_MAX},
    },
};

/// How many referrers are read at once. More would hold that many bundles in memory.
pub(super) const AT_ONCE: usize = 4;

/// A layer above this, in bytes, waits for its turn: it is held several times over while it is judged.
const LARGE_BYTES: u64 = 256 * 1024;

/// Turns for large layers, over all images: hostile attestations are as large as they may be.
static LARGE: Semaphore = Semaphore::const_new(4);

/// Waits until a layer may be read.
pub(super) async fn turn(layer: &Descriptor) -> Option<SemaphorePermit<'static>> {
    if layer.size > LARGE_BYTES { LARGE.acquire().await.ok() } else { None }
}

/// Where a survey looks, and who is accepted.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) registry: &'a dyn Registry,
    pub(super) repository: &'a str,
    pub(super) subject: &'a Digest,
    pub(super) accepted: &'a Accepted,
}

impl Place<'_> {
    /// Looks at the tag of legacy signatures or attestations.
    pub(super) async fn look_at_tag(&self, tag: &str, format: SignatureFormat, survey: &mut Survey) {
        survey.take(self.about(self.tag(tag, format).await));
    }

    /// Returns what is at the tag of legacy signatures or attestations.
    pub(super) async fn tag(&self, tag: &str, format: SignatureFormat) -> Vec<Finding> {
        let manifest = match self.registry.get_manifest(self.repository, &Reference::tag(tag)).await {
            Ok(Some(manifest)) => manifest,
            Ok(None) => return vec![],
            Err(error) => return vec![failure(format, error.into())],
        };
        let spot = Spot { format, place: tag, digest: &manifest.descriptor.digest, content: None };
        match image_of(&manifest) {
            Ok(image) => self.layers(spot, &image).await,
            Err(reason) if format == SignatureFormat::CosignLegacy => {
                vec![spot.found(Judgement::invalid(reason))]
            }
            Err(_) => vec![],
        }
    }

    /// Judges the layers of a `.sig` or `.att` manifest.
    async fn layers(&self, spot: Spot<'_>, image: &ImageManifest) -> Vec<Finding> {
        let wanted = if spot.format == SignatureFormat::CosignLegacy {
            media_type::SIMPLE_SIGNING
        } else {
            format::ENVELOPE
        };
        let layers: Vec<_> = image.layers.iter().filter(|layer| layer.media_type == wanted).collect();
        let mut findings = vec![];
        if layers.len() > LAYERS_MAX {
            let more =
                format!("`{}` carries {} signatures, more than {LAYERS_MAX}", spot.place, layers.len());
            findings.push(failure(spot.format, Failure::Limit(more)));
        }
        let read = stream::iter(layers.into_iter().take(LAYERS_MAX).cloned())
            .map(|layer| async move { self.layer(spot, &layer).await })
            .buffered(AT_ONCE);
        let read: Vec<Vec<Finding>> = read.collect().await;
        findings.extend(read.into_iter().flatten());
        findings
    }

    async fn layer(&self, spot: Spot<'_>, layer: &Descriptor) -> Vec<Finding> {
        let spot = Spot { content: Some(&layer.digest), ..spot };
        let legacy = spot.format == SignatureFormat::CosignLegacy;
        let max = if legacy { PAYLOAD_BYTES_MAX } else { BUNDLE_BYTES_MAX };
        let _turn = turn(layer).await;
        match fetch::read(self.registry, self.repository, layer, max).await {
            Ok(payload) if legacy => {
                vec![spot.found(legacy::verdict_of(layer, &payload, self.subject, self.accepted))]
            }
            Ok(envelope) => {
                let judgement = bundle::attestation_of(layer, &envelope, self.subject, self.accepted);
                vec![spot.found(attested(judgement, layer.annotations.get(format::LAYER_PREDICATE)))]
            }
            // No honest payload comes near the limit, so this is no obstacle but a malformed signature.
            Err(error @ FetchError::TooLarge { .. }) if legacy => {
                vec![spot.found(Judgement::invalid(format!("the payload's {error}")))]
            }
            Err(error) => unread(spot, error.into(), layer.annotations.get(format::LAYER_PREDICATE)),
        }
    }

    /// Looks once more at attestations: what they say may be about another repository.
    pub(super) fn about(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let repository =
            Repository { host: self.registry.host().to_owned(), path: self.repository.to_owned() };
        let about = |finding| match finding {
            Finding::Attestation(made) => {
                Finding::Attestation(Box::new(made.about(&repository, self.subject)))
            }
            other => other,
        };
        findings.into_iter().map(about).collect()
    }

    /// Looks at everything that names the image as its subject.
    pub(super) async fn look_at_referrers(&self, survey: &mut Survey) {
        let mut referrers = match self.referrers().await {
            Ok(referrers) => referrers,
            Err(error) => return survey.failures.push(error.into()),
        };
        if referrers.len() > REFERRERS_MAX {
            let more = format!("{} referrers, more than the {REFERRERS_MAX} looked at", referrers.len());
            survey.failures.push(Failure::Limit(more));
            referrers.truncate(REFERRERS_MAX);
        }
        let mut read = stream::iter(referrers)
            .map(|referrer| async move { self.referrer(&referrer).await })
            .buffered(AT_ONCE);
        while let Some(findings) = read.next().await {
            survey.take(self.about(findings));
        }
    }

    /// Lists what names the image as its subject, each once.
    pub(super) async fn referrers(&self) -> Result<Vec<Descriptor>, RegistryError> {
        let mut referrers = self.registry.referrers(self.repository, self.subject).await?;
        referrers.sort_by(|a, b| a.digest.cmp(&b.digest));
        referrers.dedup_by(|a, b| a.digest == b.digest);
        Ok(referrers)
    }

    /// Looks at one referrer. Whether it is a bundle is told by its layer: fallback indexes written by older clients
    /// carry another `artifactType`.
    pub(super) async fn referrer(&self, referrer: &Descriptor) -> Vec<Finding> {
        let (place, digest) = (referrer.digest.to_string(), &referrer.digest);
        let notation = notary::is_declared(referrer);
        let format = if notation { SignatureFormat::Notation } else { SignatureFormat::SigstoreBundle };
        let spot = Spot { format, place: &place, digest, content: None };
        let declared = notation || referrer.artifact_type.as_deref().is_some_and(is_bundle);
        let manifest = match self.registry.get_manifest(self.repository, &Reference::from(digest)).await {
            Ok(Some(manifest)) => manifest,
            Ok(None) if declared => {
                let gone = Judgement::absent("listed as a referrer, but the registry does not have it");
                return vec![spot.found(gone)];
            }
            Ok(None) => return vec![],
            Err(error) => {
                return unread(spot, error.into(), referrer.annotations.get(format::PREDICATE));
            }
        };
        let image = match image_of(&manifest) {
            Ok(image) => image,
            Err(reason) if declared => return vec![spot.found(Judgement::invalid(reason))],
            Err(_) => return vec![],
        };
        if notary::is_signature(&image) {
            return self.notation(Spot { format: SignatureFormat::Notation, ..spot }, &image).await;
        }
        let spot = Spot { format: SignatureFormat::SigstoreBundle, ..spot };
        let has = |wanted: &str| image.layers.iter().any(|layer| layer.media_type == wanted);
        if image.layers.iter().any(|layer| is_bundle(&layer.media_type)) {
            return self.bundle(spot, &image).await;
        }
        // The referrers variant of the legacy forms has the same layers.
        if has(media_type::SIMPLE_SIGNING) {
            return self.layers(Spot { format: SignatureFormat::CosignLegacy, ..spot }, &image).await;
        }
        if has(format::ENVELOPE) {
            return self.layers(Spot { format: SignatureFormat::CosignAttestation, ..spot }, &image).await;
        }
        vec![]
    }

    async fn bundle(&self, spot: Spot<'_>, image: &ImageManifest) -> Vec<Finding> {
        let [layer] = image.layers.as_slice() else {
            let reason = format!("the manifest has {} layers, not one", image.layers.len());
            return vec![spot.found(Judgement::invalid(reason))];
        };
        let spot = Spot { content: Some(&layer.digest), ..spot };
        let _turn = turn(layer).await;
        match fetch::read(self.registry, self.repository, layer, BUNDLE_BYTES_MAX).await {
            Ok(bytes) => vec![spot.found(bundle::verdict_of(&bytes, self.subject, self.accepted))],
            // A large SBOM attestation is no obstacle to a signature. Whoever lies here only hides a signature.
            Err(error) => unread(spot, error.into(), image.annotations.get(format::PREDICATE)),
        }
    }
}

/// Notes what could not be had. What is announced as an attestation hides no signature.
pub(super) fn unread(spot: Spot<'_>, failure: Failure, predicate: Option<&String>) -> Vec<Finding> {
    let judgement = Judgement::undeterminable(failure.to_string());
    let announced = predicate.is_some_and(|predicate| predicate != format::SIGN_PREDICATE);
    let too_large = matches!(failure, Failure::Limit(_));
    if spot.format == SignatureFormat::CosignAttestation || (announced && too_large) {
        return vec![spot.found(attested(judgement, predicate)), Finding::Unattested(failure)];
    }
    vec![spot.found(judgement), Finding::Failure(failure)]
}

/// Returns a judgement as that of an attestation of a type that is only announced, unless it says more itself.
fn attested(judgement: Judgement, predicate: Option<&String>) -> Judgement {
    if judgement.attested.is_some() {
        return judgement;
    }
    let predicate_type = predicate.cloned().unwrap_or_default();
    Judgement { attested: Some(Attested { predicate_type, statement: None }), ..judgement }
}

fn failure(format: SignatureFormat, failure: Failure) -> Finding {
    if format == SignatureFormat::CosignAttestation {
        Finding::Unattested(failure)
    } else {
        Finding::Failure(failure)
    }
}

fn is_bundle(media_type: &str) -> bool {
    media_type.starts_with(format::BUNDLE_PREFIX)
}

pub(super) fn image_of(manifest: &RawManifest) -> Result<ImageManifest, String> {
    match Document::parse(&manifest.descriptor.media_type, &manifest.bytes) {
        Ok(Document::Image(image)) => Ok(*image),
        Ok(Document::Index(_)) => Err("an index, not a manifest".to_owned()),
        Err(error) => Err(super::shown(&error.to_string())),
    }
}
