//! The hand-written files of `example-repo/`, carried in the program so that the demonstration needs nothing else.

use std::collections::BTreeMap;

macro_rules! files {
    ($($path:literal,)*) => {
        &[$(($path, include_bytes!(concat!("../../example-repo/", $path)))),*]
    };
}

const FILES: &[(&str, &[u8])] = files![
    ".gitattributes",
    "CODEOWNERS",
    "README.md",
    "advisories/EXAMPLE-2026-0001.json",
    "advisories/EXAMPLE-2026-0002.json",
    "advisories/EXAMPLE-2026-0003.json",
    "advisories/EXAMPLE-2026-0004.json",
    "advisories/EXAMPLE-2026-0005.json",
    "advisories/EXAMPLE-2026-0006.json",
    "advisories/EXAMPLE-2026-0007.json",
    "consumers/archive.yaml",
    "consumers/payments.yaml",
    "fondaco.yaml",
    "gates/standard.yaml",
    "gates/strict.yaml",
    "images/data.yaml",
    "images/web.yaml",
    "registries/mirror.yaml",
    "registries/upstream.yaml",
    "trust/official.yaml",
    "trust/publisher.pub",
];

/// Returns the hand-written files of the example repository by path, `/` between its parts. What the tool writes
/// (`lock/`, `evidence/`, `docs/`) is not among them.
pub fn repository_files() -> BTreeMap<&'static str, &'static [u8]> {
    FILES.iter().copied().collect()
}
