//! What the manifests say about the organisation's key, resolved. Public halves are here as text, secrets never.

use std::collections::BTreeSet;

use super::{DesiredFile, PemSource};
use crate::model::{Digest, Instant};

/// `Mirror.spec.signing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredSigning {
    pub key: SigningKeyPlace,
    /// The published public key. Always there for keys that are not files.
    pub public: Option<PublishedKey>,
    /// Earlier public keys that stay published, sorted by the end of their window, then by path.
    pub previous: Vec<PreviousKey>,
    pub timestamp: Option<DesiredTimestamp>,
    pub log: Option<DesiredLog>,
    /// Where the block is written, `fondaco.yaml:6`.
    pub written: String,
}

impl DesiredSigning {
    /// Returns a key file and nothing more.
    pub fn file(path: &str) -> Self {
        let key = SigningKeyPlace::File(path.to_owned());
        let written = "default".to_owned();
        Self { key, public: None, previous: vec![], timestamp: None, log: None, written }
    }

    /// Returns where people find the public key, relative to the manifest repository or absolute: as declared, else
    /// beside the key file.
    pub fn public_path(&self) -> String {
        match (&self.public, &self.key) {
            (Some(public), _) => public.path.clone(),
            (None, SigningKeyPlace::File(path)) => {
                format!("{}.pub", path.strip_suffix(".key").unwrap_or(path))
            }
            (None, SigningKeyPlace::Transit(_) | SigningKeyPlace::Pkcs11(_)) => String::new(),
        }
    }
}

/// Where the private key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKeyPlace {
    /// Path of an encrypted key, as written: relative to the manifest repository or absolute.
    File(String),
    Transit(DesiredTransit),
    Pkcs11(DesiredPkcs11),
}

impl SigningKeyPlace {
    /// Returns the word that manifests and reports use for the kind: `key`, `transit` or `pkcs11`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "key",
            Self::Transit(_) => "transit",
            Self::Pkcs11(_) => "pkcs11",
        }
    }

    /// Returns the key in words for people: its path, or its name and where that is.
    pub fn place(&self) -> String {
        match self {
            Self::File(path) => path.clone(),
            Self::Transit(transit) => format!("{}/{} at {}", transit.mount, transit.key, transit.address),
            Self::Pkcs11(pkcs11) => format!("{} on token {}", pkcs11.key, pkcs11.token),
        }
    }
}

/// A key of the Transit engine of Vault or OpenBao.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredTransit {
    /// `https://host:port`, without a slash at its end; plain HTTP on this machine only.
    pub address: String,
    pub mount: String,
    pub key: String,
    /// `None` is the latest.
    pub version: Option<u32>,
    pub namespace: Option<String>,
    /// Authorities that are trusted beside the system's.
    pub authorities: Option<PemSource>,
}

/// A key behind a PKCS#11 module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredPkcs11 {
    /// Absolute path of the shared library.
    pub module: String,
    /// Label of the token.
    pub token: String,
    /// Label of the key.
    pub key: String,
}

/// A public key that lies in the manifest repository: ECDSA on P-256.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedKey {
    pub path: String,
    /// PEM text with LF line ends.
    pub pem: String,
    /// SHA-256 over the SPKI in DER, which names the key in evidence.
    pub fingerprint: Digest,
}

/// A public key of before, and how long signatures by it should be accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PreviousKey {
    /// The first moment at which it is over: the midnight that ends the last day, in UTC.
    pub until: Instant,
    pub public: PublishedKey,
}

impl PreviousKey {
    /// Returns the last day of the window, as manifests write it.
    pub fn last_day(&self) -> String {
        Instant::from_unix(self.until.unix() - 1).date()
    }
}

/// A time-stamp authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredTimestamp {
    pub url: String,
    pub root: TimestampRoot,
}

/// What the answers of a time-stamp authority are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampRoot {
    pub path: String,
    pub form: RootForm,
    pub text: String,
}

/// How the authorities' certificates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootForm {
    /// Certificates as PEM text.
    Pem,
    /// A trusted root of Sigstore's.
    TrustedRoot,
}

/// A transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredLog {
    pub url: String,
    /// What answers are checked with: the path as written, and a trusted root of Sigstore's with `tlogs`, into which a
    /// public key has been made.
    pub root: DesiredFile,
    /// The logs whose entries count, by their ids in hexadecimal digits.
    pub ids: BTreeSet<String>,
}
