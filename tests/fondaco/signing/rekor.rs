//! A Rekor v2 log in this process (rekor-tiles `CLIENTS.md`, RFC 9162 section 2.1, C2SP `tlog-checkpoint.md` and
//! `signed-note.md`), whose answers can be wrong in one respect each. `ci/trust-log` asks the real one.

use std::sync::{Arc, Mutex};

use aws_lc_rs::{
    encoding::AsDer as _,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri},
    response::IntoResponse as _,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::{
    ecdsa::{DerSignature, VerifyingKey, signature::hazmat::PrehashVerifier as _},
    pkcs8::{DecodePublicKey as _, LineEnding, der::pem::encode_string},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What its checkpoints begin with.
pub(crate) const ORIGIN: &str = "rekor.acme.example";

/// What is wrong with every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The entry is of a digest that was not asked for.
    Digest,
    /// The entry has another signature.
    Signature,
    /// The entry names another key.
    Key,
    /// The entry is of another kind, which has no inclusion in this form.
    Kind,
    /// The tree that was signed does not have the entry.
    Tree,
    /// A hash of the proof is another.
    Proof,
    NoProof,
    /// The checkpoint is signed by another key with the same id.
    Checkpoint,
    /// The checkpoint was changed after it was signed.
    Size,
    /// The entry says that it is in another log.
    OtherLog,
    Garbage,
    Flood,
    Status(u16),
}

/// A log that listens.
pub(crate) struct Running {
    pub(crate) url: String,
    /// Its public key in PEM.
    pub(crate) key: String,
    /// Its id in hexadecimal digits.
    pub(crate) id: String,
    /// The bodies of its entries, in their order.
    pub(crate) bodies: Arc<Mutex<Vec<String>>>,
}

/// Starts a log that has three entries already.
pub(crate) async fn start(fault: Fault) -> Running {
    start_with(3, fault).await
}

/// Starts a log whose key is the one of `byte`.
pub(crate) async fn start_with(byte: u8, fault: Fault) -> Running {
    let key = Ed25519KeyPair::from_seed_unchecked(&[byte; 32]).unwrap();
    let der = key.public_key().as_der().unwrap();
    // C2SP `signed-note.md`: SHA-256(name, line feed, 1 for Ed25519, key).
    let id = Sha256::digest([ORIGIN.as_bytes(), b"\n\x01", key.public_key().as_ref()].concat());
    let pem = encode_string("PUBLIC KEY", LineEnding::LF, der.as_ref()).unwrap();
    let bodies: Vec<String> = (0..3).map(|number| format!("entry {number}")).collect();
    let bodies = Arc::new(Mutex::new(bodies));
    let (entered, hex) = (Arc::clone(&bodies), hex::encode(id));
    let id: Vec<u8> = id.to_vec();
    let serve = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
        assert_eq!(
            (uri.path(), &headers["content-type"]),
            ("/api/v2/log/entries", &"application/json".parse().unwrap())
        );
        let signer = if fault == Fault::Checkpoint { [byte + 1; 32] } else { [byte; 32] };
        match fault {
            Fault::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
            Fault::Garbage => "<html>no</html>".into_response(),
            Fault::Flood => vec![b' '; 2 * 1024 * 1024].into_response(),
            _ => answer(&body, &mut entered.lock().unwrap(), &id, &signer, fault),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await.unwrap() });
    Running { url, key: pem, id: hex, bodies }
}

fn answer(
    request: &[u8],
    bodies: &mut Vec<String>,
    id: &[u8],
    seed: &[u8; 32],
    fault: Fault,
) -> axum::response::Response {
    let request: Value = serde_json::from_slice(request).unwrap();
    let request = &request["hashedRekordRequestV002"];
    if !holds(request) {
        return (StatusCode::BAD_REQUEST, r#"{"code":3,"message":"invalid signature"}"#).into_response();
    }
    let body = body(request, fault).to_string();
    if bodies.contains(&body) {
        // As the real one says it.
        return (StatusCode::CONFLICT, r#"{"code":6,"message":"an equivalent entry already exists"}"#)
            .into_response();
    }
    bodies.push(body.clone());
    let mut leaves: Vec<[u8; 32]> = bodies.iter().map(|body| leaf(body.as_bytes())).collect();
    let index = leaves.len() - 1;
    let mut hashes = path(index, &leaves);
    match fault {
        Fault::Tree => leaves[index] = leaf(b"another"),
        Fault::Proof => hashes[0][0] ^= 1,
        _ => {}
    }
    let (tree, size) = (STANDARD.encode(root(&leaves)), leaves.len());
    let note = format!("{ORIGIN}\n{size}\n{tree}\n");
    let key = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    let signature = [&id[..4], key.sign(note.as_bytes()).as_ref()].concat();
    let note = if fault == Fault::Size {
        note.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1)
    } else {
        note
    };
    let checkpoint = format!("{note}\n\u{2014} {ORIGIN} {}\n", STANDARD.encode(signature));
    let hashes: Vec<String> = hashes.iter().map(|hash| STANDARD.encode(hash)).collect();
    let proof = json!({"logIndex": index.to_string(), "rootHash": tree, "treeSize": size.to_string(),
        "hashes": hashes, "checkpoint": {"envelope": checkpoint}});
    let (kind, version) = if fault == Fault::Kind { ("dsse", "0.0.1") } else { ("hashedrekord", "0.0.2") };
    let named = if fault == Fault::OtherLog { Sha256::digest(b"another").to_vec() } else { id.to_vec() };
    let entry = json!({
        "logIndex": index.to_string(),
        "logId": {"keyId": STANDARD.encode(named)},
        "kindVersion": {"kind": kind, "version": version},
        "integratedTime": "0",
        "inclusionPromise": null,
        "inclusionProof": if fault == Fault::NoProof { Value::Null } else { proof },
        "canonicalizedBody": STANDARD.encode(&body),
    });
    (StatusCode::CREATED, entry.to_string()).into_response()
}

/// Returns whether the signature that is to be entered holds, as the log checks it.
fn holds(request: &Value) -> bool {
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let signature = &request["signature"];
    assert_eq!(signature["verifier"]["keyDetails"], "PKIX_ECDSA_P256_SHA_256");
    let key =
        VerifyingKey::from_public_key_der(&bytes(&signature["verifier"]["publicKey"]["rawBytes"])).unwrap();
    let der = DerSignature::from_bytes(&bytes(&signature["content"])).unwrap();
    key.verify_prehash(&bytes(&request["digest"]), &der).is_ok()
}

/// Returns the entry as the log's tree has it.
fn body(request: &Value, fault: Fault) -> Value {
    let (mut digest, mut signature) = (request["digest"].clone(), request["signature"].clone());
    match fault {
        Fault::Digest => digest = json!(STANDARD.encode(Sha256::digest(b"another"))),
        Fault::Signature => signature["content"] = json!(STANDARD.encode(b"another")),
        Fault::Key => {
            let key = super::key(9).public_key();
            let der = p256::pkcs8::EncodePublicKey::to_public_key_der(&key).unwrap();
            signature["verifier"]["publicKey"]["rawBytes"] = json!(STANDARD.encode(der));
        }
        _ => {}
    }
    let data = json!({"algorithm": "SHA2_256", "digest": digest});
    json!({"apiVersion": "0.0.2", "kind": "hashedrekord",
        "spec": {"hashedRekordV002": {"data": data, "signature": signature}}})
}

fn leaf(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest([&[0], bytes].concat()).into()
}

fn node(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    Sha256::digest([&[1][..], &left, &right].concat()).into()
}

/// Returns the largest power of two below `count`.
fn half(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// RFC 9162, section 2.1.1.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    if let [leaf] = leaves {
        return *leaf;
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    node(root(left), root(right))
}

/// RFC 9162, section 2.1.3.1.
fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() == 1 {
        return vec![];
    }
    let (left, right) = leaves.split_at(half(leaves.len()));
    let (mut below, beside) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    below.push(beside);
    below
}
