//! Reads back one thing that the organisation wrote, through the judges that publishers' signatures meet.

use super::{
    Accepted, bundle,
    discover::{BUNDLE_BYTES_MAX, Failure, PAYLOAD_BYTES_MAX},
    legacy,
};
use crate::{
    model::{Descriptor, Digest, Document, LogEntryFound, Outcome, Reference},
    registry::Registry,
    trust::{fetch, format},
};

/// What a bundle of ours carries.
pub(in crate::trust) struct Read {
    pub(in crate::trust) statement: Vec<u8>,
    /// The log entries that were verified.
    pub(in crate::trust) log_entries: Vec<LogEntryFound>,
}

/// Returns the statement that a bundle among the referrers of `subject` carries, where it is there, an accepted key
/// verifies it and it speaks of `subject`; a signature has to be one that [`super::verify`] accepts.
pub(in crate::trust) async fn statement(
    registry: &dyn Registry,
    repository: &str,
    subject: &Digest,
    referrer: &Digest,
    own: &Accepted,
) -> Result<Option<Read>, Failure> {
    let Some(manifest) = registry.get_manifest(repository, &Reference::from(referrer)).await? else {
        return Ok(None);
    };
    let Ok(Document::Image(image)) = Document::parse(&manifest.descriptor.media_type, &manifest.bytes) else {
        return Ok(None);
    };
    let [layer] = image.layers.as_slice() else { return Ok(None) };
    if !layer.media_type.starts_with(format::BUNDLE_PREFIX) {
        return Ok(None);
    }
    let bytes = fetch::read(registry, repository, layer, BUNDLE_BYTES_MAX).await?;
    let read = bundle::statement_of(&bytes, subject, own);
    Ok(read.map(|(statement, proof)| Read { statement, log_entries: proof.log_entries }))
}

/// Reads the payload of one layer of a `.sig` manifest and judges it. The inner error says why it does not hold.
pub(in crate::trust) async fn signature(
    registry: &dyn Registry,
    repository: &str,
    subject: &Digest,
    layer: &Descriptor,
    own: &Accepted,
) -> Result<Result<(), String>, Failure> {
    let payload = fetch::read(registry, repository, layer, PAYLOAD_BYTES_MAX).await?;
    let judgement = legacy::verdict_of(layer, &payload, subject, own);
    Ok(if judgement.outcome == Outcome::Verified { Ok(()) } else { Err(judgement.reason) })
}
