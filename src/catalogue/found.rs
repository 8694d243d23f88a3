//! What a cataloguer finds in one file, before layers are merged and the distribution is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::OsRelease;
use crate::model::{Ecosystem, Source};

/// The most packages one file may hold. The largest distributions have some 60,000 packages in all.
pub(super) const PACKAGES_MAX: usize = 100_000;

/// The most needs, names, licences and owned files that are kept of one package. The Linux kernel's headers own some
/// 20,000 files.
pub(super) const LISTED_MAX: usize = 100_000;

/// A path, told by the first 16 bytes of its SHA-256: of the many paths that only hide or own others nothing else is
/// needed, and two paths with one key cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PathKey([u8; 16]);

impl PathKey {
    /// Returns the key of a normalised path, `usr/bin/env`.
    pub fn of(path: &str) -> Self {
        let hash = Sha256::digest(path.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }
}

/// One regular file of a layer, handed to cataloguers.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    /// Normalised, without a leading slash.
    pub path: &'a str,
    /// The whole content.
    pub bytes: &'a [u8],
}

impl<'a> File<'a> {
    /// Returns the last segment of the path.
    pub(super) fn name(&self) -> &'a str {
        super::path::split(self.path).1
    }

    /// Returns the directory, `""` for the root.
    pub(super) fn directory(&self) -> &'a str {
        super::path::split(self.path).0
    }
}

/// A piece of an executable that is too large to be held, with some of what comes before and after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    /// Of the file, normalised, without a leading slash.
    pub path: &'a str,
    pub bytes: &'a [u8],
    /// Where in the file `bytes` begins.
    pub offset: u64,
    /// Where in `bytes` the piece begins and ends. What begins in it is found in this window; the other bytes are there
    /// for what reaches over its borders.
    pub piece: (usize, usize),
}

impl<'a> Window<'a> {
    /// Returns a window of the whole of a file.
    pub(super) fn whole(file: &File<'a>) -> Self {
        Self { path: file.path, bytes: file.bytes, offset: 0, piece: (0, file.bytes.len()) }
    }

    /// Returns the last segment of the path.
    pub(super) fn name(&self) -> &'a str {
        super::path::split(self.path).1
    }

    /// Returns whether something that is found at `position` of the bytes is this window's to tell.
    pub(super) fn owns(&self, position: usize) -> bool {
        (self.piece.0..self.piece.1).contains(&position)
    }
}

/// What one cataloguer made of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parsed {
    /// In the order of the file.
    pub packages: Vec<Found>,
    /// Entries that are malformed or beyond a limit.
    pub unreadable: u64,
    /// Why the file, or a part of it, says nothing: `the table of contents is cut off`. Such a file counts as one
    /// package that nobody looked at.
    pub gaps: Vec<String>,
    /// The distribution it names.
    pub system: Option<OsRelease>,
    /// What it adds to packages that another file of the same database names.
    pub additions: Vec<Addition>,
    /// The format, where the file is a bill of materials itself: `SPDX-2.3`.
    pub document: Option<String>,
    /// Repositories that packages of the distribution were installed from.
    pub content_sets: Vec<String>,
}

impl Parsed {
    /// Adds a package, or counts an entry that is none.
    pub(super) fn add(&mut self, entry: Option<Found>) {
        match entry {
            Some(found) if self.packages.len() < PACKAGES_MAX => self.packages.push(found),
            _ => self.unreadable += 1,
        }
    }

    /// Returns a file that says nothing, and why.
    pub(super) fn gap(reason: impl Into<String>) -> Self {
        Self { gaps: vec![reason.into()], ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns about how many bytes it holds in memory.
    pub(super) fn weight(&self) -> u64 {
        let packages: u64 = self.packages.iter().map(Found::weight).sum();
        let additions: usize = self.additions.iter().map(|addition| 96 + 16 * addition.owns.len()).sum();
        let sets: usize = self.content_sets.iter().map(|set| 24 + set.len()).sum();
        packages + (additions + sets) as u64
    }
}

/// What a file beside the database says about one package of it: its list of files, its copyright file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition {
    /// As the database names it, without architecture.
    pub package: String,
    /// Where the file says so: of several packages of one name only that of this architecture is meant.
    pub architecture: Option<String>,
    pub licences: Vec<String>,
    pub owns: Vec<PathKey>,
    /// Where its source is to be had. This and the qualifiers count for the package of the same directory only.
    pub source_url: Option<String>,
    /// Further purl qualifiers, as of a package's origin.
    pub qualifiers: BTreeMap<String, String>,
}

/// A package as its file names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub ecosystem: Ecosystem,
    /// Empty where there is none. Packages of a distribution leave it to the merging, which knows the distribution,
    /// unless the database says it better (`almalinux` for a package signed by it).
    pub namespace: String,
    pub name: String,
    /// Empty where the file does not tell.
    pub version: String,
    pub architecture: Option<String>,
    /// Where the database names a source package of another name or version.
    pub source: Option<Source>,
    /// Further purl qualifiers.
    pub qualifiers: BTreeMap<String, String>,
    /// Declared licences as written in the file, one entry each, not normalised.
    pub licences: Vec<String>,
    /// Who made it as the file says: an e-mail address or a URL, else a name.
    pub creator: Option<String>,
    /// Where its source is to be had, a URL.
    pub source_url: Option<String>,
    /// Its page for people, a URL.
    pub website: Option<String>,
    /// CPE 2.3 names, where a table or the file itself knows them.
    pub cpes: Vec<String>,
    /// What it needs, in words of the same ecosystem.
    pub needs: Vec<Need>,
    /// Names that others may need it by, beside its own.
    pub provides: Vec<String>,
    /// Files it owns.
    pub owns: Vec<PathKey>,
    /// Where in the file it was found, for archives: `BOOT-INF/lib/a-1.jar`, nested ones separated by `!/`.
    pub inside: Option<String>,
    /// What the package is.
    pub form: Form,
    /// SHA-512 of the file, lower-case hexadecimal, where the file itself is the component. Filled in by the reader of
    /// the layer for every form but [`Form::Installed`] that is not inside of another file.
    pub sha512: Option<String>,
}

/// What a package consists of (BSI TR-03183-2 v2.1.0, section 3.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Form {
    /// Files that a package manager put there: a logical component.
    #[default]
    Installed,
    /// Part of a file, compiled into it: a logical component.
    Compiled,
    /// The file itself, an executable.
    Executable,
    /// The file itself, an archive.
    Archive,
}

/// A package that another one needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// Name (with namespace, `group/name`, where the ecosystem has one) or a name that is provided.
    pub name: String,
    /// The exact version, where the file tells it.
    pub version: Option<String>,
}

impl Need {
    /// Returns a need for whatever version is there.
    pub(super) fn any(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None }
    }
}

impl Found {
    /// Returns a package with nothing but its name and version.
    pub(super) fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            ecosystem,
            namespace: String::new(),
            name: name.into(),
            version: version.into(),
            architecture: None,
            source: None,
            qualifiers: BTreeMap::new(),
            licences: vec![],
            creator: None,
            source_url: None,
            website: None,
            cpes: vec![],
            needs: vec![],
            provides: vec![],
            owns: vec![],
            inside: None,
            form: Form::Installed,
            sha512: None,
        }
    }

    /// Returns about how many bytes it holds in memory.
    pub(super) fn weight(&self) -> u64 {
        let needs: usize = self.needs.iter().map(|need| need.name.len() + 64).sum();
        let texts = self.licences.iter().chain(&self.cpes).chain(&self.provides);
        let texts: usize = texts.map(|text| text.len() + 24).sum();
        let inside = self.inside.as_ref().map_or(0, String::len);
        let own = self.name.len() + self.version.len() + self.namespace.len() + inside;
        (size_of::<Self>() + own + needs + texts + 16 * self.owns.len()) as u64
    }
}
