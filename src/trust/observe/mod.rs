//! What a publisher publishes beside an image, and the `TrustPolicy` that would accept exactly that.
//!
//! Looking is verification with a policy that accepts any identity, so what is seen here is what a run would see. The
//! proposal ([`propose`], pure) is trust on first use: it says what was there, never what should have been. It is checked
//! by the code that runs use before anybody sees it. Reads registries and decides nothing; next in reading order:
//! [`super::verify`].

mod document;
mod hint;
mod pattern;
mod proposal;
mod report;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

pub use document::policy_text;
pub use proposal::{Proposal, ProposedIdentity, ProposedStatement, Proven, propose};
pub use report::{Report, Trial};

use super::{buildkit, verify::verify};
use crate::{
    evidence::VerificationRecord,
    manifest::{
        self, DesiredAttestation, DesiredFile, DesiredKey, DesiredPolicy, DesiredSigner, Diagnostic,
        SourceFile, Wanted,
    },
    model::{ClaimKind, Digest, Outcome, Reference, Repository, SignatureFormat, media_type},
    registry::{Registry, RegistryError},
};

/// How records of an observation call a signer of any identity.
const ANYONE: &str = "anyone";

/// An image that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub repository: Repository,
    pub reference: Reference,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reference {
            Reference::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Reference::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

/// What lies beside one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    pub repository: Repository,
    /// As it was asked for, `ghcr.io/acme/web:1.2`.
    pub image: String,
    pub digest: Digest,
    /// As verified with a policy that accepts any identity.
    pub record: VerificationRecord,
    /// The key that a bundle claims to be signed with, by the bundle's digest: base64 of a SHA-256. Proves nothing.
    pub hints: BTreeMap<Digest, String>,
}

impl Observation {
    /// Returns why something could not be found out, where that is so. A Notary Project signature that nobody has named a
    /// trust store for is there and is no obstacle to looking.
    pub fn obstacle(&self) -> Option<&str> {
        let record = &self.record;
        let unnamed = |reason: &str| {
            let of_notation =
                record.signatures.iter().filter(|found| found.format == SignatureFormat::Notation);
            of_notation.into_iter().any(|found| found.reason == reason)
        };
        let whole = (record.outcome == Outcome::Undeterminable).then_some(record.reason.as_str());
        let demands = record.demands.iter().filter(|demand| demand.outcome == Outcome::Undeterminable);
        let demands = demands.map(|demand| demand.reason.as_str());
        whole.into_iter().chain(demands).find(|reason| !unnamed(reason))
    }
}

/// Looks at an image. Of the trust roots, which are tried in their order, the one that verifies most is kept; its path is
/// in the record.
///
/// # Errors
/// Where the image itself cannot be found out about. What lies beside it is undeterminable then, never absent.
pub async fn observe(
    registry: &dyn Registry,
    subject: &Subject,
    roots: &[DesiredFile],
    keys: &[DesiredKey],
) -> Result<Observation, RegistryError> {
    let path = subject.repository.path.as_str();
    let found = registry.head_manifest(path, &subject.reference).await?;
    let image = subject.to_string();
    let Some(manifest) = found else {
        return Err(RegistryError::NotFound { host: registry.host().to_owned(), what: format!("`{image}`") });
    };
    let mut best: Option<VerificationRecord> = None;
    for root in roots {
        let policy = anyone(root, keys);
        let record = verify(registry, path, &manifest.digest, Some(&policy)).await;
        let enough = record.outcome == Outcome::Undeterminable || unproven(&record) == 0;
        if best.as_ref().is_none_or(|best| unproven(&record) < unproven(best)) {
            best = Some(record);
        }
        if enough {
            break;
        }
    }
    let mut record = match best {
        Some(record) => record,
        None => verify(registry, path, &manifest.digest, None).await,
    };
    if media_type::is_index(&manifest.media_type) {
        let unsigned = buildkit::read(registry, path, &manifest.digest).await?;
        record.attestations.extend(unsigned.into_iter().map(|unsigned| unsigned.found));
    }
    let hints = hint::of(registry, path, &record).await;
    Ok(Observation { repository: subject.repository.clone(), image, digest: manifest.digest, record, hints })
}

/// Returns how many certificates another trust root might verify.
fn unproven(record: &VerificationRecord) -> usize {
    let signatures = record.signatures.iter().map(|found| (&found.proof, found.outcome));
    let attestations = record.attestations.iter().map(|found| (&found.proof, found.outcome));
    let certified = signatures.chain(attestations).filter(|(proof, _)| !proof.claims.is_empty());
    certified.filter(|(_, outcome)| *outcome != Outcome::Verified).count()
}

/// Returns a policy that accepts any identity that a root vouches for, and these keys.
fn anyone(root: &DesiredFile, keys: &[DesiredKey]) -> DesiredPolicy {
    let anything = || Wanted::Matching("(?s).*".to_owned());
    let claims = BTreeMap::from([(ClaimKind::Issuer, anything()), (ClaimKind::Identity, anything())]);
    DesiredPolicy {
        name: ANYONE.to_owned(),
        keys: keys.to_vec(),
        identities: vec![DesiredSigner { name: ANYONE.to_owned(), claims }],
        root: Some(root.clone()),
        // Nobody attests this; that it is looked for makes verification look everywhere for attestations.
        attestations: vec![DesiredAttestation {
            name: "any".to_owned(),
            predicate: "any".to_owned(),
            signers: None,
            required: false,
            says: BTreeMap::new(),
            levels: BTreeSet::new(),
        }],
        ..DesiredPolicy::default()
    }
}

/// Reads a proposed policy as a run would read it from the manifest repository.
///
/// # Errors
/// What is wrong with it.
pub fn read(name: &str, text: &str, root: &DesiredFile) -> Result<DesiredPolicy, Vec<Diagnostic>> {
    const MIRROR: &str = "apiVersion: fondaco/v1alpha1\nkind: Mirror\nmetadata: {name: trial}\n\
        spec: {registry: registry.example/trial, signing: {key: keys/trial.key}}\n";
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    let files = [file("fondaco.yaml", MIRROR), file("trust/trial.yaml", text), file(&root.path, &root.text)];
    let mut desired = manifest::read(&files)?;
    Ok(desired.policies.remove(name).unwrap_or_default())
}

/// Tries a policy on an image that was observed: the same code and the same requests as in a run.
pub async fn attempt(registry: &dyn Registry, seen: &Observation, policy: &DesiredPolicy) -> Trial {
    let record = verify(registry, &seen.repository.path, &seen.digest, Some(policy)).await;
    Trial { image: seen.image.clone(), outcome: record.outcome, reason: record.reason }
}

/// Returns text as the name of a document: small letters, digits and dashes.
pub fn name(text: &str) -> String {
    proposal::slug(text)
}
