//! Finds and verifies the signatures of an image.
//!
//! Two places are looked at: the tag `sha256-<hex>.sig` and the Sigstore bundles among the referrers. What is found
//! is judged without I/O ([`legacy`] and [`bundle`], one file a form) and summed up in [`outcome`]; only
//! [`discover`] talks to a registry. Keyless signatures are found and named, but not read yet. Log entries and
//! timestamps beside a key's signature are not checked: the key decides, and the reason says so.

mod bundle;
pub(super) mod discover;
pub(super) mod keys;
mod legacy;
mod outcome;

use crate::{
    evidence::VerificationRecord,
    manifest::DesiredPolicy,
    model::{Digest, SignatureFound},
    registry::Registry,
};
use keys::AcceptedKeys;

/// The schema of the records that [`verify`] returns.
const SCHEMA: &str = "fondaco/verification/v1alpha1";

/// Verifies the signatures of `subject` against a policy's keys.
///
/// Never fails: where the registry does, the outcome is `Undeterminable` and the reason names the failure. Without a
/// policy nothing can be verified, and the outcome only says whether there are signatures.
pub async fn verify(
    registry: &dyn Registry,
    repository_path: &str,
    subject: &Digest,
    policy: Option<&DesiredPolicy>,
) -> VerificationRecord {
    let keys = AcceptedKeys::of_policy(policy);
    let survey = discover::survey(registry, repository_path, subject, &keys).await;
    let failures: Vec<String> = survey.failures.iter().map(ToString::to_string).collect();
    let signatures: Vec<SignatureFound> =
        survey.sightings.into_iter().map(|sighting| sighting.found).collect();
    let (outcome, reason) = outcome::overall(policy, &keys, &signatures, &failures);
    VerificationRecord {
        schema: SCHEMA.to_owned(),
        subject: subject.clone(),
        policy: policy.map_or_else(|| "none".to_owned(), |policy| policy.name.clone()),
        policy_digest: policy_digest(policy),
        root: None,
        outcome,
        reason,
        demands: vec![],
        signatures,
        attestations: vec![],
    }
}

/// Checks a key's signature over a document, as `cosign verify-blob --key` does.
///
/// # Errors
/// A sentence about why it does not hold.
pub fn document(public_pem: &str, bytes: &[u8], signature_der: &[u8]) -> Result<(), String> {
    let policy = DesiredPolicy::of_keys("document", [("key".to_owned(), public_pem.to_owned())]);
    let keys = AcceptedKeys::of_policy(Some(&policy));
    match (keys.unreadable.first(), keys.verifying(bytes, signature_der)) {
        (Some(reason), _) => Err(reason.clone()),
        (None, Some(_)) => Ok(()),
        (None, None) => Err("the signature does not hold".to_owned()),
    }
}

/// Returns the SHA-256 over a policy's names and keys, in sorted order; the digest of nothing where there is no policy.
/// It changes exactly when a fresh verification could end differently.
pub fn policy_digest(policy: Option<&DesiredPolicy>) -> Digest {
    let Some(policy) = policy else { return Digest::sha256(b"") };
    let mut keys: Vec<_> = policy.keys.iter().map(|key| [key.name.as_str(), key.pem.as_str()]).collect();
    keys.sort_unstable();
    Digest::sha256(serde_json::json!(keys).to_string())
}

/// Returns foreign text fit for a reason: one line, no backticks, at most 120 characters.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() || c == '`' { '\u{fffd}' } else { c };
    text.chars().take(120).map(plain).collect()
}
