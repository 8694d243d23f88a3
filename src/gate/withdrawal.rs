//! A withdrawn image is refused from the effective day on.

use super::{Facts, Requirement};
use crate::{
    manifest::DesiredGate,
    model::{Reason, Verdict},
};

pub(super) struct Withdrawal;

impl Requirement for Withdrawal {
    fn reasons(&self, facts: &Facts<'_>, _: &DesiredGate) -> Vec<Reason> {
        let in_force = facts.withdrawals.iter().filter(|withdrawal| withdrawal.effective <= facts.now);
        in_force
            .map(|withdrawal| {
                let instead = withdrawal.replacement.as_ref().map(|instead| format!("; instead: {instead}"));
                Reason {
                    verdict: Verdict::Refused,
                    rule: format!("withdrawal {}", withdrawal.name),
                    written: withdrawal.written.clone(),
                    fact: format!(
                        "withdrawn from {}: {}{}",
                        withdrawal.effective.date(),
                        withdrawal.reason,
                        instead.unwrap_or_default()
                    ),
                    recorded: "custody.json".into(),
                    until: None,
                }
            })
            .collect()
    }
}
