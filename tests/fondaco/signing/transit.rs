//! Keys of Transit: which version signs, and what becomes of servers that do something else.

use axum::http::StatusCode;
use fondaco::{
    manifest::{DesiredSigning, DesiredTransit, SigningKeyPlace},
    model::Kind,
    trust::sign::{BAO_TOKEN, SignError, VAULT_TOKEN, VAULT_TOKEN_FILE},
};
use p256::{
    SecretKey,
    ecdsa::{DerSignature, VerifyingKey, signature::Verifier as _},
};
use serde_json::json;

use super::{
    TOKEN, key, open, published,
    vault::{Options, Vault},
};

fn signing(vault: &Vault, version: Option<u32>, public: &SecretKey) -> DesiredSigning {
    let transit = DesiredTransit {
        address: vault.address.clone(),
        mount: "transit".into(),
        key: "images".into(),
        version,
        namespace: None,
        authorities: None,
    };
    let public = Some(published(public));
    DesiredSigning { key: SigningKeyPlace::Transit(transit), public, ..DesiredSigning::file("unused") }
}

fn holds(key: &SecretKey, message: &[u8], signature: &[u8]) -> bool {
    let signature = DerSignature::from_bytes(signature).unwrap();
    VerifyingKey::from(key.public_key()).verify(message, &signature).is_ok()
}

#[tokio::test]
async fn the_published_version_signs_and_the_message_stays_here() {
    let vault = Vault::start(Options::of(&[(1, key(1)), (2, key(2)), (3, key(3))])).await;
    let signer = open(&signing(&vault, None, &key(2)), &[(VAULT_TOKEN, TOKEN)]).await.unwrap();
    let signature = signer.sign(b"payload").await.unwrap();
    assert!(holds(&key(2), b"payload", &signature), "rotating on the server alone changes nothing");
    assert_eq!(signer.key_digest(), published(&key(2)).fingerprint);
    let seen = vault.seen();
    let lines: Vec<_> = seen.iter().map(|seen| seen.line.as_str()).collect();
    assert_eq!(lines, ["GET /v1/transit/keys/images", "POST /v1/transit/sign/images"]);
    assert!(seen.iter().all(|seen| seen.token == TOKEN && seen.namespace.is_empty()));
    // SHA-256 of "payload" by sha256sum, in base64 by openssl.
    assert_eq!(seen[1].body["input"], json!("I59Z7VXnN8dxR89VrQwbAwttfudIp0JpUvm4UtWpNeU="));
    assert_eq!(seen[1].body["key_version"], json!(2));
}

#[tokio::test]
async fn a_named_version_is_the_published_one() {
    let vault = Vault::start(Options::of(&[(1, key(1)), (2, key(2))])).await;
    let token = [(VAULT_TOKEN, TOKEN)];
    assert!(open(&signing(&vault, Some(1), &key(1)), &token).await.is_ok());
    let cases = [
        (Some(2), key(1), "version 2 is not the key `keys/acme.pub`; version 1 is"),
        (Some(3), key(1), "has no version 3"),
        (Some(2), key(9), "version 2 is not the published key"),
        (None, key(9), "has no version whose public half is `keys/acme.pub`"),
    ];
    for (version, public, expected) in cases {
        let error = open(&signing(&vault, version, &public), &token).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.kind(), Kind::Invalid);
    }
}

#[tokio::test]
async fn tokens_come_from_both_products_variables_and_from_a_file() {
    let vault = Vault::start(Options::of(&[(1, key(1))])).await;
    let mut desired = signing(&vault, None, &key(1));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let path = file.to_str().unwrap();
    for pair in [(BAO_TOKEN, TOKEN), (VAULT_TOKEN_FILE, path)] {
        assert!(open(&desired, &[pair]).await.is_ok(), "{pair:?}");
    }
    if let SigningKeyPlace::Transit(transit) = &mut desired.key {
        transit.namespace = Some("eu/images".into());
    }
    assert!(open(&desired, &[(VAULT_TOKEN, TOKEN)]).await.is_ok());
    assert_eq!(vault.seen().last().unwrap().namespace, "eu/images");
    let missing = open(&desired, &[]).await.unwrap_err();
    assert_eq!(missing, SignError::NoSecret { what: "token", variable: VAULT_TOKEN });
    std::fs::write(&file, "two\nlines").unwrap();
    let error = open(&desired, &[(VAULT_TOKEN_FILE, path)]).await.unwrap_err().to_string();
    assert!(error.ends_with("it holds no token"), "{error}");
    std::fs::write(&file, "a".repeat(17 * 1024)).unwrap();
    let error = open(&desired, &[(VAULT_TOKEN_FILE, path)]).await.unwrap_err().to_string();
    assert!(error.ends_with("it has more than 16384 bytes"), "{error}");
}

/// Opens and signs, and returns the error; none shows the token.
async fn failure(options: Options, token: &str) -> SignError {
    let vault = Vault::start(options).await;
    let opened = open(&signing(&vault, None, &key(1)), &[(VAULT_TOKEN, token)]).await;
    let error = match opened {
        Ok(signer) => signer.sign(b"payload").await.unwrap_err(),
        Err(error) => error,
    };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(token), "{shown}");
    error
}

#[tokio::test]
async fn every_failure_is_told_apart_and_shows_no_token() {
    let good = || Options::of(&[(1, key(1))]);
    let always = |status: u16, text: &str| Options {
        always: Some((StatusCode::from_u16(status).unwrap(), text.to_owned())),
        ..good()
    };
    let echo = json!({"errors": [format!("bad token {TOKEN}")]}).to_string();
    let flood = " ".repeat(2 * 1024 * 1024);
    let cases: Vec<(&str, Options, Kind, &str)> = vec![
        (
            "sealed",
            always(503, r#"{"errors":["Vault is sealed"]}"#),
            Kind::Unavailable,
            "status 503: Vault is sealed",
        ),
        ("token echoed", always(400, &echo), Kind::Invalid, "status 400: bad token …"),
        (
            "no such key",
            always(404, r#"{"errors":[]}"#),
            Kind::NotFound,
            "the key `transit/images` does not exist",
        ),
        ("quota", always(429, r#"{"errors":["quota"]}"#), Kind::RateLimited, "asked for patience"),
        ("not JSON", always(200, "<html>"), Kind::Unavailable, "is not one of Transit"),
        ("a flood of bytes", always(200, &flood), Kind::Invalid, "more than 1048576 bytes"),
        (
            "another type",
            Options { kind: "aes256-gcm96", ..good() },
            Kind::Invalid,
            "is of type `aes256-gcm96`",
        ),
        (
            "signature by another key",
            Options { impostor: Some(key(5)), ..good() },
            Kind::Mismatch,
            "does not verify",
        ),
        (
            "signature of another version",
            Options { mislabel: true, ..good() },
            Kind::Mismatch,
            "does not verify",
        ),
    ];
    for (name, options, kind, expected) in cases {
        let error = failure(options, TOKEN).await;
        assert!(error.to_string().contains(expected), "{name}: {error}");
        assert_eq!(error.kind(), kind, "{name}: {error}");
    }
    let denied = failure(good(), "hvs.another-secret").await;
    assert_eq!(denied.kind(), Kind::Denied);
    assert!(denied.to_string().contains("permission denied"), "{denied}");
    let unsendable = failure(good(), "line\nbreak-secret").await;
    assert_eq!(unsendable.kind(), Kind::Denied);
}

#[tokio::test]
async fn the_token_follows_no_redirect() {
    let elsewhere = Vault::start(Options::of(&[(1, key(1))])).await;
    let redirect = Some(elsewhere.address.clone());
    let error = failure(Options { redirect, ..Options::of(&[(1, key(1))]) }, TOKEN).await;
    assert!(error.to_string().contains("status 307, which is not followed"), "{error}");
    assert_eq!(elsewhere.seen(), []);
}
