//! One X.509 certificate and what the Notary Project demands of it (`signature-specification.md`, "Certificate
//! Requirements").
//!
//! "Only Basic Constraints, Key Usage, and Extended Key Usage extensions of X.509 certificates are honored."

use webpki::ALL_VERIFICATION_ALGS;
use x509_cert::{
    TbsCertificate,
    der::{
        Decode, Encode, Reader, SliceReader,
        asn1::AnyRef,
        oid::{
            ObjectIdentifier,
            db::rfc5280::{
                ANY_EXTENDED_KEY_USAGE, ID_KP_CLIENT_AUTH, ID_KP_EMAIL_PROTECTION, ID_KP_OCSP_SIGNING,
                ID_KP_SERVER_AUTH, ID_KP_TIME_STAMPING,
            },
        },
    },
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages},
    spki::AlgorithmIdentifierOwned,
    time::Time,
};

use super::{key::Algorithm, said, shown};
use crate::model::Instant;

/// What a certificate that signs code must not be for. The specification names the first five, the program the sixth.
const FOREIGN_USES: [ObjectIdentifier; 6] = [
    ANY_EXTENDED_KEY_USAGE,
    ID_KP_SERVER_AUTH,
    ID_KP_CLIENT_AUTH,
    ID_KP_EMAIL_PROTECTION,
    ID_KP_TIME_STAMPING,
    ID_KP_OCSP_SIGNING,
];

/// A certificate, and the bytes that its issuer signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    der: Vec<u8>,
    signed: Vec<u8>,
    parsed: x509_cert::Certificate,
}

impl Certificate {
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let malformed =
            |error: x509_cert::der::Error| format!("a certificate is malformed: {}", said(&error));
        let parsed = x509_cert::Certificate::from_der(der).map_err(malformed)?;
        if parsed.signature_algorithm != parsed.tbs_certificate.signature {
            return Err("a certificate names two signature algorithms".to_owned());
        }
        let signed = first_element(der).map_err(malformed)?.to_vec();
        Ok(Self { der: der.to_vec(), signed, parsed })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) const fn parsed(&self) -> &TbsCertificate {
        &self.parsed.tbs_certificate
    }

    /// Returns the subject as RFC 4514 writes it. Whoever made the certificate chose it.
    pub(super) fn subject(&self) -> String {
        self.parsed().subject.to_string()
    }

    /// Returns the algorithm that the certificate's key signs with.
    pub(super) fn algorithm(&self) -> Result<&'static Algorithm, String> {
        Algorithm::of(&self.parsed().subject_public_key_info).ok_or_else(|| {
            format!("the key of `{}` is of no kind or size that may sign", shown(&self.subject()))
        })
    }

    /// Returns the kind of key as the crate of algorithms compares it.
    fn key_identifier(&self) -> Result<Vec<u8>, String> {
        identifier(&self.parsed().subject_public_key_info.algorithm)
    }

    /// Checks that `issuer` issued this certificate: by name and by signature. SHA-1 is none of the algorithms.
    pub(super) fn check_issued_by(&self, issuer: &Self) -> Result<(), String> {
        let (subject, by) = (shown(&self.subject()), shown(&issuer.subject()));
        if self.parsed().issuer != issuer.parsed().subject {
            return Err(format!("the certificate of `{subject}` is not followed by its issuer's"));
        }
        let spki = &issuer.parsed().subject_public_key_info;
        let (Some(key), Some(signature)) =
            (spki.subject_public_key.as_bytes(), self.parsed.signature.as_bytes())
        else {
            return Err(format!("the certificate of `{subject}` has an odd number of bits"));
        };
        let (key_id, signature_id) =
            (issuer.key_identifier()?, identifier(&self.parsed.signature_algorithm)?);
        let algorithm = ALL_VERIFICATION_ALGS.iter().find(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == key_id
                && algorithm.signature_alg_id().as_ref() == signature_id
        });
        algorithm
            .ok_or_else(|| {
                format!("the certificate of `{subject}` is signed with an algorithm not accepted")
            })?
            .verify_signature(key, &self.signed, signature)
            .map_err(|_| format!("the certificate of `{subject}` is not signed by `{by}`"))
    }

    /// Checks that the certificate may sign content.
    pub(super) fn check_signer(&self) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("the certificate of `{}` {what}", shown(&self.subject())));
        if self.basic_constraints()?.is_some_and(|(_, constraints)| constraints.ca) {
            return wrong("is an authority's, and may not sign content");
        }
        let usage = self.key_usage()?;
        if !usage.digital_signature() {
            return wrong("may not make digital signatures");
        }
        // Content commitment is the one other use that the specification leaves open.
        if usage
            .0
            .into_iter()
            .any(|use_| !matches!(use_, KeyUsages::DigitalSignature | KeyUsages::NonRepudiation))
        {
            return wrong("has uses besides digital signatures");
        }
        let uses = self.extended_key_usage()?.map(|(_, ExtendedKeyUsage(uses))| uses).unwrap_or_default();
        if uses.iter().any(|purpose| FOREIGN_USES.contains(purpose)) {
            return wrong("is for something else than signing content");
        }
        self.algorithm().map(|_| ())
    }

    /// Checks that the certificate may issue others, with `below` authorities between it and the signer.
    pub(super) fn check_authority(&self, below: usize) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("the certificate of `{}` {what}", shown(&self.subject())));
        match self.basic_constraints()? {
            Some((true, constraints)) if constraints.ca => {
                if constraints.path_len_constraint.is_some_and(|most| usize::from(most) < below) {
                    return wrong("allows fewer authorities below it");
                }
            }
            _ => return wrong("is no authority's"),
        }
        if self.key_usage()?.key_cert_sign() { Ok(()) } else { wrong("may not sign certificates") }
    }

    /// Returns the first and the last moment of validity.
    pub(super) fn validity(&self) -> (Instant, Instant) {
        let validity = &self.parsed().validity;
        (instant(validity.not_before), instant(validity.not_after))
    }

    fn basic_constraints(&self) -> Result<Option<(bool, BasicConstraints)>, String> {
        self.parsed().get().map_err(|_| self.unreadable("basic constraints"))
    }

    /// Returns the key usage, which must be there and critical.
    fn key_usage(&self) -> Result<KeyUsage, String> {
        match self.parsed().get().map_err(|_| self.unreadable("key usage"))? {
            Some((true, usage)) => Ok(usage),
            _ => Err(format!("the certificate of `{}` has no critical key usage", shown(&self.subject()))),
        }
    }

    fn extended_key_usage(&self) -> Result<Option<(bool, ExtendedKeyUsage)>, String> {
        self.parsed().get().map_err(|_| self.unreadable("extended key usage"))
    }

    fn unreadable(&self, what: &str) -> String {
        format!("the {what} of `{}` cannot be read", shown(&self.subject()))
    }
}

/// Returns the first element of a sequence, with its header: of a certificate, what is signed.
fn first_element(der: &[u8]) -> x509_cert::der::Result<&[u8]> {
    SliceReader::new(AnyRef::from_der(der)?.value())?.tlv_bytes()
}

/// Returns an algorithm's identifier the way the crate of algorithms compares it: without the outer header.
fn identifier(algorithm: &AlgorithmIdentifierOwned) -> Result<Vec<u8>, String> {
    let der = algorithm.to_der().map_err(|error| error.to_string())?;
    AnyRef::from_der(&der).map(|any| any.value().to_vec()).map_err(|error| error.to_string())
}

fn instant(time: Time) -> Instant {
    Instant::from_unix(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}
