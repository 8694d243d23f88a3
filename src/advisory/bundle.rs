//! The advisory bundle: an immutable set of files whose index pins what a scan knows. Pure; [`super::store`] keeps it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek},
};

use serde::{Deserialize, Serialize};

use super::{
    AdvisoryError, Note,
    index::{Index, NOTES, ShardEntry},
    range::{self, Event, Match, evaluate},
    record::Record,
    shard::{self, Built, Shard},
    versions::Scheme,
};
use crate::{
    evidence::{AdvisoriesLock, AdvisorySource, EcosystemUsed},
    model::{Digest, Instant, VendorState, cve},
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
    /// Name of the source in the bundle that has it.
    pub source: String,
    /// What the vendor does about it while there is no repair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<VendorState>,
    /// Affected versions outside the ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
}

/// What an advisory says about its severity, as it says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityStatement {
    /// OSV's type, `CVSS_V3`; `urgency` for Debian's urgency, `vendor` for the word of another distribution, `database`
    /// for that of a collection of advisories.
    pub kind: String,
    pub value: String,
}

impl SeverityStatement {
    /// Returns a distribution's own rating, in its own word.
    pub(super) fn vendor(word: &str) -> Self {
        Self { kind: "vendor".to_owned(), value: word.to_owned() }
    }
}

impl Advisory {
    /// Returns what the advisory says about a version.
    pub fn about(&self, scheme: Scheme, version: &str) -> Match {
        evaluate(scheme, version, &self.ranges, &self.versions)
    }

    /// Returns what it calls affected, as a person reads it: `>= 1.2, < 1.4-2`; several ranges with ` or ` between.
    pub fn affected(&self) -> String {
        let ranges = self.ranges.iter().map(|events| range::text(events));
        let listed = match self.versions.as_slice() {
            [] => None,
            [one] => Some(format!("= {one}")),
            [first, others @ ..] => Some(format!("= {first} and {} others", others.len())),
        };
        ranges.chain(listed).collect::<Vec<_>>().join(" or ")
    }
}

/// Names of packages by ecosystem.
pub type Wanted = BTreeMap<String, BTreeSet<String>>;

/// A whole bundle in memory, as an import leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    pub index: Index,
    /// By ecosystem.
    pub(super) shards: BTreeMap<String, Built>,
}

/// A record with the name of its source.
pub(super) type Sourced<'r> = (&'r str, &'r Record);

impl Compiled {
    /// Returns the bundle of `records` and `notes`; equal ones in any order give equal bytes.
    pub(super) fn build(
        sources: Vec<AdvisorySource>,
        records: &[Sourced<'_>],
        notes: &BTreeMap<String, (BTreeSet<String>, Note)>,
    ) -> Result<Self, AdvisoryError> {
        let mut sections: BTreeMap<&str, Section<'_>> = BTreeMap::new();
        for (source, record) in records {
            for affected in &record.affected {
                sections.entry(&affected.ecosystem).or_default().add(source, record, affected);
            }
        }
        let (mut shards, mut entries) = (BTreeMap::new(), vec![]);
        for (ecosystem, section) in sections {
            let Section { ids, sources, mut packages } = section;
            for advisories in packages.values_mut() {
                advisories.sort();
                advisories.dedup();
            }
            let built = shard::build(&packages)?;
            let sources = sources.into_iter().map(str::to_owned).collect();
            entries.push(entry(ecosystem, &built, packages.len(), ids.len(), sources));
            shards.insert(ecosystem.to_owned(), built);
        }
        if !notes.is_empty() {
            let known: BTreeMap<String, &Note> = notes.iter().map(|(id, (_, n))| (id.clone(), n)).collect();
            let built = shard::build(&known)?;
            let by: BTreeSet<String> = notes.values().flat_map(|(by, _)| by).cloned().collect();
            entries.push(entry(NOTES, &built, notes.len(), notes.len(), by.into_iter().collect()));
            shards.insert(NOTES.to_owned(), built);
        }
        entries.sort_by(|a, b| a.ecosystem.cmp(&b.ecosystem));
        let ids: BTreeSet<_> = records.iter().map(|(_, record)| &record.id).collect();
        Ok(Self { index: Index::new(sources, entries, ids.len() as u64), shards })
    }

    /// Returns the digest that pins the bundle.
    ///
    /// # Errors
    /// As [`Index::text`].
    pub fn digest(&self) -> Result<Digest, AdvisoryError> {
        self.index.text().map(Digest::sha256)
    }

    /// Returns what `lock/advisories.lock.json` says about it.
    ///
    /// # Errors
    /// As [`Index::text`].
    pub fn lock(&self) -> Result<AdvisoriesLock, AdvisoryError> {
        self.index.lock()
    }

    /// Puts notes into a bundle that has none.
    #[cfg(test)]
    pub(crate) fn add_notes(&mut self, notes: &BTreeMap<String, Note>) {
        let built = shard::build(notes).unwrap();
        self.index.shards.push(entry(NOTES, &built, notes.len(), notes.len(), vec![]));
        self.index.shards.sort_by(|a, b| a.ecosystem.cmp(&b.ecosystem));
        self.shards.insert(NOTES.to_owned(), built);
    }

    /// Returns a shard's file.
    pub fn shard(&self, ecosystem: &str) -> Option<&[u8]> {
        self.shards.get(ecosystem).map(|built| built.bytes.as_slice())
    }

    /// Returns the part of the bundle that speaks of the wanted packages.
    ///
    /// # Errors
    /// As [`Bundle::read`].
    pub fn bundle(&self, wanted: &Wanted) -> Result<Bundle, AdvisoryError> {
        let open = |entry: &ShardEntry| {
            let built = self.shards.get(&entry.ecosystem);
            Shard::of_bytes(built.ok_or_else(|| AdvisoryError::Bundle("a shard is missing".into()))?)
        };
        Bundle::read(&self.index, wanted, open)
    }
}

/// What is gathered of one ecosystem.
#[derive(Default)]
struct Section<'r> {
    ids: BTreeSet<&'r str>,
    sources: BTreeSet<&'r str>,
    packages: BTreeMap<String, Vec<Advisory>>,
}

impl<'r> Section<'r> {
    fn add(&mut self, source: &'r str, record: &'r Record, affected: &super::record::Affected) {
        self.ids.insert(&record.id);
        self.sources.insert(source);
        self.packages.entry(affected.package.clone()).or_default().push(Advisory {
            id: record.id.clone(),
            ids: record.ids.clone(),
            modules: affected.modules.clone(),
            ranges: affected.ranges.clone(),
            severities: affected.severities.clone(),
            source: source.to_owned(),
            state: affected.state,
            versions: affected.versions.clone(),
        });
    }
}

fn entry(
    ecosystem: &str,
    built: &Built,
    packages: usize,
    records: usize,
    sources: Vec<String>,
) -> ShardEntry {
    ShardEntry {
        digest: built.table.clone(),
        ecosystem: ecosystem.to_owned(),
        packages: packages as u64,
        records: records as u64,
        size: built.bytes.len() as u64,
        sources,
        table_size: built.table_size,
    }
}

/// What a bundle says of the packages it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    digest: Digest,
    index: Index,
    /// Names that were asked for, by ecosystem.
    wanted: Wanted,
    found: BTreeMap<String, BTreeMap<String, Vec<Advisory>>>,
    /// By CVE.
    notes: BTreeMap<String, Note>,
}

impl Bundle {
    /// Looks the wanted packages up in the shards that `open` opens, and what is known of the vulnerabilities found.
    /// Ecosystems that the bundle does not have are no error.
    ///
    /// # Errors
    /// [`AdvisoryError`] where a shard cannot be opened or says something else than what its digests pin.
    pub(super) fn read<R: Read + Seek>(
        index: &Index,
        wanted: &Wanted,
        mut open: impl FnMut(&ShardEntry) -> Result<Shard<R>, AdvisoryError>,
    ) -> Result<Self, AdvisoryError> {
        let mut found: BTreeMap<String, BTreeMap<String, Vec<Advisory>>> = BTreeMap::new();
        for (ecosystem, names) in wanted {
            let Some(entry) = index.shard(ecosystem) else { continue };
            let mut shard = open(entry)?;
            let packages = found.entry(ecosystem.clone()).or_default();
            for name in names {
                if let Some(advisories) = shard.get(name)? {
                    packages.insert(name.clone(), advisories);
                }
            }
        }
        let mut notes = BTreeMap::new();
        if let Some(entry) = index.shard(NOTES) {
            let mut shard = open(entry)?;
            for cve in cves(&found) {
                if let Some(note) = shard.get(&cve)? {
                    notes.insert(cve, note);
                }
            }
        }
        let digest = Digest::sha256(index.text()?);
        Ok(Self { digest, index: index.clone(), wanted: wanted.clone(), found, notes })
    }

    /// Returns the digest that pins the bundle.
    pub fn digest(&self) -> Digest {
        self.digest.clone()
    }

    /// Returns the oldest date of its sources.
    pub const fn as_of(&self) -> Instant {
        self.index.as_of
    }

    /// Returns what the advisories were imported from, sorted by name.
    pub fn sources(&self) -> &[AdvisorySource] {
        &self.index.sources
    }

    /// Returns how many records the bundle has of an ecosystem.
    pub fn records_of(&self, ecosystem: &str) -> u64 {
        self.index.shard(ecosystem).map_or(0, |shard| shard.records)
    }

    /// Returns what the bundle has of an ecosystem.
    pub fn used(&self, ecosystem: &str) -> EcosystemUsed {
        let none = || EcosystemUsed { ecosystem: ecosystem.to_owned(), records: 0, sources: vec![] };
        self.index.shard(ecosystem).map_or_else(none, ShardEntry::used)
    }

    /// Returns whether [`Self::lookup`] can answer: the package was asked for, or the bundle has nothing about its
    /// ecosystem.
    pub fn can_look_up(&self, ecosystem: &str, package: &str) -> bool {
        self.index.shard(ecosystem).is_none()
            || self.wanted.get(ecosystem).is_some_and(|names| names.contains(package))
    }

    /// Returns the advisories about a package, sorted; none where [`Self::can_look_up`] is false.
    pub fn lookup(&self, ecosystem: &str, package: &str) -> &[Advisory] {
        self.found.get(ecosystem).and_then(|packages| packages.get(package)).map_or(&[], Vec::as_slice)
    }

    /// Returns what is known of a vulnerability whatever package has it.
    pub fn note(&self, cve: &str) -> Option<&Note> {
        self.notes.get(cve)
    }
}

/// Returns the CVEs that advisories name.
fn cves(found: &BTreeMap<String, BTreeMap<String, Vec<Advisory>>>) -> BTreeSet<String> {
    let advisories = found.values().flat_map(BTreeMap::values).flatten();
    let names = advisories.flat_map(|advisory| std::iter::once(&advisory.id).chain(&advisory.ids));
    names.filter_map(|name| cve(name)).map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
