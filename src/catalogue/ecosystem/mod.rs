//! Package ecosystems and what tells the distribution: one file each, `bytes → facts`.
//!
//! To add one: write `ecosystem/<name>.rs` with its paths and its parser, then name it in [`ALL`].

mod apk;
mod dpkg;
mod os_release;
mod rpm;

pub use os_release::OsRelease;

use crate::model::{Ecosystem, Source};

/// What one file of this folder knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cataloguer {
    /// The file's name, and the name that gaps are reported under.
    pub name: &'static str,
    /// Normalised paths it reads; one that ends in `/` means every file directly in that directory.
    pub paths: &'static [&'static str],
    /// Ending of files in those directories that carry no facts.
    pub ignored_ending: Option<&'static str>,
    pub reads: Reads,
}

/// What becomes of the files.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reads {
    /// A package database.
    Packages(Ecosystem, fn(&[u8]) -> Parsed),
    /// Tells the distribution; the first of the paths that does wins.
    System(fn(&str, &[u8]) -> Option<OsRelease>),
    /// A database this version cannot read: that it exists is a gap. Its bytes are not kept.
    Unread,
}

/// Every ecosystem, by name.
pub(super) const ALL: &[Cataloguer] =
    &[apk::CATALOGUER, dpkg::CATALOGUER, os_release::CATALOGUER, rpm::CATALOGUER];

/// The most packages one database may hold. The largest distributions have some 60,000 packages in all.
pub(super) const PACKAGES_MAX: usize = 100_000;

/// The longest name, version or architecture that is accepted; real ones stay below a hundred.
const WORD_BYTES_MAX: usize = 256;

/// What a database holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    /// In the order of the database.
    pub installed: Vec<Installed>,
    /// Entries that are malformed or beyond [`PACKAGES_MAX`].
    pub unreadable: u64,
}

impl Parsed {
    fn add(&mut self, entry: Option<Installed>) {
        match entry {
            Some(installed) if self.installed.len() < PACKAGES_MAX => self.installed.push(installed),
            _ => self.unreadable += 1,
        }
    }
}

/// An installed package as its database names it, before the distribution is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    pub name: String,
    pub version: String,
    pub architecture: Option<String>,
    pub source: Source,
}

impl Cataloguer {
    /// Returns whether the content of a file at `path` is wanted.
    pub(super) fn wants(&self, path: &str) -> bool {
        self.paths.iter().any(|wanted| match wanted.strip_suffix('/') {
            Some(directory) => self.wants_in(directory, path),
            None => *wanted == path,
        })
    }

    fn wants_in(&self, directory: &str, path: &str) -> bool {
        let name = path.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/'));
        let ignored = self.ignored_ending.is_some_and(|ending| path.ends_with(ending));
        name.is_some_and(|name| !name.contains('/')) && !ignored
    }
}

/// Returns the cataloguer that wants a file at `path`.
pub(super) fn wanting(path: &str) -> Option<&'static Cataloguer> {
    ALL.iter().find(|cataloguer| cataloguer.wants(path))
}

/// Returns whether `path` is a wanted file or a directory on the way to one; links and removals there matter.
pub(super) fn on_the_way(path: &str) -> bool {
    let leads = |wanted: &&str| {
        path.is_empty()
            || wanted.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    wanting(path).is_some() || ALL.iter().flat_map(|cataloguer| cataloguer.paths).any(leads)
}

/// Returns the value as text where it is one printable ASCII word of bearable length.
fn word(value: &[u8]) -> Option<&str> {
    let fits = (1..=WORD_BYTES_MAX).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    if fits { std::str::from_utf8(value).ok() } else { None }
}

/// Returns the value as text where it is a package name of Debian or Alpine: letters, digits and `+ - . _`.
fn package_name(value: &[u8]) -> Option<&str> {
    word(value).filter(|text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_this_folder_is_registered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalogue/ecosystem");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        let names: Vec<&str> = ALL.iter().map(|cataloguer| cataloguer.name).collect();
        assert_eq!(names, files);
    }

    #[test]
    fn wanted_files_and_the_directories_above_them_matter() {
        for (path, wanted, way) in [
            ("var/lib/dpkg/status", true, true),
            ("var/lib/dpkg/status.d/libc6", true, true),
            ("var/lib/dpkg/status.d/libc6.md5sums", false, false),
            ("var/lib/dpkg/status.d/deep/er", false, false),
            ("var/lib/dpkg/status.d", false, true),
            ("lib/apk/db/installed", true, true),
            ("usr/lib/apk/db/installed", true, true),
            ("lib", false, true),
            ("", false, true),
            ("li", false, false),
            ("var/lib/dpkg/status-old", false, false),
            ("home/var/lib/dpkg/status", false, false),
        ] {
            assert_eq!((wanting(path).is_some(), on_the_way(path)), (wanted, way), "{path}");
        }
    }
}
