//! What a signature says of itself.

use super::*;
use crate::{model::Digest, trust::notation::claimed};

#[test]
fn claims_are_those_of_the_chain_and_say_whether_it_would_hold() {
    let town = Town::new();
    let signer = town.signer("ES256");
    for (bytes, media_type) in both(&draft("ES256"), &signer) {
        let claimed = claimed(&bytes, media_type, &image(), now()).unwrap();
        assert_eq!(claimed.signer, "CN=Release,O=Example,ST=Berlin,C=DE");
        assert_eq!(claimed.issuer, "CN=Authority,O=Example,ST=Berlin,C=DE");
        assert_eq!(claimed.root, "CN=Root,O=Example,ST=Berlin,C=DE");
        assert_eq!(claimed.root_digest, Digest::sha256(&signer.chain[2]));
        assert_eq!(claimed.identity.as_deref(), Some("x509.subject: C=DE, ST=Berlin, O=Example, CN=Release"));
        assert_eq!(claimed.flaw, None);
        // rcgen writes the same certificate; only line ends are its own.
        let lines = |pem: &str| pem.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(&claimed.root_pem), lines(&town.root.pem()));
        assert!(!claimed.root_pem.contains('\r'));
        let other = Descriptor::of(media_type::OCI_MANIFEST, b"another image");
        let moved = super::super::claimed(&bytes, media_type, &other, now()).unwrap();
        assert!(moved.flaw.is_some_and(|flaw| flaw.contains("it signs another image")));
    }
}

#[test]
fn a_fingerprint_is_written_as_openssl_prints_it() {
    let town = Town::new();
    let (bytes, media_type) = both(&draft("ES256"), &town.signer("ES256")).into_iter().next().unwrap();
    let claimed = claimed(&bytes, media_type, &image(), now()).unwrap();
    let fingerprint = claimed.fingerprint();
    assert_eq!(fingerprint.len(), 32 * 3 - 1);
    assert_eq!(fingerprint.replace(':', "").to_lowercase(), claimed.root_digest.hex());
}

#[test]
fn a_chain_without_its_root_claims_and_does_not_hold() {
    let mut signer = Town::new().signer("ES256");
    signer.chain.truncate(2);
    for (bytes, media_type) in both(&draft("ES256"), &signer) {
        let claimed = claimed(&bytes, media_type, &image(), now()).unwrap();
        assert_eq!(claimed.root, "CN=Authority,O=Example,ST=Berlin,C=DE");
        assert!(claimed.flaw.is_some(), "the last certificate is not its own issuer");
    }
}

#[test]
fn what_is_no_envelope_claims_nothing() {
    for (bytes, media_type) in
        [(&b"{}"[..], JWS), (b"", COSE), (b"{}", "text/plain"), (&vec![b' '; 1024 * 1024 + 1][..], JWS)]
    {
        assert!(claimed(bytes, media_type, &image(), now()).is_err());
    }
}
