//! What every form of advisories is read into. Pure; [`super::format`] writes these, [`super::bundle`] reads them.
//!
//! Fields that matching uses have limits, and a record that breaks one is refused as a whole: half an advisory is worse
//! than one that is reported as broken.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{bundle::SeverityStatement, range::Event, versions::VERSION_BYTES_MAX};
pub(super) use crate::model::{EpssStatement, ExploitedStatement};
use crate::model::{Instant, VendorState};

/// Most ranges or events of one affected package, and most other names of a record. One kernel
/// advisory may name hundreds of CVEs.
pub(super) const LIST_MAX: usize = 5_000;
/// Most entries of `affected`. AlmaLinux, which lists each binary package, has up to 516 in one record.
pub(super) const AFFECTED_MAX: usize = 20_000;
/// Longest identifier, package or ecosystem name and severity in bytes; CVSS 4.0 vectors with every metric have 200.
const NAME_BYTES_MAX: usize = 256;

/// One advisory, of all packages and releases it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Record {
    pub(super) id: String,
    /// When it was last changed; the epoch where its form does not say.
    pub(super) modified: Instant,
    pub(super) withdrawn: bool,
    /// Repairs nothing but mistakes, or adds something: distributions publish these beside their security advisories.
    pub(super) is_no_vulnerability: bool,
    /// What else the same thing is called: aliases and upstream identifiers, sorted.
    pub(super) ids: Vec<String>,
    /// Entries of the ecosystems that are imported.
    pub(super) affected: Vec<Affected>,
    /// Names of the other ecosystems.
    pub(super) left_out: BTreeSet<String>,
}

/// One package of one release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Affected {
    /// As [`super::distribution::ecosystem`] names it.
    pub(super) ecosystem: String,
    /// As [`super::package_name()`] writes it.
    pub(super) package: String,
    /// The streams of modules that it is about, `nodejs:16`; empty where it does not say which, absent where it is about
    /// none.
    pub(super) modules: Option<Vec<String>>,
    pub(super) ranges: Vec<Vec<Event>>,
    /// Affected versions outside the ranges.
    pub(super) versions: Vec<String>,
    pub(super) severities: Vec<SeverityStatement>,
    /// What the vendor says it does about a vulnerability that it has not repaired.
    pub(super) state: Option<VendorState>,
}

/// What is known of one vulnerability whatever package has it; sources add to each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Note {
    /// What other databases call it: `EUVD-2024-1234`, `GHSA-…`; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<EpssStatement>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exploited: Vec<ExploitedStatement>,
    /// Its number was taken back (NVD `Rejected`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<SeverityStatement>,
}

/// What one file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// Parts that are advisories, usable or not.
    pub(super) read: u64,
    pub(super) records: Vec<Record>,
    /// By CVE.
    pub(super) notes: BTreeMap<String, Note>,
    /// Parts that are no usable record, by their name in the file, and why.
    pub(super) broken: Vec<(String, String)>,
    /// Number of parts that are understood and not imported, by what they are.
    pub(super) left_out: BTreeMap<String, u64>,
    /// The date that the file gives itself.
    pub(super) as_of: Option<Instant>,
}

impl Content {
    /// Returns the content of a file that is one record.
    pub(super) fn of(record: Record) -> Self {
        Self { read: 1, records: vec![record], ..Self::default() }
    }
}

impl Note {
    /// Adds what another source knows of the same vulnerability.
    pub(super) fn add(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.exploited.extend(other.exploited);
        self.severities.extend(other.severities);
        self.ids.sort();
        self.ids.dedup();
        self.exploited.sort();
        self.exploited.dedup();
        self.severities.sort();
        self.severities.dedup();
        self.rejected |= other.rejected;
        // The newest estimate counts; of one day's the higher, so that the order of sources does not show.
        let newer = |e: &EpssStatement| (e.date.clone(), e.score.clone(), e.percentile.clone());
        self.epss = [self.epss.take(), other.epss].into_iter().flatten().max_by_key(newer);
    }
}

/// Checks an identifier such as `CVE-2024-0727` or `ALSA-2022:4796`.
pub(super) fn identifier(id: &str) -> Result<(), String> {
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+~/".contains(&b));
    if plain { name(id) } else { Err(format!("`{}` is not an identifier", shown(id))) }
}

/// Checks the name of a package or ecosystem, or what is said of a severity.
pub(super) fn name(text: &str) -> Result<(), String> {
    let fits = !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(format!("`{}` is empty, too long or unprintable", shown(text))) }
}

/// Checks a version as a boundary of a range; whether it can be compared is another question.
pub(super) fn a_version(text: &str) -> Result<(), String> {
    if text.len() <= VERSION_BYTES_MAX && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(format!("version `{}` is too long or unprintable", shown(text)))
    }
}

pub(super) fn at_most(found: usize, limit: usize, what: &str) -> Result<(), String> {
    if found > limit { Err(format!("{found} {what}, more than {limit}")) } else { Ok(()) }
}

/// Returns the beginning of a foreign string without control characters, for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect()
}
