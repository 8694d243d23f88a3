//! One source package against the advisories about it. Pure.

use std::collections::BTreeSet;

use super::{
    Installed,
    naming::{Named, Vulnerability, group},
    severity::rate,
};
use crate::{
    advisory::{
        self, Advisory, Bundle, Match, Note, later_fix,
        versions::{self, Scheme},
    },
    evidence::NotLookedAt,
    model::{Finding, FoundIn, VendorState},
};

/// Returns the findings of one source package, and what about it could not be decided.
pub(super) fn look_up(
    installed: &Installed,
    packages: &BTreeSet<String>,
    bundle: &Bundle,
) -> (Vec<Finding>, Option<NotLookedAt>) {
    let advisories = bundle.lookup(&installed.ecosystem, &installed.source);
    let Some(scheme) = advisory::scheme_of(&installed.ecosystem) else { return (vec![], None) };
    let (mut affecting, mut undecided) = (vec![], vec![]);
    let speaking =
        |advisory: &&Advisory| advisory::speaks_of(advisory.modules.as_deref(), installed.module.as_deref());
    for advisory in advisories.iter().filter(speaking) {
        match advisory.about(scheme, &installed.version) {
            Match::NotAffected => {}
            Match::Affected { fixed } => affecting.push((advisory, fixed)),
            Match::NotComparable => undecided.push(advisory.id.as_str()),
        }
    }
    let named: Vec<_> = affecting.iter().map(|(a, _)| Named { id: &a.id, ids: &a.ids }).collect();
    let finding = |(id, vulnerability): (String, Vulnerability)| {
        let known = bundle.note(&id);
        finding(scheme, installed, packages, &affecting, id, &vulnerability, known)
    };
    let findings = group(&named).into_iter().map(finding).collect();
    (findings, gap(scheme, installed, packages, &undecided))
}

fn finding(
    scheme: Scheme,
    installed: &Installed,
    packages: &BTreeSet<String>,
    affecting: &[(&Advisory, Option<String>)],
    id: String,
    vulnerability: &Vulnerability,
    known: Option<&Note>,
) -> Finding {
    let speaking = || vulnerability.advisories.iter().map(|&index| &affecting[index]);
    // The fix that ends the finding: past the highest of them no advisory matches any more.
    let fixed = speaking().map(|(_, fixed)| fixed.clone()).reduce(|a, b| later_fix(scheme, a, b)).flatten();
    let family = installed.ecosystem.split(':').next().unwrap_or_default();
    let rating = rate(family, speaking().map(|(advisory, _)| *advisory), known);
    let ids: BTreeSet<&String> =
        vulnerability.ids.iter().chain(known.iter().flat_map(|known| &known.ids)).collect();
    Finding {
        id,
        ids: ids.into_iter().cloned().collect(),
        ecosystem: installed.ecosystem.clone(),
        source: installed.source.clone(),
        installed: installed.version.clone(),
        packages: packages.iter().cloned().collect(),
        state: if fixed.is_none() { state(speaking().map(|(advisory, _)| *advisory)) } else { None },
        fixed,
        severity: rating.severity,
        chosen: rating.chosen,
        severities: rating.claims,
        exploited: known.map(|known| known.exploited.clone()).unwrap_or_default(),
        epss: known.and_then(|known| known.epss.clone()),
        advisories: found_in(speaking().map(|(advisory, _)| *advisory)),
        first_seen: None,
        exploited_seen: None,
        statements: vec![],
    }
}

/// Returns the state of what has no repair: of several the one that says most about what is to come.
fn state<'a>(advisories: impl Iterator<Item = &'a Advisory>) -> Option<VendorState> {
    advisories.filter_map(|advisory| advisory.state).max()
}

fn found_in<'a>(advisories: impl Iterator<Item = &'a Advisory>) -> Vec<FoundIn> {
    let found: BTreeSet<FoundIn> = advisories
        .map(|advisory| FoundIn {
            id: advisory.id.clone(),
            source: advisory.source.clone(),
            affected: advisory.affected(),
        })
        .collect();
    found.into_iter().collect()
}

fn gap(
    scheme: Scheme,
    installed: &Installed,
    packages: &BTreeSet<String>,
    undecided: &[&str],
) -> Option<NotLookedAt> {
    let first = undecided.iter().min()?;
    let whose = if versions::is_valid(scheme, &installed.version) { "of the advisory" } else { "installed" };
    let count = undecided.iter().collect::<BTreeSet<_>>().len();
    Some(NotLookedAt {
        what: format!("source package `{}` of `{}`", installed.source, installed.ecosystem),
        reason: format!(
            "the version {whose} cannot be compared; advisories concerned: {count}, the first `{first}`"
        ),
        packages: packages.len() as u64,
    })
}
