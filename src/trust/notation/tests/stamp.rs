//! Timestamp tokens by the letter of RFC 3161 and RFC 5652, written in DER by hand.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use rcgen::{CertificateParams, CertifiedIssuer, CustomExtension, Issuer, KeyPair};
use x509_cert::der::{Decode, Encode, oid::ObjectIdentifier};

use super::made::{Authority, authority_params, key, signer_params};

/// id-ce-extKeyUsage with id-kp-timeStamping alone.
const FOR_TIMESTAMPS: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const SHA_256: &str = "2.16.840.1.101.3.4.2.1";

/// A timestamp authority: its root, and the certificate and key that it signs with.
pub(in crate::trust) struct Clock {
    pub(super) root: Authority,
    rsa: bool,
    key: KeyPair,
    certificate: Vec<u8>,
}

/// What a token says. Attacks change it before it is signed.
pub(in crate::trust) struct Said {
    pub(in crate::trust) about: Vec<u8>,
    pub(super) at: String,
    pub(super) accuracy: Vec<u8>,
    pub(super) kind: &'static str,
    pub(super) digest: Option<Vec<u8>>,
    pub(super) names: Option<Vec<u8>>,
    pub(super) embeds: bool,
}

/// Returns a token's content as an honest authority would say it.
pub(in crate::trust) fn said(about: &[u8], at: &str) -> Said {
    Said {
        about: about.to_vec(),
        at: at.to_owned(),
        accuracy: vec![],
        kind: TST_INFO,
        digest: None,
        names: None,
        embeds: true,
    }
}

impl Clock {
    pub(in crate::trust) fn new(rsa: bool) -> Self {
        Self::with(rsa, |_| {}, true)
    }

    pub(super) fn with(rsa: bool, change: impl FnOnce(&mut CertificateParams), critical: bool) -> Self {
        let root = CertifiedIssuer::self_signed(authority_params("Clock root"), key("ES256")).unwrap();
        let mut params = signer_params();
        let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], FOR_TIMESTAMPS.to_vec());
        usage.set_criticality(critical);
        params.custom_extensions.push(usage);
        change(&mut params);
        let key = key(if rsa { "PS256" } else { "ES256" });
        let certificate = params.signed_by(&key, &root as &Issuer<'_, KeyPair>).unwrap().der().to_vec();
        Self { root, rsa, key, certificate }
    }

    /// Returns its own certificate and its root, in DER.
    pub(in crate::trust) fn chain(&self) -> [Vec<u8>; 2] {
        [self.certificate.clone(), self.root.der().to_vec()]
    }

    /// Returns a `TimeStampToken` (RFC 3161, section 2.4.2).
    pub(in crate::trust) fn token(&self, said: &Said) -> Vec<u8> {
        let content = content(said);
        let encapsulated = seq(&[oid(said.kind), tlv(0xa0, &tlv(0x04, &content))]);
        let certificates = if said.embeds { tlv(0xa0, &self.certificate) } else { vec![] };
        let hashes = tlv(0x31, &seq(&[oid(SHA_256)]));
        let signers = tlv(0x31, &self.signer(said, &content));
        let signed = seq(&[vec![2, 1, 3], hashes, encapsulated, certificates, signers]);
        seq(&[oid(SIGNED_DATA), tlv(0xa0, &signed)])
    }

    /// Returns a `SignerInfo` (RFC 5652, section 5.3).
    fn signer(&self, said: &Said, content: &[u8]) -> Vec<u8> {
        let digested = said.digest.clone().unwrap_or_else(|| sha256(content));
        let named = sha256(said.names.as_ref().unwrap_or(&self.certificate));
        // SigningCertificateV2, its certificates, the first of them, its hash.
        let naming = seq(&[seq(&[seq(&[tlv(0x04, &named)])])]);
        let mut attributes = [
            attribute("1.2.840.113549.1.9.3", &oid(said.kind)),
            attribute("1.2.840.113549.1.9.4", &tlv(0x04, &digested)),
            attribute("1.2.840.113549.1.9.16.2.47", &naming),
        ];
        attributes.sort();
        let signature = self.sign(&tlv(0x31, &attributes.concat()));
        // sha256WithRSAEncryption is said by half of the authorities, rsaEncryption by the others.
        let algorithm = if self.rsa {
            seq(&[oid("1.2.840.113549.1.1.1"), vec![5, 0]])
        } else {
            seq(&[oid("1.2.840.10045.4.3.2")])
        };
        let certificate = x509_cert::Certificate::from_der(&self.certificate).unwrap().tbs_certificate;
        let identifier =
            seq(&[certificate.issuer.to_der().unwrap(), certificate.serial_number.to_der().unwrap()]);
        let attributes = tlv(0xa0, &attributes.concat());
        seq(&[vec![2, 1, 1], identifier, seq(&[oid(SHA_256)]), attributes, algorithm, tlv(0x04, &signature)])
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let (pkcs8, random) = (self.key.serialized_der(), SystemRandom::new());
        if self.rsa {
            let key = rsa::KeyPair::from_pkcs8(pkcs8).unwrap();
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            return signature;
        }
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).unwrap();
        key.sign(&random, message).unwrap().as_ref().to_vec()
    }
}

/// Returns a `TSTInfo`.
fn content(said: &Said) -> Vec<u8> {
    let imprint = seq(&[seq(&[oid(SHA_256)]), tlv(0x04, &sha256(&said.about))]);
    let time = tlv(0x18, said.at.as_bytes());
    seq(&[vec![2, 1, 1], oid("1.2.3.4"), imprint, vec![2, 1, 42], time, said.accuracy.clone()])
}

fn attribute(kind: &str, value: &[u8]) -> Vec<u8> {
    seq(&[oid(kind), tlv(0x31, value)])
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn oid(dotted: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(dotted).to_der().unwrap()
}

fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// Returns tag, length and value (X.690, section 8.1).
pub(super) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let length = &length[length.iter().position(|&byte| byte != 0).unwrap_or(length.len() - 1)..];
    let mut bytes = vec![tag];
    if value.len() >= 0x80 {
        bytes.push(0x80 | u8::try_from(length.len()).unwrap());
    }
    bytes.extend(length);
    bytes.extend(value);
    bytes
}
