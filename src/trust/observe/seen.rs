//! What is looked at, and what was seen. Pure.

use std::{collections::BTreeMap, fmt};

use super::{Claimed, Platforms};
use crate::{
    evidence::VerificationRecord,
    model::{Digest, Outcome, Reference, Repository, SignatureFormat, SignatureFound},
};

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
    /// What Notary Project signatures say of their signer, or why that cannot be read, by the envelope's digest. Proves
    /// nothing.
    pub claims: BTreeMap<Digest, Result<Claimed, String>>,
    /// The platforms of an index that nobody signed.
    pub platforms: Platforms,
    /// What else could not be found out, a sentence each.
    pub failures: Vec<String>,
}

impl Observation {
    /// Returns why something could not be found out, where that is so. A Notary Project signature that was read and
    /// whose flaw makes it undeterminable has been found out about.
    pub fn obstacle(&self) -> Option<&str> {
        let record = &self.record;
        let judged = |reason: &str| {
            let of_notation = record.signatures.iter().filter(|found| self.is_flawed(found));
            of_notation.into_iter().any(|found| found.reason == reason)
        };
        let whole = (record.outcome == Outcome::Undeterminable).then_some(record.reason.as_str());
        let demands = record.demands.iter().filter(|demand| demand.outcome == Outcome::Undeterminable);
        let demands = demands.map(|demand| demand.reason.as_str());
        let obstacle = whole.into_iter().chain(demands).find(|reason| !judged(reason));
        obstacle.or_else(|| self.failures.first().map(String::as_str))
    }

    fn is_flawed(&self, found: &SignatureFound) -> bool {
        let claimed = found.content.as_ref().and_then(|content| self.claims.get(content));
        let flawed = claimed.is_some_and(|claimed| !matches!(claimed, Ok(Claimed { flaw: None, .. })));
        found.format == SignatureFormat::Notation && flawed
    }
}
