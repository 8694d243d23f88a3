//! Finds and verifies the signatures and attestations of an image.
//!
//! Three places are looked at: what the registry lists as referrers (Sigstore bundles, legacy layers, Notary Project signatures), the tag
//! `sha256-<hex>.sig`, and `sha256-<hex>.att` where attestations are demanded; and inside an index ([`within`]) where a
//! demand for an attestation is open then. What is found is judged without I/O: a
//! form becomes a bundle ([`bundle`], [`legacy`], [`convert`]), a bundle a signer ([`signer`], by key or by the instance
//! that a trust root describes, [`instance`]), and all of them an [`outcome`] for each [`demand`]. Only [`place`], [`within`]
//! and, for what [`super::notation`] judges, [`notary`] talk to a registry. A policy is prepared once a run ([`Accepted`]).

mod accepted;
mod bundle;
mod claims;
mod convert;
mod demand;
pub(super) mod discover;
mod file;
pub(super) mod instance;
pub(super) mod keys;
mod legacy;
mod notary;
mod outcome;
mod place;
pub(super) mod read_back;
mod signer;
mod stated;
mod within;

pub use accepted::Accepted;
pub use file::{Artifact, Trusted, Wanted, verify_file};

use serde_json::{Value, json};

use crate::{
    evidence::{RootUsed, VerificationRecord},
    manifest::{DesiredFile, DesiredPolicy},
    model::{Digest, Platform},
    registry::Registry,
    trust::predicate::StatedList,
};
use accepted::Root;
use discover::{Reach, Survey};
use keys::AcceptedKeys;
use place::Place;

/// The schema of the records that [`verify`] returns.
const SCHEMA: &str = "fondaco/verification/v1alpha1";

/// Grows with every change after which the same policy could end differently, so that recorded digests are verified anew.
const ENGINE: u32 = 2;

/// The same of changes to time stamps, which concern policies alone that name authorities for them.
const STAMPS_ENGINE: u32 = 1;

/// The same for policies that demand attestations, which alone are concerned by where those are looked for.
const ATTESTED_ENGINE: u32 = 3;

/// Verifies the signatures of `subject` against a policy, and looks at both places whatever the first one holds.
///
/// Never fails: where the registry does, the outcome is `Undeterminable` and the reason names the failure. Without a
/// policy nothing can be verified, and the outcome only says whether there are signatures.
pub async fn verify(
    registry: &dyn Registry,
    repository_path: &str,
    subject: &Digest,
    policy: Option<&DesiredPolicy>,
) -> VerificationRecord {
    verify_everywhere(registry, repository_path, subject, &Accepted::of_policy(policy)).await
}

/// Verifies like [`verify`] by a prepared policy.
pub async fn verify_everywhere(
    registry: &dyn Registry,
    repository_path: &str,
    subject: &Digest,
    accepted: &Accepted,
) -> VerificationRecord {
    let place = Place { registry, repository: repository_path, subject, accepted };
    let survey = discover::look(place, &[], Reach::Everywhere).await;
    record(subject, accepted, survey)
}

/// Verifies like [`verify`] by a prepared policy, and asks for tags only where the referrers leave a demand open. Where only
/// some `platforms` of an index are wanted, what is demanded has to be attested of them.
pub async fn verify_sparingly(
    registry: &dyn Registry,
    repository_path: &str,
    subject: &Digest,
    platforms: &[Platform],
    accepted: &Accepted,
) -> VerificationRecord {
    let place = Place { registry, repository: repository_path, subject, accepted };
    let survey = discover::look(place, platforms, Reach::Sparing).await;
    record(subject, accepted, survey)
}

/// Verifies like [`verify_sparingly`], and returns what the attestations state that were found on the way.
pub async fn verify_and_read(
    registry: &dyn Registry,
    repository_path: &str,
    subject: &Digest,
    platforms: &[Platform],
    accepted: &Accepted,
) -> (VerificationRecord, StatedList) {
    let place = Place { registry, repository: repository_path, subject, accepted };
    let survey = discover::look(place, platforms, Reach::Sparing).await;
    let stated = stated::of(subject, &survey);
    (record(subject, accepted, survey), stated)
}

fn record(subject: &Digest, accepted: &Accepted, survey: Survey) -> VerificationRecord {
    let policy = accepted.policy();
    let overall = outcome::overall(accepted, &survey);
    let root = match &accepted.root {
        Root::Read(instance) => {
            Some(RootUsed { path: instance.path.clone(), digest: instance.digest.clone() })
        }
        Root::Unnamed | Root::Unreadable => None,
    };
    VerificationRecord {
        schema: SCHEMA.to_owned(),
        subject: subject.clone(),
        policy: policy.map_or_else(|| "none".to_owned(), |policy| policy.name.clone()),
        policy_digest: policy_digest(policy),
        root,
        outcome: overall.outcome,
        reason: overall.reason,
        demands: overall.demands,
        signatures: survey.sightings.into_iter().map(|sighting| sighting.found).collect(),
        attestations: survey.attestations.into_iter().map(|attestation| attestation.found).collect(),
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

/// Returns the SHA-256 over whom a policy accepts and what it demands, in sorted order, and over the engine's numbers;
/// the digest of nothing where there is no policy. It changes exactly when a fresh verification could end differently.
pub fn policy_digest(policy: Option<&DesiredPolicy>) -> Digest {
    let Some(policy) = policy else { return Digest::sha256(b"") };
    let file = |file: &DesiredFile| Digest::sha256(&file.text).to_string();
    let keys = policy.keys.iter().map(|key| json!([key.name, key.pem, key.logged]));
    let notation = policy.notation.iter().map(|store| {
        let timestamps = store.timestamp_store.as_ref().map(|store| json!([STAMPS_ENGINE, file(store)]));
        json!([store.name, file(&store.trust_store), store.identities, timestamps])
    });
    let demands = json!({
        "engine": if policy.attestations.is_empty() { ENGINE } else { ATTESTED_ENGINE },
        "keys": sorted(keys),
        "identities": sorted(policy.identities.iter().map(|identity| json!(identity))),
        "notation": sorted(notation),
        "root": policy.root.as_ref().map(|root| json!([STAMPS_ENGINE, file(root)])),
        "signers": policy.signers,
        "attestations": sorted(policy.attestations.iter().map(|wanted| json!(wanted))),
    });
    Digest::sha256(demands.to_string())
}

fn sorted(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut values: Vec<Value> = values.collect();
    values.sort_by_cached_key(Value::to_string);
    values
}

/// Returns foreign text fit for a reason: one line, no backticks, at most 120 characters.
pub(super) fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() || c == '`' { '\u{fffd}' } else { c };
    text.chars().take(120).map(plain).collect()
}
