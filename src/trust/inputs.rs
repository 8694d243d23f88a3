//! Whether the files and words of a trust policy can be read: the readers of a run, asked while manifests are read, so
//! that a mistake is shown at its place and not met by a run as `undeterminable`. Pure.

use super::{notation, root::Root, verify};

/// Returns whether a text is a public key that signatures can be verified with.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn key(pem: &str) -> Result<(), String> {
    verify::keys::check(pem)
}

/// Returns whether a text is a trusted root of a Sigstore instance.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn trusted_root(text: &str) -> Result<(), String> {
    Root::read(text.as_bytes())?;
    verify::instance::check(text)
}

/// Returns whether a text is a trust store of Notary Project signatures: certificates as PEM.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn trust_store(pem: &str) -> Result<(), String> {
    notation::check_store(pem)
}

/// Returns whether a text is an identity of Notary Project signatures.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn notation_identity(text: &str) -> Result<(), String> {
    notation::check_identity(text)
}
