//! Who stands behind one signature, whatever its form: an accepted key, an accepted identity, or nobody we know. Pure.
//!
//! A key decides by itself; where the policy names a root, log entries and timestamps that come with it have to hold as
//! well. A certificate is only worth what the root's instance says about it.

use sigstore_types::{Bundle, PublicKeyIdentifier, VerificationMaterialContent};

use super::{
    accepted::{Accepted, Root},
    claims::Claims,
    instance::{self, Covered, Instance, Refusal},
    keys::AcceptedKey,
    outcome::Judgement,
};
use crate::model::Proof;

/// One signature with what came along.
pub(super) struct Signed<'a> {
    /// The bytes that were signed.
    pub(super) message: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) covered: Covered<'a>,
    /// The signature as a bundle, or why it cannot be made one.
    pub(super) material: Result<&'a Bundle, Refusal>,
    /// Whether a certificate came with it.
    pub(super) certified: bool,
    /// Whether log entries or timestamps came with it.
    pub(super) logged: bool,
}

/// Returns who stands behind a signature.
pub(super) fn judge(signed: &Signed<'_>, accepted: &Accepted) -> Judgement {
    match accepted.keys.signer(signed.message, signed.signature) {
        Some(key) => by_key(signed, key, accepted),
        None if signed.certified => by_certificate(signed, accepted),
        None => Judgement::foreign("no accepted key verifies it"),
    }
}

fn by_key(signed: &Signed<'_>, key: &AcceptedKey, accepted: &Accepted) -> Judgement {
    let name = &key.name;
    if !signed.logged {
        return if key.logged {
            unlogged(name)
        } else {
            Judgement::verified_by_key(name, Proof::default(), "")
        };
    }
    match &accepted.root {
        Root::Unnamed if key.logged => unlogged(name),
        Root::Unnamed => {
            let aside = "; its log entries and timestamps were not checked";
            Judgement::verified_by_key(name, Proof::default(), aside)
        }
        Root::Unreadable => Judgement::undeterminable(format!(
            "signed by accepted key `{name}`, but its log entries and timestamps cannot be checked without the trust root"
        )),
        Root::Read(instance) => logged(signed, key, instance),
    }
}

fn logged(signed: &Signed<'_>, key: &AcceptedKey, instance: &Instance) -> Judgement {
    let name = &key.name;
    let verified = signed.material.clone().and_then(|bundle| {
        if matches!(bundle.verification_material.content, VerificationMaterialContent::PublicKey(_)) {
            return instance.keyed(bundle, signed.covered, &key.key);
        }
        // Certificates may be attached to a key's signature; the key is what the policy knows.
        let mut bundle = bundle.clone();
        let content = VerificationMaterialContent::PublicKey(PublicKeyIdentifier::new(""));
        bundle.verification_material.content = content;
        instance.keyed(&bundle, signed.covered, &key.key)
    });
    match verified {
        Ok(proof) if key.logged && proof.log_entries.is_empty() && proof.times.is_empty() => unlogged(name),
        Ok(proof) => {
            let aside = if proof.log_entries.is_empty() && proof.times.is_empty() {
                "; the trust root names no log, so its log entries were not checked"
            } else {
                ""
            };
            Judgement::verified_by_key(name, proof, aside)
        }
        Err(Refusal::Unread(reason)) => Judgement::undeterminable(format!(
            "signed by accepted key `{name}`, but what came with it cannot be read: {reason}"
        )),
        Err(refusal) => Judgement::invalid(format!(
            "signed by accepted key `{name}`, but what came with it does not hold: {}",
            refusal.reason()
        )),
    }
}

fn unlogged(name: &str) -> Judgement {
    Judgement::invalid(format!(
        "signed by accepted key `{name}` without the log entry or timestamp that the policy demands of it"
    ))
}

fn by_certificate(signed: &Signed<'_>, accepted: &Accepted) -> Judgement {
    let instance = match &accepted.root {
        Root::Read(instance) => instance,
        Root::Unnamed => {
            return Judgement::foreign(
                "by a certificate, and the policy names no trust root to verify it by",
            );
        }
        Root::Unreadable => {
            return Judgement::undeterminable("by a certificate, and the trust root cannot be read");
        }
    };
    let bundle = match &signed.material {
        Ok(bundle) => *bundle,
        Err(Refusal::Unread(reason)) => return Judgement::undeterminable(reason.clone()),
        Err(refusal) => return Judgement::invalid(refusal.reason().to_owned()),
    };
    match instance.keyless(bundle, signed.covered) {
        Ok(proof) => proven(proof, accepted),
        Err(Refusal::Unread(reason)) => Judgement::undeterminable(reason),
        Err(refusal) => unproven(bundle, &refusal, accepted, instance),
    }
}

fn proven(proof: Proof, accepted: &Accepted) -> Judgement {
    let claims = Claims::from(proof.claims.clone());
    if let Some(name) = claims.signer(accepted.identities()) {
        return Judgement::verified_by_identity(name, proof);
    }
    let reason = format!("signed by {}, whom the policy does not name", claims.shown());
    Judgement { proof, ..Judgement::foreign(reason) }
}

/// A certificate that names a signer of the policy and does not hold is what tampering looks like; one that names
/// somebody else is somebody else's affair, and what it says is not repeated.
fn unproven(bundle: &Bundle, refusal: &Refusal, accepted: &Accepted, instance: &Instance) -> Judgement {
    let claims = instance::said(bundle).as_ref().map(Claims::of).unwrap_or_default();
    if let Some(name) = claims.signer(accepted.identities()) {
        let reason = format!("names accepted identity `{name}` and does not hold: {}", refusal.reason());
        let proof = Proof { claims: claims.into(), ..Proof::default() };
        return Judgement { proof, ..Judgement::invalid(reason) };
    }
    match refusal {
        Refusal::Stranger(reason) => Judgement::foreign(format!(
            "by a certificate or log that trust root `{}` does not know: {reason}",
            super::shown(&instance.path)
        )),
        _ => Judgement::foreign(format!(
            "names nobody whom the policy names, and does not hold: {}",
            refusal.reason()
        )),
    }
}
