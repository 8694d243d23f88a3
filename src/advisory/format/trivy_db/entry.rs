//! One advisory of Trivy's database about one package (trivy-db, `pkg/types`, `Advisory` and `Advisories`), as JSON.

use serde::Deserialize;

use super::object;
use crate::{
    advisory::{
        bundle::SeverityStatement,
        ecosystem,
        format::constraint,
        module, package_name,
        range::Event,
        record::{Affected, LIST_MAX, a_version, at_most, identifier, name},
        versions::Scheme,
    },
    model::VendorState,
};

/// Trivy's numbers for severities, from 1 on (`pkg/types`, `SeverityNames`).
pub(super) const SEVERITIES: [&str; 4] = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];
/// Trivy's number for "not affected" (`pkg/types`, `Statuses`).
const NOT_AFFECTED: i64 = 1;
/// The "fixed" version of what never was affected, as Alpine and Debian write it.
const NEVER: &str = "0";

/// What an advisory says of a package, with the names of its vendor for it.
pub(super) struct Entry {
    pub(super) affected: Affected,
    /// Other names of the vulnerability.
    pub(super) ids: Vec<String>,
}

/// What becomes of an advisory.
pub(super) enum Found {
    Entry(Box<Entry>),
    /// Not imported, and what it is instead.
    LeftOut(&'static str),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawAdvisory {
    #[serde(rename = "VendorIDs")]
    vendor_ids: Vec<String>,
    status: i64,
    severity: i64,
    fixed_version: String,
    vulnerable_versions: Vec<String>,
    patched_versions: Vec<String>,
    unaffected_versions: Vec<String>,
    entries: Vec<RawEntry>,
}

/// The repair for some architectures.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawEntry {
    fixed_version: String,
}

/// Reads an advisory about a package.
pub(super) fn read(ecosystem: &str, package: &str, json: &[u8]) -> Result<Found, String> {
    name(package)?;
    let raw: RawAdvisory = object(json, "advisory")?;
    at_most(raw.entries.len(), LIST_MAX, "entries")?;
    at_most(raw.vendor_ids.len(), LIST_MAX, "vendor's names")?;
    let scheme = ecosystem::scheme_of(ecosystem).ok_or_else(|| format!("`{ecosystem}` has no versions"))?;
    if ecosystem.contains(':') || ["Chainguard", "Wolfi"].contains(&ecosystem) {
        distribution(ecosystem, scheme, package, &raw)
    } else {
        language(ecosystem, scheme, package, &raw)
    }
}

fn distribution(ecosystem: &str, scheme: Scheme, package: &str, raw: &RawAdvisory) -> Result<Found, String> {
    let fixed = match repairs(raw) {
        Ok(fixed) => fixed,
        Err(what) => return Ok(Found::LeftOut(what)),
    };
    fixed.iter().try_for_each(|version| a_version(version))?;
    let (package, stream) = match package.split_once("::") {
        // AlmaLinux and others write the stream of a module before the package: `nodejs:16::npm`.
        Some((stream, package)) if scheme == Scheme::Rpm => (package, Some(vec![stream.to_owned()])),
        _ => (package, None),
    };
    name(package)?;
    let unnamed = || (scheme == Scheme::Rpm).then(|| module::streams("", fixed.iter().copied())).flatten();
    let range = |version: &&str| {
        let fix = (!version.is_empty()).then(|| Event::Fixed((*version).to_owned()));
        [Some(Event::Introduced("0".into())), fix].into_iter().flatten().collect()
    };
    let affected = Affected {
        ecosystem: ecosystem.to_owned(),
        package: package_name(ecosystem, package),
        ranges: fixed.iter().map(range).collect(),
        severities: severity(ecosystem, raw.severity),
        state: fixed.contains(&"").then(|| state(raw.status)).flatten(),
        modules: stream.or_else(unnamed),
        ..Affected::default()
    };
    // The advisories of distributions stand for several vulnerabilities each, and are no other names of this one.
    Ok(Found::Entry(Box::new(Entry { affected, ids: vec![] })))
}

/// Returns the versions that repair a package, one for some architectures each; an empty one means that there is none yet.
/// The error says what the advisory is where it states none.
fn repairs(raw: &RawAdvisory) -> Result<Vec<&str>, &'static str> {
    let mut fixed: Vec<&str> = raw.entries.iter().map(|entry| entry.fixed_version.as_str()).collect();
    if fixed.is_empty() {
        // Beside entries it is there for readers that know none.
        fixed.push(&raw.fixed_version);
    }
    fixed.retain(|version| !is_other_build(version));
    fixed.sort_unstable();
    fixed.dedup();
    match fixed.as_slice() {
        [] => Err("builds for ksplice and FIPS"),
        [NEVER] => Err("not affected"),
        [""] if raw.status == NOT_AFFECTED => Err("not affected"),
        _ => Ok(fixed),
    }
}

/// Oracle's builds of the same packages for ksplice and under FIPS have versions that compare as higher with the others.
fn is_other_build(version: &str) -> bool {
    version.ends_with("_fips") || version.split('.').any(|part| part.starts_with("ksplice"))
}

fn language(ecosystem: &str, scheme: Scheme, package: &str, raw: &RawAdvisory) -> Result<Found, String> {
    raw.vendor_ids.iter().try_for_each(|id| identifier(id))?;
    let mut vulnerable: Vec<&str> = raw.vulnerable_versions.iter().map(String::as_str).collect();
    let mut safe: Vec<&str> =
        raw.patched_versions.iter().chain(&raw.unaffected_versions).map(String::as_str).collect();
    if vulnerable.is_empty() && safe.is_empty() {
        return Ok(Found::LeftOut("without versions"));
    }
    // Trivy takes an empty text among the first two lists for "every version".
    if raw.vulnerable_versions.iter().chain(&raw.patched_versions).any(String::is_empty) {
        safe.clear();
        vulnerable.clear();
    }
    let stated = constraint::affected(scheme, &vulnerable, &safe)?;
    if stated == constraint::Stated::default() {
        return Ok(Found::LeftOut("not affected"));
    }
    let affected = Affected {
        ecosystem: ecosystem.to_owned(),
        package: package_name(ecosystem, package),
        ranges: stated.ranges,
        versions: stated.versions,
        ..Affected::default()
    };
    Ok(Found::Entry(Box::new(Entry { affected, ids: raw.vendor_ids.clone() })))
}

/// Returns what the vendor does about what it has not repaired.
fn state(status: i64) -> Option<VendorState> {
    match status {
        2 => Some(VendorState::Affected),
        4 => Some(VendorState::UnderInvestigation),
        5 => Some(VendorState::WillNotFix),
        6 => Some(VendorState::Deferred),
        7 => Some(VendorState::EndOfLife),
        _ => None,
    }
}

/// Returns the rating of this package alone, which Trivy makes of Debian's urgency and keeps as a number.
fn severity(ecosystem: &str, number: i64) -> Vec<SeverityStatement> {
    let kind = if ecosystem.starts_with("Debian:") { "urgency" } else { "vendor" };
    let word = word(number).map(str::to_lowercase);
    word.map(|value| SeverityStatement { kind: kind.into(), value }).into_iter().collect()
}

/// Returns Trivy's word for one of its numbers.
pub(super) fn word(severity: i64) -> Option<&'static str> {
    let index = usize::try_from(severity.checked_sub(1)?).ok()?;
    SEVERITIES.get(index).copied()
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
