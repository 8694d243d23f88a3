//! Looks for signatures and attestations in a registry and hands the bytes to the judges. The only I/O of verification.

use super::{
    outcome::Judgement,
    place::Place,
    within::{self, Part},
};
use crate::{
    model::{AttestationFound, Digest, Outcome, Platform, Repository, SignatureFormat, SignatureFound},
    registry::RegistryError,
    trust::{
        fetch::FetchError,
        format,
        predicate::{self, Budget, Said},
    },
};

/// The most referrers that are looked at. Each costs two requests; a flood must not keep a run busy.
pub(super) const REFERRERS_MAX: usize = 256;

/// The largest simple signing payload, in bytes. Real ones have about 250.
pub(super) const PAYLOAD_BYTES_MAX: u64 = 1024 * 1024;

/// The largest bundle or envelope, in bytes. A signature has about 1 KiB, or 10 KiB with log entries; attestations, which
/// share the form, carry whole SBOMs.
pub(super) const BUNDLE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// One signature that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::trust) struct Sighting {
    pub(in crate::trust) found: SignatureFound,
    /// The repository a `.sig` payload was signed for.
    pub(in crate::trust) docker_reference: Option<String>,
}

/// One attestation that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::trust) struct Attestation {
    pub(in crate::trust) found: AttestationFound,
    /// What it says, where that could be read.
    pub(in crate::trust) said: Option<Said>,
}

impl Attestation {
    /// Returns the attestation as it counts for a manifest of a repository: one that speaks of something else does not hold.
    pub(super) fn about(mut self, repository: &Repository, manifest: &Digest) -> Self {
        if let Some(Err(reason)) = self.said.as_ref().map(|said| said.is_about(repository, manifest)) {
            (self.found.outcome, self.found.reason) = (Outcome::Invalid, reason);
        }
        self
    }
}

/// What kept us from looking everywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::trust) enum Failure {
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// There is more than we look at.
    #[error("{0}")]
    Limit(String),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Registry(error) => Self::Registry(error),
            FetchError::TooLarge { .. } => Self::Limit(error.to_string()),
        }
    }
}

/// Everything found beside one image, sorted, and what could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::trust) struct Survey {
    pub(in crate::trust) sightings: Vec<Sighting>,
    pub(in crate::trust) attestations: Vec<Attestation>,
    /// Behind these there may be signatures, and attestations as well.
    pub(in crate::trust) failures: Vec<Failure>,
    /// Behind these there may be attestations only.
    pub(in crate::trust) unattested: Vec<Failure>,
    /// What somebody may run of an index, where attestations have been looked for inside it.
    pub(in crate::trust) parts: Vec<Part>,
    pub(super) budget: Budget,
}

/// What looking at one thing has brought.
#[derive(Debug)]
pub(super) enum Finding {
    Signature(Sighting),
    Attestation(Box<Attestation>),
    Failure(Failure),
    /// An obstacle behind which there is no signature.
    Unattested(Failure),
}

impl Survey {
    pub(super) fn take(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            match finding {
                Finding::Signature(sighting) => self.sightings.push(sighting),
                Finding::Attestation(mut attestation) => {
                    if let Some(said) = &mut attestation.said {
                        self.budget.keep(attestation.found.outcome, said);
                    }
                    self.attestations.push(*attestation);
                }
                Finding::Failure(failure) => self.failures.push(failure),
                Finding::Unattested(failure) => self.unattested.push(failure),
            }
        }
    }

    fn sort(&mut self) {
        self.sightings.sort();
        self.attestations.sort_by(|a, b| a.found.cmp(&b.found));
    }
}

/// How far a survey goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Both places, whatever is found in the first.
    Everywhere,
    /// Tags are asked only for what the referrers have left open: each costs a request.
    Sparing,
}

/// Looks at the referrers, then at the tags, and last inside an index, of which only these platforms matter; all of them
/// where none are named.
pub(super) async fn look(place: Place<'_>, platforms: &[Platform], reach: Reach) -> Survey {
    let Place { subject, accepted, .. } = place;
    let mut survey = Survey::default();
    place.look_at_referrers(&mut survey).await;
    let open = super::outcome::open(accepted, &survey);
    if (open.signature || reach == Reach::Everywhere)
        && let Some(tag) = format::signature_tag(subject)
    {
        place.look_at_tag(&tag, SignatureFormat::CosignLegacy, &mut survey).await;
    }
    if open.attestations
        && let Some(tag) = format::attestation_tag(subject)
    {
        place.look_at_tag(&tag, SignatureFormat::CosignAttestation, &mut survey).await;
    }
    if open.attestations && super::outcome::open(accepted, &survey).attestations {
        within::look(place, platforms, &mut survey).await;
    }
    survey.sort();
    survey
}

/// Where one thing lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) format: SignatureFormat,
    /// The tag or referrer digest.
    pub(super) place: &'a str,
    /// Digest of the manifest.
    pub(super) digest: &'a Digest,
    /// Digest of the layer, where there is one.
    pub(super) content: Option<&'a Digest>,
}

impl Spot<'_> {
    /// Returns the finding that a judgement makes.
    pub(super) fn found(self, judgement: Judgement) -> Finding {
        let Judgement { outcome, proof, reason, docker_reference, attested } = judgement;
        let (format, place) = (self.format, self.place.to_owned());
        let (digest, content) = (self.digest.clone(), self.content.cloned());
        let Some(attested) = attested else {
            let found = SignatureFound { format, place, digest, content, proof, outcome, reason };
            return Finding::Signature(Sighting { found, docker_reference });
        };
        let read = attested.statement.as_ref();
        let read = read.map(|statement| predicate::read(statement));
        let (said, reason) = match read {
            None => (None, reason),
            Some(Ok(said)) => (Some(said), reason),
            Some(Err(unread)) => (None, format!("{reason}; {unread}")),
        };
        let found = AttestationFound {
            format,
            place,
            digest,
            content,
            subject: None,
            predicate_type: attested.predicate_type,
            says: said.as_ref().map(|said| said.says.clone()).unwrap_or_default(),
            proof,
            outcome,
            reason,
        };
        Finding::Attestation(Box::new(Attestation { found, said }))
    }
}
