//! A server that plays the Transit engine after its API documentation (Vault 1.20 "Transit secrets engine (API)", which
//! OpenBao shares): reading a key and signing with a version of it. What it does wrong is chosen by the test.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::{
    SecretKey,
    ecdsa::{DerSignature, SigningKey, signature::hazmat::PrehashSigner as _},
};
use serde_json::{Value, json};

use super::{TOKEN, pem};

/// What the server does.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) versions: BTreeMap<u32, SecretKey>,
    pub(super) kind: &'static str,
    /// Signs with this key instead of the version's.
    pub(super) impostor: Option<SecretKey>,
    /// Names another version in its signatures.
    pub(super) mislabel: bool,
    /// Answers everything so.
    pub(super) always: Option<(StatusCode, String)>,
    /// Sends every request there.
    pub(super) redirect: Option<String>,
}

impl Options {
    pub(super) fn of(versions: &[(u32, SecretKey)]) -> Self {
        Self {
            versions: versions.iter().cloned().collect(),
            kind: "ecdsa-p256",
            impostor: None,
            mislabel: false,
            always: None,
            redirect: None,
        }
    }
}

/// One request: method, path, and the headers and body that matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) token: String,
    pub(super) namespace: String,
    pub(super) body: Value,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Vault {
    pub(super) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Vault {
    pub(super) async fn start(options: Options) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let state = (Arc::new(options), Arc::clone(&seen));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

type Shared = (Arc<Options>, Arc<Mutex<Vec<Seen>>>);

async fn serve(
    State((options, seen)): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (token, namespace) = (header("x-vault-token"), header("x-vault-namespace"));
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let line = format!("{method} {}", uri.path());
    seen.lock().unwrap().push(Seen {
        line: line.clone(),
        token: token.clone(),
        namespace,
        body: body.clone(),
    });
    let errors =
        |status: StatusCode, text: &str| (status, json!({"errors": [text]}).to_string()).into_response();
    if let Some(to) = &options.redirect {
        return (StatusCode::TEMPORARY_REDIRECT, [("location", format!("{to}{}", uri.path()))])
            .into_response();
    }
    if let Some((status, text)) = &options.always {
        return (*status, text.clone()).into_response();
    }
    // Both are refused in these words, whether the token is unknown or its policy lacks the path.
    if token != TOKEN || header("x-vault-request") != "true" {
        return errors(
            StatusCode::FORBIDDEN,
            "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
        );
    }
    match line.as_str() {
        "GET /v1/transit/keys/images" => key(&options).into_response(),
        "POST /v1/transit/sign/images" => sign(&options, &body),
        _ => errors(StatusCode::NOT_FOUND, "no handler for route"),
    }
}

fn key(options: &Options) -> String {
    let version = |(version, key): (&u32, &SecretKey)| {
        let key = json!({"certificate_chain": "", "creation_time": "2026-11-21T09:00:00Z", "name": "P-256", "public_key": pem(key)});
        (version.to_string(), key)
    };
    let keys: serde_json::Map<_, _> = options.versions.iter().map(version).collect();
    let latest = options.versions.keys().last();
    json!({
        "request_id": "8c0a5b5e-0000-0000-0000-000000000000",
        "lease_id": "",
        "renewable": false,
        "lease_duration": 0,
        "data": {
            "allow_plaintext_backup": false,
            "deletion_allowed": false,
            "derived": false,
            "exportable": false,
            "keys": keys,
            "latest_version": latest,
            "min_available_version": 0,
            "min_decryption_version": 1,
            "min_encryption_version": 0,
            "name": "images",
            "supports_signing": true,
            "type": options.kind,
        },
    })
    .to_string()
}

fn sign(options: &Options, body: &Value) -> Response {
    let wanted = (&body["prehashed"], &body["hash_algorithm"], &body["marshaling_algorithm"]);
    assert_eq!(wanted, (&json!(true), &json!("sha2-256"), &json!("asn1")), "{body}");
    let version = u32::try_from(body["key_version"].as_u64().unwrap()).unwrap();
    let key = options.impostor.as_ref().unwrap_or(&options.versions[&version]);
    let digest = STANDARD.decode(body["input"].as_str().unwrap()).unwrap();
    let signature: DerSignature = SigningKey::from(key).sign_prehash(&digest).unwrap();
    let shown = if options.mislabel { version + 1 } else { version };
    let signature = format!("vault:v{shown}:{}", STANDARD.encode(signature.as_bytes()));
    json!({"data": {"signature": signature}}).to_string().into_response()
}
