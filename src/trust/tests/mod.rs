//! Signing and verifying against a registry in memory. One file a theme; here what they share.

mod attach;
mod attack;
mod attested;
mod conformance;
mod inside;
mod instance;
mod keyless;
mod limit;
mod memory;
mod notation;
mod observed;
mod published;
mod signing;
mod stamps;
mod stated;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::EncodePublicKey as _,
};
use serde_json::{Value, json};

use super::{
    format,
    sign::{OrgSigner, SignError},
    verify::{keys, verify},
};
use crate::{
    evidence::VerificationRecord,
    manifest::DesiredPolicy,
    model::{Descriptor, Digest, Instant, Outcome, Repository, media_type},
};
use memory::Memory;

/// The path of the repository that the tests use.
const PATH: &str = "team/web";

#[derive(Debug)]
struct TestKey {
    key: SigningKey,
    spki: Vec<u8>,
}

impl TestKey {
    /// Returns the key whose scalar is 32 times `byte`.
    fn new(byte: u8) -> Self {
        let key = SigningKey::from_slice(&[byte; 32]).unwrap();
        let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
        Self { key, spki }
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.key.sign(message);
        signature.as_bytes().to_vec()
    }
}

#[async_trait::async_trait]
impl OrgSigner for TestKey {
    fn spki_der(&self) -> &[u8] {
        &self.spki
    }
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.signature(message))
    }
}

fn org() -> TestKey {
    TestKey::new(1)
}

fn stranger() -> TestKey {
    TestKey::new(2)
}

fn repository() -> Repository {
    format!("{}/{PATH}", memory::HOST).parse().unwrap()
}

fn at() -> Instant {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

/// Returns the manifest of an image that is only its name.
fn manifest(name: &str) -> Vec<u8> {
    json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "annotations": {"name": name},
        "config": Descriptor::of(media_type::OCI_CONFIG, b"{}"), "layers": []})
    .to_string()
    .into_bytes()
}

/// Returns the descriptor of an image that is only its name.
fn image(name: &str) -> Descriptor {
    Descriptor::of(media_type::OCI_MANIFEST, &manifest(name))
}

/// Returns a registry that holds the image.
fn with_image(name: &str) -> Memory {
    let registry = Memory::default();
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, &manifest(name));
    registry
}

fn policy(keys: &[(&str, &TestKey)]) -> DesiredPolicy {
    let keys = keys.iter().map(|(name, key)| ((*name).to_owned(), key.public_pem()));
    DesiredPolicy {
        written: "trust/publisher.yaml:1".to_owned(),
        ..DesiredPolicy::of_keys("publisher", keys)
    }
}

/// Verifies `subject` with the key `org` alone.
async fn verified_by_org(registry: &Memory, subject: &Descriptor) -> VerificationRecord {
    verify(registry, PATH, &subject.digest, Some(&policy(&[("org", &org())]))).await
}

/// Returns outcome and reason of each signature.
fn told(record: &VerificationRecord) -> Vec<(Outcome, &str)> {
    record.signatures.iter().map(|found| (found.outcome, found.reason.as_str())).collect()
}

/// Returns a simple signing payload.
fn payload(digest: &Digest) -> Vec<u8> {
    payload_of(&digest.to_string(), "cosign container image signature")
}

fn payload_of(digest: &str, kind: &str) -> Vec<u8> {
    let reference = repository().to_string();
    json!({"critical": {"identity": {"docker-reference": reference},
        "image": {"docker-manifest-digest": digest}, "type": kind}, "optional": null})
    .to_string()
    .into_bytes()
}

/// A payload and the annotations of its layer.
type Layer = (Vec<u8>, Vec<(&'static str, String)>);

/// Stores a `.sig` manifest with these payloads and layer annotations.
fn put_signatures(registry: &Memory, subject: &Descriptor, layers: &[Layer]) {
    let descriptors: Vec<_> = layers
        .iter()
        .map(|(payload, annotations)| {
            registry.seed_blob(PATH, payload);
            let mut layer = Descriptor::of(media_type::SIMPLE_SIGNING, payload);
            layer.annotations =
                annotations.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            layer
        })
        .collect();
    let config = Descriptor::of(media_type::OCI_CONFIG, b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config,
        "layers": descriptors})
    .to_string();
    let tag = format::signature_tag(&subject.digest).unwrap();
    registry.seed_manifest(PATH, Some(&tag), media_type::OCI_MANIFEST, manifest.as_bytes());
}

/// Returns the annotation that carries `key`'s signature of `payload`.
fn signature_of(key: &TestKey, payload: &[u8]) -> (&'static str, String) {
    (format::SIGNATURE, STANDARD.encode(key.signature(payload)))
}

fn statement(predicate_type: &str, digest: &Digest) -> Value {
    json!({"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": digest.hex()}}],
        "predicateType": predicate_type, "predicate": {}})
}

/// Returns a bundle of `statement` signed by `key`, whose verification material points at `hinted`.
fn bundle(key: &TestKey, hinted: &TestKey, statement: &Value) -> Value {
    let statement = statement.to_string();
    // The DSSE protocol's own formula for what is signed.
    let signed = format!("DSSEv1 28 application/vnd.in-toto+json {} {statement}", statement.len());
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": keys::hint(&hinted.spki)}},
        "dsseEnvelope": {
            "payload": STANDARD.encode(&statement),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": STANDARD.encode(key.signature(signed.as_bytes()))}],
        },
    })
}

/// Stores a bundle as referrer of `subject`.
fn put_bundle(registry: &Memory, subject: &Descriptor, bundle: &[u8]) -> Digest {
    registry.seed_blob(PATH, bundle);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": media_type::SIGSTORE_BUNDLE,
        "config": Descriptor::of(media_type::OCI_EMPTY, b"{}"),
        "layers": [Descriptor::of(media_type::SIGSTORE_BUNDLE, bundle)],
        "subject": subject,
    })
    .to_string();
    registry.seed_manifest(PATH, None, media_type::OCI_MANIFEST, manifest.as_bytes());
    Digest::sha256(manifest.as_bytes())
}
