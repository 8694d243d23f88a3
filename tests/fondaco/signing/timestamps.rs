//! Time stamps: kept when they hold, and the reason when they do not.

use fondaco::{
    manifest::{DesiredSigning, DesiredTimestamp, DesiredTransit, RootForm, SigningKeyPlace, TimestampRoot},
    model::Kind,
    registry::Transport,
    trust::sign::{Authority, SignError, VAULT_TOKEN},
};

use super::{
    TOKEN,
    authority::{Fault, Running, start, start_as},
    key, open, published,
    vault::{Options, Vault},
};

fn by_chain(running: &Running) -> DesiredTimestamp {
    let (path, text) = ("trust/tsa.pem".into(), running.chain.clone());
    DesiredTimestamp { url: running.url.clone(), root: TimestampRoot { path, form: RootForm::Pem, text } }
}

async fn stamp(desired: &DesiredTimestamp) -> Result<Vec<u8>, SignError> {
    Authority::open(desired, Transport::default())?.stamp(b"signature").await
}

#[tokio::test]
async fn a_stamp_that_holds_is_kept() {
    for (fault, rsa) in
        [(Fault::None, false), (Fault::None, true), (Fault::OldName, false), (Fault::OldName, true)]
    {
        let running = start_as(3, fault, rsa).await;
        let response = stamp(&by_chain(&running)).await.unwrap();
        // TimeStampResp: a sequence that holds the status "granted".
        assert_eq!(response[0], 0x30);
        assert!(
            response[..12].windows(5).any(|bytes| bytes == [0x30, 0x03, 0x02, 0x01, 0x00]),
            "{response:?}"
        );
        let (path, text) = ("trust/tsa.json".into(), running.trusted_root.clone());
        let root = TimestampRoot { path, form: RootForm::TrustedRoot, text };
        stamp(&DesiredTimestamp { url: running.url.clone(), root }).await.unwrap();
    }
}

#[tokio::test]
async fn every_wrong_answer_is_refused() {
    let cases = [
        ("an answer to another request", Fault::Nonce, "it answered another request"),
        ("no nonce", Fault::NoNonce, "it answered another request"),
        ("a stamp over other bytes", Fault::Imprint, "it is about something else"),
        ("signed by somebody else", Fault::Forged, "its signature does not hold"),
        ("content that was not signed", Fault::Content, "its content was changed"),
        ("a time before the certificate", Fault::Early, "lead to no accepted authority"),
        ("another certificate's name", Fault::Named, "it names another certificate than its signer's"),
        ("no certificate's name", Fault::Unnamed, "it does not have the signed attribute"),
        ("a certificate for more than times", Fault::Usage, "is not for timestamps alone"),
        ("a refusal", Fault::Refused, "it refused with the status Rejection"),
        ("a page", Fault::Garbage, "its answer is no time stamp"),
    ];
    for (name, fault, expected) in cases {
        for rsa in [false, true] {
            let error = stamp(&by_chain(&start_as(3, fault, rsa).await)).await.unwrap_err();
            assert!(matches!(error, SignError::Timestamp { .. }), "{name}: {error}");
            assert!(error.to_string().contains(expected), "{name}: {error}");
        }
    }
    let flood = stamp(&by_chain(&start(3, Fault::Flood).await)).await.unwrap_err();
    assert!(flood.to_string().contains("more than 1048576 bytes"), "{flood}");
    let down = stamp(&by_chain(&start(3, Fault::Status(503)).await)).await.unwrap_err();
    assert_eq!(down.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn a_foreign_authority_is_not_believed() {
    for rsa in [false, true] {
        let (one, other) = (start_as(3, Fault::None, rsa).await, start_as(4, Fault::None, rsa).await);
        let desired = DesiredTimestamp { url: other.url.clone(), ..by_chain(&one) };
        let error = stamp(&desired).await.unwrap_err().to_string();
        assert!(error.contains("it is by another authority"), "{error}");
    }
}

#[tokio::test]
async fn a_root_that_cannot_be_used_is_named() {
    let running = start(3, Fault::None).await;
    let with = |text: String, form| {
        let root = TimestampRoot { path: "trust/tsa".into(), form, text };
        let desired = DesiredTimestamp { url: running.url.clone(), root };
        Authority::open(&desired, Transport::default()).unwrap_err().to_string()
    };
    let lone: String = running.chain.split_inclusive("-----END CERTIFICATE-----\n").take(1).collect();
    let error = with(lone, RootForm::Pem);
    assert!(
        error.contains("`trust/tsa` holds 1 certificates; wanted are the authority's own first"),
        "{error}"
    );
    let error = with(running.chain.repeat(5), RootForm::Pem);
    assert!(error.contains("holds 10 certificates"), "{error}");
    let error = with("-----BEGIN CERTIFICATE-----\n!\n".repeat(2), RootForm::Pem);
    assert!(error.contains("holds what is no certificate"), "{error}");
    let error = with("{}".into(), RootForm::TrustedRoot);
    assert!(
        error.contains("`trust/tsa` is no trusted root") || error.contains("names no time-stamp"),
        "{error}"
    );
}

#[tokio::test]
async fn an_opened_key_stamps_what_it_signs_and_fails_with_its_authority() {
    let vault = Vault::start(Options::of(&[(1, key(1))])).await;
    let signing = |running: &Running| DesiredSigning {
        key: SigningKeyPlace::Transit(DesiredTransit {
            address: vault.address.clone(),
            mount: "transit".into(),
            key: "images".into(),
            version: None,
            namespace: None,
            authorities: None,
        }),
        public: Some(published(&key(1))),
        timestamp: Some(by_chain(running)),
        ..DesiredSigning::file("unused")
    };
    let signer = open(&signing(&start(3, Fault::None).await), &[(VAULT_TOKEN, TOKEN)]).await.unwrap();
    let signature = signer.sign(b"payload").await.unwrap();
    assert!(signer.timestamp(&signature).await.unwrap().is_some());
    assert_eq!(signer.key_digest(), published(&key(1)).fingerprint);
    let signer = open(&signing(&start(3, Fault::Imprint).await), &[(VAULT_TOKEN, TOKEN)]).await.unwrap();
    assert!(signer.timestamp(&signature).await.is_err());
    let plain = DesiredSigning { timestamp: None, ..signing(&start(3, Fault::None).await) };
    let signer = open(&plain, &[(VAULT_TOKEN, TOKEN)]).await.unwrap();
    assert_eq!(signer.timestamp(&signature).await, Ok(None));
}
