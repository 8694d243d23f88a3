//! No finding may be more severe than the gate allows.

use super::{Facts, Requirement};
use crate::{
    manifest::DesiredGate,
    model::{Finding, Reason, Severity, Verdict},
};

pub(super) struct SeverityThreshold;

impl Requirement for SeverityThreshold {
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        let findings = facts.scan.iter().flat_map(|scan| &scan.findings);
        let counted = findings.filter(|finding| finding.fixed.is_some() || !gate.fixable_only.value);
        counted.filter_map(|finding| reason(finding, gate)).collect()
    }
}

fn reason(finding: &Finding, gate: &DesiredGate) -> Option<Reason> {
    let (verdict, rule, written) = match finding.severity {
        Severity::Unknown => {
            let action = gate.unknown_severity.value;
            (action, format!("unknownSeverity {}", action.action()), &gate.unknown_severity.written)
        }
        severity if severity > gate.max_severity.value => {
            (Verdict::Refused, format!("maxSeverity {}", gate.max_severity.value), &gate.max_severity.written)
        }
        _ => return None,
    };
    if verdict == Verdict::Cleared {
        return None;
    }
    let fixed =
        finding.fixed.as_ref().map_or("no fixed version is known".to_owned(), |v| format!("fixed in {v}"));
    Some(Reason {
        verdict,
        rule,
        written: written.clone(),
        fact: format!(
            "{} is {} in {} {}; {fixed}",
            finding.id, finding.severity, finding.source, finding.installed
        ),
        recorded: "scan.json".into(),
        until: None,
    })
}
