//! The Maven records of one archive, gathered in whatever order they come.

use std::collections::BTreeMap;

use super::is_archive;
use super::pom::{self, Pom};
use super::properties::{self, Coordinates};

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

/// Records by their directory.
#[derive(Debug, Default)]
pub(super) struct Records(BTreeMap<Vec<u8>, Pair>);

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
        if self.0.len() >= RECORDS_MAX && !self.0.contains_key(directory) {
            return false;
        }
        let pair = self.0.entry(directory.to_vec()).or_default();
        if file == b"pom.xml" {
            pair.project = Some((path, pom::parse(bytes)));
        } else {
            pair.properties = Some((path, properties::parse(bytes)));
        }
        true
    }

    /// Returns the records in the order of their directories.
    pub(super) fn into_vec(self) -> Vec<Record> {
        self.0.into_values().filter_map(Pair::record).collect()
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

fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|b| *b == b'/') {
        Some(slash) => (&name[..slash], &name[slash + 1..]),
        None => (b"", name),
    }
}
