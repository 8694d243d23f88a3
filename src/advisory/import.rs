//! Turns files in the published forms of advisories into a bundle, and says what became of every record.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::{Path, PathBuf},
};

use super::{
    AdvisoryError, Compiled, Note,
    format::{self, Shape},
    record::{Content, Record},
    source,
};
use crate::{
    evidence::AdvisorySource,
    model::{Digest, Instant},
};

/// Most parts of a source that may be rejected, in percent; more, and it is something else than it was.
const REJECTED_PERCENT_MAX: u64 = 5;
/// Rejected parts that are never too many: a small source has none to spare.
const REJECTED_FLOOR: u64 = 20;
/// Most rejected parts that are told one by one.
const BROKEN_MAX: usize = 100_000;
/// Most affected packages of a bundle, each about half a kilobyte in memory.
const AFFECTED_MAX: usize = 8_000_000;

/// Something to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name in the bundle, in locks and records.
    pub name: String,
    pub path: PathBuf,
    /// Where the file was fetched from.
    pub url: Option<String>,
    /// When it was fetched, which is what it speaks for; else the date that it gives itself, or its newest record.
    pub as_of: Option<Instant>,
    pub licence: Option<String>,
}

impl Source {
    /// Returns a file, folder or archive as a source named after it.
    pub fn of(path: &Path) -> Self {
        let stem = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = stem.split('.').next().unwrap_or_default();
        let plain =
            |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '-' };
        let name: String = stem.chars().map(plain).take(60).collect();
        let name = if name.is_empty() { "advisories".to_owned() } else { name };
        Self { name, path: path.to_owned(), url: None, as_of: None, licence: None }
    }
}

/// A bundle, and what was and was not taken into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub bundle: Compiled,
    pub report: ImportReport,
}

/// What became of the parts of all sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Advisories seen, usable or not.
    pub read: u64,
    /// Records in the bundle.
    pub kept: u64,
    /// Records left out because they were withdrawn.
    pub withdrawn: u64,
    /// Records left out because they are about no vulnerability: repairs of mistakes, and additions.
    pub no_vulnerability: u64,
    /// Records that say the same as another of the same identifier, or less recently.
    pub repeated: u64,
    /// Vulnerabilities of which something is known whatever package has them.
    pub notes: u64,
    /// Records of ecosystems that are not imported, by ecosystem. A record of several counts for each.
    pub left_out: BTreeMap<String, u64>,
    /// Parts that are no usable record and why, sorted by name.
    pub broken: Vec<(String, String)>,
}

/// Reads one file, folder or archive. See [`import_all`].
///
/// # Errors
/// As [`import_all`].
pub fn import(path: &Path) -> Result<Import, AdvisoryError> {
    import_all(&[Source::of(path)])
}

/// Reads advisories from files, directories (with their folders), and zip and tar archives.
///
/// Of several OSV records with one identifier the most recently modified counts, whatever source has it; where that is a
/// tie they all do. Other forms keep their identifiers to themselves. The result does not depend on the order of the files.
///
/// # Errors
/// [`AdvisoryError`] where a source cannot be read to its end, exceeds a limit, holds no usable record, or has too many that
/// are not usable.
pub fn import_all(sources: &[Source]) -> Result<Import, AdvisoryError> {
    let mut gathered = Gathered::default();
    let mut about = vec![];
    let mut names = BTreeSet::new();
    for (index, source) in sources.iter().enumerate() {
        if !names.insert(&source.name) {
            return Err(AdvisoryError::Twice { name: source.name.clone() });
        }
        about.push(gathered.read(index, source)?);
    }
    gathered.finish(&about)
}

fn read(bytes: &[u8]) -> Result<(&'static dyn format::Format, Content), String> {
    let format = format::of(&Shape::of(bytes)).ok_or("no published form of advisories")?;
    if bytes.len() as u64 > format.bytes_max() {
        return Err(format!("larger than {} bytes", format.bytes_max()));
    }
    Ok((format, format.read(bytes)?))
}

/// Whose identifiers a record's is one of: of all sources with the same form, or of what one source says of some families
/// of ecosystems; several vendors may call their own advisories by the number of the CVE.
type Key = (Option<(usize, BTreeSet<String>)>, String);

/// Returns the distributions and languages that a record is about.
fn families(record: &Record) -> BTreeSet<String> {
    let ecosystems = record.affected.iter().map(|affected| &affected.ecosystem);
    ecosystems.map(|name| name.split(':').next().unwrap_or_default().to_owned()).collect()
}

#[derive(Default)]
struct Gathered {
    report: ImportReport,
    affected: usize,
    /// The newest records of each identifier, with their sources; more than one where they are equally new and differ.
    records: BTreeMap<Key, Vec<(usize, Record)>>,
    /// By CVE, with the sources.
    notes: BTreeMap<String, (BTreeSet<String>, Note)>,
}

/// What one source gave.
struct About {
    source: Source,
    digest: Digest,
    formats: BTreeSet<&'static str>,
    read: u64,
    rejected: u64,
    left_out: u64,
    /// The newest date in it.
    newest: Option<Instant>,
    first_broken: Option<(String, String)>,
}

impl Gathered {
    fn read(&mut self, index: usize, source: &Source) -> Result<About, AdvisoryError> {
        let mut about = About {
            source: source.clone(),
            digest: Digest::sha256(b""),
            formats: BTreeSet::new(),
            read: 0,
            rejected: 0,
            left_out: 0,
            newest: None,
            first_broken: None,
        };
        let mut digests = vec![];
        source::read(&source.path, &mut |name, bytes| {
            if let Ok(bytes) = &bytes {
                digests.push(Digest::sha256(bytes).hex().to_owned());
            }
            self.take(index, &mut about, name, bytes)
        })?;
        about.digest = source::digest(&source.path, digests)?;
        let path = source.path.display().to_string();
        if about.read == 0 {
            return Err(AdvisoryError::Empty { path });
        }
        let (read, rejected) = (about.read, about.rejected);
        if let Some((name, reason)) = about.first_broken.clone() {
            if rejected == read {
                return Err(AdvisoryError::NothingUsable { path, read, name, reason });
            }
            if rejected > REJECTED_FLOOR && rejected * 100 > read * REJECTED_PERCENT_MAX {
                return Err(AdvisoryError::TooManyRejected { path, read, rejected, name, reason });
            }
        }
        Ok(about)
    }

    fn take(
        &mut self,
        index: usize,
        about: &mut About,
        name: String,
        bytes: Result<Vec<u8>, String>,
    ) -> Result<(), AdvisoryError> {
        let (format, content) = match bytes.and_then(|bytes| read(&bytes)) {
            Ok(found) => found,
            Err(reason) => {
                about.read += 1;
                self.report.read += 1;
                return self.reject(about, name, reason);
            }
        };
        about.formats.insert(format.name());
        about.read += content.read;
        self.report.read += content.read;
        about.newest = about.newest.max(content.as_of);
        for (part, reason) in content.broken {
            self.reject(about, format!("{name}: {part}"), reason)?;
        }
        for (what, count) in content.left_out {
            about.left_out += count;
            *self.report.left_out.entry(what).or_default() += count;
        }
        for (cve, mut note) in content.notes {
            for statement in &mut note.severities {
                statement.kind = format!("{} of {}", statement.kind, about.source.name);
            }
            let (by, known) = self.notes.entry(cve).or_default();
            by.insert(about.source.name.clone());
            known.add(note);
        }
        for record in content.records {
            let owner = (!format.shares_identifiers()).then(|| (index, families(&record)));
            // The epoch stands for a form that does not date its records.
            about.newest = about.newest.max(Some(record.modified).filter(|at| at.unix() > 0));
            self.add(owner, index, record);
        }
        if self.affected > AFFECTED_MAX {
            let path = about.source.path.display().to_string();
            return Err(AdvisoryError::Limit { path, what: "affected packages", limit: AFFECTED_MAX as u64 });
        }
        Ok(())
    }

    fn reject(&mut self, about: &mut About, name: String, reason: String) -> Result<(), AdvisoryError> {
        about.rejected += 1;
        let named = (name, reason);
        if about.first_broken.as_ref().is_none_or(|first| named < *first) {
            about.first_broken = Some(named.clone());
        }
        self.report.broken.push(named);
        if self.report.broken.len() > BROKEN_MAX {
            let path = about.source.path.display().to_string();
            return Err(AdvisoryError::Limit { path, what: "broken records", limit: BROKEN_MAX as u64 });
        }
        Ok(())
    }

    fn add(&mut self, owner: Option<(usize, BTreeSet<String>)>, source: usize, record: Record) {
        self.affected += record.affected.len();
        let known = match self.records.entry((owner, record.id.clone())) {
            Entry::Vacant(place) => {
                place.insert(vec![(source, record)]);
                return;
            }
            Entry::Occupied(place) => place.into_mut(),
        };
        // Every record of one identifier in the list has one `modified`.
        let newest = known.first().map_or(record.modified, |(_, first)| first.modified);
        if record.modified > newest {
            self.report.repeated += known.len() as u64;
            *known = vec![(source, record)];
        } else if record.modified < newest || known.iter().any(|(_, same)| *same == record) {
            self.report.repeated += 1;
        } else {
            known.push((source, record));
        }
    }

    fn finish(mut self, about: &[About]) -> Result<Import, AdvisoryError> {
        self.report.broken.sort();
        let mut kept = vec![];
        let mut counts = vec![(0, 0); about.len()];
        for (source, record) in self.records.values().flatten() {
            let Some((kept_here, withdrawn_here)) = counts.get_mut(*source) else { continue };
            if record.withdrawn {
                self.report.withdrawn += 1;
                *withdrawn_here += 1;
                continue;
            }
            if record.is_no_vulnerability {
                self.report.no_vulnerability += 1;
                continue;
            }
            for ecosystem in &record.left_out {
                *self.report.left_out.entry(ecosystem.clone()).or_default() += 1;
            }
            if let (false, Some(about)) = (record.affected.is_empty(), about.get(*source)) {
                kept.push((about.source.name.as_str(), record));
                *kept_here += 1;
            }
        }
        self.report.kept = kept.len() as u64;
        self.report.notes = self.notes.len() as u64;
        let mut sources: Vec<_> =
            about.iter().zip(&counts).map(|(about, (kept, gone))| about.locked(*kept, *gone)).collect();
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        let bundle = Compiled::build(sources, &kept, &self.notes)?;
        Ok(Import { bundle, report: self.report })
    }
}

impl About {
    fn locked(&self, kept: u64, withdrawn: u64) -> AdvisorySource {
        AdvisorySource {
            name: self.source.name.clone(),
            formats: self.formats.iter().map(|&name| name.to_owned()).collect(),
            // A source that gives no date speaks for none: the epoch is stale for every rule about age.
            as_of: self.source.as_of.or(self.newest).unwrap_or_default(),
            url: self.source.url.clone(),
            digest: self.digest.clone(),
            licence: self.source.licence.clone(),
            read: self.read,
            kept,
            withdrawn,
            rejected: self.rejected,
            left_out: self.left_out,
        }
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
