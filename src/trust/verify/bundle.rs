//! Judges one Sigstore bundle (cosign `specs/BUNDLE_SPEC.md`). Pure.
//!
//! The stock verifier refuses bundles of a key with neither log entry nor timestamp, so the DSSE envelope is checked
//! here with its primitives.

use sigstore_types::{
    Bundle, DsseEnvelope, Sha256Hash, Sha512Hash, SignatureContent, Statement, VerificationMaterialContent,
};

use super::{keys::AcceptedKeys, outcome::Judgement, shown};
use crate::{
    model::{Algorithm, Digest},
    trust::format,
};

/// Judges a bundle for the image `subject`.
pub(super) fn verdict_of(bytes: &[u8], subject: &Digest, keys: &AcceptedKeys) -> Judgement {
    judge(bytes, subject, keys).unwrap_or_else(Judgement::invalid)
}

fn judge(bytes: &[u8], subject: &Digest, keys: &AcceptedKeys) -> Result<Judgement, String> {
    let malformed = |error: String| format!("the bundle is malformed: {}", shown(&error));
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    let bundle = Bundle::from_json(text).map_err(|error| malformed(error.to_string()))?;
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err("the bundle holds no DSSE envelope and so names no image".to_owned());
    };
    let material = &bundle.verification_material;
    let signer = keys.verifying(&envelope.pae(), envelope.signature.sig.as_bytes());
    if signer.is_none()
        && let VerificationMaterialContent::PublicKey(key) = &material.content
        && let Some(name) = keys.hinted(&key.hint)
    {
        return Err(format!("the bundle names accepted key `{name}`, which does not verify it"));
    }
    let statement = statement(envelope)?;
    if statement.predicate_type != format::SIGN_PREDICATE {
        return Ok(Judgement::attestation(&statement.predicate_type));
    }
    if statement.type_ != Statement::TYPE_V1 {
        return Err(format!("the statement is a `{}`, not in-toto Statement v1", shown(&statement.type_)));
    }
    if !covers(&statement, subject) {
        return Err("the statement is for another image".to_owned());
    }
    let logged = !material.tlog_entries.is_empty()
        || !material.timestamp_verification_data.rfc3161_timestamps.is_empty();
    Ok(match (signer, &material.content) {
        (Some(name), _) => Judgement::verified(name, logged),
        (None, VerificationMaterialContent::PublicKey(_)) => Judgement::foreign(),
        (None, _) => Judgement::keyless(),
    })
}

fn statement(envelope: &DsseEnvelope) -> Result<Statement, String> {
    if envelope.payload_type != format::IN_TOTO {
        return Err(format!(
            "the envelope holds `{}`, not an in-toto statement",
            shown(&envelope.payload_type)
        ));
    }
    serde_json::from_slice(envelope.payload.as_bytes())
        .map_err(|error| format!("the in-toto statement is malformed: {}", shown(&error.to_string())))
}

fn covers(statement: &Statement, subject: &Digest) -> bool {
    match subject.algorithm() {
        Algorithm::Sha256 => {
            Sha256Hash::from_hex(subject.hex()).is_ok_and(|hash| statement.matches_sha256(&hash))
        }
        Algorithm::Sha512 => {
            Sha512Hash::from_hex(subject.hex()).is_ok_and(|hash| statement.matches_sha512(&hash))
        }
    }
}
