//! Whether what a policy wants attested is attested. Pure.

use super::{
    accepted::Accepted,
    discover::{Attestation, Survey},
    outcome::{counted, precedence, signer_of},
};
use crate::{
    manifest::DesiredAttestation,
    model::{DemandOutcome, Outcome},
    trust::predicate,
};

/// Returns what became of one demand: one statement that meets it is enough, otherwise the outcome that weighs most.
pub(super) fn of(wanted: &DesiredAttestation, accepted: &Accepted, survey: &Survey) -> DemandOutcome {
    let demand = wanted.name.clone();
    let types = predicate::names(&wanted.predicate);
    let concerned = survey.attestations.iter();
    let concerned = concerned.filter(|made| types.contains(made.found.predicate_type.as_str()));
    let mut judged: Vec<(Outcome, String)> = concerned.map(|made| judge(wanted, made)).collect();
    if let Some((outcome, reason)) = judged.iter().find(|(outcome, _)| *outcome == Outcome::Verified) {
        return DemandOutcome { demand, outcome: *outcome, reason: reason.clone() };
    }
    let mut obstacles = accepted.unreadable.clone();
    let failures = survey.failures.iter().chain(&survey.unattested);
    obstacles.extend(failures.map(ToString::to_string));
    if !obstacles.is_empty() {
        judged.push((Outcome::Undeterminable, counted(&obstacles)));
    }
    judged.sort_by_key(|(outcome, _)| precedence(*outcome));
    let nothing = || (Outcome::Absent, format!("no attestation of `{}`", super::shown(&wanted.predicate)));
    let (outcome, reason) = judged.into_iter().next().unwrap_or_else(nothing);
    DemandOutcome { demand, outcome, reason }
}

fn judge(wanted: &DesiredAttestation, made: &Attestation) -> (Outcome, String) {
    if made.found.outcome != Outcome::Verified {
        return (made.found.outcome, made.found.reason.clone());
    }
    let name = signer_of(&made.found.proof).unwrap_or_default();
    if wanted.signers.as_ref().is_some_and(|signers| !signers.contains(name)) {
        return (
            Outcome::Foreign,
            format!("attested by `{}`, whose statement does not count", super::shown(name)),
        );
    }
    match made.said.as_ref().map(|said| predicate::meets(wanted, said)) {
        Some(Ok(())) => (Outcome::Verified, format!("attested by `{}`", super::shown(name))),
        Some(Err(reason)) => (Outcome::Invalid, format!("attested by `{}`: {reason}", super::shown(name))),
        None => (Outcome::Undeterminable, made.found.reason.clone()),
    }
}
