//! Goes through an archive and those inside of it, in memory and within a budget.

use std::borrow::Cow;

use super::identity::identify;
use super::manifest::{self, Manifest};
use super::records::{Kind, Records};
use crate::catalogue::found::{File, Found, Need, Parsed};
use crate::catalogue::zip::{Entry, Zip};
use crate::model::{Algorithm, Hasher, foreign};

/// How deep archives may lie inside of each other: an ear with a war with a jar that carries a jar makes three.
const DEPTH_MAX: usize = 8;

/// One archive inside of another. The outermost one is bounded by who reads the layer.
pub(super) const INNER_BYTES_MAX: u64 = 64 << 20;

/// Archives inside that are held in memory at once, inflated. Those that are stored are read where they lie.
const HELD_BYTES_MAX: u64 = 64 << 20;

/// A record or licence text; real ones have some kilobytes, `pom.xml` of large projects some hundred.
pub(super) const RECORD_BYTES_MAX: u64 = 1 << 20;

/// Bytes that are read out of one outermost archive, however deep: some, and so many times its own size. What
/// is read of jars is compressed by a tenth; twenty times as much is a bomb.
const READ_BYTES_FREE: u64 = 64 << 20;
const RATIO_MAX: u64 = 20;

/// Archives inside of one outermost archive. Large web applications have some hundred.
const ARCHIVES_MAX: u64 = 20_000;

/// Entries of all directories. The largest jars have some hundred thousand.
const ENTRIES_MAX: u64 = 4_000_000;

/// All records of one outermost archive, however deep.
const RECORDS_BYTES_MAX: u64 = 64 << 20;

/// Entries of interest of one archive that are noted before they are read.
const LISTED_MAX: usize = 20_000;

/// Gaps that are told in words; further ones are counted.
const GAPS_MAX: usize = 32;

/// The longest name of an entry that is kept; a longer one is cut.
const NAME_BYTES_MAX: usize = 512;

/// Returns what is in an archive, itself first.
pub(super) fn read(file: &File<'_>) -> Parsed {
    let mut walk = Walk::new(file.bytes.len() as u64);
    walk.archive(&Place { path: file.path, inside: "", depth: 0 }, file.bytes);
    walk.parsed
}

/// What has been found so far, and what may still be spent.
pub(super) struct Walk {
    parsed: Parsed,
    bytes_left: u64,
    record_bytes_left: u64,
    held_left: u64,
    archives_left: u64,
    entries_left: u64,
}

/// Where an archive lies.
pub(super) struct Place<'a> {
    /// Its path in the image or in the archive around it.
    pub path: &'a str,
    /// Its path in the outermost archive, empty for that one itself.
    pub inside: &'a str,
    pub depth: usize,
}

impl Place<'_> {
    /// Returns the path of an entry in the outermost archive.
    pub(super) fn inner(&self, name: &str) -> String {
        if self.inside.is_empty() { name.to_owned() } else { format!("{}!/{name}", self.inside) }
    }
}

/// Entries of interest of one archive.
#[derive(Default)]
struct Listed<'a> {
    manifest: Option<Entry<'a>>,
    records: Vec<Entry<'a>>,
    archives: Vec<Entry<'a>>,
}

impl Walk {
    /// Starts at an outermost archive of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        Self {
            parsed: Parsed::default(),
            bytes_left: READ_BYTES_FREE.saturating_add(size.saturating_mul(RATIO_MAX)),
            record_bytes_left: RECORDS_BYTES_MAX,
            held_left: HELD_BYTES_MAX,
            archives_left: ARCHIVES_MAX,
            entries_left: ENTRIES_MAX,
        }
    }

    /// Reads one archive; returns what whoever holds it needs by that.
    fn archive(&mut self, place: &Place<'_>, bytes: &[u8]) -> Vec<Need> {
        let zip = match Zip::open(bytes) {
            Ok(zip) => zip,
            Err(error) => {
                self.gap(place.inside, error);
                return vec![];
            }
        };
        let listed = self.list(place, &zip);
        let manifest = listed.manifest.and_then(|entry| self.manifest(place, &zip, &entry));
        let mut records = Records::default();
        for entry in &listed.records {
            self.record(place, &zip, entry, &mut records);
        }
        let at = self.parsed.packages.len();
        let (own, mut needs) = self.identity(place, manifest.as_ref(), records);
        let own = own.map(|own| self.own(place, own, at, Some(bytes)));
        for entry in &listed.archives {
            needs.extend(self.inner(place, &zip, entry));
        }
        self.complete(own, needs)
    }

    /// Adds what a streamed outermost archive is, in front of what was found in it.
    pub(super) fn end(
        mut self,
        place: &Place<'_>,
        manifest: Option<&Manifest>,
        records: Records,
        inner: Vec<Need>,
    ) -> Parsed {
        let (own, mut needs) = self.identity(place, manifest, records);
        let own = own.map(|own| self.own(place, own, 0, None));
        needs.extend(inner);
        self.complete(own, needs);
        self.parsed
    }

    /// Adds what is shaded into an archive; returns the archive itself and how the former is needed.
    fn identity(
        &mut self,
        place: &Place<'_>,
        manifest: Option<&Manifest>,
        records: Records,
    ) -> (Option<Found>, Vec<Need>) {
        let licence = records.licence();
        let mut identity = identify(place.path, manifest, &records.into_vec());
        // What a record or the manifest declares was written for this archive; a text may be there for what it holds.
        if let Some(own) = identity.own.as_mut().filter(|own| own.licences.is_empty()) {
            own.licences.extend(licence.map(str::to_owned));
        }
        self.parsed.unreadable += identity.unusable;
        let needs = identity.shaded.iter().map(need).collect();
        for found in identity.shaded {
            self.parsed.add(Some(found));
        }
        (identity.own, needs)
    }

    /// Puts the archive itself in front of what is in it; returns where it stands and how it is needed. Whoever reads the
    /// layer hashes outermost archives.
    fn own(&mut self, place: &Place<'_>, mut own: Found, at: usize, bytes: Option<&[u8]>) -> (usize, Need) {
        if let Some(bytes) = bytes.filter(|_| !place.inside.is_empty()) {
            own.inside = Some(place.inside.to_owned());
            let mut hasher = Hasher::new(Algorithm::Sha512);
            hasher.update(bytes);
            own.sha512 = Some(hasher.finish().hex().to_owned());
        }
        let need = need(&own);
        self.parsed.packages.insert(at, own);
        (at, need)
    }

    /// Gives an archive what it needs; returns what whoever holds it needs: the archive, or what is in an unnamed one.
    fn complete(&mut self, own: Option<(usize, Need)>, needs: Vec<Need>) -> Vec<Need> {
        let Some((index, own)) = own else { return needs };
        self.parsed.packages[index].needs.extend(needs);
        vec![own]
    }

    /// Finds the entries of interest.
    fn list<'a>(&mut self, place: &Place<'_>, zip: &Zip<'a>) -> Listed<'a> {
        let mut listed = Listed::default();
        for entry in zip.entries() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.gap(place.inside, error);
                    break;
                }
            };
            if self.entries_left == 0 {
                self.gap(place.inside, format!("more than {ENTRIES_MAX} entries in all"));
                break;
            }
            self.entries_left -= 1;
            let list = match Kind::of(entry.name) {
                Kind::Manifest => {
                    listed.manifest = Some(entry);
                    continue;
                }
                Kind::Record => &mut listed.records,
                Kind::Archive => &mut listed.archives,
                Kind::Other => continue,
            };
            if list.len() < LISTED_MAX { list.push(entry) } else { self.parsed.unreadable += 1 }
        }
        listed
    }

    fn manifest(&mut self, place: &Place<'_>, zip: &Zip<'_>, entry: &Entry<'_>) -> Option<Manifest> {
        let bytes = self
            .spend(entry.size.min(manifest::BYTES_MAX))
            .and_then(|()| zip.beginning(entry, manifest::BYTES_MAX).map_err(|error| error.to_string()));
        match bytes {
            Ok(bytes) => Some(Manifest::parse(&bytes)),
            Err(reason) => {
                self.gap(&place.inner(&shown(entry.name)), reason);
                None
            }
        }
    }

    fn record(&mut self, place: &Place<'_>, zip: &Zip<'_>, entry: &Entry<'_>, records: &mut Records) {
        let path = place.inner(&shown(entry.name));
        let spent = self.spend_on_record(entry.size.min(RECORD_BYTES_MAX));
        match spent.and_then(|()| zip.content(entry, RECORD_BYTES_MAX).map_err(|error| error.to_string())) {
            Ok(bytes) => self.count(records.add(entry.name, path, &bytes)),
            Err(reason) => self.gap(&path, reason),
        }
    }

    /// Reads an archive inside of an archive.
    fn inner(&mut self, place: &Place<'_>, zip: &Zip<'_>, entry: &Entry<'_>) -> Vec<Need> {
        let name = shown(entry.name);
        let bytes_max = INNER_BYTES_MAX.min(self.held_left);
        let spent = self.spend(entry.size.min(bytes_max));
        match spent.and_then(|()| zip.content(entry, bytes_max).map_err(|error| error.to_string())) {
            Ok(bytes) => {
                let held = if matches!(bytes, Cow::Owned(_)) { bytes.len() as u64 } else { 0 };
                self.held(place, &name, &bytes, held)
            }
            Err(reason) => {
                self.gap(&place.inner(&name), reason);
                vec![]
            }
        }
    }

    /// Reads the content of an archive inside of an archive, for which so many bytes are held in memory.
    pub(super) fn held(&mut self, place: &Place<'_>, name: &str, bytes: &[u8], held: u64) -> Vec<Need> {
        let inside = place.inner(name);
        if place.depth >= DEPTH_MAX {
            self.gap(&inside, format!("deeper than {DEPTH_MAX} archives"));
            return vec![];
        }
        if self.archives_left == 0 {
            self.gap(&inside, format!("more than {ARCHIVES_MAX} archives in all"));
            return vec![];
        }
        self.archives_left -= 1;
        if bytes.is_empty() || !(super::is_certain(name) || bytes.starts_with(b"PK")) {
            return vec![];
        }
        let before = self.held_left;
        self.held_left = before.saturating_sub(held);
        let needs = self.archive(&Place { path: name, inside: &inside, depth: place.depth + 1 }, bytes);
        self.held_left = before;
        needs
    }

    /// Takes bytes from what may still be read.
    pub(super) fn spend(&mut self, bytes: u64) -> Result<(), String> {
        self.bytes_left =
            self.bytes_left.checked_sub(bytes).ok_or("the archive inflates to too many bytes in all")?;
        Ok(())
    }

    /// Takes bytes from what may still be read of records, of which more is kept.
    pub(super) fn spend_on_record(&mut self, bytes: u64) -> Result<(), String> {
        self.record_bytes_left =
            self.record_bytes_left.checked_sub(bytes).ok_or("its records have too many bytes in all")?;
        self.spend(bytes)
    }

    /// Counts what found no room.
    pub(super) fn count(&mut self, had_room: bool) {
        self.parsed.unreadable += u64::from(!had_room);
    }

    /// Tells what was not read, and why.
    pub(super) fn gap(&mut self, inside: &str, reason: impl std::fmt::Display) {
        if self.parsed.gaps.len() >= GAPS_MAX {
            self.parsed.unreadable += 1;
        } else if inside.is_empty() {
            self.parsed.gaps.push(reason.to_string());
        } else {
            self.parsed.gaps.push(format!("{inside}: {reason}"));
        }
    }
}

/// Returns how a component is needed by what holds it.
fn need(found: &Found) -> Need {
    let version = Some(found.version.clone()).filter(|version| !version.is_empty());
    Need { name: format!("{}/{}", found.namespace, found.name), version }
}

/// Returns the name of an entry as it may be kept: nothing is ever written to such a path, so that `..` does no harm.
pub(super) fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(&name[..name.len().min(NAME_BYTES_MAX)]);
    name.chars().map(|c| if foreign::is_deceptive(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
