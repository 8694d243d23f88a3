//! A key in a file: encrypted as cosign does it (scrypt and NaCl secretbox around PKCS#8).
//!
//! The `sigstore` crate opens and seals the envelope; `p256` signs, because its signatures are deterministic
//! (RFC 6979): a repeated run writes equal bytes. Only what a log is told of gets other bytes each time.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::{
    SecretKey,
    ecdsa::{
        DerSignature, SigningKey,
        signature::{RandomizedSigner as _, Signer as _},
    },
    elliptic_curve::rand_core::OsRng,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, der::pem},
};
use sigstore::{
    crypto::signing_key::{
        COSIGN_PRIVATE_KEY_PEM_LABEL, SIGSTORE_PRIVATE_KEY_PEM_LABEL,
        ecdsa::{ECDSAKeys, EllipticCurve},
    },
    errors::SigstoreError,
};

use super::{OrgSigner, SignError};

/// The largest key file, in bytes. Real ones have about 700.
const KEY_BYTES_MAX: usize = 64 * 1024;

/// The length of a secretbox nonce (NaCl). The opening crate panics on any other.
const NONCE_BYTES: usize = 24;

/// An opened key. The secret is wiped from memory when it is dropped, and is not in the `Debug` form.
pub struct KeyFile {
    key: SigningKey,
    spki_der: Vec<u8>,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("key", &self.key_digest().to_string()).finish_non_exhaustive()
    }
}

impl KeyFile {
    /// Opens the encrypted key in a file, as [`KeyFile::open`] does.
    ///
    /// # Errors
    /// [`SignError::Key`] also where the file cannot be read.
    pub fn read(path: &Path, password: &[u8]) -> Result<Self, SignError> {
        let sealed = super::bounded(path, KEY_BYTES_MAX as u64).map_err(SignError::Key)?;
        Self::open(&sealed, password)
    }

    /// Opens an encrypted key. Takes about a tenth of a second by design of the format.
    ///
    /// # Errors
    /// [`SignError::Password`] for a wrong password; [`SignError::Key`] for anything that is not an encrypted P-256
    /// key. Keys that are not encrypted are refused.
    pub fn open(encrypted_pem: &[u8], password: &[u8]) -> Result<Self, SignError> {
        check_envelope(encrypted_pem)?;
        match ECDSAKeys::from_encrypted_pem(encrypted_pem, password) {
            Ok(keys) => Self::from_pair(&keys),
            // The crate gives a seal that does not open the name of its opposite.
            Err(SigstoreError::PrivateKeyEncryptError(_)) => Err(SignError::Password),
            Err(error) => Err(unusable(error)),
        }
    }

    fn from_pair(keys: &ECDSAKeys) -> Result<Self, SignError> {
        let ECDSAKeys::P256(_) = keys else {
            return Err(SignError::Key(format!("it is {keys}, and only ECDSA P256 is taken")));
        };
        let der = keys.as_inner().private_key_to_der().map_err(unusable)?;
        Self::from_secret(&SecretKey::from_pkcs8_der(&der).map_err(unusable)?)
    }

    fn from_secret(secret: &SecretKey) -> Result<Self, SignError> {
        let spki_der = secret.public_key().to_public_key_der().map_err(unusable)?.into_vec();
        Ok(Self { key: SigningKey::from(secret), spki_der })
    }
}

#[async_trait::async_trait]
impl OrgSigner for KeyFile {
    fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature: DerSignature =
            self.key.try_sign(message).map_err(|error| SignError::Signer(error.to_string()))?;
        Ok(signature.as_bytes().to_vec())
    }

    async fn sign_anew(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature: Result<DerSignature, _> = self.key.try_sign_with_rng(&mut OsRng, message);
        let signature = signature.map_err(|error| SignError::Signer(error.to_string()))?;
        Ok(signature.as_bytes().to_vec())
    }
}

/// Makes a new key: encrypted private PEM and public PEM, both with LF line ends.
///
/// # Errors
/// [`SignError::Key`] where the system gives no random numbers.
pub fn create(password: &[u8]) -> Result<(String, String), SignError> {
    let keys = ECDSAKeys::new(EllipticCurve::P256).map_err(unusable)?;
    finish(&keys, password)
}

/// Encrypts a given P-256 scalar of 32 bytes, big-endian: private PEM and public PEM as [`create`] returns them.
///
/// # Errors
/// [`SignError::Key`] where the bytes are no scalar of P-256.
pub fn seal(scalar: &[u8; 32], password: &[u8]) -> Result<(String, String), SignError> {
    let secret = SecretKey::from_slice(scalar).map_err(unusable)?;
    let der = secret.to_pkcs8_der().map_err(unusable)?;
    let keys = ECDSAKeys::from_der(der.as_bytes()).map_err(unusable)?;
    finish(&keys, password)
}

fn finish(keys: &ECDSAKeys, password: &[u8]) -> Result<(String, String), SignError> {
    let pair = keys.as_inner();
    let private = pair.private_key_to_encrypted_pem(password).map_err(unusable)?;
    // The crate writes CRLF, and Git would show the file as changed wherever line ends are normalised.
    let private = private.replace("\r\n", "\n");
    Ok((private, KeyFile::from_pair(keys)?.public_pem()))
}

/// Refuses what the opening crate would take without a password, or panic on.
fn check_envelope(encrypted_pem: &[u8]) -> Result<(), SignError> {
    let refuse = |reason: &str| Err(SignError::Key(reason.to_owned()));
    if encrypted_pem.len() > KEY_BYTES_MAX {
        return refuse("its file is larger than 64 KiB");
    }
    let Ok((label, envelope)) = pem::decode_vec(encrypted_pem) else { return refuse("its file is not PEM") };
    if label != SIGSTORE_PRIVATE_KEY_PEM_LABEL && label != COSIGN_PRIVATE_KEY_PEM_LABEL {
        return refuse("its file holds no encrypted Sigstore or cosign private key");
    }
    let Ok(envelope) = serde_json::from_slice::<serde_json::Value>(&envelope) else {
        return refuse("its envelope is not JSON");
    };
    let nonce = envelope["cipher"]["nonce"].as_str().and_then(|nonce| STANDARD.decode(nonce).ok());
    if nonce.is_none_or(|nonce| nonce.len() != NONCE_BYTES) {
        return refuse("its envelope has no nonce of 24 bytes");
    }
    Ok(())
}

fn unusable(error: impl std::fmt::Display) -> SignError {
    SignError::Key(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    /// RFC 6979, A.2.5: private key, and signature of "sample" with SHA-256.
    const SCALAR: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    const R: &str = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
    const S: &str = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    /// The public key of the same section, as SPKI.
    const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200\
        0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
        7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

    #[tokio::test]
    async fn a_sealed_scalar_signs_as_rfc_6979_prints() {
        let (private, public) = seal(&hex::decode(SCALAR).unwrap().try_into().unwrap(), b"demo").unwrap();
        assert!(!private.contains('\r') && !public.contains('\r'));
        let key = KeyFile::open(private.as_bytes(), b"demo").unwrap();
        assert_eq!(hex::encode(key.spki_der()), SPKI.replace(' ', ""));
        assert_eq!(key.public_pem(), public);
        // Both numbers have the high bit set, so DER puts a zero before each.
        assert_eq!(hex::encode(key.sign(b"sample").await.unwrap()), format!("3046022100{R}022100{S}"));
        assert!(!format!("{key:?}").contains("c9afa9"));
    }

    #[test]
    fn a_wrong_password_is_denied() {
        let (private, _) = create(b"right").unwrap();
        let error = KeyFile::open(private.as_bytes(), b"wrong").unwrap_err();
        assert_eq!((error.kind(), error.clone()), (Kind::Denied, SignError::Password));
        assert!(!error.to_string().contains("wrong"));
    }

    #[test]
    fn both_labels_are_taken() {
        let (private, public) = create(b"pw").unwrap();
        assert!(private.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
        let renamed = private.replace("SIGSTORE", "COSIGN");
        assert_eq!(KeyFile::open(renamed.as_bytes(), b"pw").unwrap().public_pem(), public);
    }

    #[test]
    fn other_curves_are_refused() {
        let keys = ECDSAKeys::new(EllipticCurve::P384).unwrap();
        let private = keys.as_inner().private_key_to_encrypted_pem(b"pw").unwrap();
        let error = KeyFile::open(private.as_bytes(), b"pw").unwrap_err();
        assert!(error.to_string().contains("ECDSA P384"), "{error}");
        assert_eq!(error.kind(), Kind::Invalid);
    }

    #[test]
    fn hostile_key_files_are_refused() {
        let envelope = |nonce: &str| {
            let json = format!(
                r#"{{"kdf":{{"name":"scrypt","params":{{"N":32768,"r":8,"p":1}},"salt":"AAAA"}},
                    "cipher":{{"name":"nacl/secretbox","nonce":"{nonce}"}},"ciphertext":"AAAA"}}"#
            );
            pem::encode_string(SIGSTORE_PRIVATE_KEY_PEM_LABEL, pem::LineEnding::LF, json.as_bytes()).unwrap()
        };
        let keys = ECDSAKeys::new(EllipticCurve::P256).unwrap();
        let unencrypted = keys.as_inner().private_key_to_pem().unwrap();
        let costly = {
            let (private, _) = create(b"").unwrap();
            let (_, json) = pem::decode_vec(private.as_bytes()).unwrap();
            let json = String::from_utf8(json).unwrap().replace("32768", "1073741824");
            pem::encode_string(SIGSTORE_PRIVATE_KEY_PEM_LABEL, pem::LineEnding::LF, json.as_bytes()).unwrap()
        };
        let cases = [
            ("empty", String::new()),
            ("not PEM", "secret".to_owned()),
            ("unencrypted", unencrypted.replace("\r\n", "\n")),
            ("nonce of three bytes", envelope("AAAA")),
            ("gigabytes of key derivation", costly),
            ("flood", "A".repeat(KEY_BYTES_MAX + 1)),
        ];
        for (name, file) in cases {
            let error = KeyFile::open(file.as_bytes(), b"").unwrap_err();
            assert!(matches!(error, SignError::Key(_)), "{name}: {error}");
        }
        assert!(seal(&[0; 32], b"").is_err(), "zero is no scalar");
        assert!(seal(&[0xff; 32], b"").is_err(), "the number is above the order of the group");
    }
}
