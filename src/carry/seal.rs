//! The organisation's signature over `carry.json`: base64 of an ECDSA signature over its SHA-256, as `cosign sign-blob`
//! writes and `cosign verify-blob --key` reads it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::trust::{
    sign::{OrgSigner, SignError},
    verify,
};

/// The largest signature file, in bytes. Real ones have about 100.
pub(super) const SIGNATURE_BYTES_MAX: u64 = 4096;

/// The largest public key file, in bytes. Real ones have about 180.
pub(super) const KEY_BYTES_MAX: u64 = 64 * 1024;

/// Returns the content of `carry.json.sig`. Equal bytes and keys give equal signatures where the key is a file.
pub(super) async fn seal(signer: &dyn OrgSigner, index: &[u8]) -> Result<String, SignError> {
    Ok(format!("{}\n", STANDARD.encode(signer.sign(index).await?)))
}

/// Checks the signature.
///
/// # Errors
/// A sentence about why it does not hold.
pub(super) fn check(public_pem: &str, index: &[u8], signature: &[u8]) -> Result<(), String> {
    let text = str::from_utf8(signature).map_err(|_| "the signature is not base64".to_owned())?;
    let der = STANDARD.decode(text.trim()).map_err(|_| "the signature is not base64".to_owned())?;
    verify::document(public_pem, index, &der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::sign;

    #[tokio::test]
    async fn a_seal_holds_for_its_bytes_and_its_key_alone() {
        let keys: Vec<sign::KeyFile> = [1, 2]
            .map(|n| {
                let (sealed, _) = sign::seal(&[n; 32], b"x").unwrap();
                sign::KeyFile::open(sealed.as_bytes(), b"x").unwrap()
            })
            .into();
        let signature = seal(&keys[0], b"index").await.unwrap();
        check(&keys[0].public_pem(), b"index", signature.as_bytes()).unwrap();
        assert!(check(&keys[0].public_pem(), b"Index", signature.as_bytes()).is_err(), "changed index");
        assert!(check(&keys[1].public_pem(), b"index", signature.as_bytes()).is_err(), "foreign key");
        for signature in [&b""[..], b"AAAA", b"\xff\xfe"] {
            assert!(check(&keys[0].public_pem(), b"index", signature).is_err(), "{signature:?}");
        }
        assert!(check("no key", b"index", signature.as_bytes()).is_err());
    }
}
