//! What one layer is known to hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::found::{Parsed, PathKey};
use super::{Privilege, SecretKind};

/// Facts of one layer, read in one pass and kept by its digest: they never change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// Files that cataloguers read, by normalised path (`var/lib/dpkg/status`), and directories whose names tell
    /// something; the latter stand in `directories`, too.
    pub files: BTreeMap<String, FileFacts>,
    /// Symbolic links: path to target as written in the archive. Left out are those to a plain file of the same layer,
    /// which lead to no directory; they stand in `covers`. A hard link to a file that was not read, in a place where a
    /// cataloguer reads, stands here as an absolute link.
    pub links: BTreeMap<String, String>,
    /// Paths removed by this layer (`.wh.<name>`), normalised, without the marker.
    pub whiteouts: BTreeSet<String>,
    /// Directories whose lower content this layer hides (`.wh..wh..opq`).
    pub opaque: BTreeSet<String>,
    /// Every directory of the layer, sorted: one replaces a lower layer's link or file of that name.
    pub directories: Vec<PathKey>,
    /// Everything else that no cataloguer reads, sorted: it hides what lower layers have at and below its path.
    pub covers: Vec<PathKey>,
    /// Files that look like secrets, by path.
    pub secrets: BTreeMap<String, SecretKind>,
    /// Further ones that are only counted.
    pub secrets_left_out: u64,
    /// Files that give whoever runs them more, by path.
    pub privileged: BTreeMap<String, Privilege>,
    /// Further ones that are only counted.
    pub privileged_left_out: u64,
    /// Uncompressed bytes of the archive.
    pub uncompressed_bytes: u64,
    /// Entries of the archive.
    pub entries: u64,
}

/// What cataloguers made of one file. A file that was wanted and says nothing has facts without readings: it hides
/// lower ones all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Bytes of the file.
    pub size: u64,
    /// By cataloguer.
    pub readings: BTreeMap<String, Parsed>,
}

impl LayerFacts {
    /// Returns about how many bytes they hold in memory.
    pub fn weight(&self) -> u64 {
        let of_file = |(path, file): (&String, &FileFacts)| {
            path.len() as u64 + file.readings.values().map(Parsed::weight).sum::<u64>()
        };
        let links: usize = self.links.iter().map(|(path, target)| path.len() + target.len() + 64).sum();
        let keys = 16 * (self.covers.len() + self.directories.len());
        self.files.iter().map(of_file).sum::<u64>() + (links + keys) as u64
    }
}
