//! Turns a directory or archive of OSV records into a bundle, and says what became of every record.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
};

use super::{AdvisoryError, Bundle, osv, osv::Record, source};

/// Most records that may be broken before the source as a whole is refused: it is then something else.
const BROKEN_MAX: usize = 100_000;
/// Most affected packages of a bundle, each about half a kilobyte in memory.
const AFFECTED_MAX: usize = 4_000_000;

/// A bundle, and what was and was not taken into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub bundle: Bundle,
    pub report: ImportReport,
}

/// What became of the files of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Files named `*.json`.
    pub read: u64,
    /// Records in the bundle.
    pub kept: u64,
    /// Records left out because they were withdrawn.
    pub withdrawn: u64,
    /// Records left out because they are about no vulnerability: repairs of mistakes, and additions.
    pub no_vulnerability: u64,
    /// Files that say the same as another, or less recently.
    pub repeated: u64,
    /// Records of ecosystems that are not imported, by ecosystem. A record of several counts for each.
    pub left_out: BTreeMap<String, u64>,
    /// Files that are no usable record and why, sorted by name.
    pub broken: Vec<(String, String)>,
}

/// Reads OSV records from a directory (with its folders), a zip, tar, tar.gz or tar.zst archive.
///
/// Of several records with one identifier the most recently modified counts; where that is a tie they all do. The
/// result does not depend on the order of the files.
///
/// # Errors
/// [`AdvisoryError`] where the source cannot be read to its end, exceeds a limit, or holds no usable record.
pub fn import(source: &Path) -> Result<Import, AdvisoryError> {
    let mut gathered = Gathered { path: source.display().to_string(), ..Gathered::default() };
    source::read(source, &mut |name, bytes| gathered.take(name, bytes))?;
    gathered.finish()
}

#[derive(Default)]
struct Gathered {
    path: String,
    report: ImportReport,
    affected: usize,
    /// The newest records of each identifier; more than one where they are equally new and differ.
    records: BTreeMap<String, Vec<Record>>,
}

impl Gathered {
    fn take(&mut self, name: String, bytes: Result<Vec<u8>, String>) -> Result<(), AdvisoryError> {
        self.report.read += 1;
        match bytes.and_then(|bytes| osv::parse(&bytes)) {
            Ok(record) => self.add(record),
            Err(reason) => {
                self.report.broken.push((name, reason));
                if self.report.broken.len() > BROKEN_MAX {
                    return Err(self.limit("broken records", BROKEN_MAX));
                }
            }
        }
        if self.affected > AFFECTED_MAX { Err(self.limit("affected packages", AFFECTED_MAX)) } else { Ok(()) }
    }

    fn limit(&self, what: &'static str, limit: usize) -> AdvisoryError {
        AdvisoryError::Limit { path: self.path.clone(), what, limit: limit as u64 }
    }

    fn add(&mut self, record: Record) {
        self.affected += record.affected.len();
        let known = match self.records.entry(record.id.clone()) {
            Entry::Vacant(place) => {
                place.insert(vec![record]);
                return;
            }
            Entry::Occupied(place) => place.into_mut(),
        };
        // Every record of one identifier in the list has one `modified`.
        let newest = known.first().map_or(record.modified, |first| first.modified);
        if record.modified > newest {
            self.report.repeated += known.len() as u64;
            *known = vec![record];
        } else if record.modified < newest || known.contains(&record) {
            self.report.repeated += 1;
        } else {
            known.push(record);
        }
    }

    fn finish(mut self) -> Result<Import, AdvisoryError> {
        self.report.broken.sort();
        if self.report.read == 0 {
            return Err(AdvisoryError::Empty { path: self.path });
        }
        if let (true, Some((name, reason))) = (self.records.is_empty(), self.report.broken.first().cloned()) {
            return Err(AdvisoryError::NothingUsable {
                path: self.path,
                read: self.report.read,
                name,
                reason,
            });
        }
        let mut kept = vec![];
        for record in self.records.values().flatten() {
            if record.withdrawn {
                self.report.withdrawn += 1;
                continue;
            }
            if record.is_no_vulnerability {
                self.report.no_vulnerability += 1;
                continue;
            }
            for ecosystem in &record.left_out {
                *self.report.left_out.entry(ecosystem.clone()).or_default() += 1;
            }
            if !record.affected.is_empty() {
                kept.push(record);
            }
        }
        self.report.kept = kept.len() as u64;
        Ok(Import { bundle: Bundle::build(&kept)?, report: self.report })
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
