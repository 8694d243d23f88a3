//! No finding may be more severe than the gate allows.

use super::{Facts, Requirement};
use crate::{
    manifest::DesiredGate,
    model::{Finding, Reason, Severity, Verdict},
};

pub(super) struct SeverityThreshold;

impl Requirement for SeverityThreshold {
    fn reasons(&self, facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
        let counted = counted(facts, gate).filter(|finding| !is_excused(finding, gate));
        counted.filter_map(|finding| reason(finding, gate)).collect()
    }
}

/// Returns what would be a reason and is none, because the gate accepts what publishers state about it.
pub(super) fn accepted(facts: &Facts<'_>, gate: &DesiredGate) -> Vec<Reason> {
    let excused = counted(facts, gate).filter(|finding| is_excused(finding, gate));
    let accept = |finding| {
        let reason = reason(finding, gate)?;
        Some(Reason {
            verdict: Verdict::Cleared,
            rule: "publisherVex accept".into(),
            written: gate.publisher_vex.written.clone(),
            fact: format!("{}; {}", reason.fact, sayings(finding)),
            ..reason
        })
    };
    excused.filter_map(accept).collect()
}

fn counted<'a>(facts: &Facts<'a>, gate: &'a DesiredGate) -> impl Iterator<Item = &'a Finding> {
    let findings = facts.scan.into_iter().flat_map(|scan| &scan.findings);
    findings.filter(|finding| finding.fixed.is_some() || !gate.fixable_only.value)
}

pub(super) fn is_excused(finding: &Finding, gate: &DesiredGate) -> bool {
    gate.publisher_vex.value && !finding.excused_by().is_empty()
}

fn sayings(finding: &Finding) -> String {
    let say = |statement: &crate::model::FindingStatement| {
        let why = statement.justification.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        format!("`{}` states {}{why} on {}", statement.signer, statement.status.name(), statement.at.date())
    };
    finding.excused_by().into_iter().map(say).collect::<Vec<_>>().join(", ")
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
