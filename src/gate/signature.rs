//! What the publisher's signature and attestations, or their lack, lead to: the trust policy's action for each demand that
//! is not met, and the gate's own requirement of a signature.

use super::{Facts, Requirement};
use crate::{
    evidence::VerificationRecord,
    manifest::{DesiredGate, DesiredPolicy},
    model::{Outcome, Reason, Verdict},
};

/// How records call the demand for a signature.
const SIGNATURE: &str = "signature";

pub(super) struct Signature;

impl Requirement for Signature {
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        let mut reasons = signature_reasons(facts.verification, facts.policy);
        let signature = signature(facts.verification);
        if gate.signature_required.value && signature.outcome != Outcome::Verified {
            // What could not be found out may be found out later; what is known to be wrong stays wrong.
            let undeterminable = signature.outcome == Outcome::Undeterminable;
            let verdict = if undeterminable { Verdict::Held } else { Verdict::Refused };
            let written = &gate.signature_required.written;
            reasons.push(signature.said(verdict, "signature required".into(), written));
        }
        reasons
    }
}

/// Returns a reason for each demand of the policy that is not met and whose outcome is not only recorded.
pub fn signature_reasons(verification: &VerificationRecord, policy: Option<&DesiredPolicy>) -> Vec<Reason> {
    let unmet = unmet(verification, policy).into_iter();
    unmet.filter_map(|unmet| unmet.reason(policy?)).collect()
}

/// A demand of the policy and what became of it.
struct Demand<'a> {
    name: &'a str,
    outcome: Outcome,
    reason: &'a str,
}

impl Demand<'_> {
    /// Returns what the policy makes of the outcome, unless that is only recorded.
    fn reason(&self, policy: &DesiredPolicy) -> Option<Reason> {
        let action = policy.actions.get(&self.outcome)?;
        let attestation =
            if self.name == SIGNATURE { String::new() } else { format!(" attestation {}:", self.name) };
        let rule = format!("policy {}:{attestation} {} {}", policy.name, self.outcome, action.value.action());
        (action.value != Verdict::Cleared).then(|| self.said(action.value, rule, &action.written))
    }

    fn said(&self, verdict: Verdict, rule: String, written: &str) -> Reason {
        let what = if self.name == SIGNATURE {
            "the publisher's signature".to_owned()
        } else {
            format!("attestation `{}`", self.name)
        };
        Reason {
            verdict,
            rule,
            written: written.to_owned(),
            fact: format!("{what} is {}: {}", self.outcome, self.reason),
            recorded: "verification.json".into(),
            until: None,
        }
    }
}

/// Returns what became of the signature: where a policy demands attestations only, the whole outcome stands for it.
fn signature(verification: &VerificationRecord) -> Demand<'_> {
    let recorded = verification.demands.iter().find(|made| made.demand == SIGNATURE);
    let (outcome, reason) =
        recorded.map_or((verification.outcome, &verification.reason), |made| (made.outcome, &made.reason));
    Demand { name: SIGNATURE, outcome, reason }
}

/// Returns the demands that are not met and have a say.
fn unmet<'a>(verification: &'a VerificationRecord, policy: Option<&DesiredPolicy>) -> Vec<Demand<'a>> {
    if verification.demands.is_empty() {
        let alone = signature(verification);
        return if alone.outcome == Outcome::Verified { vec![] } else { vec![alone] };
    }
    let optional = |name: &str, outcome: Outcome| {
        let wanted = policy.into_iter().flat_map(|policy| &policy.attestations);
        wanted.filter(|wanted| wanted.name == name).any(|wanted| !wanted.counts(outcome))
    };
    let made = verification.demands.iter().filter(|made| made.outcome != Outcome::Verified);
    let made = made.filter(|made| !optional(&made.demand, made.outcome));
    made.map(|made| Demand { name: &made.demand, outcome: made.outcome, reason: &made.reason }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        manifest::{DesiredAttestation, Ruled},
        model::DemandOutcome,
    };

    fn record(outcome: Outcome, demands: &[(&str, Outcome)]) -> VerificationRecord {
        let made = |(demand, outcome): &(&str, Outcome)| DemandOutcome {
            demand: (*demand).to_owned(),
            outcome: *outcome,
            reason: "as the test says".to_owned(),
        };
        VerificationRecord {
            demands: demands.iter().map(made).collect(),
            ..crate::gate::tests::verification(outcome)
        }
    }

    fn policy() -> DesiredPolicy {
        let ruled = |value| Ruled { value, written: "trust/official.yaml:4".into() };
        let wanted = |name: &str, required| DesiredAttestation {
            name: name.to_owned(),
            predicate: "spdx".to_owned(),
            signers: None,
            required,
            says: BTreeMap::new(),
            levels: std::collections::BTreeSet::new(),
        };
        DesiredPolicy {
            name: "official".into(),
            attestations: vec![wanted("sbom", true), wanted("extra", false)],
            actions: BTreeMap::from([
                (Outcome::Absent, ruled(Verdict::Held)),
                (Outcome::Foreign, ruled(Verdict::Cleared)),
                (Outcome::Invalid, ruled(Verdict::Refused)),
                (Outcome::Undeterminable, ruled(Verdict::Held)),
            ]),
            ..DesiredPolicy::default()
        }
    }

    #[test]
    fn each_demand_that_is_not_met_gives_a_reason_by_its_action() {
        use Outcome::{Absent, Foreign, Invalid, Verified};
        type Case<'a> = (Outcome, &'a [(&'a str, Outcome)], &'a [&'a str]);
        let cases: [Case<'_>; 6] = [
            (Verified, &[("signature", Verified), ("sbom", Verified), ("extra", Absent)], &[]),
            (
                Invalid,
                &[("signature", Absent), ("sbom", Invalid)],
                &["policy official: absent hold", "policy official: attestation sbom: invalid refuse"],
            ),
            (Foreign, &[("signature", Verified), ("sbom", Foreign)], &[]),
            (
                Invalid,
                &[("signature", Verified), ("sbom", Verified), ("extra", Invalid)],
                &["policy official: attestation extra: invalid refuse"],
            ),
            (Absent, &[], &["policy official: absent hold"]),
            (Verified, &[], &[]),
        ];
        for (outcome, demands, expected) in cases {
            let reasons = signature_reasons(&record(outcome, demands), Some(&policy()));
            let rules: Vec<&str> = reasons.iter().map(|reason| reason.rule.as_str()).collect();
            assert_eq!(rules, expected, "{demands:?}");
        }
        let reasons =
            signature_reasons(&record(Outcome::Absent, &[("sbom", Outcome::Absent)]), Some(&policy()));
        assert_eq!(reasons[0].fact, "attestation `sbom` is absent: as the test says");
        assert_eq!(signature_reasons(&record(Outcome::Absent, &[]), None), []);
    }

    #[test]
    fn a_gates_own_demand_is_for_the_signature_alone() {
        let verified = [("signature", Outcome::Verified), ("sbom", Outcome::Absent)];
        assert_eq!(signature(&record(Outcome::Absent, &verified)).outcome, Outcome::Verified);
        let only_attested = [("sbom", Outcome::Verified)];
        assert_eq!(signature(&record(Outcome::Verified, &only_attested)).outcome, Outcome::Verified);
    }
}
