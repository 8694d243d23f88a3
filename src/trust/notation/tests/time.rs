//! Expiry, validity and timestamps.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::date_time_ymd;

use super::*;
use crate::trust::timestamp;
use Outcome::{Foreign, Invalid, Undeterminable, Verified};
use stamp::{Clock, Said, said, tlv};

/// A signer whose certificate ended in 2025.
fn ended(town: &Town) -> Signer {
    town.signer_with("ES256", |params| params.not_after = date_time_ymd(2025, 1, 1))
}

fn store_with(town: &Town, clock: Option<&Clock>) -> TrustStore {
    let mut written = entry(&town.root, &["*"]);
    written.timestamp_store =
        clock.map(|clock| DesiredFile { path: "trust/tsa.pem".to_owned(), text: clock.root.pem() });
    TrustStore::of(&written).unwrap()
}

/// Judges a signature whose token is made for it, because each signature has other bytes.
fn stamped(clock: &Clock, accepted: Option<&Clock>, change: impl FnOnce(&mut Said)) -> Judgement {
    let town = Town::new();
    let signer = ended(&town);
    let draft = draft("ES256");
    let mut whole = jws(&draft, &signer);
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(whole["signature"].as_str().unwrap())
        .unwrap();
    let mut said = said(&signature, "20240601120000Z");
    change(&mut said);
    whole["header"]["io.cncf.notary.timestampSignature"] = json!(STANDARD.encode(clock.token(&said)));
    judge(whole.to_string().as_bytes(), JWS, &image(), &[store_with(&town, accepted)], now())
}

#[track_caller]
fn refused(judged: Judgement, outcome: Outcome, reason: &str) {
    assert_refused(&(judged.outcome, judged.reason), outcome, reason);
}

#[test]
fn expired_certificate() {
    let town = Town::new();
    let told_ = told(&draft("ES256"), &ended(&town), &store(&town.root));
    assert_refused(&told_, Invalid, "ended at 2025-01-01T00:00:00Z, and no timestamp shows");
    let early = town.signer_with("ES256", |params| params.not_before = date_time_ymd(2027, 1, 1));
    let told_ = told(&draft("ES256"), &early, &store(&town.root));
    assert_refused(&told_, Invalid, "begins at 2027-01-01T00:00:00Z");
}

#[test]
fn expired_root() {
    let mut params = made::authority_params("Root");
    params.not_after = date_time_ymd(2026, 1, 1);
    let root = rcgen::CertifiedIssuer::self_signed(params, made::key("ES256")).unwrap();
    let authority =
        rcgen::CertifiedIssuer::signed_by(made::authority_params("Authority"), made::key("ES256"), &root);
    let town = Town { root, authority: authority.unwrap() };
    let told = told(&draft("ES256"), &town.signer("ES256"), &store(&town.root));
    assert_refused(&told, Invalid, "ended at 2026-01-01T00:00:00Z");
}

#[test]
fn expired_signature() {
    let town = Town::new();
    let mut draft = draft("ES256");
    draft.protected["crit"] = json!(["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"]);
    for (expiry, expected, reason) in [
        ("2026-11-21T12:00:01Z", Verified, "signed by"),
        ("2026-11-21T12:00:00Z", Invalid, "the signature expired at 2026-11-21T12:00:00Z"),
        ("2026-11-20T12:00:00Z", Invalid, "it expired before it was signed"),
    ] {
        draft.protected["io.cncf.notary.expiry"] = json!(expiry);
        assert_refused(&told(&draft, &town.signer("ES256"), &store(&town.root)), expected, reason);
    }
}

#[test]
fn times_that_cannot_be_read() {
    let town = Town::new();
    let mut draft = draft("ES256");
    for time in ["yesterday", "2026-13-01T00:00:00Z", "1760000000"] {
        draft.protected["io.cncf.notary.signingTime"] = json!(time);
        let told = told_outcome(&draft, &town);
        assert_eq!(told, [Invalid, Invalid], "{time}");
    }
}

fn told_outcome(draft: &Draft, town: &Town) -> [Outcome; 2] {
    both(draft, &town.signer("ES256"))
        .map(|(bytes, media_type)| judge(&bytes, media_type, &image(), &[store(&town.root)], now()).outcome)
}

#[test]
fn signing_authority_tells_the_time_and_is_not_believed() {
    let town = Town::new();
    let mut draft = draft("ES256");
    draft.protected["io.cncf.notary.signingScheme"] = json!("notary.x509.signingAuthority");
    let fields = draft.protected.as_object_mut().unwrap();
    let time = fields.remove("io.cncf.notary.signingTime").unwrap();
    fields.insert("io.cncf.notary.authenticSigningTime".to_owned(), time);
    let told_ = told(&draft, &town.signer("ES256"), &store(&town.root));
    assert_refused(&told_, Invalid, "`io.cncf.notary.authenticSigningTime` is not marked critical");
    draft.protected["crit"] = json!(["io.cncf.notary.signingScheme", "io.cncf.notary.authenticSigningTime"]);
    assert_eq!(told(&draft, &town.signer("ES256"), &store(&town.root)).0, Verified);
    let told_ = told(&draft, &ended(&town), &store(&town.root));
    assert_refused(&told_, Invalid, "ended at 2025-01-01T00:00:00Z");
    draft.protected["io.cncf.notary.authenticSigningTime"] = json!("2024-06-01T00:00:00Z");
    let told_ = told(&draft, &ended(&town), &store(&town.root));
    assert_refused(&told_, Undeterminable, "the signing authority's word about the time is not taken");
    let foreign = told(&draft, &town.signer("ES256"), &store(&Town::new().root));
    assert_eq!(foreign.0, Foreign);
}

#[test]
fn timestamp_within_the_validity_of_an_ended_certificate() {
    for rsa in [false, true] {
        let clock = Clock::new(rsa);
        let judged = stamped(&clock, Some(&clock), |_| {});
        assert_eq!(judged.outcome, Verified, "{}", judged.reason);
        assert_eq!(judged.timestamp, Some("2024-06-01T12:00:00Z".parse().unwrap()));
        assert!(judged.reason.contains("saw the signature at 2024-06-01T12:00:00Z"), "{}", judged.reason);
    }
}

#[test]
fn timestamp_is_the_same_in_cose() {
    let (town, clock) = (Town::new(), Clock::new(false));
    let signer = ended(&town);
    let mut draft = draft("ES256");
    let whole: ciborium::Value = ciborium::from_reader(cose(&draft, &signer).as_slice()).unwrap();
    let mut parts = whole.into_tag().unwrap().1.into_array().unwrap();
    let token = clock.token(&said(parts[3].as_bytes().unwrap(), "20240601120000Z"));
    draft.unprotected["io.cncf.notary.timestampSignature"] = json!(STANDARD.encode(token));
    let headers = made::cose_of(&made::cose_protected(&draft), &draft, &signer);
    parts[1] = headers.into_tag().unwrap().1.into_array().unwrap()[1].clone();
    let bytes = made::encoded(&ciborium::Value::Tag(18, Box::new(ciborium::Value::Array(parts))));
    let judged = judge(&bytes, COSE, &image(), &[store_with(&town, Some(&clock))], now());
    assert_eq!(judged.outcome, Verified, "{}", judged.reason);
}

#[test]
fn timestamp_with_fraction_and_accuracy() {
    let clock = Clock::new(false);
    let judged = stamped(&clock, Some(&clock), |said| {
        said.at = "20240601120000.123456Z".to_owned();
        // 60 seconds and 500 milliseconds.
        said.accuracy = tlv(0x30, &[2, 1, 60, 0x80, 2, 1, 0xf4]);
    });
    assert_eq!(judged.timestamp, Some("2024-06-01T12:00:00Z".parse().unwrap()));
    // The certificate ends at midnight; 62 seconds before is the first moment that accuracy spoils.
    for (at, accuracy, expected) in [
        ("20241231235859Z", &[2, 1, 60][..], Verified),
        ("20241231235900Z", &[2, 1, 60], Invalid),
        ("20241231235858Z", &[2, 1, 60, 0x81, 1, 1], Verified),
        ("20241231235859Z", &[2, 1, 60, 0x81, 1, 1], Invalid),
        ("20241231235959Z", &[], Verified),
        ("20250101000000Z", &[], Invalid),
        ("20191231235959Z", &[], Invalid),
    ] {
        let judged = stamped(&clock, Some(&clock), |said| {
            said.at = at.to_owned();
            said.accuracy = if accuracy.is_empty() { vec![] } else { tlv(0x30, accuracy) };
        });
        assert_eq!(judged.outcome, expected, "{at}: {}", judged.reason);
    }
}

#[test]
fn timestamp_without_an_accepted_authority() {
    let (clock, other) = (Clock::new(false), Clock::new(false));
    let reason = "there is a timestamp, but trust store `vendor` names no timestamp authority";
    refused(stamped(&clock, None, |_| {}), Undeterminable, reason);
    let reason = "lead to no accepted authority";
    refused(stamped(&clock, Some(&other), |_| {}), Invalid, reason);
}

#[test]
fn timestamp_of_another_signature() {
    let clock = Clock::new(false);
    let judged = stamped(&clock, Some(&clock), |said| said.about = b"another signature".to_vec());
    refused(judged, Invalid, "it is about something else");
}

#[test]
fn timestamp_by_a_signer_of_the_image() {
    // The authority for signers is not one for times, even where the same certificate is in both stores.
    let clock = Clock::with(false, |params| params.custom_extensions.clear(), true);
    refused(stamped(&clock, Some(&clock), |_| {}), Invalid, "is not for timestamps alone");
    let clock = Clock::with(false, |_| {}, false);
    refused(stamped(&clock, Some(&clock), |_| {}), Invalid, "is not for timestamps alone");
}

#[test]
fn timestamp_from_outside_its_authoritys_validity() {
    let clock = Clock::with(false, |params| params.not_before = date_time_ymd(2024, 7, 1), true);
    refused(stamped(&clock, Some(&clock), |_| {}), Invalid, "lead to no accepted authority");
}

#[test]
fn timestamp_spoilt() {
    let clock = Clock::new(false);
    let judged = stamped(&clock, Some(&clock), |said| said.digest = Some(vec![0; 32]));
    refused(judged, Invalid, "its content was changed");
    let judged = stamped(&clock, Some(&clock), |said| said.names = Some(vec![0]));
    refused(judged, Invalid, "it names another certificate than its signer's");
    let judged = stamped(&clock, Some(&clock), |said| said.embeds = false);
    refused(judged, Invalid, "its signer's certificate is not there");
    let judged = stamped(&clock, Some(&clock), |said| said.kind = "1.2.840.113549.1.7.1");
    refused(judged, Invalid, "it is no timestamp");
    let judged = stamped(&clock, Some(&clock), |said| said.at = "20240601".to_owned());
    refused(judged, Invalid, "its time cannot be read");
}

#[test]
fn timestamp_with_any_byte_flipped() {
    let clock = Clock::new(false);
    let token = clock.token(&said(b"signature", "20240601120000Z"));
    let verify = |token: &[u8]| {
        timestamp::verify(token, b"signature", &[clock.root.der().as_ref()]).map(|window| window.at)
    };
    let honest = verify(&token).unwrap();
    for at in 0..token.len() {
        let mut spoilt = token.clone();
        spoilt[at] ^= 1;
        // Some bytes, such as versions, are signed by nobody; what they say is not used.
        if let Ok(time) = verify(&spoilt) {
            assert_eq!(time, honest, "byte {at}");
        }
    }
    for token in [&[][..], b"junk", &token[..token.len() - 1], &[&token[..], b"x"].concat()] {
        verify(token).unwrap_err();
    }
}

#[test]
fn timestamp_is_not_needed_while_certificates_are_valid() {
    let (town, clock) = (Town::new(), Clock::new(false));
    let mut draft = draft("ES256");
    draft.unprotected["io.cncf.notary.timestampSignature"] = json!(STANDARD.encode("junk"));
    let told = told(&draft, &town.signer("ES256"), &store_with(&town, Some(&clock)));
    assert_eq!(told.0, Verified);
}
