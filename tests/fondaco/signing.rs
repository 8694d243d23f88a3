//! The organisation's key: where it can be, what servers may do to us, and who gets to see its secrets.

mod authority;
mod logs;
mod programs;
mod rekor;
mod timestamps;
mod transit;
mod vault;

use std::collections::BTreeMap;

use fondaco::{
    manifest::{DesiredSigning, PublishedKey},
    registry::Secret,
};
use p256::{
    SecretKey,
    pkcs8::{EncodePublicKey as _, LineEnding},
};

/// The token of every test here; it may not be in any message.
const TOKEN: &str = "hvs.very-secret-token";

/// Returns the key whose scalar is 32 times `byte`.
fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}

fn pem(key: &SecretKey) -> String {
    key.public_key().to_public_key_pem(LineEnding::LF).unwrap()
}

fn published(key: &SecretKey) -> PublishedKey {
    fondaco::trust::sign::published("keys/acme.pub", &pem(key)).unwrap()
}

/// Returns a lookup of secrets that knows these alone.
fn secrets(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<Secret> + Send + Sync + use<> {
    let pairs: BTreeMap<String, String> =
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    move |name| pairs.get(name).map(|value| Secret::new(value.as_str()))
}

async fn open(
    signing: &DesiredSigning,
    pairs: &[(&str, &str)],
) -> Result<std::sync::Arc<dyn fondaco::trust::sign::OrgSigner>, fondaco::trust::sign::SignError> {
    fondaco::trust::sign::open(signing, std::path::Path::new("/nonexistent"), &secrets(pairs)).await
}
