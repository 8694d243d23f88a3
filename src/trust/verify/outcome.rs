//! What became of one signature, and of all that a policy demands. Pure.
//!
//! An image's outcome is that of its worst demand: what could not be looked at comes before what does not hold, that
//! before what is not ours, and that before what is not there.

use std::collections::BTreeSet;

use super::{accepted::Accepted, demand, discover::Survey, shown};
use crate::model::{DemandOutcome, Outcome, Proof, SignatureFound};

/// What became of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) proof: Proof,
    pub(super) reason: String,
    /// The repository a `.sig` payload was signed for. Part of what the signature covers, but cosign ignores it.
    pub(super) docker_reference: Option<String>,
    /// Set where what was signed is no approval of the image but a statement about it.
    pub(super) attested: Option<Attested>,
}

/// A statement about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attested {
    pub(super) predicate_type: String,
    /// The in-toto statement as it was signed; `None` where it was only announced.
    pub(super) statement: Option<Vec<u8>>,
}

impl Judgement {
    fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        let proof = Proof::default();
        Self { outcome, proof, reason: reason.into(), docker_reference: None, attested: None }
    }

    /// Signed by an accepted key; `aside` says what was not checked.
    pub(super) fn verified_by_key(key: &str, proof: Proof, aside: &str) -> Self {
        let reason = format!("signed by accepted key `{key}`{aside}");
        let proof = Proof { key: Some(key.to_owned()), ..proof };
        Self { proof, ..Self::new(Outcome::Verified, reason) }
    }

    /// Signed by an identity that the policy names.
    pub(super) fn verified_by_identity(name: &str, proof: Proof) -> Self {
        let reason = format!("signed by accepted identity `{name}`");
        let proof = Proof { signer: Some(name.to_owned()), ..proof };
        Self { proof, ..Self::new(Outcome::Verified, reason) }
    }

    pub(super) fn foreign(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Foreign, reason)
    }

    pub(super) fn absent(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Absent, reason)
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Invalid, reason)
    }

    pub(super) fn undeterminable(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Undeterminable, reason)
    }
}

/// Returns the policy's name for whoever stands behind a verified signature.
pub(super) fn signer_of(proof: &Proof) -> Option<&str> {
    proof.key.as_deref().or(proof.signer.as_deref())
}

/// What became of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overall {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    /// Where the policy demands more than a signature.
    pub(super) demands: Vec<DemandOutcome>,
}

/// Returns the outcome of an image and why.
pub(super) fn overall(accepted: &Accepted, survey: &Survey) -> Overall {
    let signatures: Vec<&SignatureFound> = survey.sightings.iter().map(|sighting| &sighting.found).collect();
    let failures: Vec<String> = survey.failures.iter().map(ToString::to_string).collect();
    let Some(policy) = accepted.policy() else {
        let (outcome, reason) = without_policy(&signatures, &failures);
        return Overall { outcome, reason, demands: vec![] };
    };
    let (outcome, reason) = of_signatures(accepted, &signatures, &failures);
    if policy.attestations.is_empty() {
        return Overall { outcome, reason, demands: vec![] };
    }
    let signature = DemandOutcome { demand: SIGNATURE.to_owned(), outcome, reason };
    let attested = policy.attestations.iter().map(|wanted| (wanted, demand::of(wanted, accepted, survey)));
    let counted: Vec<(bool, DemandOutcome)> = std::iter::once((policy.signers.at_least > 0, signature))
        .chain(attested.map(|(wanted, made)| (wanted.counts(made.outcome), made)))
        .collect();
    let worst = counted.iter().filter(|(counts, _)| *counts).map(|(_, made)| made);
    let worst = worst.min_by_key(|made| precedence(made.outcome));
    let (outcome, reason) = match worst {
        None => (Outcome::Undeterminable, format!("trust policy `{}` demands nothing", policy.name)),
        Some(made) if made.outcome == Outcome::Verified => (Outcome::Verified, all_met(&counted)),
        Some(made) => (made.outcome, format!("{}: {}", made.demand, made.reason)),
    };
    let counted =
        counted.into_iter().filter(|(_, made)| made.demand != SIGNATURE || policy.signers.at_least > 0);
    Overall { outcome, reason, demands: counted.map(|(_, made)| made).collect() }
}

/// What of a policy's demands is not met yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) signature: bool,
    pub(super) attestations: bool,
}

/// Returns what is still to be looked for.
pub(super) fn open(accepted: &Accepted, survey: &Survey) -> Open {
    let signatures: Vec<&SignatureFound> = survey.sightings.iter().map(|sighting| &sighting.found).collect();
    let Some(policy) = accepted.policy() else {
        let seen = signatures.iter().any(|signature| signature.outcome != Outcome::Absent);
        return Open { signature: !seen, attestations: false };
    };
    let signed =
        policy.signers.at_least == 0 || of_signatures(accepted, &signatures, &[]).0 == Outcome::Verified;
    let met = |wanted| demand::of(wanted, accepted, survey).outcome == Outcome::Verified;
    Open { signature: !signed, attestations: !policy.attestations.iter().all(met) }
}

/// How records call the demand for a signature.
pub(super) const SIGNATURE: &str = "signature";

fn all_met(counted: &[(bool, DemandOutcome)]) -> String {
    let met: Vec<&str> = counted
        .iter()
        .filter(|(counts, _)| *counts)
        .map(|(_, made)| if made.demand == SIGNATURE { made.reason.as_str() } else { made.demand.as_str() })
        .collect();
    match met.as_slice() {
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first}; attested: {}", rest.join(", ")),
        [] => String::new(),
    }
}

/// The order in which outcomes decide: the first that any demand has is the image's.
pub(super) const fn precedence(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Undeterminable => 0,
        Outcome::Invalid => 1,
        Outcome::Foreign => 2,
        Outcome::Absent => 3,
        Outcome::Verified => 4,
    }
}

/// Enough verified signatures end the matter; what could not be looked at is asked about only where they are missing.
fn of_signatures(accepted: &Accepted, found: &[&SignatureFound], failures: &[String]) -> (Outcome, String) {
    let Some(policy) = accepted.policy() else { return (Outcome::Absent, String::new()) };
    let of = |outcome| found.iter().filter(move |signature| signature.outcome == outcome);
    let first = |outcome| of(outcome).next().map(|signature| signature.reason.clone());
    let wanted = |name: &&str| policy.signers.of.as_ref().is_none_or(|of| of.contains(*name));
    let (names, others): (BTreeSet<&str>, BTreeSet<&str>) =
        of(Outcome::Verified).filter_map(|signature| signer_of(&signature.proof)).partition(wanted);
    let least = usize::from(policy.signers.at_least.max(1));
    if names.len() >= least {
        return (Outcome::Verified, signed_by(accepted, &names));
    }
    let mut obstacles = accepted.unreadable.clone();
    if policy.names().is_empty() {
        obstacles.push(format!("trust policy `{}` accepts nobody", policy.name));
    }
    obstacles.extend_from_slice(failures);
    for signature in of(Outcome::Undeterminable) {
        if !obstacles.contains(&signature.reason) {
            obstacles.push(signature.reason.clone());
        }
    }
    if !obstacles.is_empty() {
        return (Outcome::Undeterminable, counted(&obstacles));
    }
    if let Some(reason) = first(Outcome::Invalid) {
        return (Outcome::Invalid, reason);
    }
    if let Some(reason) = first(Outcome::Foreign) {
        return (Outcome::Foreign, reason);
    }
    if let Some(other) = others.first() {
        return (
            Outcome::Foreign,
            format!("signed by `{}`, who is not among the wanted signers", shown(other)),
        );
    }
    if !names.is_empty() {
        let missing = format!("{} of {least} wanted signers: {}", names.len(), signed_by(accepted, &names));
        return (Outcome::Absent, missing);
    }
    (Outcome::Absent, "neither a signature tag nor a signature bundle".to_owned())
}

/// Returns who signed: keys first, as they are nobody's identity.
fn signed_by(accepted: &Accepted, names: &BTreeSet<&str>) -> String {
    let is_key = |name: &&&str| accepted.keys.has(name);
    let keys: Vec<&str> = names.iter().filter(is_key).copied().collect();
    let others: Vec<&str> = names.iter().filter(|name| !is_key(name)).copied().collect();
    let mut said = vec![];
    if !keys.is_empty() {
        said.push(format!("accepted key `{}`", keys.join("`, `")));
    }
    if !others.is_empty() {
        said.push(format!("accepted identity `{}`", others.join("`, `")));
    }
    format!("signed by {}", said.join(" and "))
}

fn without_policy(found: &[&SignatureFound], failures: &[String]) -> (Outcome, String) {
    if !failures.is_empty() {
        return (Outcome::Undeterminable, format!("no trust policy; {}", counted(failures)));
    }
    let signed = found.iter().any(|signature| signature.outcome != Outcome::Absent);
    (if signed { Outcome::Foreign } else { Outcome::Absent }, "no trust policy".to_owned())
}

/// Returns the first of several sentences and how many there are besides.
pub(super) fn counted(sentences: &[String]) -> String {
    match sentences {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use sigstore_types::DerPublicKey;

    use super::*;
    use crate::{
        manifest::DesiredPolicy,
        model::{Digest, SignatureFormat},
        trust::verify::discover::{Failure, Sighting},
    };

    fn found(outcome: Outcome) -> SignatureFound {
        SignatureFound {
            format: SignatureFormat::SigstoreBundle,
            place: "p".to_owned(),
            digest: Digest::sha256(b""),
            content: None,
            proof: Proof {
                key: (outcome == Outcome::Verified).then(|| "org".to_owned()),
                ..Proof::default()
            },
            outcome,
            reason: outcome.name().to_owned(),
        }
    }

    fn policy() -> DesiredPolicy {
        DesiredPolicy::of_keys("p", [])
    }

    fn survey(outcomes: &[Outcome], failures: &[&str]) -> Survey {
        let sighting = |outcome: &Outcome| Sighting { found: found(*outcome), docker_reference: None };
        Survey {
            sightings: outcomes.iter().map(sighting).collect(),
            failures: failures.iter().map(|failure| Failure::Limit((*failure).to_owned())).collect(),
            ..Survey::default()
        }
    }

    /// Any key will do: the P-256 generator point.
    fn accepted() -> Accepted {
        let point = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                     4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let der = format!("3059301306072a8648ce3d020106082a8648ce3d030107034200{point}");
        let pem = DerPublicKey::new(hex::decode(der).unwrap()).to_pem();
        Accepted::of_policy(Some(&DesiredPolicy::of_keys("p", [("org".to_owned(), pem)])))
    }

    #[test]
    fn outcomes_take_precedence_as_designed() {
        use Outcome::{Absent, Foreign, Invalid, Undeterminable, Verified};
        let cases: [(&[Outcome], &[&str], Outcome); 9] = [
            (&[Foreign, Invalid, Verified], &["500"], Verified),
            (&[Foreign, Invalid], &["500"], Undeterminable),
            (&[], &["500"], Undeterminable),
            (&[Absent], &["500"], Undeterminable),
            (&[Undeterminable, Invalid], &[], Undeterminable),
            (&[Foreign, Invalid, Absent], &[], Invalid),
            (&[Absent, Foreign], &[], Foreign),
            (&[Absent], &[], Absent),
            (&[], &[], Absent),
        ];
        for (outcomes, failures, expected) in cases {
            let overall = overall(&accepted(), &survey(outcomes, failures));
            assert_eq!(overall.outcome, expected, "{outcomes:?}");
        }
    }

    #[test]
    fn without_a_policy_only_presence_is_told() {
        let cases: [(&[Outcome], &[&str], Outcome); 4] = [
            (&[Outcome::Invalid], &[], Outcome::Foreign),
            (&[Outcome::Absent], &[], Outcome::Absent),
            (&[], &[], Outcome::Absent),
            (&[], &["500"], Outcome::Undeterminable),
        ];
        for (outcomes, failures, expected) in cases {
            let overall = overall(&Accepted::default(), &survey(outcomes, failures));
            assert_eq!(overall.outcome, expected);
            assert!(overall.reason.starts_with("no trust policy"), "{}", overall.reason);
        }
    }

    #[test]
    fn a_policy_without_signers_determines_nothing() {
        let overall = overall(&Accepted::of_policy(Some(&policy())), &Survey::default());
        let expected = (Outcome::Undeterminable, "trust policy `p` accepts nobody");
        assert_eq!((overall.outcome, overall.reason.as_str()), expected);
    }
}
