//! What the Notary Project signatures beside an image say of themselves. A signature carries its certificates, so all of
//! it is whoever's who made it: the root is to be compared with what the publisher says by another way.

use std::collections::BTreeMap;

use super::Claimed;
use crate::{
    evidence::VerificationRecord,
    model::{
        Descriptor, Digest, Document, Instant, Outcome, Reference, SignatureFormat, SignatureFound,
        foreign::inline,
    },
    registry::Registry,
    trust::{
        fetch::{self, FetchError},
        notation::{self, ENVELOPE_BYTES_MAX},
    },
};

/// The most signatures that are read, at two requests each: publishers sign with one or two keys.
const ENVELOPES_MAX: usize = 8;

/// What was read, and what could not be fetched.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) claims: BTreeMap<Digest, Result<Claimed, String>>,
    pub(super) failures: Vec<String>,
}

/// Reads the signatures of a record by the digest of their envelope.
pub(super) async fn of(
    registry: &dyn Registry,
    repository: &str,
    record: &VerificationRecord,
    subject: &Descriptor,
    now: Instant,
) -> Looked {
    let mut looked = Looked::default();
    let there = |found: &&SignatureFound| {
        found.format == SignatureFormat::Notation && found.outcome != Outcome::Absent
    };
    for found in record.signatures.iter().filter(there).take(ENVELOPES_MAX) {
        let Some(content) = &found.content else { continue };
        match envelope(registry, repository, &found.digest, content).await {
            Ok(Ok((media_type, bytes))) => {
                let claimed = notation::claimed(&bytes, &media_type, subject, now);
                looked.claims.insert(content.clone(), claimed);
            }
            Ok(Err(reason)) => {
                looked.claims.insert(content.clone(), Err(reason));
            }
            Err(error) => {
                looked.failures.push(format!("the signature `{}`: {error}", found.digest.short()));
            }
        }
    }
    looked
}

/// Returns the media type and bytes of an envelope, or why it is none.
async fn envelope(
    registry: &dyn Registry,
    repository: &str,
    manifest: &Digest,
    content: &Digest,
) -> Result<Result<(String, Vec<u8>), String>, FetchError> {
    let Some(raw) = registry.get_manifest(repository, &Reference::from(manifest)).await? else {
        return Ok(Err("the registry does not have it any more".to_owned()));
    };
    let layer = match Document::parse(&raw.descriptor.media_type, &raw.bytes) {
        Ok(Document::Image(image)) => image.layers.into_iter().find(|layer| layer.digest == *content),
        Ok(Document::Index(_)) => None,
        Err(error) => return Ok(Err(inline(&error.to_string()))),
    };
    let Some(layer) = layer else { return Ok(Err("its manifest names no envelope".to_owned())) };
    match fetch::read(registry, repository, &layer, ENVELOPE_BYTES_MAX as u64).await {
        Ok(bytes) => Ok(Ok((layer.media_type, bytes))),
        Err(FetchError::TooLarge { size, .. }) => Ok(Err(notation::too_large(size))),
        Err(error) => Err(error),
    }
}
