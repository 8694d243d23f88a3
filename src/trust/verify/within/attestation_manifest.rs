//! Reads the attestation manifests of BuildKit that somebody signed, for the platforms that lack something.
//!
//! Docker's builder signs the attestation manifest (`cosign sign`, in docker/actions-toolkit `src/sigstore/sigstore.ts`). Such
//! a signature covers the manifest's layers by their digests, and a layer counts for the platform that the index's annotation
//! names only where its own subject is that platform: nobody signs the annotation.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

use super::{gone, lacking, listed, malformed};
use crate::{
    model::{
        AttestationFound, Descriptor, Digest, ImageIndex, Outcome, Proof, Reference, Repository,
        SignatureFormat, SignatureFound,
    },
    trust::{
        fetch::{self, FetchError},
        predicate::{
            self, Said,
            buildkit::{self, AttestationManifest, LAYERS_MAX, MANIFESTS_MAX},
        },
        verify::{
            discover::{Attestation, BUNDLE_BYTES_MAX, Failure, Finding, Sighting, Survey},
            outcome::{precedence, signer_of},
            place::{AT_ONCE, Place, image_of, turn},
        },
    },
};

/// Looks at who signed the attestation manifests of the platforms that lack something, and reads those.
pub(super) async fn look(image: Place<'_>, index: &ImageIndex, survey: &mut Survey) {
    let lacking = lacking(image, survey);
    let mut manifests = buildkit::manifests(index);
    manifests.retain(|manifest| lacking.contains(&manifest.subject));
    if manifests.len() > MANIFESTS_MAX {
        let more =
            format!("{} attestation manifests, more than the {MANIFESTS_MAX} looked at", manifests.len());
        survey.unattested.push(Failure::Limit(more));
        manifests.truncate(MANIFESTS_MAX);
    }
    let signatures = signatures(image, &manifests, survey).await;
    let signed = manifests.iter().filter_map(|manifest| {
        let signatures = signatures.get(&manifest.descriptor.digest)?;
        Some(Signed { image, manifest, signatures })
    });
    for signed in signed {
        signed.look(survey).await;
    }
}

/// Returns the signatures of attestation manifests, by the manifest's digest.
async fn signatures(
    image: Place<'_>,
    manifests: &[AttestationManifest],
    survey: &mut Survey,
) -> BTreeMap<Digest, Vec<SignatureFound>> {
    let digests: BTreeSet<Digest> =
        manifests.iter().map(|manifest| manifest.descriptor.digest.clone()).collect();
    let listed = listed(image, digests.into_iter().collect(), survey).await;
    let mut read = stream::iter(listed)
        .map(|(manifest, referrer)| async move {
            let found = Place { subject: &manifest, ..image }.referrer(&referrer).await;
            (manifest, found)
        })
        .buffered(AT_ONCE);
    let mut signatures = BTreeMap::<Digest, Vec<SignatureFound>>::new();
    while let Some((manifest, findings)) = read.next().await {
        for finding in findings {
            match finding {
                Finding::Signature(Sighting { found, .. }) if found.outcome != Outcome::Absent => {
                    signatures.entry(manifest.clone()).or_default().push(found);
                }
                // A statement about the attestation manifest is none about the platform.
                Finding::Signature(_) | Finding::Attestation(_) => {}
                Finding::Failure(failure) | Finding::Unattested(failure) => survey.unattested.push(failure),
            }
        }
    }
    signatures
}

/// An attestation manifest that somebody signed.
struct Signed<'a> {
    image: Place<'a>,
    manifest: &'a AttestationManifest,
    /// At least one.
    signatures: &'a [SignatureFound],
}

impl Signed<'_> {
    async fn look(&self, survey: &mut Survey) {
        let Place { registry, repository, .. } = self.image;
        let digest = &self.manifest.descriptor.digest;
        let image = match registry.get_manifest(repository, &Reference::from(digest)).await {
            Ok(Some(raw)) => image_of(&raw).map_err(|reason| malformed(self.image, digest, reason)),
            Ok(None) => Err(gone(self.image, digest)),
            Err(error) => Err(error.into()),
        };
        let image = match image {
            Ok(image) => image,
            Err(failure) => return survey.unattested.push(failure),
        };
        let (layers, more) = buildkit::statements(&image);
        if more > 0 {
            let more = format!("`{digest}` holds {more} more statements than the {LAYERS_MAX} looked at");
            survey.unattested.push(Failure::Limit(more));
        }
        for layer in layers {
            survey.take(self.layer(layer).await);
        }
    }

    /// Returns the accepted signers' signatures, one of each.
    fn verified(&self) -> Vec<&SignatureFound> {
        let mut names = BTreeSet::new();
        let verified = self.signatures.iter().filter(|found| found.outcome == Outcome::Verified);
        verified.filter(|found| names.insert(signer_of(&found.proof))).collect()
    }

    async fn layer(&self, layer: &Descriptor) -> Vec<Finding> {
        let verified = self.verified();
        let Some(first) = verified.first() else {
            // Nobody accepted signed it, so what it says is read where unsigned statements are.
            let worst = self.signatures.iter().min_by_key(|found| precedence(found.outcome));
            let worst = worst.map(|found| {
                let reason = format!("BuildKit's attestation manifest: {}", found.reason);
                self.finding(layer, found, None, (found.outcome, reason))
            });
            return worst.into_iter().collect();
        };
        let Place { registry, repository, .. } = self.image;
        let _turn = turn(layer).await;
        let said = match fetch::read(registry, repository, layer, BUNDLE_BYTES_MAX).await {
            Ok(bytes) => buildkit::read(layer, &bytes, &self.manifest.subject),
            Err(error) => return self.unread(layer, first, error),
        };
        let of = |found: &&SignatureFound| match &said {
            Ok(said) => {
                let reason = format!("BuildKit's attestation manifest is {}", found.reason);
                self.finding(layer, found, Some(said.clone()), (Outcome::Verified, reason))
            }
            Err(reason) => {
                let reason = format!("BuildKit's attestation manifest is {}; {reason}", found.reason);
                self.finding(layer, found, None, (Outcome::Invalid, reason))
            }
        };
        verified.iter().map(of).collect()
    }

    fn unread(&self, layer: &Descriptor, signature: &SignatureFound, error: FetchError) -> Vec<Finding> {
        let failure = Failure::from(error);
        let told = (Outcome::Undeterminable, failure.to_string());
        vec![self.finding(layer, signature, None, told), Finding::Unattested(failure)]
    }

    fn finding(
        &self,
        layer: &Descriptor,
        signature: &SignatureFound,
        said: Option<Said>,
        (outcome, reason): (Outcome, String),
    ) -> Finding {
        let holds = outcome == Outcome::Verified || outcome == signature.outcome;
        let announced = layer.annotations.get(buildkit::PREDICATE_TYPE).map(|text| predicate::shown(text));
        let predicate_type = said.as_ref().map(|said| said.predicate_type.clone()).or(announced);
        let found = AttestationFound {
            format: SignatureFormat::Buildkit,
            place: signature.place.clone(),
            digest: self.manifest.descriptor.digest.clone(),
            content: Some(layer.digest.clone()),
            subject: Some(self.manifest.subject.clone()),
            predicate_type: predicate_type.unwrap_or_else(|| "unknown".to_owned()),
            says: said.as_ref().map(|said| said.says.clone()).unwrap_or_default(),
            proof: if holds { signature.proof.clone() } else { Proof::default() },
            outcome,
            reason,
        };
        let (host, path) = (self.image.registry.host().to_owned(), self.image.repository.to_owned());
        let made = Attestation { found, said }.about(&Repository { host, path }, &self.manifest.subject);
        Finding::Attestation(Box::new(made))
    }
}
