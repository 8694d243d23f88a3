//! Published and obvious attacks on what is signed, by name. Every one is tried in both envelopes.

use super::*;
use Outcome::{Foreign, Invalid, Undeterminable};

/// Signs a changed draft with everything else in order.
fn with(change: impl FnOnce(&mut Draft)) -> (Outcome, String) {
    let town = Town::new();
    let mut draft = draft("ES256");
    change(&mut draft);
    told(&draft, &town.signer("ES256"), &store(&town.root))
}

#[test]
fn swapped_subject() {
    let other = Descriptor::of(media_type::OCI_MANIFEST, b"an imagE").digest.to_string();
    let told = with(|draft| draft.payload["targetArtifact"]["digest"] = json!(other));
    assert_refused(&told, Invalid, "it signs another image");
}

#[test]
fn wrong_size_and_media_type_in_target_artifact() {
    let told = with(|draft| draft.payload["targetArtifact"]["size"] = json!(9));
    assert_refused(&told, Invalid, "it signs 9 bytes, and the image's manifest has 8");
    let index = "application/vnd.oci.image.index.v1+json";
    let told = with(|draft| draft.payload["targetArtifact"]["mediaType"] = json!(index));
    assert_refused(
        &told,
        Invalid,
        "it signs a `application/vnd.oci.image.index.v1+json`, which the image is not",
    );
}

#[test]
fn payload_without_target() {
    for payload in [json!({}), json!({"targetArtifact": {}}), json!([]), json!("text")] {
        assert_refused(&with(|draft| draft.payload = payload), Invalid, "the payload is malformed");
    }
}

#[test]
fn payload_of_another_type() {
    let told = with(|draft| draft.protected["cty"] = json!("application/vnd.in-toto+json"));
    assert_refused(&told, Invalid, "it signs `application/vnd.in-toto+json`");
}

#[test]
fn unknown_critical_header() {
    let told = with(|draft| {
        draft.protected["com.example.rule"] = json!("on");
        draft.protected["crit"] = json!(["io.cncf.notary.signingScheme", "com.example.rule"]);
    });
    assert_refused(&told, Invalid, "the critical attribute `com.example.rule` is not known");
}

#[test]
fn critical_header_that_is_absent_or_listed_twice_or_registered() {
    let cases = [
        (json!(["io.cncf.notary.signingScheme", "com.example.rule"]), "is marked critical and not there"),
        (json!(["io.cncf.notary.signingScheme", "io.cncf.notary.signingScheme"]), "is listed twice"),
        (
            json!(["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"]),
            "is marked critical and not there",
        ),
        (json!(["com.example.rule"]), "`io.cncf.notary.signingScheme` is not marked critical"),
        (json!([]), "`io.cncf.notary.signingScheme` is not marked critical"),
    ];
    for (critical, reason) in cases {
        assert_refused(&with(|draft| draft.protected["crit"] = critical), Invalid, reason);
    }
    let town = Town::new();
    let mut draft = draft("ES256");
    draft.protected["crit"] = json!(["io.cncf.notary.signingScheme", "alg"]);
    for (bytes, media_type) in both(&draft, &town.signer("ES256")) {
        let judged = judge(&bytes, media_type, &image(), &[store(&town.root)], now());
        assert_refused(&(judged.outcome, judged.reason), Invalid, "is marked critical and not there");
    }
}

#[test]
fn expiry_that_is_not_critical() {
    let told = with(|draft| draft.protected["io.cncf.notary.expiry"] = json!("2030-01-01T00:00:00Z"));
    assert_refused(&told, Invalid, "`io.cncf.notary.expiry` is not marked critical");
}

#[test]
fn algorithm_none_and_macs() {
    let told = with(|draft| draft.protected["alg"] = json!("HS256"));
    assert_refused(&told, Invalid, "the algorithm `HS256` is no signature");
    let town = Town::new();
    for name in ["none", "HS256", "HS512"] {
        let mut draft = draft("ES256");
        draft.protected["alg"] = json!(name);
        let bytes = jws(&draft, &town.signer("ES256")).to_string();
        let judged = judge(bytes.as_bytes(), JWS, &image(), &[store(&town.root)], now());
        assert_eq!(judged.reason, format!("the algorithm `{name}` is no signature"));
        assert_eq!(judged.outcome, Invalid);
    }
}

#[test]
fn algorithm_that_does_not_go_with_the_key() {
    let town = Town::new();
    for (key, named) in [("ES256", "ES384"), ("ES256", "PS256"), ("PS256", "PS512"), ("ES512", "ES256")] {
        let told = told(&draft(named), &town.signer(key), &store(&town.root));
        assert_refused(&told, Invalid, "does not go with the key");
    }
}

#[test]
fn algorithm_that_nobody_implements() {
    let town = Town::new();
    for (bytes, media_type) in both(&draft("EdDSA"), &town.signer("ES256")) {
        let judged = judge(&bytes, media_type, &image(), &[store(&town.root)], now());
        assert_eq!(judged.outcome, Undeterminable, "{}", judged.reason);
    }
}

#[test]
fn key_that_may_not_sign() {
    let town = Town::new();
    let told = told(&draft("EdDSA"), &town.signer("EdDSA"), &store(&town.root));
    assert_refused(&told, Invalid, "is of no kind or size that may sign");
}

#[test]
fn signature_by_another_key_than_the_certificates() {
    let town = Town::new();
    let mut signer = town.signer("ES256");
    signer.key = made::key("ES256");
    assert_refused(
        &told(&draft("ES256"), &signer, &store(&town.root)),
        Invalid,
        "the signature does not hold",
    );
}

#[test]
fn any_flipped_bit_of_the_jws_parts() {
    let town = Town::new();
    let whole = jws(&draft("ES256"), &town.signer("ES256"));
    for part in ["payload", "protected", "signature"] {
        let text = whole[part].as_str().unwrap();
        for at in [0, text.len() / 2, text.len() - 2] {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let mut spoilt = whole.clone();
            spoilt[part] = json!(String::from_utf8(changed).unwrap());
            let judged = judge(spoilt.to_string().as_bytes(), JWS, &image(), &[store(&town.root)], now());
            assert_eq!(judged.outcome, Invalid, "{part} at {at}: {}", judged.reason);
        }
    }
}

#[test]
fn any_flipped_byte_of_the_cose_parts() {
    let town = Town::new();
    let whole = cose(&draft("ES256"), &town.signer("ES256"));
    let judged = |bytes: &[u8]| judge(bytes, COSE, &image(), &[store(&town.root)], now());
    assert_eq!(judged(&whole).outcome, Outcome::Verified);
    for at in 0..whole.len() {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 1;
        let judged = judged(&spoilt);
        // The name of the signing agent is signed by nobody.
        let agent = b"io.cncf.notary.signingAgent";
        let from = whole.windows(agent.len()).position(|window| window == agent).unwrap();
        let within = (from..from + agent.len() + 10).contains(&at);
        assert!(judged.outcome != Outcome::Verified || within, "byte {at}: {}", judged.reason);
    }
}

#[test]
fn verification_plugin() {
    let told = with(|draft| {
        draft.protected["io.cncf.notary.verificationPlugin"] = json!("com.example.plugin");
        draft.protected["crit"] =
            json!(["io.cncf.notary.signingScheme", "io.cncf.notary.verificationPlugin"]);
    });
    assert_refused(&told, Undeterminable, "demands a verification plug-in");
    // It must be critical; a signer who forgot that still wants the plug-in.
    let told =
        with(|draft| draft.protected["io.cncf.notary.verificationPlugin"] = json!("com.example.plugin"));
    assert_refused(&told, Undeterminable, "demands a verification plug-in");
}

#[test]
fn unknown_signing_scheme() {
    let told = with(|draft| draft.protected["io.cncf.notary.signingScheme"] = json!("notary.pgp"));
    assert_refused(&told, Undeterminable, "the signing scheme `notary.pgp` is not known");
}

#[test]
fn signing_time_of_the_other_scheme() {
    let told = with(|draft| {
        draft.protected["io.cncf.notary.authenticSigningTime"] = json!("2026-11-20T12:00:00Z");
    });
    assert_refused(&told, Invalid, "does not go with scheme `notary.x509`");
    let told = with(|draft| {
        draft.protected.as_object_mut().unwrap().remove("io.cncf.notary.signingTime");
    });
    assert_refused(&told, Invalid, "there is no signing time");
}

#[test]
fn signer_of_somebody_else() {
    let (town, other) = (Town::new(), Town::new());
    let told_ = told(&draft("ES256"), &other.signer("ES256"), &store(&town.root));
    assert_refused(&told_, Foreign, "whose certificates are in no Notation trust store of the policy");
    let strange = TrustStore::of(&entry(&town.root, &["x509.subject: C=DE, O=Somebody"])).unwrap();
    let told_ = told(&draft("ES256"), &town.signer("ES256"), &strange);
    assert_refused(&told_, Foreign, "which is none of the policy's Notation identities");
}

#[test]
fn trusted_root_appended_to_a_foreign_chain() {
    let (town, other) = (Town::new(), Town::new());
    let mut signer = other.signer("ES256");
    signer.chain.push(town.root.der().to_vec());
    let told = told(&draft("ES256"), &signer, &store(&town.root));
    assert_refused(&told, Invalid, "not signed by");
}

#[test]
fn envelope_of_another_type() {
    let town = Town::new();
    let bytes = jws(&draft("ES256"), &town.signer("ES256")).to_string();
    let stores = [store(&town.root)];
    let judged = judge(bytes.as_bytes(), "application/pgp", &image(), &stores, now());
    assert_eq!(
        (judged.outcome, judged.reason.as_str()),
        (Undeterminable, "envelopes of type `application/pgp` are not read")
    );
    assert_eq!(judge(bytes.as_bytes(), COSE, &image(), &stores, now()).outcome, Invalid);
    assert_eq!(
        judge(&cose(&draft("ES256"), &town.signer("ES256")), JWS, &image(), &stores, now()).outcome,
        Invalid
    );
}
