//! The Maven records of one archive, gathered in whatever order they come.

use std::collections::BTreeMap;

use super::is_archive;
use super::pom::{self, Pom};
use super::properties::{self, Coordinates};
use crate::catalogue::licence;

/// Records of one archive: uber-jars shade some hundred libraries.
const RECORDS_MAX: usize = 5_000;

/// What an entry is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Manifest,
    Record,
    Archive,
    Other,
}

impl Kind {
    pub(super) fn of(name: &[u8]) -> Self {
        let (directory, file) = split(name);
        if name.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
            return Self::Manifest;
        }
        match file {
            b"pom.properties" => Self::Record,
            // Archives of project templates have others.
            b"pom.xml" if memchr::memmem::find(directory, b"META-INF/maven/").is_some() => Self::Record,
            _ if is_licence(directory, file) => Self::Record,
            _ if is_archive(&String::from_utf8_lossy(file)) => Self::Archive,
            _ => Self::Other,
        }
    }
}

/// A Maven record of an archive: the `pom.properties` and `pom.xml` of one directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// The file that names it, in the outermost archive.
    pub path: String,
    pub coordinates: Coordinates,
    pub pom: Option<Pom>,
}

/// Records by their directory, and the licence of the archive itself.
#[derive(Debug, Default)]
pub(super) struct Records {
    pairs: BTreeMap<Vec<u8>, Pair>,
    /// What its text is headed by; of several texts the first by name that is recognised.
    licence: Option<(Vec<u8>, &'static str)>,
}

#[derive(Debug, Default)]
struct Pair {
    properties: Option<(String, Coordinates)>,
    project: Option<(String, Pom)>,
}

impl Records {
    /// Adds a file, found at `path` in the outermost archive; returns whether there was room. Of two entries with one
    /// name the last counts, as for the virtual machine that loads the archive.
    pub(super) fn add(&mut self, name: &[u8], path: String, bytes: &[u8]) -> bool {
        let (directory, file) = split(name);
        if is_licence(directory, file) {
            self.add_licence(name, bytes);
            return true;
        }
        if self.pairs.len() >= RECORDS_MAX && !self.pairs.contains_key(directory) {
            return false;
        }
        let pair = self.pairs.entry(directory.to_vec()).or_default();
        if file == b"pom.xml" {
            pair.project = Some((path, pom::parse(bytes)));
        } else {
            pair.properties = Some((path, properties::parse(bytes)));
        }
        true
    }

    fn add_licence(&mut self, name: &[u8], text: &[u8]) {
        let is_first = self.licence.as_ref().is_none_or(|(first, _)| name < first.as_slice());
        if let Some(identifier) = licence::of_text(text).filter(|_| is_first) {
            self.licence = Some((name.to_owned(), identifier));
        }
    }

    /// Returns the SPDX identifier of the licence whose text lies in the archive.
    pub(super) fn licence(&self) -> Option<&'static str> {
        self.licence.as_ref().map(|(_, identifier)| *identifier)
    }

    /// Returns the records in the order of their directories.
    pub(super) fn into_vec(self) -> Vec<Record> {
        self.pairs.into_values().filter_map(Pair::record).collect()
    }
}

impl Pair {
    fn record(self) -> Option<Record> {
        let project = self.project.map(|(path, pom)| (path, pom.coordinates.clone(), pom));
        match (self.properties, project) {
            (Some((path, coordinates)), project) => {
                Some(Record { path, coordinates, pom: project.map(|(_, _, pom)| pom) })
            }
            (None, Some((path, coordinates, pom))) => Some(Record { path, coordinates, pom: Some(pom) }),
            (None, None) => None,
        }
    }
}

/// Returns whether a file is the text of the archive's own licence: `META-INF/LICENSE.txt`, `LICENSE-junit.txt`.
fn is_licence(directory: &[u8], file: &[u8]) -> bool {
    let is_top = directory.is_empty() || directory.eq_ignore_ascii_case(b"META-INF");
    let file = file.to_ascii_lowercase();
    let stem = [&b".txt"[..], b".md"].iter().find_map(|ending| file.strip_suffix(*ending)).unwrap_or(&file);
    let rest = stem.strip_prefix(b"license").or_else(|| stem.strip_prefix(b"licence"));
    is_top && rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with(b"-") && !rest.contains(&b'.')))
}

fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|b| *b == b'/') {
        Some(slash) => (&name[..slash], &name[slash + 1..]),
        None => (b"", name),
    }
}
