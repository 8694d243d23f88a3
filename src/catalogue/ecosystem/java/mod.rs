//! Java archives: jar, war, ear and their kin, with the archives inside of them, to a bounded depth and in memory.
//!
//! What an archive is is told, in this order, by the `pom.properties` that fits its file name, by a `pom.xml` without
//! properties, by its manifest and by its file name; every other Maven record in it is a library shaded into it. A
//! table of digests of well-known jars would tell more, and is left out: it cannot be had without asking others.
//!
//! [`walk`] goes through an archive, [`identity`] decides what it is; the rest reads one kind of record each.

mod file_name;
mod group;
mod identity;
mod large;
mod manifest;
mod pom;
mod properties;
mod records;
#[cfg(test)]
mod tests;
mod walk;
mod xml;

use std::io::Read;

use super::{Cataloguer, Wants};
use crate::catalogue::found::{File, Parsed};

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "java",
    wants: &[Wants::Paths(is_archive), Wants::LargePaths(read_large)],
    parse: read,
};

/// Endings of archives that are Java's whatever they hold.
const CERTAIN: [&str; 5] = ["jar", "war", "ear", "hpi", "jpi"];

/// Endings that other formats use as well (`rar` of RARLAB, `par` of Perl): Java's where a manifest or a Maven record
/// is inside. A resource adapter (`rar`), an Apache NiFi, Karaf, Liferay or ZAP extension and the like.
const POSSIBLE: [&str; 8] = ["par", "sar", "nar", "kar", "far", "lpkg", "rar", "zap"];

/// Returns whether a path has the ending of a Java archive, in any case of letters.
fn is_archive(path: &str) -> bool {
    let Some((_, ending)) = path.rsplit_once('.') else { return false };
    CERTAIN.iter().chain(&POSSIBLE).any(|known| ending.eq_ignore_ascii_case(known))
}

/// Returns whether an archive is Java's by its name alone.
fn is_certain(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    CERTAIN.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Total on any bytes. An empty file is a placeholder and holds nothing; another format under one of the doubtful
/// endings is not ours to read.
fn read(file: &File<'_>) -> Parsed {
    let is_other = !is_certain(file.path) && !file.bytes.starts_with(b"PK");
    if file.bytes.is_empty() || is_other { Parsed::default() } else { walk::read(file) }
}

/// Reads an archive that is too large to be held. Another format under a doubtful ending shows at its first bytes.
fn read_large(path: &str, size: u64, reader: &mut dyn Read) -> Parsed {
    let mut head = [0; 2];
    if reader.read_exact(&mut head).is_err() || (!is_certain(path) && head != *b"PK") {
        return Parsed::default();
    }
    large::read(path, size, &mut head.as_slice().chain(reader))
}
