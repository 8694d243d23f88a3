//! What publishers state about findings. Pure.
//!
//! What speaks against is matched widely and what excuses is matched narrowly: a status `not_affected` or `fixed` counts
//! for the very vulnerability in every package of the finding, any other status as soon as it could be meant.

use std::collections::BTreeMap;

use crate::{
    evidence::{PublisherRecord, PublisherStatement, ScanRecord},
    model::{Digest, Finding, FindingStatement},
    trust::predicate::names_package,
};

/// Puts beside each finding what verified signers state about it, and takes away what they no longer do.
pub fn state(scan: &mut ScanRecord, publisher: Option<&PublisherRecord>) {
    let by_name = publisher.map(by_name).unwrap_or_default();
    let excuses = publisher.is_none_or(|publisher| publisher.excuses_not_used.is_none());
    for finding in &mut scan.findings {
        let named = finding.ids.iter().filter_map(|id| by_name.get(id.as_str())).flatten();
        let about = named.filter(|(_, _, statement)| {
            if statement.status.excuses() {
                excuses && excused(statement, finding)
            } else {
                meant(statement, finding)
            }
        });
        let mut statements: Vec<_> = about
            .map(|(signer, attestation, statement)| FindingStatement {
                signer: (*signer).to_owned(),
                at: statement.at,
                status: statement.status,
                justification: statement.justification.clone(),
                attestation: (*attestation).clone(),
            })
            .collect();
        statements.sort();
        statements.dedup();
        finding.statements = statements;
    }
}

/// Statements with signer and attestation, by every name of their vulnerability.
type ByName<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a Digest, &'a PublisherStatement)>>;

fn by_name(publisher: &PublisherRecord) -> ByName<'_> {
    let mut by_name = ByName::new();
    for document in &publisher.documents {
        // A document without a signer was not verified.
        let (Some(signer), Some(vex)) = (&document.signer, &document.vex) else { continue };
        for statement in &vex.statements {
            for name in std::iter::once(&statement.vulnerability).chain(&statement.aliases) {
                let named = by_name.entry(name.as_str()).or_default();
                named.push((signer.as_str(), &document.attestation, statement));
            }
        }
    }
    by_name
}

/// Returns whether a statement excuses a finding. An alias counts only where the vulnerability's name is no CVE and the
/// alias is: a distributor's notice is an alias of several CVEs, and what is said of one of them is not said of all.
fn excused(statement: &PublisherStatement, finding: &Finding) -> bool {
    let is_cve = |name: &str| name.starts_with("CVE-");
    let name = &statement.vulnerability;
    let by_alias =
        || !is_cve(name) && statement.aliases.iter().any(|alias| is_cve(alias) && *alias == finding.id);
    let every = || {
        statement.subcomponents.is_empty()
            || !finding.packages.is_empty()
                && finding.packages.iter().all(|package| covers(statement, package))
    };
    !statement.one_platform && (*name == finding.id || by_alias()) && every()
}

/// Returns whether a statement may be about a finding.
fn meant(statement: &PublisherStatement, finding: &Finding) -> bool {
    finding.packages.is_empty() || finding.packages.iter().any(|package| covers(statement, package))
}

fn covers(statement: &PublisherStatement, package: &str) -> bool {
    let parts = &statement.subcomponents;
    parts.is_empty() || parts.iter().any(|part| names_package(part, package))
}
