//! The public keys a verification accepts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use sigstore_crypto::{KeyAlgorithm, SigningScheme, verify_signature};
use sigstore_types::{DerPublicKey, SignatureBytes};

use super::shown;
use crate::manifest::{DesiredKey, DesiredPolicy};

/// Accepted keys in the order of their names, and the ones that could not be read.
#[derive(Debug, Clone, Default)]
pub(in crate::trust) struct AcceptedKeys {
    keys: Vec<AcceptedKey>,
    /// One sentence for each key of the policy that could not be read.
    pub(super) unreadable: Vec<String>,
}

/// One accepted key.
#[derive(Debug, Clone)]
pub(super) struct AcceptedKey {
    pub(super) name: String,
    pub(super) key: DerPublicKey,
    /// Whether its signatures count only with a log entry or timestamp.
    pub(super) logged: bool,
    scheme: SigningScheme,
    hint: String,
}

impl AcceptedKeys {
    /// Returns the keys of a policy; none where there is no policy.
    pub(in crate::trust) fn of_policy(policy: Option<&DesiredPolicy>) -> Self {
        let mut accepted = Self::default();
        for DesiredKey { name, pem, logged } in policy.into_iter().flat_map(|policy| &policy.keys) {
            match AcceptedKey::read(name, pem) {
                Ok(key) => accepted.keys.push(AcceptedKey { logged: *logged, ..key }),
                Err(error) => accepted.unreadable.push(format!(
                    "key `{}` cannot be read: {}",
                    shown(name),
                    shown(&error)
                )),
            }
        }
        accepted.keys.sort_by(|a, b| (&a.name, &a.hint).cmp(&(&b.name, &b.hint)));
        accepted
    }

    /// Returns one key alone, given as SPKI in DER.
    pub(in crate::trust) fn only(name: &str, spki_der: &[u8]) -> Result<Self, String> {
        let key = AcceptedKey::new(name, &DerPublicKey::new(spki_der.to_vec()))?;
        Ok(Self { keys: vec![key], unreadable: vec![] })
    }

    /// Returns the same keys, whose signatures count only with a log entry or time stamp.
    pub(super) fn logged(mut self) -> Self {
        self.keys.iter_mut().for_each(|key| key.logged = true);
        self
    }

    /// Returns the name of the first key under which `signature` covers `message`.
    pub(in crate::trust) fn verifying(&self, message: &[u8], signature: &[u8]) -> Option<&str> {
        self.signer(message, signature).map(|accepted| accepted.name.as_str())
    }

    /// Returns the first key under which `signature` covers `message`.
    pub(super) fn signer(&self, message: &[u8], signature: &[u8]) -> Option<&AcceptedKey> {
        let signature = SignatureBytes::from_bytes(signature);
        let holds = |accepted: &&AcceptedKey| {
            verify_signature(&accepted.key, message, &signature, accepted.scheme).is_ok()
        };
        self.keys.iter().find(holds)
    }

    /// Returns whether a name is that of a key.
    pub(super) fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|accepted| accepted.name == name)
    }

    /// Returns the name of the key that a bundle's hint points at. The hint proves nothing.
    pub(in crate::trust) fn hinted(&self, hint: &str) -> Option<&str> {
        self.keys.iter().find(|accepted| accepted.hint == hint).map(|accepted| accepted.name.as_str())
    }
}

/// Returns whether a text is a key that signatures can be verified with.
///
/// # Errors
/// What is wrong with it.
pub(in crate::trust) fn check(pem: &str) -> Result<(), String> {
    AcceptedKey::read("", pem).map(|_| ()).map_err(|error| shown(&error))
}

impl AcceptedKey {
    fn read(name: &str, pem: &str) -> Result<Self, String> {
        let der = DerPublicKey::from_pem(pem).map_err(|error| error.to_string())?;
        Self::new(name, &der)
    }

    fn new(name: &str, der: &DerPublicKey) -> Result<Self, String> {
        let algorithm = KeyAlgorithm::from_spki(der).map_err(|error| error.to_string())?;
        let scheme = algorithm.default_signing_scheme();
        Ok(Self {
            name: name.to_owned(),
            key: der.clone(),
            logged: false,
            scheme,
            hint: hint(der.as_bytes()),
        })
    }
}

/// Returns the hint that names a key in bundles: base64 of the SHA-256 of its SPKI (sigstore-go `pkg/sign/keys.go`).
pub(in crate::trust) fn hint(spki_der: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(spki_der))
}
