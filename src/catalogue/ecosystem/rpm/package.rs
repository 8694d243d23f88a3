//! A header becomes a package.

use std::collections::BTreeSet;

use super::header::{Header, Malformed, Tag};
use crate::catalogue::ecosystem::{creator, package_name, phrase, word};
use crate::catalogue::found::{Found, Need, Parsed, PathKey};
use crate::model::{Ecosystem, Source};

/// What RPM keeps of a public key that was imported: a header with this name, and no package.
const PUBLIC_KEY: &[u8] = b"gpg-pubkey";

/// How many bytes of paths are hashed for each byte of their header. Of every file a real header keeps a digest, times,
/// modes and owners beside its name, so that the paths are shorter than the header.
const PATH_BYTES_RATIO: usize = 4;

/// The least that a header takes of the file. Without it there were no end of empty ones.
const HEADER_BYTES_MIN: usize = 24;

/// Collects what the headers of a database say.
pub(super) struct Reading {
    parsed: Parsed,
    /// How many bytes further headers may have.
    bytes_left: usize,
}

impl Reading {
    pub(super) fn new(file_bytes: usize) -> Self {
        Self { parsed: Parsed::default(), bytes_left: file_bytes }
    }

    pub(super) fn into_parsed(self) -> Parsed {
        self.parsed
    }

    /// Reads one header.
    ///
    /// # Errors
    /// A reason to stop: headers that lie over each other, of which there is no end.
    pub(super) fn header(&mut self, blob: &[u8]) -> Result<(), String> {
        let left = self.bytes_left.checked_sub(blob.len().max(HEADER_BYTES_MIN));
        self.bytes_left = left.ok_or("its headers lie over each other")?;
        let Ok(header) = Header::parse(blob) else {
            self.unreadable();
            return Ok(());
        };
        if header.text(Tag::Name) == Ok(Some(PUBLIC_KEY)) {
            return Ok(());
        }
        let identity = identity(&header).ok().flatten();
        match identity {
            Some(mut found) => {
                if describe(&mut found, &header, blob.len()).is_err() {
                    self.unreadable();
                }
                self.parsed.add(Some(found));
            }
            None => self.unreadable(),
        }
        Ok(())
    }

    /// Counts a header that cannot be read.
    pub(super) fn unreadable(&mut self) {
        self.parsed.unreadable += 1;
    }
}

/// Returns the package with all that its package URL names.
fn identity(header: &Header<'_>) -> Result<Option<Found>, Malformed> {
    let required = |tag| header.text(tag).and_then(|text| text.ok_or(Malformed));
    let (name, version, release) = (required(Tag::Name)?, required(Tag::Version)?, required(Tag::Release)?);
    let (Some(name), Some(version), Some(release)) = (package_name(name), word(version), word(release))
    else {
        return Ok(None);
    };
    let mut found = Found::new(Ecosystem::Rpm, name, format!("{version}-{release}"));
    if let Some(architecture) = header.text(Tag::Arch)? {
        found.architecture = Some(word(architecture).ok_or(Malformed)?.to_owned());
    }
    found.source = header.text(Tag::SourceRpm)?.and_then(source);
    if let Some(epoch) = header.numbers(Tag::Epoch)?.first() {
        found.qualifiers.insert("epoch".to_owned(), epoch.to_string());
    }
    if let Some(label) = header.text(Tag::ModularityLabel)?.and_then(word) {
        found.qualifiers.insert("rpmmod".to_owned(), label.to_owned());
    }
    Ok(Some(found))
}

/// Returns the source package of `openssl-1.1.1k-9.el8.src.rpm`. Such names never tell the epoch.
pub(super) fn source(file: &[u8]) -> Option<Source> {
    let file = word(file)?;
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let name = package_name(name.as_bytes())?;
    let is_whole = !version.is_empty() && !release.is_empty();
    is_whole.then(|| Source { name: name.to_owned(), version: format!("{version}-{release}") })
}

/// Adds what is known beside the identity, up to the first value that is malformed.
fn describe(found: &mut Found, header: &Header<'_>, header_bytes: usize) -> Result<(), Malformed> {
    found.licences.extend(header.text(Tag::License)?.and_then(phrase));
    found.website = header.text(Tag::Url)?.and_then(phrase);
    found.creator = maker(header)?;
    found.provides = capabilities(header, Tag::ProvideName)?;
    found.needs = capabilities(header, Tag::RequireName)?.into_iter().map(Need::any).collect();
    found.owns = files(header, header_bytes)?;
    Ok(())
}

/// Returns the address of the packager, else the vendor, else the packager's name.
fn maker(header: &Header<'_>) -> Result<Option<String>, Malformed> {
    let told = |tag| Ok(header.text(tag)?.and_then(phrase).and_then(|text| creator(&text)));
    let (packager, vendor) = (told(Tag::Packager)?, told(Tag::Vendor)?);
    let is_address = |text: &String| text.contains('@') || text.contains("://");
    Ok(packager.clone().filter(is_address).or(vendor).or(packager))
}

/// Returns names of a list of dependencies, sorted, each once. What RPM itself must be able to do (`rpmlib(…)`) and
/// conditions (`(a if b)`) name no package.
fn capabilities(header: &Header<'_>, tag: Tag) -> Result<Vec<String>, Malformed> {
    let texts = header.texts(tag)?;
    let words = texts.into_iter().filter_map(word);
    let names = words.filter(|name| !name.starts_with('(') && !name.starts_with("rpmlib("));
    let sorted: BTreeSet<&str> = names.collect();
    Ok(sorted.into_iter().map(str::to_owned).collect())
}

/// Returns the files that the package owns.
fn files(header: &Header<'_>, header_bytes: usize) -> Result<Vec<PathKey>, Malformed> {
    let (names, directories) = (header.texts(Tag::BaseNames)?, header.texts(Tag::DirNames)?);
    let indexes = header.numbers(Tag::DirIndexes)?;
    if names.len() != indexes.len() {
        return Err(Malformed);
    }
    let mut path_bytes = header_bytes.saturating_mul(PATH_BYTES_RATIO);
    let mut owned = vec![];
    for (name, index) in names.into_iter().zip(indexes) {
        let directory = directories.get(index as usize).ok_or(Malformed)?;
        path_bytes = path_bytes.checked_sub(directory.len() + name.len()).ok_or(Malformed)?;
        let path = [directory, name].concat();
        if let Ok(path) = std::str::from_utf8(&path) {
            owned.push(PathKey::of(path.trim_start_matches('/')));
        }
    }
    Ok(owned)
}
