//! What a publisher publishes beside an image, and the `TrustPolicy` that would accept exactly that.
//!
//! Looking is verification with a policy that accepts any identity, so what is seen here is what a run would see. The
//! proposal ([`propose`], pure) is trust on first use: it says what was there, never what should have been. It is checked
//! by the code that runs use before anybody sees it. What a signature says of itself without proof is shown as claims
//! ([`hint`], [`notary`]), and where an index is unsigned its platforms are looked at ([`platforms`]). Reads registries and
//! decides nothing; next in reading order: [`super::verify`].

mod document;
mod hint;
mod notary;
mod pattern;
mod platforms;
mod proposal;
mod report;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use super::notation::Claimed;
pub use document::policy_text;
pub use platforms::{Platforms, SignedPlatform};
pub use proposal::{Proposal, ProposedIdentity, ProposedNotation, ProposedStatement, Proven, fresh, propose};
pub use report::{Report, Trial};
pub use seen::{Observation, Subject};

use super::{
    buildkit,
    notation::TrustStore,
    verify::{Accepted, verify, verify_everywhere},
};
use crate::{
    evidence::VerificationRecord,
    manifest::{
        self, DesiredAttestation, DesiredFile, DesiredKey, DesiredNotation, DesiredPolicy, DesiredSigner,
        Diagnostic, SourceFile, Wanted,
    },
    model::{ClaimKind, Digest, Instant, Outcome, media_type},
    registry::{Registry, RegistryError},
};

/// How records of an observation call a signer of any identity.
const ANYONE: &str = "anyone";

/// What a person gives to look with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Trust roots, tried in their order.
    pub roots: Vec<DesiredFile>,
    /// Keys that the publisher is known by.
    pub keys: Vec<DesiredKey>,
    /// Certificates that the publisher's Notary Project signatures end in; their identities are still open.
    pub stores: Vec<DesiredNotation>,
    /// The time that certificates are judged at.
    pub at: Instant,
}

impl Given {
    /// Returns certificates as a trust store whose identities are still open.
    ///
    /// # Errors
    /// A sentence about the file that cannot be read.
    pub fn store(
        name: String,
        trust_store: DesiredFile,
        timestamp_store: Option<DesiredFile>,
    ) -> Result<DesiredNotation, String> {
        let store = DesiredNotation { name, trust_store, identities: vec!["*".to_owned()], timestamp_store };
        TrustStore::of(&store).map(|_| store)
    }

    /// Returns the root at a path, or the first one.
    fn root(&self, path: Option<&str>) -> Option<&DesiredFile> {
        let used = self.roots.iter().find(|root| path == Some(root.path.as_str()));
        used.or_else(|| self.roots.first())
    }

    fn prepared(&self, policy: &DesiredPolicy) -> Accepted {
        Accepted::of_policy(Some(policy)).at(self.at)
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
    given: &Given,
) -> Result<Observation, RegistryError> {
    let path = subject.repository.path.as_str();
    let found = registry.head_manifest(path, &subject.reference).await?;
    let image = subject.to_string();
    let Some(manifest) = found else {
        return Err(RegistryError::NotFound { host: registry.host().to_owned(), what: format!("`{image}`") });
    };
    let mut record = match best(registry, path, &manifest.digest, given).await {
        Some(record) => record,
        None => verify(registry, path, &manifest.digest, None).await,
    };
    let nobody = record.signatures.is_empty() && record.attestations.is_empty();
    let hints = hint::of(registry, path, &record).await;
    let notary::Looked { claims, mut failures } =
        notary::of(registry, path, &record, &manifest, given.at).await;
    let mut platforms = Platforms::default();
    if media_type::is_index(&manifest.media_type) {
        match buildkit::read(registry, path, &manifest.digest, &record.attestations).await {
            Ok(unsigned) => record.attestations.extend(unsigned.into_iter().map(|unsigned| unsigned.found)),
            Err(error) => failures.push(format!("the index: {error}")),
        }
        if nobody && record.outcome != Outcome::Undeterminable {
            let used = record.root.as_ref().map(|used| used.path.as_str());
            let accepted = given.prepared(&anyone(given.root(used), given));
            platforms = platforms::look(registry, path, &manifest.digest, &accepted).await;
            failures.append(&mut platforms.failures);
        }
    }
    let (repository, digest) = (subject.repository.clone(), manifest.digest);
    Ok(Observation { repository, image, digest, record, hints, claims, platforms, failures })
}

/// Returns what the trust root says that verifies most; `None` where there is no root.
async fn best(
    registry: &dyn Registry,
    path: &str,
    digest: &Digest,
    given: &Given,
) -> Option<VerificationRecord> {
    let mut best: Option<VerificationRecord> = None;
    for root in &given.roots {
        let policy = DesiredPolicy { attestations: vec![anything()], ..anyone(Some(root), given) };
        let record = verify_everywhere(registry, path, digest, &given.prepared(&policy)).await;
        let enough = record.outcome == Outcome::Undeterminable || unproven(&record) == 0;
        if best.as_ref().is_none_or(|best| unproven(&record) < unproven(best)) {
            best = Some(record);
        }
        if enough {
            break;
        }
    }
    best
}

/// Returns how many certificates another trust root might verify.
fn unproven(record: &VerificationRecord) -> usize {
    let signatures = record.signatures.iter().map(|found| (&found.proof, found.outcome));
    let attestations = record.attestations.iter().map(|found| (&found.proof, found.outcome));
    let certified = signatures.chain(attestations).filter(|(proof, _)| !proof.claims.is_empty());
    certified.filter(|(_, outcome)| *outcome != Outcome::Verified).count()
}

/// Returns a policy that accepts any identity that a root vouches for, whether or not its certificate names an issuer,
/// and these keys and trust stores.
fn anyone(root: Option<&DesiredFile>, given: &Given) -> DesiredPolicy {
    let any = || Wanted::Matching("(?s).*".to_owned());
    let signer = |issuer: Wanted| DesiredSigner {
        name: ANYONE.to_owned(),
        claims: BTreeMap::from([(ClaimKind::Issuer, issuer), (ClaimKind::Identity, any())]),
    };
    DesiredPolicy {
        name: ANYONE.to_owned(),
        keys: given.keys.clone(),
        identities: vec![signer(any()), signer(Wanted::Nothing)],
        notation: given.stores.clone(),
        root: root.cloned(),
        ..DesiredPolicy::default()
    }
}

/// Nobody attests this; that it is looked for makes verification look everywhere for attestations.
fn anything() -> DesiredAttestation {
    DesiredAttestation {
        name: "any".to_owned(),
        predicate: "any".to_owned(),
        signers: None,
        required: false,
        says: BTreeMap::new(),
        levels: BTreeSet::new(),
    }
}

/// Reads a proposed policy as a run would read it from the manifest repository, with the files that it names.
///
/// # Errors
/// What is wrong with it.
pub fn read<'a>(
    name: &str,
    text: &str,
    files: impl IntoIterator<Item = &'a DesiredFile>,
) -> Result<DesiredPolicy, Vec<Diagnostic>> {
    const MIRROR: &str = "apiVersion: fondaco/v1alpha1\nkind: Mirror\nmetadata: {name: trial}\n\
        spec: {registry: registry.example/trial, signing: {key: keys/trial.key}}\n";
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    let mut sources = vec![file("fondaco.yaml", MIRROR), file("trust/trial.yaml", text)];
    sources.extend(files.into_iter().map(|named| file(&named.path, &named.text)));
    let mut desired = manifest::read(&sources)?;
    Ok(desired.policies.remove(name).unwrap_or_default())
}

/// Tries a policy on an image that was observed: the same code and the same requests as in a run.
pub async fn attempt(
    registry: &dyn Registry,
    seen: &Observation,
    policy: &DesiredPolicy,
    at: Instant,
) -> Trial {
    let accepted = Accepted::of_policy(Some(policy)).at(at);
    let record = verify_everywhere(registry, &seen.repository.path, &seen.digest, &accepted).await;
    Trial { image: seen.image.clone(), outcome: record.outcome, reason: record.reason }
}

/// Returns text as the name of a document: small letters, digits and dashes.
pub fn name(text: &str) -> String {
    proposal::slug(text)
}
