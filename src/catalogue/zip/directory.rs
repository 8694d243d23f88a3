//! The central directory: found from the end record, read entry by entry.

use super::{Zip, ZipError};

/// Bytes of the end record without its comment (section 4.3.16).
pub(super) const END_BYTES: usize = 22;
/// The longest comment that its length can tell.
const COMMENT_BYTES_MAX: usize = 0xffff;
/// Bytes of the zip64 end record without its extensible part (section 4.3.14), and of its locator (4.3.15).
pub(super) const END64_BYTES: usize = 56;
pub(super) const LOCATOR_BYTES: usize = 20;
/// Bytes of a directory entry without its variable fields (section 4.3.12).
pub(super) const ENTRY_BYTES: usize = 46;
/// The extra field that holds what does not fit into 32 bits (section 4.5.3).
const ZIP64_FIELD: u16 = 1;

/// One entry of the directory. Nothing of it is checked but that it is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalogue) struct Entry<'a> {
    /// As written: any bytes.
    pub name: &'a [u8],
    /// Compressed bytes, and bytes of the content, as the directory says.
    pub compressed: u64,
    pub size: u64,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) checksum: u32,
    pub(super) offset: u64,
}

impl Entry<'_> {
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// Where the end record says the directory is.
struct End {
    size: u64,
    offset: u64,
    entries: u64,
    /// Where in the file the directory ends.
    at: usize,
    wraps: bool,
}

pub(super) fn open(bytes: &[u8]) -> Result<Zip<'_>, ZipError> {
    let at = end_record(bytes).ok_or(ZipError::NoEnd)?;
    let record = &bytes[at..];
    if u16_at(record, 4) != u16_at(record, 6) || u16_at(record, 8) != u16_at(record, 10) {
        return Err(ZipError::Volumes);
    }
    let end = End {
        entries: u64::from(u16_at(record, 10)),
        size: u64::from(u32_at(record, 12)),
        offset: u64::from(u32_at(record, 16)),
        at,
        wraps: true,
    };
    let is_full = end.entries == 0xffff || end.size == 0xffff_ffff || end.offset == 0xffff_ffff;
    let end = if is_full { end64(bytes, at).unwrap_or(end) } else { end };
    place(bytes, &end).ok_or(ZipError::Directory)
}

/// Returns where the end record starts: the last one whose comment ends with the file, else the last one.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(COMMENT_BYTES_MAX);
    let found = |at: &usize| bytes[*at..].starts_with(b"PK\x05\x06");
    let fits = |at: &usize| at + END_BYTES + usize::from(u16_at(&bytes[*at..], 20)) == bytes.len();
    let mut candidates = (first..=last).rev().filter(found);
    let fallback = candidates.clone().next();
    candidates.find(fits).or(fallback)
}

fn end64(bytes: &[u8], end: usize) -> Option<End> {
    let locator_at = end.checked_sub(LOCATOR_BYTES)?;
    let locator = &bytes[locator_at..];
    if !locator.starts_with(b"PK\x06\x07") {
        return None;
    }
    // With something in front of the archive the offset does not count it; the record then ends at its locator.
    let said = usize::try_from(u64_at(locator, 8)).ok();
    let at = [said, locator_at.checked_sub(END64_BYTES)].into_iter().flatten().find(|at| {
        let record = bytes.get(*at..).unwrap_or_default();
        record.len() >= END64_BYTES && record.starts_with(b"PK\x06\x06")
    })?;
    let record = &bytes[at..];
    Some(End {
        entries: u64_at(record, 32),
        size: u64_at(record, 40),
        offset: u64_at(record, 48),
        at,
        wraps: false,
    })
}

/// Returns the archive where the directory is directly before its end record, whatever stands in front of the archive,
/// or where its offset says.
fn place<'a>(bytes: &'a [u8], end: &End) -> Option<Zip<'a>> {
    let size = usize::try_from(end.size).ok()?;
    let offset = usize::try_from(end.offset).ok()?;
    let adjacent = end.at.checked_sub(size).filter(|start| *start >= offset);
    let (start, before) = adjacent
        .map(|start| (start, start - offset))
        .into_iter()
        .chain([(offset, 0)])
        .find(|(start, _)| size == 0 || bytes.get(*start..).is_some_and(is_entry))?;
    // Of an archive that is cut off behind another one stored in it, the end record of that one would be found.
    if before > 0 && bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let directory = bytes.get(start..start.checked_add(size)?)?;
    Some(Zip { bytes, directory, before: before as u64, entries: end.entries, wraps: end.wraps })
}

fn is_entry(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x01\x02")
}

/// The entries of a directory.
#[derive(Debug, Clone)]
pub(in crate::catalogue) struct Entries<'a> {
    rest: &'a [u8],
    seen: u64,
    said: u64,
    wraps: bool,
    ended: bool,
}

impl<'a> Entries<'a> {
    pub(super) fn new(directory: &'a [u8], said: u64, wraps: bool) -> Self {
        Self { rest: directory, seen: 0, said, wraps, ended: false }
    }

    /// Returns whether as many entries were there as the end record says.
    fn is_complete(&self) -> bool {
        if self.wraps { self.seen & 0xffff == self.said } else { self.seen == self.said }
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        let bytes = self.rest;
        if bytes.len() < ENTRY_BYTES || !is_entry(bytes) {
            return None;
        }
        let lengths = [28, 30, 32].map(|at| usize::from(u16_at(bytes, at)));
        let name_end = ENTRY_BYTES + lengths[0];
        let extra_end = name_end + lengths[1];
        let name = bytes.get(ENTRY_BYTES..name_end)?;
        let extra = bytes.get(name_end..extra_end)?;
        self.rest = bytes.get(extra_end + lengths[2]..)?;
        let mut entry = Entry {
            name,
            flags: u16_at(bytes, 8),
            method: u16_at(bytes, 10),
            checksum: u32_at(bytes, 16),
            compressed: u64::from(u32_at(bytes, 20)),
            size: u64::from(u32_at(bytes, 24)),
            offset: u64::from(u32_at(bytes, 42)),
        };
        widen(&mut entry, extra);
        Some(entry)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, ZipError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if let Some(entry) = self.entry() {
            self.seen += 1;
            return Some(Ok(entry));
        }
        self.ended = true;
        // A signature of the directory may follow its entries (section 4.3.13).
        let is_at_end = self.rest.is_empty() || self.rest.starts_with(b"PK\x05\x05");
        if is_at_end && self.is_complete() { None } else { Some(Err(ZipError::Directory)) }
    }
}

/// Takes from the zip64 field what the fixed fields mark as being there; returns whether there is such a field.
pub(super) fn widen(entry: &mut Entry<'_>, mut extra: &[u8]) -> bool {
    const FULL: u64 = 0xffff_ffff;
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let Some(mut field) = extra.get(4..4 + length) else { return false };
        extra = &extra[4 + length..];
        if id != ZIP64_FIELD {
            continue;
        }
        for value in [&mut entry.size, &mut entry.compressed, &mut entry.offset] {
            if *value == FULL && field.len() >= 8 {
                *value = u64_at(field, 0);
                field = &field[8..];
            }
        }
        return true;
    }
    false
}

/// Reads a little-endian number; the caller has checked that it is there.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
