//! What one layer, and one platform of an image, is known to hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Facts of one layer, read in one pass and kept by its digest: they never change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// Database and os-release files of interest by normalised path (`var/lib/dpkg/status`), raw and bounded.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Symbolic links of interest: path to target as written in the archive. A hard link to a file that was not kept
    /// stands here as an absolute link.
    pub links: BTreeMap<String, String>,
    /// Paths removed by this layer (`.wh.<name>`), normalised, without the marker.
    pub whiteouts: BTreeSet<String>,
    /// Directories whose lower content this layer hides (`.wh..wh..opq`).
    pub opaque: BTreeSet<String>,
    /// Directories of interest that this layer makes; one replaces a lower layer's link or file of that name.
    #[serde(default)]
    pub directories: BTreeSet<String>,
    /// Uncompressed bytes of the archive.
    pub uncompressed_bytes: u64,
    /// Entries of the archive.
    pub entries: u64,
}
