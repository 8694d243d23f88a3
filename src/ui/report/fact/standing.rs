//! Where a finding stands: what its record and signed statements say about it, in the words of VEX.

use crate::model::{Finding, FindingStatement, VendorState, VexStatus};

use super::text;

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui::report) struct Standing<'a> {
    pub(in crate::ui::report) status: VexStatus,
    /// The statement that says so; absent where the advisory alone does.
    pub(in crate::ui::report) statement: Option<&'a FindingStatement>,
}

/// Returns where a finding stands. The version is one that an advisory calls affected, so it is affected unless a
/// statement or the vendor says otherwise. Not affected and fixed are never said without a statement.
pub(in crate::ui::report) fn of(finding: &Finding) -> Standing<'_> {
    if let Some(statement) = latest(&finding.excused_by()) {
        return Standing { status: statement.status, statement: Some(statement) };
    }
    let investigated = finding.state == Some(VendorState::UnderInvestigation);
    match latest(&open(finding)) {
        Some(statement) => Standing { status: statement.status, statement: Some(statement) },
        None if investigated => Standing { status: VexStatus::UnderInvestigation, statement: None },
        None => Standing { status: VexStatus::Affected, statement: None },
    }
}

/// Returns what signers last said, as far as it excuses nothing: that it is affected, where any of them does.
fn open(finding: &Finding) -> Vec<&FindingStatement> {
    let statements = &finding.statements;
    let is_replaced = |one: &FindingStatement| {
        statements.iter().any(|other| other.signer == one.signer && other.at > one.at)
    };
    let open: Vec<_> = statements.iter().filter(|one| !one.status.excuses() && !is_replaced(one)).collect();
    let affected: Vec<_> = open.iter().copied().filter(|one| one.status == VexStatus::Affected).collect();
    if affected.is_empty() { open } else { affected }
}

/// Returns the newest; of several of one moment the first.
fn latest<'a>(statements: &[&'a FindingStatement]) -> Option<&'a FindingStatement> {
    statements.iter().copied().reduce(|best, next| if next.at > best.at { next } else { best })
}

impl Standing<'_> {
    /// Returns whether a signed statement says that nothing is to be done.
    pub(in crate::ui::report) const fn is_excused(&self) -> bool {
        self.status.excuses()
    }

    /// Returns the reason as a label of OpenVEX ("Status Justifications"), which CSAF uses too; CycloneDX's that mean the
    /// same are translated.
    pub(in crate::ui::report) fn label(&self) -> Option<&'static str> {
        let said = self.statement?.justification.as_deref()?;
        let known = LABELS.iter().find(|(openvex, cyclonedx)| said == *openvex || Some(said) == *cyclonedx);
        known.map(|(openvex, _)| *openvex)
    }

    /// Returns the reason as a label of CycloneDX (1.6, `impactAnalysisJustification`).
    pub(in crate::ui::report) fn cyclonedx_label(&self) -> Option<&'static str> {
        let said = self.statement?.justification.as_deref()?;
        if let Some(own) = CYCLONEDX_ONLY.iter().find(|label| **label == said) {
            return Some(own);
        }
        LABELS.iter().find(|(openvex, cyclonedx)| said == *openvex || Some(said) == *cyclonedx)?.1
    }

    /// Returns who states it, when and why: `acme on 2026-11-01: vulnerable_code_not_present`.
    pub(in crate::ui::report) fn said(&self) -> Option<String> {
        let statement = self.statement?;
        let who = text::name(&statement.signer);
        let why = statement.justification.as_deref().map_or(String::new(), |why| format!(": {why}"));
        Some(text::sentence(&format!("{who} on {}{why}", statement.at.date())))
    }
}

/// Labels of OpenVEX with those of CycloneDX that mean the same; where CycloneDX has none, the words are passed on.
const LABELS: [(&str, Option<&str>); 5] = [
    ("component_not_present", None),
    ("vulnerable_code_not_present", Some("code_not_present")),
    ("vulnerable_code_not_in_execute_path", Some("code_not_reachable")),
    ("vulnerable_code_cannot_be_controlled_by_adversary", None),
    ("inline_mitigations_already_exist", Some("protected_by_mitigating_control")),
];

const CYCLONEDX_ONLY: [&str; 6] = [
    "requires_configuration",
    "requires_dependency",
    "requires_environment",
    "protected_by_compiler",
    "protected_at_runtime",
    "protected_at_perimeter",
];

/// Returns what can be done, as far as the record tells.
pub(in crate::ui::report) fn action(finding: &Finding) -> String {
    let name = text::name(&finding.source);
    match (&finding.fixed, finding.state) {
        (Some(fixed), _) => format!("Update {name} to {} or later.", text::name(fixed)),
        (None, Some(VendorState::WillNotFix)) => format!("The vendor plans no repair of {name}."),
        (None, Some(VendorState::Deferred)) => format!("The vendor defers a repair of {name}."),
        (None, Some(VendorState::EndOfLife)) => format!("The vendor no longer looks after {name}."),
        (None, _) => format!("No repaired version of {name} is known."),
    }
}

/// Returns the state of the vendor in words of our own.
pub(in crate::ui::report) const fn state(finding: &Finding) -> Option<&'static str> {
    match finding.state {
        None => None,
        Some(VendorState::Affected) => Some("affected"),
        Some(VendorState::UnderInvestigation) => Some("under investigation"),
        Some(VendorState::Deferred) => Some("deferred"),
        Some(VendorState::WillNotFix) => Some("will not fix"),
        Some(VendorState::EndOfLife) => Some("end of life"),
    }
}

/// Returns one sentence: what has which vulnerability, how severe, what repairs it.
pub(in crate::ui::report) fn sentence(finding: &Finding) -> String {
    let (name, installed) = (text::name(&finding.source), text::name(&finding.installed));
    let fixed = finding.fixed.as_deref().map_or_else(
        || state(finding).map_or("no fix known".to_owned(), |state| format!("no fix known, vendor: {state}")),
        |fixed| format!("fixed in {}", text::name(fixed)),
    );
    let exploited = if finding.exploited.is_empty() { "" } else { ", known exploited" };
    format!("{name} {installed} has {} ({}{exploited}); {fixed}.", text::name(&finding.id), finding.severity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::report::tests::sample;

    #[test]
    fn nothing_is_harmless_without_a_statement_of_every_signer() {
        let mut finding = sample::finding("CVE-2026-0001", "openssl");
        assert_eq!(of(&finding).status, VexStatus::Affected);
        finding.state = Some(VendorState::WillNotFix);
        assert_eq!(of(&finding).status, VexStatus::Affected);
        finding.state = Some(VendorState::UnderInvestigation);
        assert_eq!(of(&finding).status, VexStatus::UnderInvestigation);
        finding.statements = vec![sample::statement("acme", 1, VexStatus::NotAffected)];
        assert_eq!(of(&finding).status, VexStatus::NotAffected);
        finding.statements.push(sample::statement("other", 2, VexStatus::Affected));
        assert_eq!(of(&finding).status, VexStatus::Affected);
        finding.statements.push(sample::statement("other", 3, VexStatus::Fixed));
        assert_eq!((of(&finding).status, of(&finding).is_excused()), (VexStatus::Fixed, true));
    }

    /// OpenVEX 0.2.0, "Status Justifications"; CycloneDX 1.6, `impactAnalysisJustification`.
    #[test]
    fn reasons_are_labels_where_they_mean_the_same() {
        let mut statement = sample::statement("acme", 1, VexStatus::NotAffected);
        for (said, openvex, cyclonedx) in [
            ("component_not_present", Some("component_not_present"), None),
            ("code_not_reachable", Some("vulnerable_code_not_in_execute_path"), Some("code_not_reachable")),
            ("vulnerable_code_not_present", Some("vulnerable_code_not_present"), Some("code_not_present")),
            ("requires_environment", None, Some("requires_environment")),
            ("we looked", None, None),
        ] {
            statement.justification = Some(said.to_owned());
            let standing = Standing { status: statement.status, statement: Some(&statement) };
            assert_eq!((standing.label(), standing.cyclonedx_label()), (openvex, cyclonedx), "{said}");
            assert_eq!(standing.said().unwrap(), format!("acme on 1970-01-02: {said}"));
        }
    }
}
