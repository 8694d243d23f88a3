//! Judges DSSE envelopes: Sigstore bundles (cosign `specs/BUNDLE_SPEC.md`), and the layers of a `.att` manifest once
//! [`super::convert`] has made them such. Pure.
//!
//! A statement with the predicate of a signature is one, every other is an attestation: cosign would take both for
//! approval.

use serde_json::Value;
use sigstore_types::{
    Bundle, DsseEnvelope, Sha256Hash, Sha512Hash, SignatureContent, Statement, VerificationMaterialContent,
};

use super::{
    accepted::Accepted,
    convert,
    instance::{Covered, Refusal},
    outcome::{Attested, Judgement},
    shown,
    signer::{self, Signed},
};
use crate::{
    model::{Algorithm, Descriptor, Digest, Outcome, Proof},
    trust::format,
};

/// Judges a bundle for the image `subject`.
pub(super) fn verdict_of(bytes: &[u8], subject: &Digest, accepted: &Accepted) -> Judgement {
    let bundle = match read(bytes) {
        Ok(bundle) => bundle,
        Err(Refusal::Unread(reason)) => return Judgement::undeterminable(reason),
        Err(refusal) => return Judgement::invalid(refusal.reason().to_owned()),
    };
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Judgement::invalid("the bundle holds no DSSE envelope and so names no image");
    };
    let judged = judge(envelope, Ok(&bundle), Along::of(&bundle), subject, accepted);
    judged.unwrap_or_else(|reason| Judgement { attested: claimed(envelope), ..Judgement::invalid(reason) })
}

/// Returns which attestation an envelope that does not hold claims to be: what is demanded of that kind is then known to
/// have been tampered with, and a signature that is demanded is not concerned.
fn claimed(envelope: &DsseEnvelope) -> Option<Attested> {
    let Statement { predicate_type, .. } = statement(envelope).ok()?;
    (predicate_type != format::SIGN_PREDICATE).then_some(Attested { predicate_type, statement: None })
}

/// Returns the statement of a bundle that holds, whatever its predicate, and what was proven of it.
pub(super) fn statement_of(bytes: &[u8], subject: &Digest, accepted: &Accepted) -> Option<(Vec<u8>, Proof)> {
    let SignatureContent::DsseEnvelope(envelope) = read(bytes).ok()?.content else { return None };
    let judgement = verdict_of(bytes, subject, accepted);
    (judgement.outcome == Outcome::Verified).then(|| (envelope.payload.as_bytes().to_vec(), judgement.proof))
}

/// Checks that an envelope holds a statement about `subject`.
pub(super) fn about(envelope: &DsseEnvelope, subject: &Digest) -> Result<(), String> {
    if covers(&statement(envelope)?, subject) {
        Ok(())
    } else {
        Err("the statement is for another image".to_owned())
    }
}

/// Judges a layer of a `.att` manifest whose blob is `bytes`. What it says is an attestation, whatever its predicate.
pub(super) fn attestation_of(
    layer: &Descriptor,
    bytes: &[u8],
    subject: &Digest,
    accepted: &Accepted,
) -> Judgement {
    let envelope: DsseEnvelope = match serde_json::from_slice(bytes) {
        Ok(envelope) => envelope,
        Err(error) => {
            return Judgement::invalid(format!("the envelope is malformed: {}", shown(&error.to_string())));
        }
    };
    let has = |name: &str| layer.annotations.contains_key(name);
    let along = Along {
        certified: has(format::CERTIFICATE),
        logged: format::LOGGED.into_iter().any(has),
        hint: None,
    };
    let bundle = convert::envelope(layer, envelope.clone());
    let judged = judge(&envelope, bundle.as_ref().map_err(Clone::clone), along, subject, accepted);
    judged.unwrap_or_else(Judgement::invalid)
}

/// What came with an envelope.
#[derive(Clone, Copy)]
struct Along<'a> {
    certified: bool,
    logged: bool,
    hint: Option<&'a str>,
}

impl<'a> Along<'a> {
    fn of(bundle: &'a Bundle) -> Self {
        let material = &bundle.verification_material;
        let hint = match &material.content {
            VerificationMaterialContent::PublicKey(key) => Some(key.hint.as_str()),
            _ => None,
        };
        let logged = !material.tlog_entries.is_empty()
            || !material.timestamp_verification_data.rfc3161_timestamps.is_empty();
        Self { certified: hint.is_none(), logged, hint }
    }
}

/// Reads a bundle.
///
/// # Errors
/// `Unread` where it is of a version, or has a log entry of a kind, that is not known here; `Broken` otherwise.
pub(super) fn read(bytes: &[u8]) -> Result<Bundle, Refusal> {
    let malformed = |error: String| format!("the bundle is malformed: {}", shown(&error));
    let text = std::str::from_utf8(bytes).map_err(|error| Refusal::Broken(malformed(error.to_string())))?;
    Bundle::from_json(text).map_err(|error| {
        let value = serde_json::from_str::<Value>(text).unwrap_or_default();
        match unread(&value) {
            Some(reason) => Refusal::Unread(reason),
            None => Refusal::Broken(malformed(error.to_string())),
        }
    })
}

/// Returns what about a bundle is newer, or older, than what is read here.
fn unread(bundle: &Value) -> Option<String> {
    let media_type = bundle["mediaType"].as_str()?;
    let known = ["v0.3+json", "+json;version=0.1", "+json;version=0.2", "+json;version=0.3"];
    if media_type.starts_with(format::BUNDLE_PREFIX) && !known.iter().any(|known| media_type.ends_with(known))
    {
        return Some(format!("bundles of `{}` are not read", shown(media_type)));
    }
    let entries = bundle["verificationMaterial"]["tlogEntries"].as_array()?;
    entries.iter().find_map(|entry| {
        let kind = entry["kindVersion"]["kind"].as_str()?;
        let version = entry["kindVersion"]["version"].as_str()?;
        convert::unknown(kind, version)
    })
}

fn judge(
    envelope: &DsseEnvelope,
    material: Result<&Bundle, Refusal>,
    along: Along<'_>,
    subject: &Digest,
    accepted: &Accepted,
) -> Result<Judgement, String> {
    let (message, signature) = (envelope.pae(), envelope.signature.sig.as_bytes());
    if let Some(name) = along.hint.and_then(|hint| accepted.keys.hinted(hint))
        && accepted.keys.signer(&message, signature).is_none()
    {
        return Err(format!("the bundle names accepted key `{name}`, which does not verify it"));
    }
    let statement = statement(envelope)?;
    if !covers(&statement, subject) {
        return Err("the statement is for another image".to_owned());
    }
    let covered = Covered::Digest(subject);
    let Along { certified, logged, .. } = along;
    let judged = signer::judge(
        &Signed { message: &message, signature, covered, material, certified, logged },
        accepted,
    );
    let is_signature = statement.predicate_type == format::SIGN_PREDICATE;
    if is_signature && statement.type_ != Statement::TYPE_V1 {
        return Err(format!("the statement is a `{}`, not in-toto Statement v1", shown(&statement.type_)));
    }
    let attested = (!is_signature).then(|| Attested {
        predicate_type: statement.predicate_type,
        statement: Some(envelope.payload.as_bytes().to_vec()),
    });
    Ok(Judgement { attested, ..judged })
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
