//! What a scan keeps of the one before, and whether it says anything new. Pure.

use std::collections::BTreeMap;

use crate::{
    evidence::ScanRecord,
    model::{Finding, Instant},
};

/// Notes when findings were first seen, and when they were first known to be exploited: as the scan before has it, else
/// `now`. Of records from before this was kept the time of that scan counts.
pub fn remember(scan: &mut ScanRecord, before: Option<&ScanRecord>, now: Instant) {
    let scanned = before.and_then(|before| before.scanned.as_ref()).map_or(now, |scanned| scanned.at);
    let known: BTreeMap<_, &Finding> = before
        .into_iter()
        .flat_map(|before| &before.findings)
        .map(|finding| (key(finding), finding))
        .collect();
    for finding in &mut scan.findings {
        let same = known.get(&key(finding)).copied();
        finding.first_seen = Some(same.map_or(now, |same| same.first_seen.unwrap_or(scanned)));
        let exploited = same.filter(|same| !same.exploited.is_empty());
        finding.exploited_seen = (!finding.exploited.is_empty())
            .then(|| exploited.map_or(now, |same| same.exploited_seen.unwrap_or(scanned)));
    }
}

/// One vulnerability in one source package.
fn key(finding: &Finding) -> (String, String, String) {
    (finding.ecosystem.clone(), finding.source.clone(), finding.id.clone())
}

/// Returns whether two scans of one image say the same. Which bundle was asked, how many records it has and the daily
/// estimates of exploitation are no news of their own.
pub fn says_the_same(recorded: &ScanRecord, new: &ScanRecord) -> bool {
    let bare = |scan: &ScanRecord| {
        let mut findings = scan.findings.clone();
        for finding in &mut findings {
            finding.epss = None;
            finding.statements.clear();
        }
        findings
    };
    let ecosystems = |scan: &ScanRecord| -> Vec<String> {
        scan.advisories.ecosystems.iter().map(|e| e.ecosystem.clone()).collect()
    };
    let sources = |scan: &ScanRecord| -> Vec<String> {
        scan.advisories.sources.iter().map(|s| s.name.clone()).collect()
    };
    recorded.subject == new.subject
        && recorded.packages == new.packages
        && recorded.not_looked_at == new.not_looked_at
        && ecosystems(recorded) == ecosystems(new)
        && sources(recorded) == sources(new)
        && bare(recorded) == bare(new)
}
