//! Who signed a time stamp: the signature of its CMS envelope (RFC 5652, RFC 5035), and the way from the signer's
//! certificate to an authority. Pure.

use aws_lc_rs::digest;
use cms::signed_data::{SignerIdentifier, SignerInfo};
use pki_types::{AlgorithmIdentifier, CertificateDer, SignatureVerificationAlgorithm, UnixTime, alg_id};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::{
    attr::{Attribute, Attributes},
    der::{
        Decode, Encode, Reader, SliceReader, Tag,
        asn1::{AnyRef, OctetStringRef},
        oid::{
            ObjectIdentifier,
            db::{rfc5280::ID_KP_TIME_STAMPING, rfc5911, rfc5912},
        },
    },
    ext::pkix::{ExtendedKeyUsage, SubjectKeyIdentifier},
    spki::AlgorithmIdentifierOwned,
};

use super::{TST_INFO, said};
use crate::model::Instant;

/// `id-aa-signingCertificate` (RFC 2634, section 5.4), which names the signer by SHA-1.
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");

/// `id-aa-signingCertificateV2` (RFC 5035, section 3).
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// A certificate with its bytes.
#[derive(Clone)]
pub(super) struct Certificate {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
}

impl Certificate {
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let parsed = x509_cert::Certificate::from_der(der);
        let parsed = parsed.map_err(|error| format!("a certificate is malformed: {}", said(&error)))?;
        Ok(Self { der: der.to_vec(), parsed })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns whether a signer says that this is its certificate.
    pub(super) fn is_named_by(&self, signer: &SignerInfo) -> bool {
        let parsed = &self.parsed.tbs_certificate;
        match &signer.sid {
            SignerIdentifier::IssuerAndSerialNumber(named) => {
                parsed.issuer == named.issuer && parsed.serial_number == named.serial_number
            }
            SignerIdentifier::SubjectKeyIdentifier(named) => {
                matches!(parsed.get::<SubjectKeyIdentifier>(), Ok(Some((_, found))) if found == *named)
            }
        }
    }

    pub(super) fn is_rsa(&self) -> bool {
        let algorithm = self.parsed.tbs_certificate.subject_public_key_info.algorithm.oid;
        matches!(algorithm, rfc5912::RSA_ENCRYPTION | rfc5912::ID_RSASSA_PSS)
    }

    /// Returns the kind of key as the crate of algorithms compares it: without the outer header.
    fn key_identifier(&self) -> Result<Vec<u8>, String> {
        let algorithm = &self.parsed.tbs_certificate.subject_public_key_info.algorithm;
        let der = algorithm.to_der().map_err(|error| said(&error))?;
        AnyRef::from_der(&der).map(|any| any.value().to_vec()).map_err(|error| said(&error))
    }
}

pub(super) fn hash(algorithm: &ObjectIdentifier, bytes: &[u8]) -> Result<digest::Digest, String> {
    let algorithm = match *algorithm {
        rfc5912::ID_SHA_256 => &digest::SHA256,
        rfc5912::ID_SHA_384 => &digest::SHA384,
        rfc5912::ID_SHA_512 => &digest::SHA512,
        _ => return Err(format!("its hash algorithm {algorithm} is not accepted")),
    };
    Ok(digest::digest(algorithm, bytes))
}

/// Checks the signature over the signed attributes (RFC 5652, section 5.4), and that they name content and certificate.
pub(super) fn check_signature(
    signer: &SignerInfo,
    content: &[u8],
    certificate: &Certificate,
) -> Result<(), String> {
    let attributes = signer.signed_attrs.as_ref().ok_or("it has no signed attributes")?;
    let kind = value(attributes, rfc5911::ID_CONTENT_TYPE)?;
    if ObjectIdentifier::from_der(&kind).ok() != Some(TST_INFO) {
        return Err("its signed attributes are of another content".to_owned());
    }
    let named = value(attributes, rfc5911::ID_MESSAGE_DIGEST)?;
    let computed = hash(&signer.digest_alg.oid, content)?;
    if !OctetStringRef::from_der(&named).is_ok_and(|named| named.as_bytes() == computed.as_ref()) {
        return Err("its content was changed".to_owned());
    }
    check_named(attributes, certificate)?;
    let covered = attributes.to_der().map_err(|error| said(&error))?;
    let spki = &certificate.parsed.tbs_certificate.subject_public_key_info;
    let key = spki.subject_public_key.as_bytes().ok_or("its signer's key has an odd number of bits")?;
    algorithm(signer, certificate)?
        .verify_signature(key, &covered, signer.signature.as_bytes())
        .map_err(|_| "its signature does not hold".to_owned())
}

/// Returns the one value of a signed attribute, in DER.
fn value(attributes: &Attributes, oid: ObjectIdentifier) -> Result<Vec<u8>, String> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let missing = || format!("it does not have the signed attribute {oid} once");
    let (Some(Attribute { values, .. }), None) = (found.next(), found.next()) else { return Err(missing()) };
    let [value] = values.as_slice() else { return Err(missing()) };
    value.to_der().map_err(|error| said(&error))
}

/// Checks that the signed attributes name the certificate first (RFC 3161, section 2.4.2; RFC 5816 for the second form).
fn check_named(attributes: &Attributes, certificate: &Certificate) -> Result<(), String> {
    let newer = attributes.iter().any(|attribute| attribute.oid == SIGNING_CERTIFICATE_V2);
    let kind = if newer { SIGNING_CERTIFICATE_V2 } else { SIGNING_CERTIFICATE };
    let attribute = value(attributes, kind)?;
    let read = || {
        let mut reader = SliceReader::new(&attribute)?;
        let mut certificates = SliceReader::new(AnyRef::decode(&mut reader)?.value())?;
        let mut first = SliceReader::new(AnyRef::decode(&mut certificates)?.value())?;
        let mut first = SliceReader::new(AnyRef::decode(&mut first)?.value())?;
        let algorithm = match first.peek_tag()? {
            Tag::Sequence => AlgorithmIdentifierOwned::decode(&mut first)?.oid,
            // The default of RFC 5035.
            _ => rfc5912::ID_SHA_256,
        };
        Ok((algorithm, OctetStringRef::decode(&mut first)?.as_bytes().to_vec()))
    };
    let (algorithm, named) = read().map_err(|error: x509_cert::der::Error| {
        format!("its `signingCertificate` is malformed: {}", said(&error))
    })?;
    let computed = if newer {
        hash(&algorithm, certificate.der())?
    } else {
        // The older form knows no other hash. It only tells one certificate from another; the signature is not over it.
        digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der())
    };
    if computed.as_ref() == named {
        Ok(())
    } else {
        Err("it names another certificate than its signer's".to_owned())
    }
}

/// Returns the algorithm of a signer. CMS may name it whole, or only the kind of key beside a hash (RFC 3370,
/// section 3.2).
fn algorithm(
    signer: &SignerInfo,
    certificate: &Certificate,
) -> Result<&'static dyn SignatureVerificationAlgorithm, String> {
    let (hash, name) = (signer.digest_alg.oid, signer.signature_algorithm.oid);
    let signature: AlgorithmIdentifier = match (name, hash) {
        (rfc5912::RSA_ENCRYPTION, rfc5912::ID_SHA_256) | (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, _) => {
            alg_id::RSA_PKCS1_SHA256
        }
        (rfc5912::RSA_ENCRYPTION, rfc5912::ID_SHA_384) | (rfc5912::SHA_384_WITH_RSA_ENCRYPTION, _) => {
            alg_id::RSA_PKCS1_SHA384
        }
        (rfc5912::RSA_ENCRYPTION, rfc5912::ID_SHA_512) | (rfc5912::SHA_512_WITH_RSA_ENCRYPTION, _) => {
            alg_id::RSA_PKCS1_SHA512
        }
        (rfc5912::ECDSA_WITH_SHA_256, _) => alg_id::ECDSA_SHA256,
        (rfc5912::ECDSA_WITH_SHA_384, _) => alg_id::ECDSA_SHA384,
        (rfc5912::ECDSA_WITH_SHA_512, _) => alg_id::ECDSA_SHA512,
        _ => return Err(format!("its signature algorithm {name} is not accepted")),
    };
    let key = certificate.key_identifier()?;
    ALL_VERIFICATION_ALGS
        .iter()
        .copied()
        .find(|algorithm| {
            algorithm.signature_alg_id() == signature && algorithm.public_key_alg_id().as_ref() == key
        })
        .ok_or_else(|| "its signature algorithm does not go with the key".to_owned())
}

/// Checks that the signer may tell the time and that its certificate led to an authority when it did.
pub(super) fn check_path(
    signer: &Certificate,
    between: &[&[u8]],
    authorities: &[&[u8]],
    at: Instant,
) -> Result<(), String> {
    // RFC 3161, section 2.3: critical, and nothing besides.
    match signer.parsed.tbs_certificate.get::<ExtendedKeyUsage>() {
        Ok(Some((true, uses))) if uses.0 == [ID_KP_TIME_STAMPING] => {}
        _ => return Err("its signer's certificate is not for timestamps alone".to_owned()),
    }
    let authorities: Vec<_> = authorities.iter().map(|der| CertificateDer::from(*der)).collect();
    let anchors: Vec<_> = authorities.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
    let between: Vec<_> = between.iter().map(|der| CertificateDer::from(*der)).collect();
    let der = CertificateDer::from(signer.der());
    let time =
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(at.unix()).unwrap_or(0)));
    EndEntityCert::try_from(&der)
        .and_then(|leaf| {
            let usage = KeyUsage::required(ID_KP_TIME_STAMPING.as_bytes());
            leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &between, time, usage, None, None)
                .map(|_| ())
        })
        .map_err(|error| format!("its certificates lead to no accepted authority: {}", said(&error)))
}
