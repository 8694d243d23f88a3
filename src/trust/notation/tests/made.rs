//! Certificates, and envelopes by the letter of RFC 7515 and RFC 9052.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa,
    signature::{
        self as lc, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ciborium::Value as Cbor;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    RsaKeySize, date_time_ymd,
};
use serde_json::{Value, json};

use super::Draft;
use crate::model::Instant;

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

/// Whoever signs: a key and the certificates that go with it, the signer's first.
pub(super) struct Signer {
    pub(super) algorithm: &'static str,
    pub(super) key: KeyPair,
    pub(super) chain: Vec<Vec<u8>>,
}

/// A root, an authority below it, and the parameters of the certificates that it issues.
pub(super) struct Town {
    pub(super) root: Authority,
    pub(super) authority: Authority,
}

impl Town {
    pub(super) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(authority_params("Root"), key("ES256")).unwrap();
        let authority =
            CertifiedIssuer::signed_by(authority_params("Authority"), key("ES384"), &root).unwrap();
        Self { root, authority }
    }

    /// Returns a signer whose chain is as it should be.
    pub(super) fn signer(&self, algorithm: &'static str) -> Signer {
        self.signer_with(algorithm, |_| {})
    }

    pub(super) fn signer_with(
        &self,
        algorithm: &'static str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Signer {
        let mut params = signer_params();
        change(&mut params);
        let key = key(algorithm);
        let leaf = params.signed_by(&key, &self.authority as &Issuer<'_, KeyPair>).unwrap();
        let chain = vec![leaf.der().to_vec(), self.authority.der().to_vec(), self.root.der().to_vec()];
        Signer { algorithm, key, chain }
    }
}

pub(super) fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

pub(super) fn signer_params() -> CertificateParams {
    let mut params = params("Release");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "DE"),
        (DnType::StateOrProvinceName, "Berlin"),
        (DnType::OrganizationName, "Example"),
        (DnType::CommonName, name),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params
}

/// Returns a new key of the kind and size that goes with an algorithm.
pub(super) fn key(algorithm: &str) -> KeyPair {
    match algorithm {
        "PS256" => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        "PS384" => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072),
        "PS512" => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_4096),
        "ES256" => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        "ES384" => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
        "ES512" => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
        _ => KeyPair::generate_for(&rcgen::PKCS_ED25519),
    }
    .unwrap()
}

impl Signer {
    /// Signs by the algorithm that goes with the key, whatever the headers say.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let (pkcs8, random) = (self.key.serialized_der(), SystemRandom::new());
        let pss = |encoding: &'static lc::RsaSignatureEncoding| {
            let key = rsa::KeyPair::from_pkcs8(pkcs8).unwrap();
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(encoding, &random, message, &mut signature).unwrap();
            signature
        };
        let ecdsa = |algorithm| {
            let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).unwrap();
            key.sign(&random, message).unwrap().as_ref().to_vec()
        };
        match self.algorithm {
            "PS256" => pss(&lc::RSA_PSS_SHA256),
            "PS384" => pss(&lc::RSA_PSS_SHA384),
            "PS512" => pss(&lc::RSA_PSS_SHA512),
            "ES256" => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            "ES384" => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            "ES512" => ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING),
            _ => lc::Ed25519KeyPair::from_pkcs8(pkcs8).unwrap().sign(message).as_ref().to_vec(),
        }
    }
}

/// Returns a flattened JWS (RFC 7515, section 7.2.2).
pub(super) fn jws(draft: &Draft, signer: &Signer) -> Value {
    jws_of(&draft.protected.to_string(), draft, signer)
}

/// Returns a flattened JWS whose protected header is this text.
pub(super) fn jws_of(protected: &str, draft: &Draft, signer: &Signer) -> Value {
    let (protected, payload) =
        (URL_SAFE_NO_PAD.encode(protected), URL_SAFE_NO_PAD.encode(draft.payload.to_string()));
    let signature = signer.sign(format!("{protected}.{payload}").as_bytes());
    let mut header = draft.unprotected.clone();
    header["x5c"] = json!(signer.chain.iter().map(|der| STANDARD.encode(der)).collect::<Vec<_>>());
    json!({"payload": payload, "protected": protected, "header": header,
        "signature": URL_SAFE_NO_PAD.encode(signature)})
}

/// Returns a COSE_Sign1_Tagged (RFC 9052, section 4.2).
pub(super) fn cose(draft: &Draft, signer: &Signer) -> Vec<u8> {
    encoded(&cose_of(&cose_protected(draft), draft, signer))
}

/// Returns a COSE_Sign1_Tagged whose protected header is these bytes.
pub(super) fn cose_of(protected: &[u8], draft: &Draft, signer: &Signer) -> Cbor {
    let payload = draft.payload.to_string().into_bytes();
    let structure = Cbor::Array(vec![
        "Signature1".into(),
        Cbor::Bytes(protected.to_vec()),
        Cbor::Bytes(vec![]),
        Cbor::Bytes(payload.clone()),
    ]);
    let mut unprotected: Vec<(Cbor, Cbor)> = draft
        .unprotected
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            let text = value.as_str().unwrap();
            let token = name.ends_with("timestampSignature");
            let value = if token { Cbor::Bytes(STANDARD.decode(text).unwrap()) } else { text.into() };
            (label(name), value)
        })
        .collect();
    let chain = signer.chain.iter().map(|der| Cbor::Bytes(der.clone())).collect();
    unprotected.push((33.into(), Cbor::Array(chain)));
    let signature = signer.sign(&encoded(&structure));
    let parts = vec![
        Cbor::Bytes(protected.to_vec()),
        Cbor::Map(unprotected),
        Cbor::Bytes(payload),
        Cbor::Bytes(signature),
    ];
    Cbor::Tag(18, Box::new(Cbor::Array(parts)))
}

pub(super) fn cose_protected(draft: &Draft) -> Vec<u8> {
    let entries = draft.protected.as_object().unwrap().iter();
    encoded(&Cbor::Map(entries.map(|(name, value)| (label(name), cose_value(name, value))).collect()))
}

/// The labels of RFC 9052, section 3.1.
fn label(name: &str) -> Cbor {
    match name {
        "alg" => 1.into(),
        "crit" => 2.into(),
        "cty" => 3.into(),
        other => other.into(),
    }
}

fn cose_value(name: &str, value: &Value) -> Cbor {
    match value {
        Value::Array(names) => Cbor::Array(names.iter().map(|name| label(name.as_str().unwrap())).collect()),
        Value::String(text) if name == "alg" => algorithm(text).into(),
        Value::String(text) => match text.parse::<Instant>() {
            Ok(time) => Cbor::Tag(1, Box::new(time.unix().into())),
            Err(_) => text.as_str().into(),
        },
        _ => Cbor::Null,
    }
}

/// The numbers of the IANA registry "COSE Algorithms"; `none` has none.
fn algorithm(name: &str) -> i64 {
    match name {
        "PS256" => -37,
        "PS384" => -38,
        "PS512" => -39,
        "ES256" => -7,
        "ES384" => -35,
        "ES512" => -36,
        "EdDSA" => -8,
        "HS256" => 5,
        other => panic!("no number for {other}"),
    }
}

pub(super) fn encoded(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
