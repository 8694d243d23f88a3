//! What one layer, and one platform of an image, is known to hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Facts of one layer, read in one pass and kept by its digest: they never change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// Database and os-release files of interest by normalised path (`var/lib/dpkg/status`), raw and bounded.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Symbolic and hard links of interest: path to target as written in the archive.
    pub links: BTreeMap<String, String>,
    /// Paths removed by this layer (`.wh.<name>`), normalised, without the marker.
    pub whiteouts: BTreeSet<String>,
    /// Directories whose lower content this layer hides (`.wh..wh..opq`).
    pub opaque: BTreeSet<String>,
    /// Uncompressed bytes of the archive.
    pub uncompressed_bytes: u64,
    /// Entries of the archive.
    pub entries: u64,
}
