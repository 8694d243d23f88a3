//! Verifies an RFC 3161 timestamp token over a signature.
//!
//! The Sigstore crate for timestamps knows keys on elliptic curves only; most public timestamp authorities sign with
//! RSA. Its parser of CMS and the path validation of webpki are used all the same.

use aws_lc_rs::digest;
use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use pki_types::{AlgorithmIdentifier, CertificateDer, SignatureVerificationAlgorithm, UnixTime, alg_id};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::{
    attr::{Attribute, Attributes},
    der::{
        Decode, Encode, Reader, SliceReader, Tag, Tagged,
        asn1::{AnyRef, OctetStringRef},
        oid::{
            ObjectIdentifier,
            db::{rfc5280::ID_KP_TIME_STAMPING, rfc5911, rfc5912},
        },
    },
    ext::pkix::SubjectKeyIdentifier,
    spki::AlgorithmIdentifierOwned,
};

use super::{certificate::Certificate, said};
use crate::model::{Instant, Period};

/// `id-ct-TSTInfo` (RFC 3161, section 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// `id-aa-signingCertificateV2` (RFC 5035, section 3).
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// The most certificates inside a token. Real ones carry two to four; each is tried as a part of the path.
const CERTIFICATES_MAX: usize = 16;

/// When a signature existed already, as exactly as the authority tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) earliest: Instant,
    pub(super) at: Instant,
    pub(super) latest: Instant,
}

/// Returns when `token` says that `signature` existed. The token must be signed by an authority whose certificate leads
/// to one of `authorities`.
pub(super) fn verify(token: &[u8], signature: &[u8], authorities: &[Certificate]) -> Result<Window, String> {
    let cms = signed_data(token).map_err(|error| format!("it is malformed: {}", said(&error)))?;
    if cms.encap_content_info.econtent_type != TST_INFO {
        return Err("it is no timestamp".to_owned());
    }
    let content = cms.encap_content_info.econtent.as_ref().ok_or("it holds nothing")?.value();
    let window = stamped(content, signature)?;
    let [signer] = cms.signer_infos.0.as_ref() else {
        return Err("it does not have one signer".to_owned());
    };
    let embedded = embedded(&cms)?;
    let certificate =
        embedded.iter().chain(authorities).find(|certificate| identifies(&signer.sid, certificate));
    let certificate = certificate.ok_or("its signer's certificate is not there")?;
    check_signature(signer, content, certificate)?;
    check_path(certificate, &embedded, authorities, window.at)?;
    Ok(window)
}

fn signed_data(token: &[u8]) -> x509_cert::der::Result<SignedData> {
    let content = ContentInfo::from_der(token)?;
    content
        .content_type
        .eq(&rfc5911::ID_SIGNED_DATA)
        .then_some(())
        .ok_or(Tag::ObjectIdentifier.value_error())?;
    content.content.decode_as()
}

fn embedded(signed: &SignedData) -> Result<Vec<Certificate>, String> {
    let choices = signed.certificates.iter().flat_map(|set| set.0.iter());
    let mut certificates = Vec::new();
    for choice in choices {
        let CertificateChoices::Certificate(certificate) = choice else { continue };
        if certificates.len() == CERTIFICATES_MAX {
            return Err(format!("it carries more than {CERTIFICATES_MAX} certificates"));
        }
        let der = certificate.to_der().map_err(|error| said(&error))?;
        certificates.push(Certificate::read(&der)?);
    }
    Ok(certificates)
}

/// Reads the parts of `TSTInfo` that matter, and checks that they are about `signature`.
fn stamped(content: &[u8], signature: &[u8]) -> Result<Window, String> {
    let malformed = |error: x509_cert::der::Error| format!("its content is malformed: {}", said(&error));
    let mut reader = SliceReader::new(content).map_err(malformed)?;
    let (algorithm, imprint, time, accuracy) = reader
        .sequence(|reader| {
            // Version and policy.
            u8::decode(reader)?;
            ObjectIdentifier::decode(reader)?;
            let (algorithm, imprint) = reader.sequence(|reader| {
                Ok((AlgorithmIdentifierOwned::decode(reader)?, OctetStringRef::decode(reader)?))
            })?;
            // Serial number.
            AnyRef::decode(reader)?;
            let time = AnyRef::decode(reader)?;
            let accuracy = match reader.peek_tag() {
                Ok(Tag::Sequence) => Some(AnyRef::decode(reader)?),
                _ => None,
            };
            // What follows (ordering, nonce, name, extensions) says nothing about the time.
            reader.read_slice(reader.remaining_len())?;
            Ok((algorithm, imprint, time, accuracy))
        })
        .map_err(malformed)?;
    if hash(&algorithm.oid, signature)?.as_ref() != imprint.as_bytes() {
        return Err("it is about something else".to_owned());
    }
    let at = general_time(time).ok_or("its time cannot be read")?;
    let margin = accuracy.map_or(Ok(0), |accuracy| seconds(accuracy.value())).map_err(malformed)?;
    // A whole second more, for the fraction that was cut.
    let margin = Period { seconds: margin.saturating_add(1) };
    let earliest = Instant::from_unix(at.unix().saturating_sub_unsigned(margin.seconds));
    Ok(Window { earliest, at, latest: at.plus(margin) })
}

/// Reads a `GeneralizedTime`, `20261121120000Z` or with a fraction; RFC 3161 allows both, the DER crate one.
fn general_time(time: AnyRef<'_>) -> Option<Instant> {
    if time.tag() != Tag::GeneralizedTime {
        return None;
    }
    let text = std::str::from_utf8(time.value()).ok()?.strip_suffix('Z')?;
    let digits = text.split('.').next()?;
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (date, clock) = digits.split_at(8);
    let written = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &clock[..2],
        &clock[2..4],
        &clock[4..]
    );
    written.parse().ok()
}

/// Returns an `Accuracy` in seconds, rounded up.
fn seconds(accuracy: &[u8]) -> x509_cert::der::Result<u64> {
    let mut reader = SliceReader::new(accuracy)?;
    let whole = match reader.peek_tag() {
        Ok(Tag::Integer) => u64::from(u32::decode(&mut reader)?),
        _ => 0,
    };
    Ok(whole + u64::from(!reader.is_finished()))
}

fn hash(algorithm: &ObjectIdentifier, bytes: &[u8]) -> Result<digest::Digest, String> {
    let algorithm = match *algorithm {
        rfc5912::ID_SHA_256 => &digest::SHA256,
        rfc5912::ID_SHA_384 => &digest::SHA384,
        rfc5912::ID_SHA_512 => &digest::SHA512,
        _ => return Err(format!("its hash algorithm {algorithm} is not accepted")),
    };
    Ok(digest::digest(algorithm, bytes))
}

fn identifies(sid: &SignerIdentifier, certificate: &Certificate) -> bool {
    let parsed = certificate.parsed();
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            parsed.issuer == named.issuer && parsed.serial_number == named.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => {
            matches!(parsed.get::<SubjectKeyIdentifier>(), Ok(Some((_, found))) if found == *named)
        }
    }
}

/// Checks the signature over the signed attributes (RFC 5652, section 5.4), and that they name content and certificate.
fn check_signature(signer: &SignerInfo, content: &[u8], certificate: &Certificate) -> Result<(), String> {
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
    check_named(&value(attributes, SIGNING_CERTIFICATE)?, certificate)?;
    let covered = attributes.to_der().map_err(|error| said(&error))?;
    let spki = &certificate.parsed().subject_public_key_info;
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

/// Checks that a `SigningCertificateV2` names the certificate first (RFC 5035, section 3; RFC 3161 demands it).
fn check_named(attribute: &[u8], certificate: &Certificate) -> Result<(), String> {
    let read = || {
        let mut reader = SliceReader::new(attribute)?;
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
    if hash(&algorithm, certificate.der())?.as_ref() == named {
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
fn check_path(
    signer: &Certificate,
    embedded: &[Certificate],
    authorities: &[Certificate],
    at: Instant,
) -> Result<(), String> {
    // RFC 3161, section 2.3: critical, and nothing besides.
    match signer.extended_key_usage()? {
        Some((true, uses)) if uses.0 == [ID_KP_TIME_STAMPING] => {}
        _ => return Err("its signer's certificate is not for timestamps alone".to_owned()),
    }
    let authorities: Vec<_> =
        authorities.iter().map(|certificate| CertificateDer::from(certificate.der())).collect();
    let anchors: Vec<_> = authorities.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
    let between: Vec<_> =
        embedded.iter().map(|certificate| CertificateDer::from(certificate.der())).collect();
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
