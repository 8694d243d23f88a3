//! Signatures made here by the letter of the specification, then spoilt. One file a theme; here what they share.
//!
//! Nothing of the judge is used to make them: the two envelopes, the certificates and the timestamps come from
//! [`made`] and [`stamp`].

mod accepted;
mod attack;
mod certificates;
mod claims;
mod hostile;
mod identities;
mod made;
pub(in crate::trust) mod stamp;
mod time;

use serde_json::{Value, json};

use super::{Judgement, TrustStore, judge};
use crate::{
    manifest::{DesiredFile, DesiredNotation},
    model::{Descriptor, Instant, Outcome, media_type},
};
use made::{Authority, Signer, Town, cose, jws};

const JWS: &str = "application/jose+json";
const COSE: &str = "application/cose";

/// A year within the validity of every certificate that is not said to be ended.
fn now() -> Instant {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// Returns a JWS for an image, and the policy entry that accepts it.
pub(in crate::trust) fn signed(subject: &Descriptor) -> (Vec<u8>, DesiredNotation) {
    let town = Town::new();
    let mut draft = draft("ES256");
    draft.payload = json!({"targetArtifact": subject});
    let envelope = jws(&draft, &town.signer("ES256")).to_string().into_bytes();
    (envelope, entry(&town.root, &["x509.subject: C=DE, O=Example"]))
}

fn image() -> Descriptor {
    Descriptor::of(media_type::OCI_MANIFEST, b"an image")
}

/// What is signed, before it is signed.
#[derive(Clone)]
struct Draft {
    protected: Value,
    payload: Value,
    unprotected: Value,
}

/// Returns what `notation sign` signs.
fn draft(algorithm: &str) -> Draft {
    Draft {
        protected: json!({
            "alg": algorithm,
            "cty": "application/vnd.cncf.notary.payload.v1+json",
            "crit": ["io.cncf.notary.signingScheme"],
            "io.cncf.notary.signingScheme": "notary.x509",
            "io.cncf.notary.signingTime": "2026-11-20T12:00:00Z",
        }),
        payload: json!({"targetArtifact": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": image().digest.to_string(),
            "size": 8,
        }}),
        unprotected: json!({"io.cncf.notary.signingAgent": "example/1"}),
    }
}

/// Returns the same signature in both envelopes, with its media type.
fn both(draft: &Draft, signer: &Signer) -> [(Vec<u8>, &'static str); 2] {
    [(jws(draft, signer).to_string().into_bytes(), JWS), (cose(draft, signer), COSE)]
}

fn entry(authority: &Authority, identities: &[&str]) -> DesiredNotation {
    DesiredNotation {
        name: "vendor".to_owned(),
        trust_store: DesiredFile { path: "trust/vendor.pem".to_owned(), text: authority.pem() },
        identities: identities.iter().map(|&identity| identity.to_owned()).collect(),
        timestamp_store: None,
    }
}

fn store(authority: &Authority) -> TrustStore {
    TrustStore::of(&entry(authority, &["x509.subject: C=DE, ST=Berlin, O=Example"])).unwrap()
}

/// Judges both envelopes of a draft and returns the outcome and reason, which must be the same.
#[track_caller]
fn told(draft: &Draft, signer: &Signer, store: &TrustStore) -> (Outcome, String) {
    let [jws, cose] = both(draft, signer)
        .map(|(bytes, media_type)| judge(&bytes, media_type, &image(), std::slice::from_ref(store), now()));
    assert_eq!(jws, cose);
    (jws.outcome, jws.reason)
}

#[track_caller]
fn assert_refused(told: &(Outcome, String), outcome: Outcome, reason: &str) {
    assert_eq!((told.0, told.1.contains(reason)), (outcome, true), "expected {reason}, got {told:?}");
}
