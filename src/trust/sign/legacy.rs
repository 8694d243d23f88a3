//! Writes the tag `sha256-<hex>.sig` (cosign `specs/SIGNATURE_SPEC.md`), the one form that CRI-O, podman and skopeo read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Form, SignError, Vouching};
use crate::{
    model::{Descriptor, Digest, Document, Reference, media_type},
    registry::RawManifest,
    trust::{
        format::{self, LAYERS_MAX},
        verify::{keys::AcceptedKeys, read_back},
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
    identity: Identity<'a>,
    image: Image<'a>,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct Identity<'a> {
    #[serde(rename = "docker-reference")]
    docker_reference: &'a str,
}

#[derive(Serialize)]
struct Image<'a> {
    #[serde(rename = "docker-manifest-digest")]
    digest: &'a Digest,
}

/// How often the tag is written again because another writer has overwritten our signature: the distribution protocol
/// knows no conditional write.
const TAG_WRITES_MAX: usize = 5;

/// What became of adding our signature to the tag.
enum Added {
    /// It was there: the manifest that carries it.
    Found(Digest),
    Written,
    /// Another writer has moved the tag since it was read.
    Moved,
}

/// Our signature of one manifest below cosign's tag.
pub(super) struct Signature<'a> {
    vouching: &'a Vouching<'a>,
    own: &'a AcceptedKeys,
    subject: &'a Digest,
    tag: Reference,
    payload: Vec<u8>,
    /// Once it is made; a repeated write is the same signature.
    layer: Option<Descriptor>,
}

impl<'a> Signature<'a> {
    /// `reference` is what the payload names.
    pub(super) fn new(
        vouching: &'a Vouching<'a>,
        own: &'a AcceptedKeys,
        subject: &'a Digest,
        reference: &str,
    ) -> Result<Self, SignError> {
        let occupied = |reason| SignError::Occupied { repository: vouching.repository.to_string(), reason };
        let tag = format::signature_tag(subject)
            .ok_or_else(|| occupied(format!("{} is too long for a signature tag", subject.short())))?;
        let payload = payload(reference, subject);
        Ok(Self { vouching, own, subject, tag: Reference::tag(tag), payload, layer: None })
    }

    /// Returns the manifest that carries our signature, read back; where it is not there, adds it to the ones that are
    /// and returns `None`: [`Signature::read_back`] is for later, when writers that had read the tag before our write
    /// have written theirs.
    pub(super) async fn add(&mut self) -> Result<Option<Digest>, SignError> {
        for _ in 1..TAG_WRITES_MAX {
            match self.try_add(true).await? {
                Added::Found(digest) => return Ok(Some(digest)),
                Added::Written => return Ok(None),
                Added::Moved => {}
            }
        }
        // Whoever moves it all the time is written over; reading back finds out who has won.
        Ok(match self.try_add(false).await? {
            Added::Found(digest) => Some(digest),
            Added::Written | Added::Moved => None,
        })
    }

    /// As [`Signature::add`], once. `careful` looks at the tag again before it is written: signing and uploading take long
    /// enough for another writer.
    async fn try_add(&mut self, careful: bool) -> Result<Added, SignError> {
        let Vouching { registry, repository, signer, stored, .. } = *self.vouching;
        let occupied = |reason| SignError::Occupied { repository: repository.to_string(), reason };
        let there = registry.get_manifest(&repository.path, &self.tag).await?;
        let layers = there.as_ref().map(layers).transpose().map_err(occupied)?.unwrap_or_default();
        if let (Some(there), Some(layer)) = (&there, ours(&layers, &self.payload, self.own)) {
            self.judge(&layer).await?;
            return Ok(Added::Found(there.descriptor.digest.clone()));
        }
        let layer = if let Some(layer) = &self.layer {
            layer.clone()
        } else {
            let signature = signer.sign(&self.payload).await?;
            let timestamp = signer.timestamp(&signature).await?;
            layer(&self.payload, &signature, timestamp.as_deref())
        };
        self.layer = Some(layer.clone());
        let known = layers.iter().any(|there| there.digest == layer.digest);
        let written = manifest(there.as_ref(), layers, layer).map_err(occupied)?;
        if !known {
            stored.write(registry, &repository.path, self.payload.clone().into()).await?;
        }
        stored.write(registry, &repository.path, written.config.into()).await?;
        let seen = there.as_ref().map(|there| &there.descriptor.digest);
        if careful {
            let now = registry.head_manifest(&repository.path, &self.tag).await?;
            if now.as_ref().map(|now| &now.digest) != seen {
                return Ok(Added::Moved);
            }
        }
        registry.put_manifest(&repository.path, &self.tag, &written.media_type, written.manifest).await?;
        Ok(Added::Written)
    }

    /// Returns the manifest that carries our signature, after adding it again where another writer has overwritten it.
    pub(super) async fn read_back(mut self) -> Result<Digest, SignError> {
        for _ in 0..TAG_WRITES_MAX {
            if let Some(digest) = self.add().await? {
                return Ok(digest);
            }
        }
        Err(self.not_read_back(format!(
            "it is not there after {TAG_WRITES_MAX} writes; the registry does not keep the tag, or others replace it"
        )))
    }

    /// Judges the layer as those of publishers are.
    async fn judge(&self, layer: &Descriptor) -> Result<(), SignError> {
        let Vouching { registry, repository, .. } = *self.vouching;
        let accepted = self.own.clone().into();
        let read = read_back::signature(registry, &repository.path, self.subject, layer, &accepted).await;
        let read = read.map_err(|failure| SignError::of_failure(&repository.to_string(), &failure))?;
        read.map_err(|reason| self.not_read_back(reason))
    }

    fn not_read_back(&self, reason: String) -> SignError {
        let (repository, format) =
            (self.vouching.repository.to_string(), Form::CosignLegacy.format().to_owned());
        SignError::NotReadBack { repository, format, subject: self.subject.clone(), reason }
    }
}

/// Returns the layer that carries our valid signature of `payload`. Its bytes are known by their digest, so they are not
/// read to find that out. A payload for a repository of another name is another one: containers/image would refuse it.
fn ours(layers: &[Descriptor], payload: &[u8], own: &AcceptedKeys) -> Option<Descriptor> {
    let digest = Digest::sha256(payload);
    let holds = |layer: &&Descriptor| {
        let text = layer.annotations.get(format::SIGNATURE);
        let signature = text.and_then(|text| STANDARD.decode(text).ok());
        signature.is_some_and(|signature| own.verifying(payload, &signature).is_some())
    };
    layers.iter().filter(|layer| layer.digest == digest).find(holds).cloned()
}

/// Returns the bytes that are signed. `reference` is compared by containers/image.
pub(super) fn payload(reference: &str, subject: &Digest) -> Vec<u8> {
    let payload = Payload {
        critical: Critical {
            identity: Identity { docker_reference: reference },
            image: Image { digest: subject },
            kind: format::SIMPLE_SIGNING_TYPE,
        },
        optional: None,
    };
    serde_json::to_vec(&payload).expect("strings serialise")
}

/// Returns the layer of a signature. The time stamp is as cosign keeps it: JSON around the DER-encoded response.
fn layer(payload: &[u8], signature: &[u8], timestamp: Option<&[u8]>) -> Descriptor {
    let mut layer = Descriptor::of(media_type::SIMPLE_SIGNING, payload);
    layer.annotations.insert(format::SIGNATURE.to_owned(), STANDARD.encode(signature));
    if let Some(timestamp) = timestamp {
        let kept = json!({"SignedRFC3161Timestamp": STANDARD.encode(timestamp)}).to_string();
        layer.annotations.insert(format::TIMESTAMP.to_owned(), kept);
    }
    layer
}

/// A `.sig` manifest and its configuration, to be written.
struct Written {
    media_type: String,
    manifest: Bytes,
    config: Vec<u8>,
}

/// Returns the manifest with one layer more; what else is in it stays as it is.
fn manifest(
    there: Option<&RawManifest>,
    mut layers: Vec<Descriptor>,
    layer: Descriptor,
) -> Result<Written, String> {
    let (media_type, mut value) = match there {
        None => {
            let media_type = media_type::OCI_MANIFEST;
            (media_type.to_owned(), json!({"schemaVersion": 2, "mediaType": media_type}))
        }
        Some(there) => {
            let value: Value = serde_json::from_slice(&there.bytes).map_err(|error| error.to_string())?;
            (there.descriptor.media_type.clone(), value)
        }
    };
    if layers.len() >= LAYERS_MAX {
        return Err(format!("the signature tag carries {} signatures already", layers.len()));
    }
    let last = json!(layer);
    layers.push(layer);
    let config = config(&layers);
    let config_type = if media_type == media_type::DOCKER_MANIFEST {
        media_type::DOCKER_CONFIG
    } else {
        media_type::OCI_CONFIG
    };
    match value["layers"].as_array_mut() {
        Some(array) => array.push(last),
        None => value["layers"] = json!([last]),
    }
    value["config"] = json!(Descriptor::of(config_type, &config));
    Ok(Written { media_type, manifest: value.to_string().into(), config })
}

fn layers(there: &RawManifest) -> Result<Vec<Descriptor>, String> {
    match Document::parse(&there.descriptor.media_type, &there.bytes) {
        Ok(Document::Image(image)) => Ok(image.layers),
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
