//! Signs and attests for the organisation and attaches documents, and believes nothing until it has been read back.
//!
//! [`attest`] says what ought to stand beside an image, [`vouch`] puts it there: per destination repository, looked for
//! before it is written, and verified afterwards with the code of [`super::verify`]. Keys are behind [`OrgSigner`]: to
//! add a kind, write one file here.

mod accompanied;
pub mod attest;
mod bundle;
mod error;
mod image;
mod kept;
mod key_file;
mod legacy;
mod log;
mod open;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod public;
pub mod rotation;
mod stored;
mod timestamp;
mod transit;
mod vouch;

pub use accompanied::Accompanied;
pub use attest::{Artefact, Beside, Content, Form};
pub use error::SignError;
pub use image::{attach, sign_image};
pub use kept::{Documents, Held, documents};
pub use key_file::{KeyFile, create, seal};
pub use log::Log;
pub use open::{COSIGN_PASSWORD, PASSWORD, PIN, SECRETS, Secrets, open};
pub use public::published;
pub use stored::Stored;
pub use timestamp::Authority;
pub use transit::{BAO_TOKEN, VAULT_TOKEN, VAULT_TOKEN_FILE};
pub use vouch::{Vouching, vouch};

use std::{io::Read as _, path::Path};

use async_trait::async_trait;
use p256::pkcs8::der::pem::{LineEnding, encode_string};

use zeroize::Zeroizing;

use crate::model::Digest;

/// A key of the organisation, opened: ECDSA on P-256 with SHA-256, the one scheme that every consumer takes.
#[async_trait]
pub trait OrgSigner: Send + Sync + std::fmt::Debug {
    /// Returns the public key as SPKI in DER.
    fn spki_der(&self) -> &[u8];

    /// Returns the DER-encoded ECDSA signature over the SHA-256 of `message`. Keys outside of this process are not
    /// believed: what they return has been verified with [`OrgSigner::spki_der`].
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Returns a signature as [`OrgSigner::sign`] does that no other call has returned: a log takes each but once. Keys
    /// whose signatures depend on the message alone have to answer for themselves.
    async fn sign_anew(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign(message).await
    }

    /// Returns the log that is told of signatures in bundles; `None` where the manifest names none.
    fn log(&self) -> Option<&Log> {
        None
    }

    /// Returns a time stamp over a signature as [`OrgSigner::sign`] returns it: the DER-encoded `TimeStampResp` of
    /// RFC 3161, verified. `None` where the manifest names no authority.
    async fn timestamp(&self, _signature: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
        Ok(None)
    }

    /// Returns the SHA-256 of [`OrgSigner::spki_der`], which names the key in evidence.
    fn key_digest(&self) -> Digest {
        Digest::sha256(self.spki_der())
    }

    /// Returns the public key as PEM with LF line ends.
    fn public_pem(&self) -> String {
        encode_string("PUBLIC KEY", LineEnding::LF, self.spki_der())
            .expect("a short DER value always fits PEM")
    }
}

/// Reads a file of at most `max` bytes that may hold a secret.
fn bounded(path: &Path, max: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(max + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > max { Err(format!("it has more than {max} bytes")) } else { Ok(bytes) }
}
