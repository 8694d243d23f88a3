//! Writes the tag `sha256-<hex>.sig` (cosign `specs/SIGNATURE_SPEC.md`), the one form that CRI-O, podman and skopeo read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::{OrgSigner, SignError};
use crate::{
    model::{Descriptor, Digest, Document, ImageManifest, Reference, Repository, media_type},
    registry::{RawManifest, Registry},
    trust::{
        fetch,
        format::{self, LAYERS_MAX},
    },
};

/// The payload in cosign's order of keys.
#[derive(Serialize)]
struct Payload<'a> {
    critical: Critical<'a>,
    optional: Option<()>,
}

#[derive(Serialize)]
struct Critical<'a> {
    identity: Identity,
    image: Image<'a>,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    docker_reference: String,
}

#[derive(Serialize)]
struct Image<'a> {
    #[serde(rename = "docker-manifest-digest")]
    digest: &'a Digest,
}

/// Adds our signature of `subject` to the ones that are there.
pub(super) async fn write(
    registry: &dyn Registry,
    repository: &Repository,
    subject: &Digest,
    signer: &dyn OrgSigner,
) -> Result<(), SignError> {
    let occupied = |reason: String| SignError::Occupied { repository: repository.to_string(), reason };
    let tag = format::signature_tag(subject)
        .ok_or_else(|| occupied(format!("{} is too long for a signature tag", subject.short())))?;
    let reference = Reference::tag(tag);
    let there = registry.get_manifest(&repository.path, &reference).await?;
    let payload = payload(repository, subject);
    let layer = layer(&payload, &signer.sign(&payload).await?);
    let written = manifest(there.as_ref(), layer).map_err(occupied)?;
    fetch::write(registry, &repository.path, &payload).await?;
    fetch::write(registry, &repository.path, &written.config).await?;
    let media_type = written.media_type;
    registry.put_manifest(&repository.path, &reference, &media_type, written.manifest).await?;
    Ok(())
}

/// Returns the bytes that are signed. The docker-reference is the destination without a tag, because containers/image
/// compares it (`matchRepository`).
fn payload(repository: &Repository, subject: &Digest) -> Vec<u8> {
    let payload = Payload {
        critical: Critical {
            identity: Identity { docker_reference: repository.to_string() },
            image: Image { digest: subject },
            kind: format::SIMPLE_SIGNING_TYPE,
        },
        optional: None,
    };
    serde_json::to_vec(&payload).expect("strings serialise")
}

fn layer(payload: &[u8], signature: &[u8]) -> Descriptor {
    let mut layer = Descriptor::of(media_type::SIMPLE_SIGNING, payload);
    layer.annotations.insert(format::SIGNATURE.to_owned(), STANDARD.encode(signature));
    layer
}

/// A `.sig` manifest and its configuration, to be written.
struct Written {
    media_type: String,
    manifest: Bytes,
    config: Vec<u8>,
}

/// Returns the manifest with one layer more; what else is in it stays as it is.
fn manifest(there: Option<&RawManifest>, layer: Descriptor) -> Result<Written, String> {
    let (media_type, mut value, mut layers) = match there {
        None => {
            let media_type = media_type::OCI_MANIFEST;
            (media_type.to_owned(), json!({"schemaVersion": 2, "mediaType": media_type}), vec![])
        }
        Some(there) => {
            let (value, image) = parse(there)?;
            (there.descriptor.media_type.clone(), value, image.layers)
        }
    };
    if layers.len() >= LAYERS_MAX {
        return Err(format!("the signature tag carries {} signatures already", layers.len()));
    }
    layers.push(layer);
    let config = config(&layers);
    let config_type = if media_type == media_type::DOCKER_MANIFEST {
        media_type::DOCKER_CONFIG
    } else {
        media_type::OCI_CONFIG
    };
    let last = json!(layers[layers.len() - 1]);
    match value["layers"].as_array_mut() {
        Some(array) => array.push(last),
        None => value["layers"] = json!([last]),
    }
    value["config"] = json!(Descriptor::of(config_type, &config));
    Ok(Written { media_type, manifest: value.to_string().into(), config })
}

fn parse(there: &RawManifest) -> Result<(Value, ImageManifest), String> {
    match Document::parse(&there.descriptor.media_type, &there.bytes) {
        Ok(Document::Image(image)) => {
            let value = serde_json::from_slice(&there.bytes).map_err(|error| error.to_string())?;
            Ok((value, *image))
        }
        Ok(Document::Index(_)) => Err("the signature tag holds an index".to_owned()),
        Err(error) => Err(format!("the signature tag holds something else: {error}")),
    }
}

/// Returns a configuration as cosign writes it: nothing but the layers, whose digests are those of the payloads.
fn config(layers: &[Descriptor]) -> Vec<u8> {
    const NEVER: &str = "0001-01-01T00:00:00Z";
    let diff_ids: Vec<_> = layers.iter().map(|layer| &layer.digest).collect();
    let history: Vec<_> = layers.iter().map(|_| json!({"created": NEVER})).collect();
    let config = json!({
        "architecture": "",
        "created": NEVER,
        "history": history,
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "config": {},
    });
    config.to_string().into_bytes()
}
