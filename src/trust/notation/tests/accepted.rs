//! What is accepted, and what is told of it.

use super::*;

#[test]
fn every_algorithm_of_the_specification_is_accepted_in_both_envelopes() {
    let town = Town::new();
    for algorithm in ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"] {
        let signer = town.signer(algorithm);
        for (bytes, media_type) in both(&draft(algorithm), &signer) {
            let judged = judge(&bytes, media_type, &image(), &[store(&town.root)], now());
            let expected = Judgement {
                outcome: Outcome::Verified,
                store: Some("vendor".to_owned()),
                signer: Some("CN=Release,O=Example,ST=Berlin,C=DE".to_owned()),
                timestamp: None,
                reason: "signed by `CN=Release,O=Example,ST=Berlin,C=DE`, accepted by Notation \
                         trust store `vendor`; revocation was not asked"
                    .to_owned(),
            };
            assert_eq!(judged, expected, "{algorithm} {media_type}");
        }
    }
}

#[test]
fn any_certificate_of_the_chain_may_be_the_trusted_one() {
    let town = Town::new();
    let signer = town.signer("ES256");
    for authority in [&town.root, &town.authority] {
        assert_eq!(told(&draft("ES256"), &signer, &store(authority)).0, Outcome::Verified);
    }
}

#[test]
fn a_certificate_of_the_signers_own_is_a_chain() {
    let key = made::key("ES256");
    let certificate = made::signer_params().self_signed(&key).unwrap();
    let signer = Signer { algorithm: "ES256", key, chain: vec![certificate.der().to_vec()] };
    let mut written = entry(&Town::new().root, &["*"]);
    written.trust_store.text = certificate.pem();
    let store = TrustStore::of(&written).unwrap();
    assert_eq!(told(&draft("ES256"), &signer, &store).0, Outcome::Verified);
}

#[test]
fn one_accepting_store_of_several_is_enough() {
    let (town, other) = (Town::new(), Town::new());
    let strange = TrustStore::of(&entry(&town.root, &["x509.subject: O=Somebody"])).unwrap();
    let stores = [store(&other.root), strange, store(&town.root)];
    for (bytes, media_type) in both(&draft("ES256"), &town.signer("ES256")) {
        assert_eq!(judge(&bytes, media_type, &image(), &stores, now()).outcome, Outcome::Verified);
    }
}

#[test]
fn without_a_trust_store_only_presence_is_told() {
    let judged = judge(b"anything", JWS, &image(), &[], now());
    assert_eq!(judged.outcome, Outcome::Foreign);
    assert_eq!(judged.reason, "present, not verified: the policy names no Notation trust store");
}

#[test]
fn annotations_of_the_signer_and_unknown_headers_do_not_matter() {
    let town = Town::new();
    let mut draft = draft("ES256");
    draft.payload["targetArtifact"]["annotations"] = json!({"build": "123"});
    draft.protected["com.example.remark"] = json!("none");
    assert_eq!(told(&draft, &town.signer("ES256"), &store(&town.root)).0, Outcome::Verified);
}
