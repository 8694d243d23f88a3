//! Judges one layer of a `.sig` manifest (cosign `specs/SIGNATURE_SPEC.md`). Pure.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::{
    accepted::Accepted,
    convert,
    instance::Covered,
    outcome::Judgement,
    shown,
    signer::{self, Signed},
};
use crate::{
    model::{Descriptor, Digest},
    trust::format,
};

/// The simple signing payload; keys we do not act on are left out.
#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    #[serde(default)]
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference", default)]
    docker_reference: Option<String>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// Judges the layer whose blob is `payload`, for the image `subject`.
pub(super) fn verdict_of(
    layer: &Descriptor,
    payload: &[u8],
    subject: &Digest,
    accepted: &Accepted,
) -> Judgement {
    match read(layer, payload, subject) {
        Err(reason) => Judgement::invalid(reason),
        Ok((signature, docker_reference)) => {
            Judgement { docker_reference, ..signed(layer, payload, &signature, accepted) }
        }
    }
}

/// Returns signature and docker-reference of a well-formed layer that speaks of `subject`.
fn read(layer: &Descriptor, payload: &[u8], subject: &Digest) -> Result<(Vec<u8>, Option<String>), String> {
    if layer.digest.same_algorithm_of(payload) != layer.digest {
        return Err("the payload does not have the digest of its layer".to_owned());
    }
    let text = layer.annotations.get(format::SIGNATURE).ok_or("the layer carries no signature")?;
    let signature = STANDARD.decode(text).map_err(|_| "the signature is not base64")?;
    let Payload { critical } = serde_json::from_slice(payload)
        .map_err(|error| format!("the payload is malformed: {}", shown(&error.to_string())))?;
    if critical.kind != format::SIMPLE_SIGNING_TYPE {
        return Err(format!("the payload is a `{}`, not an image signature", shown(&critical.kind)));
    }
    if critical.image.digest != subject.to_string() {
        return Err(format!("the payload is for another image, `{}`", shown(&critical.image.digest)));
    }
    Ok((signature, critical.identity.docker_reference))
}

/// The payload's form has no hint, so a broken signature of an accepted key cannot be told from one by another key: both
/// are foreign.
fn signed(layer: &Descriptor, payload: &[u8], signature: &[u8], accepted: &Accepted) -> Judgement {
    let has = |name: &str| layer.annotations.contains_key(name);
    let bundle = convert::layer(layer, signature);
    let signed = Signed {
        message: payload,
        signature,
        covered: Covered::Bytes(payload),
        material: bundle.as_ref().map_err(Clone::clone),
        certified: has(format::CERTIFICATE),
        logged: format::LOGGED.into_iter().any(has),
    };
    signer::judge(&signed, accepted)
}
