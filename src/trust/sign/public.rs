//! The public half of a key that signs outside of this process: what it returns is verified before it is used.

use p256::{
    PublicKey,
    ecdsa::{DerSignature, VerifyingKey, signature::Verifier as _},
    pkcs8::{DecodePublicKey as _, EncodePublicKey as _, LineEnding},
};

use super::SignError;
use crate::{manifest::PublishedKey, model::Digest};

/// Reads a public key of P-256 that is published at `path`; `None` where the text is none.
pub fn published(path: &str, pem: &str) -> Option<PublishedKey> {
    let half = PublicHalf::of_pem(pem.trim())?;
    let pem = half.key.to_public_key_pem(LineEnding::LF).ok()?;
    Some(PublishedKey { path: path.to_owned(), pem, fingerprint: Digest::sha256(&half.spki_der) })
}

/// A public key of P-256.
#[derive(Debug, Clone)]
pub(super) struct PublicHalf {
    spki_der: Vec<u8>,
    key: VerifyingKey,
}

impl PublicHalf {
    /// Reads PEM text.
    pub(super) fn of_pem(pem: &str) -> Option<Self> {
        Self::of(PublicKey::from_public_key_pem(pem).ok()?)
    }

    /// Reads a point as SEC 1 writes it, 65 bytes.
    #[cfg(feature = "pkcs11")]
    pub(super) fn of_point(point: &[u8]) -> Option<Self> {
        Self::of(PublicKey::from_sec1_bytes(point).ok()?)
    }

    fn of(key: PublicKey) -> Option<Self> {
        let spki_der = key.to_public_key_der().ok()?.into_vec();
        Some(Self { spki_der, key: VerifyingKey::from(key) })
    }

    /// Returns the key as SPKI in DER.
    pub(super) fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// Returns a signature that `by` made over `message`, in DER, once it has been verified.
    ///
    /// # Errors
    /// [`SignError::Forged`].
    pub(super) fn verified(&self, by: &str, message: &[u8], signature: &[u8]) -> Result<Vec<u8>, SignError> {
        let read = DerSignature::from_bytes(signature).ok();
        let holds = read.is_some_and(|signature| self.key.verify(message, &signature).is_ok());
        if holds { Ok(signature.to_vec()) } else { Err(SignError::Forged { by: by.to_owned() }) }
    }
}
