//! The Debian Security Tracker as JSON: source package → CVE → release by code name (Debian,
//! https://security-tracker.debian.org/tracker/data/json, described at
//! https://security-team.debian.org/security_tracker.html). Unlike Debian's OSV records it says what Debian does
//! about vulnerabilities that it has not repaired.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Format, Shape,
    cve::is_cve,
    parts::{Members, file, leave_out, note_broken, part},
};
use crate::{
    advisory::{
        bundle::SeverityStatement,
        ecosystem, package_name,
        range::Event,
        record::{AFFECTED_MAX, Affected, Content, Record, a_version, at_most, identifier, name, shown},
    },
    model::VendorState,
};

/// Largest file in bytes; it has 70 MB.
const FILE_BYTES_MAX: u64 = 512 << 20;
/// Most entries of all records together, each about half a kilobyte in memory; 40,000 vulnerabilities in six releases
/// are 240,000.
const ENTRIES_MAX: usize = 2_000_000;
/// Most source packages; Debian has close to 40,000.
const PACKAGES_MAX: usize = 200_000;
/// Most vulnerabilities of one package; the kernel has 16,000.
const CVES_MAX: usize = 200_000;
/// Most releases that are followed at one time; there are six.
const RELEASES_MAX: usize = 100;
/// Releases by code name, as the tracker names them, with the number by which OSV and images do
/// (https://www.debian.org/releases/). `sid` is none.
const RELEASES: [(&str, &str); 9] = [
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];
/// How what has no CVE is called: it gets another name when it gets a CVE.
const TEMPORARY: &str = "TEMP-";
/// The repaired version of what a release never had, and the beginning of all versions.
const NEVER: &str = "0";

pub(super) struct DebianTracker;

impl Format for DebianTracker {
    fn name(&self) -> &'static str {
        "debian-tracker"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    /// The keys are names of packages, so that those inside the first package have to tell.
    fn claims(&self, shape: &Shape<'_>) -> bool {
        let Shape::Object { first, .. } = shape else { return false };
        !first.is_empty() && first.iter().all(|key| is_vulnerability(key))
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let packages: Members<&RawValue, PACKAGES_MAX> = file(bytes)?;
        let (mut content, mut known) = (Content::default(), Known::default());
        for (package, raw) in packages.0 {
            match name(&package).and_then(|()| part(raw)) {
                Ok(vulnerabilities) => known.add(&package, vulnerabilities, &mut content)?,
                Err(reason) => {
                    content.read += 1;
                    note_broken(&mut content, &package, reason)?;
                }
            }
        }
        for (id, affected) in known.vulnerabilities {
            match record(&id, affected) {
                Ok(record) => content.records.push(record),
                Err(reason) => note_broken(&mut content, &id, reason)?,
            }
        }
        Ok(content)
    }
}

fn is_vulnerability(id: &str) -> bool {
    is_cve(id) || (id.starts_with(TEMPORARY) && identifier(id).is_ok())
}

#[derive(Deserialize)]
struct RawVulnerability {
    releases: Members<RawRelease, RELEASES_MAX>,
}

#[derive(Deserialize)]
struct RawRelease {
    /// `resolved`, `open` or `undetermined`.
    status: String,
    /// With `resolved` alone.
    #[serde(default)]
    fixed_version: Option<String>,
    #[serde(default)]
    urgency: Option<String>,
    /// Why no advisory is published for the release: `ignored`, `postponed`, or nothing.
    #[serde(default)]
    nodsa_reason: Option<String>,
}

/// What the packages read so far say of each vulnerability.
#[derive(Default)]
struct Known {
    vulnerabilities: BTreeMap<String, Vec<Affected>>,
    entries: usize,
}

impl Known {
    /// Adds what is said of a package.
    ///
    /// # Errors
    /// Where the file as a whole says too much; what is wrong with one vulnerability is noted.
    fn add(
        &mut self,
        package: &str,
        vulnerabilities: Members<&RawValue, CVES_MAX>,
        content: &mut Content,
    ) -> Result<(), String> {
        for (id, raw) in vulnerabilities.0 {
            content.read += 1;
            match part(raw).and_then(|said| affected(package, &id, &said, content)) {
                Ok(affected) if affected.is_empty() => {}
                Ok(affected) => {
                    self.entries += affected.len();
                    self.vulnerabilities.entry(id).or_default().extend(affected);
                }
                Err(reason) => note_broken(content, &format!("{package} {id}"), reason)?,
            }
            at_most(self.entries, ENTRIES_MAX, "packages and releases")?;
        }
        Ok(())
    }
}

/// Returns the releases in which a vulnerability affects a package or did.
fn affected(
    package: &str,
    id: &str,
    said: &RawVulnerability,
    content: &mut Content,
) -> Result<Vec<Affected>, String> {
    if !is_vulnerability(id) {
        return Err(format!("`{}` is neither a CVE nor `{TEMPORARY}`", shown(id)));
    }
    let mut affected = vec![];
    for (code_name, release) in &said.releases.0 {
        let number = RELEASES.iter().find(|(name, _)| name == code_name).map(|(_, number)| *number);
        let Some(ecosystem) = number.and_then(|number| ecosystem::ecosystem(&format!("Debian:{number}")))
        else {
            leave_out(content, "other releases of Debian");
            continue;
        };
        let (fixed, state) = match release.standing()? {
            Standing::Open(state) => (None, Some(state)),
            Standing::Repaired(version) => (Some(version), None),
            Standing::Never => continue,
            Standing::Undetermined => {
                leave_out(content, "undetermined by Debian");
                continue;
            }
        };
        let introduced = Event::Introduced(NEVER.to_owned());
        affected.push(Affected {
            package: package_name(&ecosystem, package),
            ecosystem,
            ranges: vec![std::iter::once(introduced).chain(fixed.map(Event::Fixed)).collect()],
            severities: release.urgency()?,
            state,
            ..Affected::default()
        });
    }
    Ok(affected)
}

/// How a release stands to a vulnerability.
enum Standing {
    Open(VendorState),
    Repaired(String),
    Never,
    Undetermined,
}

impl RawRelease {
    fn standing(&self) -> Result<Standing, String> {
        match (self.status.as_str(), self.fixed_version.as_deref().unwrap_or_default()) {
            ("open", _) => Ok(Standing::Open(self.state())),
            ("resolved", NEVER) => Ok(Standing::Never),
            ("resolved", "") => Err("resolved without a version".to_owned()),
            ("resolved", version) => a_version(version).map(|()| Standing::Repaired(version.to_owned())),
            ("undetermined", _) => Ok(Standing::Undetermined),
            (other, _) => Err(format!("the status `{}` is unknown", shown(other))),
        }
    }

    fn state(&self) -> VendorState {
        match (self.urgency.as_deref(), self.nodsa_reason.as_deref()) {
            (Some("end-of-life"), _) => VendorState::EndOfLife,
            (_, Some("ignored")) => VendorState::WillNotFix,
            (_, Some("postponed")) => VendorState::Deferred,
            _ => VendorState::Affected,
        }
    }

    fn urgency(&self) -> Result<Vec<SeverityStatement>, String> {
        let urgency = self.urgency.as_deref().unwrap_or_default();
        if urgency.is_empty() {
            return Ok(vec![]);
        }
        name(urgency)?;
        Ok(vec![SeverityStatement { kind: "urgency".to_owned(), value: urgency.to_owned() }])
    }
}

/// Returns the record of a vulnerability, named as OSV names it; what has no CVE is called as the tracker does.
fn record(id: &str, mut affected: Vec<Affected>) -> Result<Record, String> {
    at_most(affected.len(), AFFECTED_MAX, "packages and releases")?;
    affected.sort();
    affected.dedup();
    let (id, ids) = if id.starts_with(TEMPORARY) {
        (id.to_owned(), vec![])
    } else {
        (format!("DEBIAN-{id}"), vec![id.to_owned()])
    };
    Ok(Record { id, ids, affected, ..Record::default() })
}

#[cfg(test)]
#[path = "debian_tracker_tests.rs"]
mod tests;
