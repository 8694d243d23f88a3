//! Signs an image in both forms: what is missing is written, and everything is read back. A manifest by SHA-512 has the
//! bundle alone, because a tag has no room for its digest.

use super::{OrgSigner, SignError, bundle, legacy};
use crate::{
    evidence::Vouched,
    model::{Descriptor, Digest, Instant, Repository, SignatureFormat},
    registry::Registry,
    trust::{
        format,
        verify::{
            Accepted,
            discover::{self, Survey},
            keys::AcceptedKeys,
        },
    },
};

/// Signs `subjects` (an index and each of its platform manifests) in `repository`, unless they are signed already.
///
/// `at` becomes the creation time of the bundles' manifests. A second call writes nothing. Returns what vouches for
/// each subject, sorted, as read back from the registry and verified with `signer`'s public key.
///
/// # Errors
/// [`SignError`]; then some signatures may have been written, and calling again finishes the work.
pub async fn sign_image(
    registry: &dyn Registry,
    repository: &Repository,
    subjects: &[Descriptor],
    signer: &dyn OrgSigner,
    at: Instant,
) -> Result<Vec<Vouched>, SignError> {
    let own = AcceptedKeys::only("own", signer.spki_der()).map_err(SignError::Key)?;
    let place = Place { registry, repository, signer, own: own.into() };
    let mut vouched = Vec::new();
    for subject in subjects {
        vouched.extend(place.sign(subject, at).await?);
    }
    vouched.sort();
    vouched.dedup();
    Ok(vouched)
}

/// Where is signed, and with what.
struct Place<'a> {
    registry: &'a dyn Registry,
    repository: &'a Repository,
    signer: &'a dyn OrgSigner,
    own: Accepted,
}

/// The manifests that carry our valid signatures of one subject.
struct Held {
    legacy: Option<Digest>,
    bundle: Option<Digest>,
}

impl Place<'_> {
    async fn sign(&self, subject: &Descriptor, at: Instant) -> Result<Vec<Vouched>, SignError> {
        let survey = self.survey(&subject.digest).await;
        let held = self.held(&survey);
        let Some(missing) = missing(&subject.digest, &held) else {
            return Ok(self.vouched(&subject.digest, held));
        };
        // What could not be looked at may be the very signature that seems to be missing.
        if let Some(failure) = survey.failures.first() {
            return Err(SignError::of_failure(&self.repository.to_string(), failure));
        }
        if missing == SignatureFormat::CosignLegacy {
            legacy::write(self.registry, self.repository, &subject.digest, self.signer).await?;
        }
        if held.bundle.is_none() {
            bundle::write(self.registry, &self.repository.path, subject, self.signer, at).await?;
        }
        self.read_back(&subject.digest).await
    }

    async fn read_back(&self, subject: &Digest) -> Result<Vec<Vouched>, SignError> {
        let survey = self.survey(subject).await;
        let held = self.held(&survey);
        let Some(missing) = missing(subject, &held) else { return Ok(self.vouched(subject, held)) };
        if let Some(failure) = survey.failures.first() {
            return Err(SignError::of_failure(&self.repository.to_string(), failure));
        }
        let seen = survey.sightings.iter().find(|sighting| sighting.found.format == missing);
        Err(SignError::NotReadBack {
            repository: self.repository.to_string(),
            format: missing.name().to_owned(),
            subject: subject.clone(),
            reason: seen.map_or_else(|| "it is not there".to_owned(), |seen| seen.found.reason.clone()),
        })
    }

    async fn survey(&self, subject: &Digest) -> Survey {
        discover::survey(self.registry, &self.repository.path, subject, &self.own).await
    }

    /// Returns what of ours holds. A `.sig` for a repository of another name does not count: containers/image would
    /// refuse it.
    fn held(&self, survey: &Survey) -> Held {
        let here = self.repository.to_string();
        let mut legacy = discover::verified(survey, SignatureFormat::CosignLegacy);
        let legacy = legacy.find(|sighting| sighting.docker_reference.as_ref() == Some(&here));
        let bundle = discover::verified(survey, SignatureFormat::SigstoreBundle).next();
        let digest = |sighting: &discover::Sighting| sighting.found.digest.clone();
        Held { legacy: legacy.map(digest), bundle: bundle.map(digest) }
    }

    fn vouched(&self, subject: &Digest, held: Held) -> Vec<Vouched> {
        let by = |format: SignatureFormat, digest: Digest| Vouched {
            format: format.name().to_owned(),
            subject: subject.clone(),
            digest,
            key: Some(self.signer.key_digest()),
        };
        let legacy = held.legacy.map(|digest| by(SignatureFormat::CosignLegacy, digest));
        let bundle = held.bundle.map(|digest| by(SignatureFormat::SigstoreBundle, digest));
        legacy.into_iter().chain(bundle).collect()
    }
}

/// Returns the first form in which a subject has to be signed and is not.
fn missing(subject: &Digest, held: &Held) -> Option<SignatureFormat> {
    if held.legacy.is_none() && format::signature_tag(subject).is_some() {
        return Some(SignatureFormat::CosignLegacy);
    }
    held.bundle.is_none().then_some(SignatureFormat::SigstoreBundle)
}
