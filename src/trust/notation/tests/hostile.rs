//! Envelopes made to cost time or memory, or to be read in two ways.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ciborium::Value as Cbor;

use super::*;
use Outcome::Invalid;

#[track_caller]
fn refused(bytes: &[u8], media_type: &str, reason: &str) {
    let judged = judge(bytes, media_type, &image(), &[store(&Town::new().root)], now());
    assert_refused(&(judged.outcome, judged.reason), Invalid, reason);
}

#[test]
fn envelope_of_200_megabytes() {
    let bytes = vec![b'['; 200 * 1024 * 1024];
    for media_type in [JWS, COSE] {
        refused(&bytes, media_type, "the envelope has 209715200 bytes, more than 1048576");
    }
    refused(&bytes[..=1024 * 1024], JWS, "more than 1048576");
    refused(&bytes[..1024 * 1024], JWS, "the envelope is malformed");
}

#[test]
fn deep_json() {
    refused("[".repeat(500_000).as_bytes(), JWS, "the envelope is malformed");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let header =
        format!("{{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\",\"header\":{{\"x\":{deep}}}}}");
    refused(header.as_bytes(), JWS, "recursion limit exceeded");
    let protected = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":{deep}}}"));
    let whole = json!({"payload": "", "protected": protected, "signature": "", "header": {}});
    refused(whole.to_string().as_bytes(), JWS, "recursion limit exceeded");
}

#[test]
fn deep_cbor() {
    // 0x81 is an array of one, 0xc1 a tag, 0xa1 0x00 a map of one.
    for unit in [&[0x81_u8][..], &[0xc1], &[0xa1, 0x00]] {
        refused(&unit.repeat(300_000), COSE, "the envelope is malformed");
    }
    // A counter signature (label 7) inside a counter signature, each in a byte string: never followed.
    let mut header = made::encoded(&Cbor::Map(vec![]));
    for _ in 0..2_000 {
        let inner = Cbor::Array(vec![Cbor::Bytes(header), Cbor::Map(vec![]), Cbor::Bytes(vec![0])]);
        header = made::encoded(&Cbor::Map(vec![(7.into(), inner)]));
    }
    let parts = vec![Cbor::Bytes(header), Cbor::Map(vec![]), Cbor::Bytes(vec![]), Cbor::Bytes(vec![])];
    refused(&made::encoded(&Cbor::Tag(18, Box::new(Cbor::Array(parts)))), COSE, "there is no `alg`");
}

#[test]
fn lengths_that_lie() {
    // An array, a map, a byte string and a text of 2^62 elements.
    for first in [0x9b, 0xbb, 0x5b, 0x7b] {
        refused(&[0xd2, first, 0x40, 0, 0, 0, 0, 0, 0, 0], COSE, "the envelope is malformed");
    }
}

#[test]
fn duplicate_keys_in_json() {
    let town = Town::new();
    let (draft, signer) = (draft("ES256"), town.signer("ES256"));
    let text = draft.protected.to_string();
    let twice = text.replacen('{', "{\"alg\":\"ES256\",", 1);
    refused(made::jws_of(&twice, &draft, &signer).to_string().as_bytes(), JWS, "a key occurs twice");
    let whole = jws(&draft, &signer).to_string();
    refused(whole.replacen('{', "{\"payload\":\"\",", 1).as_bytes(), JWS, "duplicate field 'payload'");
    refused(whole.replacen("\"x5c\"", "\"x5c\":[],\"x5c\"", 1).as_bytes(), JWS, "a key occurs twice");
}

#[test]
fn duplicate_keys_in_the_payload() {
    let town = Town::new();
    let (draft, signer) = (draft("ES256"), town.signer("ES256"));
    let payload = draft.payload.to_string();
    for (from, to) in [
        ("\"digest\"", "\"digest\":\"x\",\"digest\""),
        ("\"targetArtifact\"", "\"targetArtifact\":{},\"targetArtifact\""),
    ] {
        let payload = URL_SAFE_NO_PAD.encode(payload.replacen(from, to, 1));
        let protected = URL_SAFE_NO_PAD.encode(draft.protected.to_string());
        let signature = signer.sign(format!("{protected}.{payload}").as_bytes());
        let mut whole = jws(&draft, &signer);
        whole["payload"] = json!(payload);
        whole["signature"] = json!(URL_SAFE_NO_PAD.encode(signature));
        let judged = judge(whole.to_string().as_bytes(), JWS, &image(), &[store(&town.root)], now());
        assert_refused(&(judged.outcome, judged.reason), Invalid, "the payload is malformed");
    }
}

#[test]
fn duplicate_labels_in_cbor() {
    let town = Town::new();
    let (draft, signer) = (draft("ES256"), town.signer("ES256"));
    let protected = ciborium::from_reader::<Cbor, _>(made::cose_protected(&draft).as_slice()).unwrap();
    let mut entries = protected.into_map().unwrap();
    entries.push((1.into(), (-7).into()));
    let protected = made::encoded(&Cbor::Map(entries));
    refused(&made::encoded(&made::cose_of(&protected, &draft, &signer)), COSE, "the header `1` occurs twice");
}

#[test]
fn header_both_protected_and_unprotected() {
    let mut draft = draft("ES256");
    draft.unprotected["io.cncf.notary.signingScheme"] = json!("notary.x509");
    let signer = Town::new().signer("ES256");
    for (bytes, media_type) in both(&draft, &signer) {
        refused(&bytes, media_type, "`io.cncf.notary.signingScheme` is both protected and unprotected");
    }
}

#[test]
fn trailing_bytes() {
    let signer = Town::new().signer("ES256");
    let [(mut jws, _), (mut cose, _)] = both(&draft("ES256"), &signer);
    jws.extend(b"{}");
    refused(&jws, JWS, "trailing characters");
    cose.push(0xf6);
    refused(&cose, COSE, "1 bytes follow the envelope");
    let draft = draft("ES256");
    let mut protected = made::cose_protected(&draft);
    protected.push(0);
    let whole = made::encoded(&made::cose_of(&protected, &draft, &signer));
    refused(&whole, COSE, "1 bytes follow the protected header");
}

#[test]
fn jws_that_is_not_flattened() {
    let whole = jws(&draft("ES256"), &Town::new().signer("ES256"));
    let general = json!({"payload": whole["payload"], "signatures": [{"protected": whole["protected"],
        "header": whole["header"], "signature": whole["signature"]}]});
    refused(general.to_string().as_bytes(), JWS, "unknown field 'signatures'");
    let mut more = whole.clone();
    more["remark"] = json!("");
    refused(more.to_string().as_bytes(), JWS, "unknown field 'remark'");
    let text = |part: &str| whole[part].as_str().unwrap().to_owned();
    let compact = format!("{}.{}.{}", text("protected"), text("payload"), text("signature"));
    refused(compact.as_bytes(), JWS, "the envelope is malformed");
}

#[test]
fn cose_without_its_tag_or_with_a_detached_payload() {
    let signer = Town::new().signer("ES256");
    let draft = draft("ES256");
    let Cbor::Tag(_, content) = made::cose_of(&made::cose_protected(&draft), &draft, &signer) else {
        panic!()
    };
    refused(&made::encoded(&content), COSE, "no tagged COSE_Sign1");
    refused(&made::encoded(&Cbor::Tag(98, content.clone())), COSE, "no tagged COSE_Sign1");
    let mut parts = content.into_array().unwrap();
    parts[2] = Cbor::Null;
    refused(&made::encoded(&Cbor::Tag(18, Box::new(Cbor::Array(parts)))), COSE, "of the wrong type");
}

#[test]
fn foreign_text_in_a_reason_is_escaped_and_short() {
    let town = Town::new();
    let mut draft = draft("ES256");
    draft.protected["io.cncf.notary.signingScheme"] = json!(format!("`\u{1b}[31m{}", "x".repeat(10_000)));
    let (_, reason) = told(&draft, &town.signer("ES256"), &store(&town.root));
    assert!(!reason.contains('\u{1b}') && reason.len() < 300, "{reason}");
}
