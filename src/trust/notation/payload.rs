//! What a signature is about: the descriptor in its payload (`signature-specification.md`, "Payload").

use serde::Deserialize;

use super::{envelope::Envelope, said, shown};
use crate::model::Descriptor;

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "targetArtifact")]
    target: Target,
}

/// The three parts of a descriptor that say which content is meant; annotations are the signer's remarks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    media_type: String,
    digest: String,
    size: u64,
}

/// Checks that the payload names `subject`: digest, size and media type.
pub(super) fn check(envelope: &Envelope, subject: &Descriptor) -> Result<(), String> {
    let Payload { target } = serde_json::from_slice(&envelope.payload)
        .map_err(|error| format!("the payload is malformed: {}", said(&error)))?;
    if target.digest != subject.digest.to_string() {
        return Err(format!("it signs another image, `{}`", shown(&target.digest)));
    }
    if target.size != subject.size {
        return Err(format!("it signs {} bytes, and the image's manifest has {}", target.size, subject.size));
    }
    if target.media_type != subject.media_type {
        return Err(format!("it signs a `{}`, which the image is not", shown(&target.media_type)));
    }
    Ok(())
}
