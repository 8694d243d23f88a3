//! The advisory bundle: an immutable file whose digest pins what a scan knows. Pure; [`super::store`] keeps it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    AdvisoryError, bundle_format,
    osv::Record,
    range::{Event, Match, evaluate},
    versions::Scheme,
};
use crate::{
    evidence::{AdvisoriesLock, EcosystemUsed},
    model::{Digest, Instant},
};

/// What one advisory says about one package of one release. The fields are in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advisory {
    pub id: String,
    /// Aliases and upstream identifiers, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// The streams of modules that it is about, `nodejs:16`; empty where it does not say which, absent where it is about
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modules: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Vec<Event>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<SeverityStatement>,
    /// Affected versions outside the ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
}

/// What an advisory says about its severity, as it says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityStatement {
    /// OSV's type, `CVSS_V3`; `urgency` for Debian's urgency, `database` for the word of `database_specific`.
    pub kind: String,
    pub value: String,
}

impl Advisory {
    /// Returns what the advisory says about a version.
    pub fn about(&self, scheme: Scheme, version: &str) -> Match {
        evaluate(scheme, version, &self.ranges, &self.versions)
    }
}

pub(super) type Packages = BTreeMap<String, Vec<Advisory>>;

/// What a bundle knows of one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// Advisories that speak of it.
    pub(super) records: u64,
    /// By source package; `None` where it was not asked for when the bundle was read.
    pub(super) packages: Option<Packages>,
}

/// Advisories of several ecosystems, with the bytes of the file they are written as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    pub(super) bytes: Vec<u8>,
    pub(super) as_of: Instant,
    pub(super) records: u64,
    pub(super) ecosystems: BTreeMap<String, Section>,
}

impl Bundle {
    /// Returns the bundle of `records`; equal records in any order give equal bytes.
    pub(super) fn build(records: &[&Record]) -> Result<Self, AdvisoryError> {
        let mut known: BTreeMap<String, (BTreeSet<&str>, Packages)> = BTreeMap::new();
        for record in records {
            for affected in &record.affected {
                let (ids, packages) = known.entry(affected.ecosystem.clone()).or_default();
                ids.insert(&record.id);
                packages.entry(affected.package.clone()).or_default().push(Advisory {
                    id: record.id.clone(),
                    ids: record.ids.clone(),
                    modules: affected.modules.clone(),
                    ranges: affected.ranges.clone(),
                    severities: affected.severities.clone(),
                    versions: affected.versions.clone(),
                });
            }
        }
        let section = |(name, (ids, mut packages)): (String, (BTreeSet<&str>, Packages))| {
            for advisories in packages.values_mut() {
                advisories.sort();
                advisories.dedup();
            }
            (name, Section { records: ids.len() as u64, packages: Some(packages) })
        };
        let ids: BTreeSet<_> = records.iter().map(|record| &record.id).collect();
        // A bundle without records speaks for no date: the epoch makes it stale for every rule about age.
        let as_of =
            records.iter().map(|record| record.modified).max().unwrap_or_else(|| Instant::from_unix(0));
        let ecosystems = known.into_iter().map(section).collect();
        let mut bundle = Self { bytes: vec![], as_of, records: ids.len() as u64, ecosystems };
        bundle.bytes = bundle_format::encode(&bundle)?;
        Ok(bundle)
    }

    /// Reads a bundle and decodes the `wanted` ecosystems; those it does not have are no error.
    ///
    /// # Errors
    /// [`AdvisoryError::Bundle`] where the bytes are no bundle or exceed a limit. Bytes from anywhere but
    /// [`super::Store::get`] are read with [`Self::read_pinned`].
    pub fn read(bytes: &[u8], wanted: &BTreeSet<String>) -> Result<Self, AdvisoryError> {
        bundle_format::decode(bytes, wanted)
    }

    /// Reads a bundle whose digest is pinned.
    ///
    /// # Errors
    /// [`AdvisoryError::Mismatch`] where the digest differs; nothing is decoded then. Else as [`Self::read`].
    pub fn read_pinned(
        bytes: &[u8],
        expected: &Digest,
        wanted: &BTreeSet<String>,
    ) -> Result<Self, AdvisoryError> {
        let found = expected.same_algorithm_of(bytes);
        if found != *expected {
            return Err(AdvisoryError::Mismatch { expected: expected.clone(), found });
        }
        Self::read(bytes, wanted)
    }

    /// Returns the file.
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the SHA-256 of the file.
    pub fn digest(&self) -> Digest {
        Digest::sha256(&self.bytes)
    }

    /// Returns the newest `modified` of the records: the date the bundle speaks for.
    pub const fn as_of(&self) -> Instant {
        self.as_of
    }

    /// Returns what `lock/advisories.lock.json` says about the bundle.
    pub fn lock(&self) -> AdvisoriesLock {
        AdvisoriesLock {
            schema: "fondaco/advisories-lock/v1alpha1".to_owned(),
            digest: self.digest(),
            size: self.bytes.len() as u64,
            as_of: self.as_of,
            records: self.records,
            ecosystems: self.ecosystems(),
        }
    }

    /// Returns every ecosystem with the number of its records, sorted by name.
    pub fn ecosystems(&self) -> Vec<EcosystemUsed> {
        let used = |(ecosystem, section): (&String, &Section)| EcosystemUsed {
            ecosystem: ecosystem.clone(),
            records: section.records,
        };
        self.ecosystems.iter().map(used).collect()
    }

    /// Returns how many records the bundle has of an ecosystem, decoded or not.
    pub fn records_of(&self, ecosystem: &str) -> u64 {
        self.ecosystems.get(ecosystem).map_or(0, |section| section.records)
    }

    /// Returns whether [`Self::lookup`] can answer: the ecosystem was decoded, or the bundle has nothing about it.
    pub fn can_look_up(&self, ecosystem: &str) -> bool {
        self.ecosystems.get(ecosystem).is_none_or(|section| section.packages.is_some())
    }

    /// Returns the advisories about a source package, sorted; none where [`Self::can_look_up`] is false.
    pub fn lookup(&self, ecosystem: &str, source: &str) -> &[Advisory] {
        let packages = self.ecosystems.get(ecosystem).and_then(|section| section.packages.as_ref());
        packages.and_then(|packages| packages.get(source)).map_or(&[], Vec::as_slice)
    }
}
