//! What newer advisories change for one image. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    evidence::ScanRecord,
    model::{Finding, Severity},
};

/// What changed from one scan of an image to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Findings that the second scan alone has.
    pub new: Vec<Line>,
    /// Findings that the first scan alone has.
    pub gone: Vec<Line>,
    /// Findings that both have and say differently, with what changed.
    pub changed: Vec<Changed>,
    /// What the second scan does not look at, and the first did.
    pub unseen: Vec<String>,
    /// What the first scan did not look at, and the second does.
    pub seen: Vec<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub id: String,
    pub source: String,
    pub installed: String,
    pub severity: Severity,
    pub fixed: Option<String>,
    pub exploited: bool,
}

/// A finding that is described anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    pub finding: Line,
    /// `severity low → high`, `fixed in 1.2`.
    pub what: Vec<String>,
}

impl Difference {
    /// Returns what `after` says otherwise than `before`.
    pub fn between(before: &ScanRecord, after: &ScanRecord) -> Self {
        let (old, new) = (by_key(before), by_key(after));
        let mut difference = Self::default();
        for (key, finding) in &new {
            match old.get(key) {
                None => difference.new.push(line(finding)),
                Some(was) => {
                    let what = changes(was, finding);
                    if !what.is_empty() {
                        difference.changed.push(Changed { finding: line(finding), what });
                    }
                }
            }
        }
        let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
        difference.gone.extend(gone.map(|(_, finding)| line(finding)));
        let gaps = |scan: &ScanRecord| -> Vec<String> {
            scan.not_looked_at.iter().map(|gap| format!("{}: {}", gap.what, gap.reason)).collect()
        };
        let (before, after) = (gaps(before), gaps(after));
        difference.unseen = after.iter().filter(|gap| !before.contains(gap)).cloned().collect();
        difference.seen = before.into_iter().filter(|gap| !after.contains(gap)).collect();
        difference
    }

    /// Returns whether both scans say the same.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

fn by_key(scan: &ScanRecord) -> BTreeMap<Key<'_>, &Finding> {
    scan.findings
        .iter()
        .map(|f| ((f.id.as_str(), f.ecosystem.as_str(), f.source.as_str(), f.installed.as_str()), f))
        .collect()
}

fn line(finding: &Finding) -> Line {
    Line {
        id: finding.id.clone(),
        source: finding.source.clone(),
        installed: finding.installed.clone(),
        severity: finding.severity,
        fixed: finding.fixed.clone(),
        exploited: !finding.exploited.is_empty(),
    }
}

fn changes(before: &Finding, after: &Finding) -> Vec<String> {
    let mut what = vec![];
    if before.severity != after.severity {
        what.push(format!("severity {} → {}", before.severity, after.severity));
    }
    match (&before.fixed, &after.fixed) {
        (was, is) if was == is => {}
        (None, Some(version)) => what.push(format!("fixed in {version}")),
        (Some(version), None) => what.push(format!("no longer fixed in {version}")),
        (Some(was), Some(is)) => what.push(format!("fixed in {was} → {is}")),
        (None, None) => {}
    }
    if before.state != after.state
        && let Some(state) = after.state
    {
        what.push(state.words().to_owned());
    }
    match (before.exploited.is_empty(), after.exploited.is_empty()) {
        (true, false) => what.push("known to be exploited".to_owned()),
        (false, true) => what.push("no longer said to be exploited".to_owned()),
        _ => {}
    }
    what
}
