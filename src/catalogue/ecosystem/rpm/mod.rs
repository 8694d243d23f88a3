//! RPM's databases of installed packages: SQLite, ndb and Berkeley DB, and the lists that take their place.
//!
//! A database is a bag of headers, one for each package. [`sqlite`], [`ndb`] and [`bdb`] know how to find them,
//! [`header`] reads one, [`package`] makes a package of it. [`manifest`] reads the list that an image without a database
//! carries. Whatever the format, the headers of a sound database do not overlap: together they are no longer than the
//! file, and that bounds the work on a hostile one.

mod bdb;
mod header;
mod manifest;
mod ndb;
mod package;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use super::{Cataloguer, Wants};
use crate::catalogue::found::{File, Found, Parsed, PathKey};
use package::Reading;

/// Directories that RPM has used on the way from `/var` to `/usr`.
const DIRECTORIES: [&str; 3] = ["var/lib/rpm", "usr/share/rpm", "usr/lib/sysimage/rpm"];

const WRITE_AHEAD_LOG: &str = "rpmdb.sqlite-wal";

const MANIFEST: &str = "var/lib/rpmmanifest/container-manifest-2";

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "rpm",
    wants: &[
        Wants::Places(&[
            "usr/lib/sysimage/rpm/Packages",
            "usr/lib/sysimage/rpm/Packages.db",
            "usr/lib/sysimage/rpm/rpmdb.sqlite",
            "usr/share/rpm/Packages",
            "usr/share/rpm/Packages.db",
            "usr/share/rpm/rpmdb.sqlite",
            "var/lib/rpm/Packages",
            "var/lib/rpm/Packages.db",
            "var/lib/rpm/rpmdb.sqlite",
            MANIFEST,
        ]),
        Wants::Paths(is_elsewhere),
    ],
    parse: read,
};

/// Returns whether a path is that of a database in a root file system within the image, or of a log beside one.
fn is_elsewhere(path: &str) -> bool {
    let (directory, name) = crate::catalogue::path::split(path);
    let is_database = matches!(name, "Packages" | "Packages.db" | "rpmdb.sqlite" | WRITE_AHEAD_LOG);
    let is_below = |place: &str| directory.strip_suffix(place).is_some_and(|above| above.ends_with('/'));
    if is_database {
        DIRECTORIES.iter().any(|place| is_below(place) || (name == WRITE_AHEAD_LOG && directory == *place))
    } else {
        path.strip_suffix(MANIFEST).is_some_and(|above| above.ends_with('/'))
    }
}

fn read(file: &File<'_>) -> Parsed {
    match file.name() {
        WRITE_AHEAD_LOG => write_ahead_log(file.bytes),
        "container-manifest-2" => manifest::parse(file.bytes),
        "rpmdb.sqlite" => database(file.bytes, sqlite::each),
        "Packages.db" => database(file.bytes, ndb::each),
        _ => database(file.bytes, bdb::each),
    }
}

/// Hands every header to the reading; says where it could not go on.
type Each = fn(&[u8], &mut Reading) -> Result<(), String>;

fn database(bytes: &[u8], each: Each) -> Parsed {
    let mut reading = Reading::new(bytes.len());
    let end = each(bytes, &mut reading);
    let mut parsed = reading.into_parsed();
    parsed.gaps.extend(end.err());
    provide_files(&mut parsed.packages);
    parsed
}

/// SQLite writes changes into a log at first. One that was closed as it should be leaves no log; what a log holds
/// beside the database has not been merged with it here.
fn write_ahead_log(bytes: &[u8]) -> Parsed {
    /// The header of the log alone (SQLite, "Database File Format", section 4.1).
    const HEADER_BYTES: usize = 32;
    if bytes.len() <= HEADER_BYTES {
        return Parsed::default();
    }
    Parsed::gap("changes that were not written back to the database lie in its write-ahead log")
}

/// Packages may need files, `/bin/sh`: whoever owns one provides it. In a merged /usr it is owned below `usr`.
fn provide_files(packages: &mut [Found]) {
    let needed = packages.iter().flat_map(|found| &found.needs).map(|need| need.name.as_str());
    let paths: BTreeSet<String> = needed.filter(|name| name.starts_with('/')).map(str::to_owned).collect();
    let mut wanted: BTreeMap<PathKey, Vec<&String>> = BTreeMap::new();
    for path in &paths {
        let plain = path.trim_start_matches('/');
        for spelling in [plain.to_owned(), format!("usr/{plain}")] {
            wanted.entry(PathKey::of(&spelling)).or_default().push(path);
        }
    }
    for found in packages {
        let owned: BTreeSet<&String> =
            found.owns.iter().filter_map(|key| wanted.get(key)).flatten().copied().collect();
        found.provides.extend(owned.into_iter().cloned());
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
