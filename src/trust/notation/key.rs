//! The signature algorithms, each bound to one kind and size of key (`signature-specification.md`, "Algorithm
//! Selection").

use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::{
    der::{
        Decode, Reader, SliceReader,
        asn1::UintRef,
        oid::{ObjectIdentifier, db::rfc5912},
    },
    spki::SubjectPublicKeyInfoOwned,
};

use super::{Refusal, certificate::Certificate, envelope::Envelope, shown};

/// One way to sign.
pub(super) struct Algorithm {
    /// As JWS (RFC 7518) and COSE (RFC 9053, RFC 8230) name it.
    jose: &'static str,
    cose: i128,
    key: Key,
    verification: &'static dyn VerificationAlgorithm,
}

/// Kind and size of a public key, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Rsa(usize),
    Ec(ObjectIdentifier),
}

static ALGORITHMS: [Algorithm; 6] = [
    Algorithm { jose: "PS256", cose: -37, key: Key::Rsa(2048), verification: &lc::RSA_PSS_2048_8192_SHA256 },
    Algorithm { jose: "PS384", cose: -38, key: Key::Rsa(3072), verification: &lc::RSA_PSS_2048_8192_SHA384 },
    Algorithm { jose: "PS512", cose: -39, key: Key::Rsa(4096), verification: &lc::RSA_PSS_2048_8192_SHA512 },
    Algorithm {
        jose: "ES256",
        cose: -7,
        key: Key::Ec(rfc5912::SECP_256_R_1),
        verification: &lc::ECDSA_P256_SHA256_FIXED,
    },
    Algorithm {
        jose: "ES384",
        cose: -35,
        key: Key::Ec(rfc5912::SECP_384_R_1),
        verification: &lc::ECDSA_P384_SHA384_FIXED,
    },
    Algorithm {
        jose: "ES512",
        cose: -36,
        key: Key::Ec(rfc5912::SECP_521_R_1),
        verification: &lc::ECDSA_P521_SHA512_FIXED,
    },
];

/// What is no signature by a private key at all: `none` and the MACs (RFC 7518, section 3.1; RFC 9053, section 3.1).
const NO_SIGNATURE: [(&str, Option<i128>); 5] =
    [("none", None), ("HS256/64", Some(4)), ("HS256", Some(5)), ("HS384", Some(6)), ("HS512", Some(7))];

/// Returns the JWS name of a COSE algorithm, or its number where it is none of ours.
pub(super) fn jose_name(cose: i128) -> String {
    let known = ALGORITHMS.iter().map(|algorithm| (algorithm.jose, Some(algorithm.cose)));
    let named = known.chain(NO_SIGNATURE).find(|(_, number)| *number == Some(cose));
    named.map_or_else(|| cose.to_string(), |(name, _)| name.to_owned())
}

impl Algorithm {
    /// Returns the one algorithm that goes with a key.
    pub(super) fn of(spki: &SubjectPublicKeyInfoOwned) -> Option<&'static Self> {
        let key = Key::of(spki)?;
        ALGORITHMS.iter().find(|algorithm| algorithm.key == key)
    }

    /// Checks that the envelope names this algorithm and that the signature holds under the certificate's key.
    pub(super) fn verify(&self, envelope: &Envelope, signer: &Certificate) -> Result<(), Refusal> {
        let named = envelope.attributes.algorithm.as_str();
        if named != self.jose {
            return Err(self.mismatch(named));
        }
        let spki = &signer.parsed().subject_public_key_info;
        UnparsedPublicKey::new(self.verification, spki.subject_public_key.raw_bytes())
            .verify(&envelope.signed, &envelope.signature)
            .map_err(|_| "the signature does not hold".into())
    }

    fn mismatch(&self, named: &str) -> Refusal {
        if NO_SIGNATURE.iter().any(|(name, _)| *name == named) {
            return format!("the algorithm `{named}` is no signature").into();
        }
        if ALGORITHMS.iter().any(|algorithm| algorithm.jose == named) {
            return format!("the algorithm `{named}` does not go with the key, `{}` does", self.jose).into();
        }
        Refusal::undeterminable(format!("the algorithm `{}` is not known", shown(named)))
    }
}

impl Key {
    fn of(spki: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        match spki.algorithm.oid {
            rfc5912::RSA_ENCRYPTION => rsa_bits(spki.subject_public_key.as_bytes()?).map(Self::Rsa),
            rfc5912::ID_EC_PUBLIC_KEY => spki.algorithm.parameters.as_ref()?.decode_as().ok().map(Self::Ec),
            _ => None,
        }
    }
}

/// Returns the bits of the modulus of an `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(key).ok()?;
    let modulus = reader
        .sequence(|reader| {
            let modulus = UintRef::decode(reader)?;
            UintRef::decode(reader)?;
            Ok(modulus)
        })
        .ok()?;
    let bytes = modulus.as_bytes();
    Some(bytes.len() * 8 - bytes.first()?.leading_zeros() as usize)
}
