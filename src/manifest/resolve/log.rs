//! What a transparency log's answers are checked with: a trusted root, or a public key that is made one.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::pkcs8::{DecodePublicKey as _, der::pem};
use serde_json::{Value, json};
use url::Url;

use crate::model::Digest;

/// The domains of Sigstore's public instances and of their staging twins.
const PUBLIC: [&str; 2] = ["sigstore.dev", "sigstage.dev"];

/// What stands before the 32 bytes of an Ed25519 key in its SPKI (RFC 8410, section 4).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What kind of signature an Ed25519 key makes, in the ids of checkpoints (C2SP `signed-note.md`).
const ED25519: u8 = 1;

/// A trusted root with `tlogs`.
pub(super) struct Root {
    /// As JSON.
    pub(super) trusted: String,
    /// The logs that are in it, by their ids in hexadecimal digits.
    pub(super) ids: BTreeSet<String>,
    pub(super) written: Written,
}

/// How a root is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    PublicKey,
    TrustedRoot,
}

/// Why a file is no root of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    Private,
    NoLog,
}

/// Returns the host of an address where it is one of a public log.
pub(super) fn public_host(address: &str) -> Option<String> {
    let url: Url = address.parse().ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    let below = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    PUBLIC.iter().any(|domain| host == *domain || below(domain)).then_some(host)
}

/// Reads a trusted root, or the public key of the log at `url` whose checkpoints begin with `origin`.
pub(super) fn root(text: &str, url: &str, origin: &str) -> Result<Root, Unfit> {
    if text.contains("PRIVATE KEY-----") {
        return Err(Unfit::Private);
    }
    let (written, value) = if text.contains("-----BEGIN") {
        (Written::PublicKey, of_key(text, url, origin).ok_or(Unfit::NoLog)?)
    } else {
        (Written::TrustedRoot, serde_json::from_str(text).map_err(|_| Unfit::NoLog)?)
    };
    let logs = value["tlogs"].as_array().filter(|logs| !logs.is_empty()).ok_or(Unfit::NoLog)?;
    let ids: Option<BTreeSet<String>> = logs.iter().map(id).collect();
    Ok(Root { ids: ids.ok_or(Unfit::NoLog)?, trusted: value.to_string(), written })
}

fn id(log: &Value) -> Option<String> {
    let id = STANDARD.decode(log["logId"]["keyId"].as_str()?).ok()?;
    Some(hex::encode(id))
}

/// Returns a trusted root of one log. Its id is that of rekor-tiles `pkg/note`: for Ed25519 the one of C2SP
/// `signed-note.md` before it is cut, for ECDSA the SHA-256 of the key.
fn of_key(text: &str, url: &str, origin: &str) -> Option<Value> {
    let ("PUBLIC KEY", der) = pem::decode_vec(text.trim().as_bytes()).ok()? else { return None };
    let (details, id) = match der.strip_prefix(&ED25519_SPKI) {
        Some(key) if key.len() == 32 => {
            ("PKIX_ED25519", Digest::sha256([origin.as_bytes(), b"\n", &[ED25519], key].concat()))
        }
        _ => {
            p256::PublicKey::from_public_key_der(&der).ok()?;
            ("PKIX_ECDSA_P256_SHA_256", Digest::sha256(&der))
        }
    };
    let id = hex::decode(id.hex()).ok()?;
    Some(json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [{
            "baseUrl": url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": STANDARD.encode(&der), "keyDetails": details},
            "logId": {"keyId": STANDARD.encode(id)},
        }],
    }))
}
