//! Whether what a policy wants attested is attested. Pure.

use std::collections::BTreeSet;

use super::{
    accepted::Accepted,
    discover::{Attestation, Survey},
    outcome::{counted, precedence, signer_of},
};
use crate::{
    manifest::DesiredAttestation,
    model::{DemandOutcome, Digest, Outcome},
    trust::predicate,
};

/// Returns what became of one demand. One statement about the image that meets it is enough, or one about each part of the
/// index; otherwise it is the outcome that weighs most.
pub(super) fn of(wanted: &DesiredAttestation, accepted: &Accepted, survey: &Survey) -> DemandOutcome {
    let demand = wanted.name.clone();
    let mut judged = judged(wanted, survey, None);
    if let Some(reason) = met(&judged) {
        return DemandOutcome { demand, outcome: Outcome::Verified, reason: reason.to_owned() };
    }
    let parts: Vec<_> =
        survey.parts.iter().map(|part| (part, self::judged(wanted, survey, Some(&part.digest)))).collect();
    let mets: BTreeSet<&str> = parts.iter().filter_map(|(_, judged)| met(judged)).collect();
    let open: Vec<_> = parts.iter().filter(|(_, judged)| met(judged).is_none()).collect();
    if !parts.is_empty() && open.is_empty() {
        let by: Vec<&str> = mets.into_iter().collect();
        let reason = format!("{}, for each of {} platforms", by.join(" and "), parts.len());
        return DemandOutcome { demand, outcome: Outcome::Verified, reason };
    }
    for (part, found) in &open {
        let of_part = |(outcome, reason): &(Outcome, String)| (*outcome, format!("{}: {reason}", part.name));
        judged.extend(found.iter().map(of_part));
    }
    let mut obstacles = accepted.unreadable.clone();
    let failures = survey.failures.iter().chain(&survey.unattested);
    obstacles.extend(failures.map(ToString::to_string));
    if !obstacles.is_empty() {
        judged.push((Outcome::Undeterminable, counted(&obstacles)));
    }
    judged.sort_by_key(|(outcome, _)| precedence(*outcome));
    let nothing = || {
        let nothing = format!("no attestation of `{}`", super::shown(&wanted.predicate));
        // Where nothing is attested at all, platforms are no matter.
        let missing: Vec<String> = open.iter().map(|(part, _)| part.name.clone()).collect();
        let somewhere = !mets.is_empty();
        (Outcome::Absent, if somewhere { format!("{nothing} for {}", counted(&missing)) } else { nothing })
    };
    let (outcome, reason) = judged.into_iter().next().unwrap_or_else(nothing);
    DemandOutcome { demand, outcome, reason }
}

/// Returns whether a demand is open that neither the image's own statements nor those about this part meet.
pub(super) fn lacks(part: &Digest, accepted: &Accepted, survey: &Survey) -> bool {
    let mut wanted = accepted.policy().into_iter().flat_map(|policy| &policy.attestations);
    let is_met = |wanted, about| met(&judged(wanted, survey, about)).is_some();
    wanted.any(|wanted| !is_met(wanted, None) && !is_met(wanted, Some(part)))
}

/// Returns what became of each statement of the wanted type about the image itself, or about a part of it.
fn judged(wanted: &DesiredAttestation, survey: &Survey, about: Option<&Digest>) -> Vec<(Outcome, String)> {
    let types = predicate::names(&wanted.predicate);
    let concerned = survey.attestations.iter().filter(|made| {
        made.found.subject.as_ref() == about && types.contains(made.found.predicate_type.as_str())
    });
    concerned.map(|made| judge(wanted, made)).collect()
}

/// Returns why statements meet a demand, where one does.
fn met(judged: &[(Outcome, String)]) -> Option<&str> {
    judged.iter().find(|(outcome, _)| *outcome == Outcome::Verified).map(|(_, reason)| reason.as_str())
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
