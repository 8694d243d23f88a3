//! What the publisher's signature, or its lack, leads to: the trust policy's action, and the gate's own requirement.

use super::{Facts, Requirement};
use crate::{
    manifest::DesiredGate,
    model::{Outcome, Reason, Verdict},
};

pub(super) struct Signature;

impl Requirement for Signature {
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        let outcome = facts.verification.outcome;
        if outcome == Outcome::Verified {
            return vec![];
        }
        let fact = format!("the publisher's signature is {outcome}: {}", facts.verification.reason);
        let reason = |verdict, rule: String, written: &str| Reason {
            verdict,
            rule,
            written: written.to_owned(),
            fact: fact.clone(),
            recorded: "verification.json".into(),
            until: None,
        };
        let mut reasons = vec![];
        if let Some(action) = facts.policy.and_then(|policy| policy.actions.get(&outcome))
            && action.value != Verdict::Cleared
        {
            let policy = facts.policy.map_or("", |policy| policy.name.as_str());
            let rule = format!("policy {policy}: {outcome} {}", action.value.action());
            reasons.push(reason(action.value, rule, &action.written));
        }
        if gate.signature_required.value {
            // What could not be found out may be found out later; what is known to be wrong stays wrong.
            let verdict = if outcome == Outcome::Undeterminable { Verdict::Held } else { Verdict::Refused };
            reasons.push(reason(verdict, "signature required".into(), &gate.signature_required.written));
        }
        reasons
    }
}
