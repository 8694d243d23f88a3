//! Legacy layers as bundles, so that one verifier judges both. Pure.
//!
//! A layer of `.sig` or `.att` carries in annotations what a bundle carries in its verification material (cosign
//! `specs/SIGNATURE_SPEC.md`). The log entry has a promise and no inclusion proof, which is the form of bundle v0.1;
//! the verifier binds its body to payload, signature and certificate, as bundles demand it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sigstore_types::{
    Bundle, DerCertificate, DsseEnvelope, MediaType, MessageSignature, SignatureBytes, SignatureContent,
    VerificationMaterial,
};

use super::{instance::Refusal, shown};
use crate::{model::Descriptor, trust::format};

/// The kinds of log entries that are read, as kind and version.
const KINDS: [(&str, &str); 4] =
    [("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"), ("dsse", "0.0.1"), ("intoto", "0.0.2")];

/// The most certificates of a chain that are read. Real ones have one or two above the leaf.
const CHAIN_MAX: usize = 8;

/// Rekor's answer as cosign stores it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Logged {
    signed_entry_timestamp: String,
    payload: Entry,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// The part of a log entry's body that names its kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    kind: String,
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stamped {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: String,
}

/// Returns a simple signing layer as a bundle.
pub(super) fn layer(layer: &Descriptor, signature: &[u8]) -> Result<Bundle, Refusal> {
    let content = MessageSignature::new(SignatureBytes::from_bytes(signature));
    bundle(layer, SignatureContent::MessageSignature(content))
}

/// Returns a layer whose blob is `envelope` as a bundle.
pub(super) fn envelope(layer: &Descriptor, envelope: DsseEnvelope) -> Result<Bundle, Refusal> {
    bundle(layer, SignatureContent::DsseEnvelope(envelope))
}

fn bundle(layer: &Descriptor, content: SignatureContent) -> Result<Bundle, Refusal> {
    let annotation = |name: &str| layer.annotations.get(name).map(String::as_str);
    let mut material = Map::new();
    match annotation(format::CERTIFICATE) {
        Some(leaf) => {
            let chain = annotation(format::CHAIN).unwrap_or_default();
            material.insert(
                "x509CertificateChain".to_owned(),
                json!({"certificates": certificates(leaf, chain)?}),
            );
        }
        None => {
            material.insert("publicKey".to_owned(), json!({"hint": ""}));
        }
    }
    let mut media_type = MediaType::Bundle0_2;
    if let Some(text) = annotation(format::LOG_ENTRY) {
        media_type = MediaType::Bundle0_1;
        material.insert("tlogEntries".to_owned(), json!([log_entry(text)?]));
    }
    if let Some(text) = annotation(format::TIMESTAMP) {
        let Stamped { token } = parse("timestamp", text.as_bytes())?;
        let tokens = json!({"rfc3161Timestamps": [{"signedTimestamp": token}]});
        material.insert("timestampVerificationData".to_owned(), tokens);
    }
    let material: VerificationMaterial = serde_json::from_value(Value::Object(material))
        .map_err(|error| malformed("verification material", &error.to_string()))?;
    Ok(Bundle::new(media_type, material, content))
}

fn certificates(leaf: &str, chain: &str) -> Result<Vec<Value>, Refusal> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let above = chain.split(BEGIN).skip(1).take(CHAIN_MAX).map(|rest| format!("{BEGIN}{rest}"));
    let all = std::iter::once(leaf.to_owned()).chain(above);
    all.map(|pem| {
        let certificate =
            DerCertificate::from_pem(&pem).map_err(|error| malformed("certificate", &error.to_string()))?;
        Ok(json!({"rawBytes": certificate.to_base64()}))
    })
    .collect()
}

fn log_entry(text: &str) -> Result<Value, Refusal> {
    let Logged { signed_entry_timestamp, payload } = parse("log entry", text.as_bytes())?;
    let body = STANDARD.decode(&payload.body).map_err(|error| malformed("log entry", &error.to_string()))?;
    let Kind { kind, api_version } = parse("log entry", &body)?;
    if let Some(reason) = unknown(&kind, &api_version) {
        return Err(Refusal::Unread(reason));
    }
    let log = hex::decode(&payload.log_id).map_err(|error| malformed("log entry", &error.to_string()))?;
    Ok(json!({
        "logIndex": payload.log_index.to_string(),
        "logId": {"keyId": STANDARD.encode(log)},
        "kindVersion": {"kind": kind, "version": api_version},
        "integratedTime": payload.integrated_time.to_string(),
        "inclusionPromise": {"signedEntryTimestamp": signed_entry_timestamp},
        "canonicalizedBody": payload.body,
    }))
}

/// Returns why a log entry of this kind cannot be read, where it cannot.
pub(super) fn unknown(kind: &str, version: &str) -> Option<String> {
    let known = KINDS.contains(&(kind, version));
    (!known).then(|| format!("log entries of kind `{}/{}` are not read", shown(kind), shown(version)))
}

fn parse<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| malformed(what, &error.to_string()))
}

fn malformed(what: &str, error: &str) -> Refusal {
    Refusal::Broken(format!("the layer's {what} is malformed: {}", shown(error)))
}
