//! Attaches a document, such as an SBOM, to an image as a referrer of its own type.

use std::collections::BTreeMap;

use super::{SignError, bundle};
use crate::{
    evidence::Vouched,
    model::{Descriptor, Digest, Document, Instant, Reference, media_type},
    registry::Registry,
    trust::{fetch, format},
};

/// The most referrers that are searched for the document, as many as verification looks at.
const REFERRERS_MAX: usize = 256;

/// Attaches `bytes` to `subject` unless a referrer of that type carries the same bytes already, and reads it back.
///
/// `at` becomes the creation time of the referrer.
///
/// # Errors
/// [`SignError`]; then calling again finishes the work.
pub async fn attach(
    registry: &dyn Registry,
    repository_path: &str,
    subject: &Descriptor,
    artifact_type: &str,
    bytes: &[u8],
    at: Instant,
) -> Result<Vouched, SignError> {
    let layer = Descriptor::of(artifact_type, bytes);
    let wanted = Wanted { registry, repository: repository_path, subject, layer };
    let there = if let Some(there) = wanted.find().await? {
        there
    } else {
        let annotations = BTreeMap::from([(format::CREATED.to_owned(), at.to_string())]);
        bundle::refer(registry, repository_path, subject, artifact_type, bytes, annotations).await?;
        wanted.find().await?.ok_or_else(|| wanted.not_read_back("it is not among the referrers"))?
    };
    wanted.read_back(bytes).await?;
    let format = wanted.format();
    Ok(Vouched { format, subject: subject.digest.clone(), digest: there, key: None })
}

/// A document that ought to be attached.
struct Wanted<'a> {
    registry: &'a dyn Registry,
    repository: &'a str,
    subject: &'a Descriptor,
    layer: Descriptor,
}

impl Wanted<'_> {
    /// Returns the digest of the first referrer, in order of digests, that carries the document.
    async fn find(&self) -> Result<Option<Digest>, SignError> {
        let mut referrers = self.registry.referrers(self.repository, &self.subject.digest).await?;
        referrers.sort_by(|a, b| a.digest.cmp(&b.digest));
        if referrers.len() > REFERRERS_MAX {
            let reason = format!("{} referrers, more than the {REFERRERS_MAX} looked at", referrers.len());
            return Err(SignError::Occupied { repository: self.repository.to_owned(), reason });
        }
        for referrer in &referrers {
            if self.carried_by(referrer).await? {
                return Ok(Some(referrer.digest.clone()));
            }
        }
        Ok(None)
    }

    async fn carried_by(&self, referrer: &Descriptor) -> Result<bool, SignError> {
        // Fallback indexes written by older clients carry the configuration's type instead.
        let declared = referrer.artifact_type.as_deref();
        let wanted = self.layer.media_type.as_str();
        if declared.is_some_and(|declared| declared != wanted && declared != media_type::OCI_EMPTY) {
            return Ok(false);
        }
        let reference = Reference::from(&referrer.digest);
        let Some(manifest) = self.registry.get_manifest(self.repository, &reference).await? else {
            return Ok(false);
        };
        let Ok(Document::Image(image)) = Document::parse(&manifest.descriptor.media_type, &manifest.bytes)
        else {
            return Ok(false);
        };
        let same_subject = image.subject.is_some_and(|subject| subject.digest == self.subject.digest);
        let [layer] = image.layers.as_slice() else { return Ok(false) };
        let same_layer = (layer.digest == self.layer.digest) && (layer.size == self.layer.size);
        Ok(same_subject && same_layer && image.artifact_type.as_deref() == Some(wanted))
    }

    async fn read_back(&self, bytes: &[u8]) -> Result<(), SignError> {
        let read = fetch::read(self.registry, self.repository, &self.layer, self.layer.size).await;
        let read = read.map_err(|error| SignError::of_fetch(self.repository, error))?;
        if read == bytes { Ok(()) } else { Err(self.not_read_back("its bytes differ")) }
    }

    fn not_read_back(&self, reason: &str) -> SignError {
        SignError::NotReadBack {
            repository: self.repository.to_owned(),
            format: self.format(),
            subject: self.subject.digest.clone(),
            reason: reason.to_owned(),
        }
    }

    /// Returns the name that evidence uses for the document's form.
    fn format(&self) -> String {
        match self.layer.media_type.as_str() {
            media_type::CYCLONEDX => "cyclonedx".to_owned(),
            other => other.to_owned(),
        }
    }
}
