//! Verifies RFC 3161 time stamps over signatures: of Notary Project signatures, of our own, and of bundles.
//!
//! The Sigstore crate for time stamps knows keys on elliptic curves only; most public authorities sign with RSA. The
//! parser of CMS and the path validation of webpki are used all the same. [`signed`] checks who signed, this file what is
//! said. Pure; who is asked for a stamp is the affair of [`super::sign`].

mod signed;

use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerInfo},
};
use sigstore_types::{DerCertificate, TsaAuthority};
use x509_cert::der::{
    Decode, Encode, Reader, SliceReader, Tag, Tagged,
    asn1::{AnyRef, OctetStringRef},
    oid::{ObjectIdentifier, db::rfc5911},
};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_tsp::TimeStampResp;

use super::verify::shown;
use crate::model::{Instant, Period};
use signed::{Certificate, hash};

/// `id-ct-TSTInfo` (RFC 3161, section 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// The most certificates inside a token. Real ones carry two to four; each is tried as a part of the path.
const CERTIFICATES_MAX: usize = 16;

/// When a signature existed already, as exactly as the authority tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) earliest: Instant,
    pub(super) at: Instant,
    pub(super) latest: Instant,
}

/// What a token says, once it is known to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) window: Window,
    /// What the request brought, as a DER integer without its header.
    pub(super) nonce: Option<Vec<u8>>,
}

/// A token taken apart. Nothing of it is proven.
struct Token {
    content: Vec<u8>,
    signer: SignerInfo,
    embedded: Vec<Certificate>,
}

/// Returns when `token` says that `signature` existed. The token must be signed by an authority whose certificate, which
/// may be in the token, leads to one of `authorities`, certificates in DER.
pub(super) fn verify(token: &[u8], signature: &[u8], authorities: &[&[u8]]) -> Result<Window, String> {
    let token = Token::read(token)?;
    let stamp = stamped(&token.content, signature)?;
    let known = authorities.iter().filter_map(|der| Certificate::read(der).ok());
    let certificate = token.embedded.iter().cloned().chain(known).find(|one| one.is_named_by(&token.signer));
    let certificate = certificate.ok_or("its signer's certificate is not there")?;
    signed::check_signature(&token.signer, &token.content, &certificate)?;
    let between: Vec<&[u8]> = token.embedded.iter().map(Certificate::der).collect();
    signed::check_path(&certificate, &between, authorities, stamp.window.at)?;
    Ok(stamp.window)
}

/// Returns what `token`, a token or the whole answer that brought it, says of `signature`. It must be signed by this very
/// authority, at a time within its window; certificates that the token brings are not believed (TOB-SIGSTORE-11).
pub(super) fn verify_by(token: &[u8], signature: &[u8], authority: &TsaAuthority) -> Result<Stamp, String> {
    let token = Token::read(token)?;
    let stamp = stamped(&token.content, signature)?;
    let certificate = Certificate::read(authority.leaf.as_bytes())?;
    if !certificate.is_named_by(&token.signer) {
        return Err("it is by another authority".to_owned());
    }
    signed::check_signature(&token.signer, &token.content, &certificate)?;
    let between: Vec<&[u8]> = authority.intermediates.iter().map(DerCertificate::as_bytes).collect();
    signed::check_path(&certificate, &between, &[authority.root.as_bytes()], stamp.window.at)?;
    let at = stamp.window.at.unix();
    let within = |window: &sigstore_types::TimeRange| {
        window.start.as_second() <= at && window.end.is_none_or(|end| at <= end.as_second())
    };
    match &authority.valid_for {
        Some(window) if !within(window) => {
            Err(format!("it says {}, when its authority was not valid", stamp.window.at))
        }
        _ => Ok(stamp),
    }
}

/// Returns whether `token` names this authority as its signer and the authority's key is RSA.
pub(super) fn is_by_rsa(token: &[u8], authority: &TsaAuthority) -> bool {
    let certificate = Certificate::read(authority.leaf.as_bytes());
    let (Ok(certificate), Ok(token)) = (certificate, Token::read(token)) else { return false };
    certificate.is_rsa() && certificate.is_named_by(&token.signer)
}

impl Token {
    /// Reads a `TimeStampToken`, or the `TimeStampResp` around one.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let malformed = |error: x509_cert::der::Error| format!("it is malformed: {}", said(&error));
        let content = match TimeStampResp::from_der(bytes) {
            Ok(TimeStampResp { time_stamp_token: Some(token), .. }) => token,
            Ok(refusal) => return Err(format!("it refused with the status {:?}", refusal.status.status)),
            Err(_) => ContentInfo::from_der(bytes).map_err(malformed)?,
        };
        if content.content_type != rfc5911::ID_SIGNED_DATA {
            return Err("it is not signed".to_owned());
        }
        let cms: SignedData = content.content.decode_as().map_err(malformed)?;
        if cms.encap_content_info.econtent_type != TST_INFO {
            return Err("it is no timestamp".to_owned());
        }
        let embedded = embedded(&cms)?;
        let content = cms.encap_content_info.econtent.ok_or("it holds nothing")?.value().to_vec();
        let mut signers = cms.signer_infos.0.into_vec();
        let (Some(signer), true) = (signers.pop(), signers.is_empty()) else {
            return Err("it does not have one signer".to_owned());
        };
        Ok(Self { content, signer, embedded })
    }
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
fn stamped(content: &[u8], signature: &[u8]) -> Result<Stamp, String> {
    let malformed = |error: x509_cert::der::Error| format!("its content is malformed: {}", said(&error));
    let mut reader = SliceReader::new(content).map_err(malformed)?;
    let (algorithm, imprint, time, accuracy, nonce) = reader
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
            if matches!(reader.peek_tag(), Ok(Tag::Boolean)) {
                // Ordering.
                bool::decode(reader)?;
            }
            let nonce = match reader.peek_tag() {
                Ok(Tag::Integer) => Some(AnyRef::decode(reader)?.value().to_vec()),
                _ => None,
            };
            // What follows (name, extensions) says nothing about the time.
            reader.read_slice(reader.remaining_len())?;
            Ok((algorithm, imprint, time, accuracy, nonce))
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
    Ok(Stamp { window: Window { earliest, at, latest: at.plus(margin) }, nonce })
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

/// Returns what a reader of foreign bytes says of them, fit for a reason.
fn said(error: &impl std::fmt::Display) -> String {
    shown(&error.to_string().replace('`', "'"))
}
