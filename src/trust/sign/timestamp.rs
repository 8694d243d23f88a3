//! Time stamps over signatures (RFC 3161): when a signature existed, said by somebody else and checked before it is kept.
//!
//! `x509-tsp` writes the request, [`crate::trust::timestamp`] verifies the answer, by RSA as well, which `sigstore-tsa`
//! does not; the bytes travel over the client of registries, because the client of `sigstore-tsa` reads answers of any
//! length.

use p256::{
    elliptic_curve::rand_core::{OsRng, RngCore as _},
    pkcs8::{
        ObjectIdentifier,
        der::{
            Decode as _, Encode as _,
            asn1::{AnyRef, Int, OctetString, Uint},
        },
        spki::AlgorithmIdentifier,
    },
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sigstore_types::{DerCertificate, TsaAuthority};
use sigstore_verify::trust_root::TrustedRoot;
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion};

use super::SignError;
use crate::{
    manifest::{DesiredTimestamp, RootForm, TimestampRoot},
    registry::{Question, Service, Transport},
    trust::timestamp,
};

/// SHA-256 (RFC 5912).
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// The most certificates of one authority. Real chains have two or three.
const CHAIN_MAX: usize = 8;

/// Bytes of a nonce, as openssl sends.
const NONCE_BYTES: usize = 8;

/// A time-stamp authority that the manifests name.
#[derive(Debug)]
pub struct Authority {
    service: Service,
    url: String,
    authorities: Vec<TsaAuthority>,
}

impl Authority {
    /// Reads what answers are checked with; sends nothing.
    ///
    /// # Errors
    /// [`SignError::Timestamp`] where the root file cannot be used.
    pub fn open(desired: &DesiredTimestamp, transport: Transport) -> Result<Self, SignError> {
        let url = desired.url.clone();
        let read = match desired.root.form {
            RootForm::Pem => chain(&desired.root.text).map(|chain| vec![chain]),
            RootForm::TrustedRoot => trusted_root(&desired.root.text),
        };
        let authorities = read.map_err(|reason| SignError::Timestamp {
            authority: url.clone(),
            reason: format!("`{}` {reason}", desired.root.path),
        })?;
        Ok(Self { service: Service::new(&url, transport)?, url, authorities })
    }

    /// Asks for a time stamp over a signature and returns the DER-encoded `TimeStampResp`, verified: granted, by this
    /// authority, for these bytes, and an answer to this request.
    ///
    /// # Errors
    /// [`SignError::Timestamp`], and [`SignError::Registry`] where the authority does not answer.
    pub async fn stamp(&self, signature: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut nonce = [0; NONCE_BYTES];
        OsRng.fill_bytes(&mut nonce);
        let body = request(signature, &nonce).map_err(|reason| self.failed(&reason))?;
        let question = Question {
            what: "a time stamp",
            path: "",
            headers: vec![],
            body: Some(("application/timestamp-query", body)),
        };
        let response = self.service.ask(&question).await?.to_vec();
        self.check(&response, signature, &nonce).map_err(|reason| self.failed(&reason))?;
        Ok(response)
    }

    fn failed(&self, reason: &str) -> SignError {
        SignError::Timestamp { authority: self.url.clone(), reason: crate::model::foreign::inline(reason) }
    }

    fn check(&self, response: &[u8], signature: &[u8], nonce: &[u8]) -> Result<(), String> {
        TimeStampResp::from_der(response).map_err(|error| format!("its answer is no time stamp: {error}"))?;
        let nonce = number(nonce)?.to_der().map_err(text)?;
        let nonce = AnyRef::from_der(&nonce).map_err(text)?.value();
        let mut refused = "no authority is trusted".to_owned();
        for authority in &self.authorities {
            match timestamp::verify_by(response, signature, authority) {
                Ok(stamp) if stamp.nonce.as_deref() == Some(nonce) => return Ok(()),
                Ok(_) => return Err("it answered another request".to_owned()),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

/// Returns a request for a stamp over the SHA-256 of `message`, with the authority's certificate in the answer: other
/// verifiers may know nothing but its root.
fn request(message: &[u8], nonce: &[u8]) -> Result<Vec<u8>, String> {
    let imprint = MessageImprint {
        hash_algorithm: AlgorithmIdentifier { oid: SHA_256, parameters: None },
        hashed_message: OctetString::new(Sha256::digest(message).to_vec()).map_err(text)?,
    };
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: imprint,
        req_policy: None,
        nonce: Some(number(nonce)?),
        cert_req: true,
        extensions: None,
    };
    request.to_der().map_err(text)
}

/// Returns a number whose big-endian bytes these are, never negative.
fn number(bytes: &[u8]) -> Result<Int, String> {
    Uint::new(bytes).map(Int::from).map_err(text)
}

/// Reads a PEM file: the authority's certificate first, its root last.
fn chain(pem: &str) -> Result<TsaAuthority, String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let blocks: Vec<&str> = pem.split(BEGIN).skip(1).collect();
    if blocks.len() < 2 || blocks.len() > CHAIN_MAX {
        let found = blocks.len();
        return Err(format!(
            "holds {found} certificates; wanted are the authority's own first and its root last"
        ));
    }
    let certificates = blocks.iter().map(|block| DerCertificate::from_pem(&format!("{BEGIN}{block}")));
    let certificates: Result<Vec<_>, _> = certificates.collect();
    let mut certificates = certificates.map_err(|error| format!("holds what is no certificate: {error}"))?;
    let (leaf, root) = (certificates.remove(0), certificates.pop().ok_or("holds no root")?);
    Ok(TsaAuthority::new(leaf, certificates, root, None))
}

/// Returns an authority's root as the `timestampAuthorities` of a trusted root.
pub(super) fn as_trusted_root(root: &TimestampRoot) -> Result<Value, String> {
    match root.form {
        RootForm::TrustedRoot => {
            let root: Value = serde_json::from_str(&root.text).map_err(text)?;
            Ok(root["timestampAuthorities"].clone())
        }
        RootForm::Pem => {
            let TsaAuthority { leaf, intermediates, root, .. } = chain(&root.text)?;
            let all = std::iter::once(&leaf).chain(&intermediates).chain([&root]);
            let all: Vec<Value> =
                all.map(|certificate| json!({"rawBytes": certificate.to_base64()})).collect();
            Ok(json!([{"certChain": {"certificates": all}}]))
        }
    }
}

fn trusted_root(text: &str) -> Result<Vec<TsaAuthority>, String> {
    let root = TrustedRoot::from_json(text).map_err(|error| format!("is no trusted root: {error}"))?;
    let authorities = root.tsa_authorities();
    if authorities.is_empty() {
        Err("names no time-stamp authority that is valid now".to_owned())
    } else {
        Ok(authorities)
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
