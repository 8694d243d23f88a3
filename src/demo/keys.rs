//! The two private keys of the demonstration.

use sha2::{Digest as _, Sha256};

/// The password under which the demonstration stores the organisation's key. It protects nothing: the key is public.
pub const ORGANISATION_PASSWORD: &str = "demonstration";

/// Returns the P-256 scalar of the publisher who signs one upstream image. Its public key is
/// `example-repo/trust/publisher.pub`.
pub fn publisher_scalar() -> [u8; 32] {
    scalar("fondaco demonstration: publisher key, worthless by design")
}

/// Returns the P-256 scalar of the organisation's signing key.
pub fn organisation_scalar() -> [u8; 32] {
    scalar("fondaco demonstration: organisation key, worthless by design")
}

// Why from a fixed text: everybody can derive these keys, so nobody can mistake them for keys worth protecting, no
// private key lies in a file, and the signatures of the demonstration are the same on every computer.
fn scalar(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
