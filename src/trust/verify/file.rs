//! Checks a bundle of a file, as the official conformance suite of Sigstore clients asks for it. Pure.
//!
//! What a statement says is no matter here, and neither is a policy: this is the engine of [`super::signer`] alone.

use sigstore_types::DerPublicKey;
use sigstore_verify::trust_root::SigstoreInstance;

use super::{
    bundle,
    claims::Claims,
    instance::{Covered, Instance},
    shown,
};
use crate::{
    manifest::DesiredFile,
    model::{ClaimKind, Digest},
};

/// Whose signature is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// A public key in PEM.
    Key(&'a str),
    Identity {
        identity: &'a str,
        issuer: &'a str,
    },
}

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub enum Artifact<'a> {
    Bytes(&'a [u8]),
    Digest(&'a Digest),
}

/// Which Sigstore instance counts.
#[derive(Debug, Clone, Copy)]
pub enum Trusted<'a> {
    /// The public instance, as it was when this program was built.
    PublicGood,
    /// Its staging twin.
    Staging,
    /// The text of a `trusted_root.json`.
    Root(&'a str),
}

/// Verifies a bundle of one artifact.
///
/// # Errors
/// A sentence about why it does not hold.
pub fn verify_file(
    bundle: &[u8],
    artifact: Artifact<'_>,
    wanted: Wanted<'_>,
    trusted: Trusted<'_>,
) -> Result<(), String> {
    let text = match trusted {
        Trusted::PublicGood => SigstoreInstance::PublicGood.embedded_trusted_root_json(),
        Trusted::Staging => SigstoreInstance::Staging.embedded_trusted_root_json(),
        Trusted::Root(text) => text,
    };
    let file = DesiredFile { path: "trusted_root.json".to_owned(), text: text.to_owned() };
    let instance = Instance::read(&file)?;
    let bundle = bundle::read(bundle).map_err(|refusal| refusal.reason().to_owned())?;
    let covered = match artifact {
        Artifact::Bytes(bytes) => Covered::Bytes(bytes),
        Artifact::Digest(digest) => Covered::Digest(digest),
    };
    let (identity, issuer) = match wanted {
        Wanted::Key(pem) => {
            let key = DerPublicKey::from_pem(pem)
                .map_err(|error| format!("the key cannot be read: {}", shown(&error.to_string())))?;
            let proof = instance.keyed(&bundle, covered, &key);
            return proof.map(|_| ()).map_err(|refusal| refusal.reason().to_owned());
        }
        Wanted::Identity { identity, issuer } => (identity, issuer),
    };
    let proof = instance.keyless(&bundle, covered).map_err(|refusal| refusal.reason().to_owned())?;
    let says = |kind: ClaimKind, wanted: &str| proof.claims.get(&kind).is_some_and(|text| text == wanted);
    if says(ClaimKind::Identity, identity) && says(ClaimKind::Issuer, issuer) {
        return Ok(());
    }
    Err(format!("signed by {}", Claims::from(proof.claims).shown()))
}
