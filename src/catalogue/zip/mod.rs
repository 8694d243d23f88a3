//! Zip archives in memory, for what is one under another name: jars, wheels, NuGet packages (PKWARE APPNOTE.TXT 6.3.10).
//!
//! The central directory decides, as it does for the programs that load such archives. Nothing is indexed: entries are
//! read one by one from the directory, so that a million of them cost no memory, and the content of an entry is read
//! when it is asked for, within what the caller allows. Sizes are believed by nobody: a content is at most as long as
//! the caller allows, exactly as long as the directory says, and has its checksum, or it is an error. What overlaps
//! does no harm, because every reading counts anew against the caller's budget.

mod directory;
mod error;
#[cfg(test)]
pub(super) mod made;
pub(super) mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::Read;

pub(super) use directory::{Entries, Entry};
use directory::{u16_at, u32_at};
pub(super) use error::ZipError;

/// Bytes of a local header without its name and extra field (section 4.3.7).
const LOCAL_BYTES: usize = 30;

/// How many bytes are reserved at first for a content whose directory entry may claim any size.
const RESERVED_BYTES_MAX: u64 = 1 << 20;

/// An archive whose directory has been found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zip<'a> {
    bytes: &'a [u8],
    directory: &'a [u8],
    /// Bytes in front of the archive proper, which its offsets do not count: the launch script of an executable jar.
    before: u64,
    /// As the end record says.
    entries: u64,
    /// Whether the end record counts modulo 65,536.
    wraps: bool,
}

impl<'a> Zip<'a> {
    /// Finds the directory.
    ///
    /// # Errors
    /// [`ZipError::NoEnd`] where there is none, `Directory` where it is not where the end record says, `Volumes`.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ZipError> {
        directory::open(bytes)
    }

    /// Returns the entries in the order of the directory. An error is the last item.
    pub(super) fn entries(&self) -> Entries<'a> {
        Entries::new(self.directory, self.entries, self.wraps)
    }

    /// Returns the whole content of an entry.
    ///
    /// # Errors
    /// [`ZipError`]: `TooLarge` beyond `bytes_max`; whatever is not read, or does not fit together.
    pub(super) fn content(&self, entry: &Entry<'a>, bytes_max: u64) -> Result<Cow<'a, [u8]>, ZipError> {
        if entry.size > bytes_max {
            return Err(ZipError::TooLarge(bytes_max));
        }
        let content = self.read(entry, entry.size)?;
        if content.len() as u64 != entry.size {
            return Err(ZipError::Sizes);
        }
        let mut checksum = flate2::Crc::new();
        checksum.update(&content);
        if checksum.sum() == entry.checksum { Ok(content) } else { Err(ZipError::Checksum) }
    }

    /// Returns the first bytes of an entry, or all of a short one.
    ///
    /// # Errors
    /// [`ZipError`], as of [`Self::content`].
    pub(super) fn beginning(&self, entry: &Entry<'a>, bytes_max: u64) -> Result<Cow<'a, [u8]>, ZipError> {
        if entry.size <= bytes_max {
            return self.content(entry, bytes_max);
        }
        let mut content = self.read(entry, bytes_max)?;
        let end = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(content.len());
        match &mut content {
            Cow::Borrowed(bytes) => *bytes = &bytes[..end],
            Cow::Owned(bytes) => bytes.truncate(end),
        }
        Ok(content)
    }

    /// Returns up to one byte more than asked for, so that a content longer than it says shows.
    fn read(&self, entry: &Entry<'a>, bytes: u64) -> Result<Cow<'a, [u8]>, ZipError> {
        if entry.is_encrypted() {
            return Err(ZipError::Encrypted);
        }
        let raw = self.raw(entry)?;
        match entry.method {
            0 => Ok(Cow::Borrowed(raw)),
            8 => inflate(raw, bytes + 1).map(Cow::Owned),
            method => Err(ZipError::Method(method)),
        }
    }

    /// Returns the stored bytes of an entry, whose local header must be there and name it.
    fn raw(&self, entry: &Entry<'a>) -> Result<&'a [u8], ZipError> {
        let start = self.before.checked_add(entry.offset).and_then(|start| usize::try_from(start).ok());
        let local = start.and_then(|start| self.bytes.get(start..)).ok_or(ZipError::Local)?;
        if local.len() < LOCAL_BYTES || !local.starts_with(b"PK\x03\x04") {
            return Err(ZipError::Local);
        }
        let name_bytes = usize::from(u16_at(local, 26));
        let extra_bytes = usize::from(u16_at(local, 28));
        let name = local.get(LOCAL_BYTES..LOCAL_BYTES + name_bytes);
        if name != Some(entry.name) {
            return Err(ZipError::Local);
        }
        let data = local.get(LOCAL_BYTES + name_bytes + extra_bytes..).ok_or(ZipError::Sizes)?;
        let stored = usize::try_from(entry.compressed).ok();
        stored.and_then(|stored| data.get(..stored)).ok_or(ZipError::Sizes)
    }
}

fn inflate(raw: &[u8], bytes_max: u64) -> Result<Vec<u8>, ZipError> {
    let reserved = usize::try_from(bytes_max.min(RESERVED_BYTES_MAX)).unwrap_or_default();
    let mut inflated = Vec::with_capacity(reserved);
    let decoder = flate2::bufread::DeflateDecoder::new(raw);
    decoder.take(bytes_max).read_to_end(&mut inflated).map_err(|_| ZipError::Deflate)?;
    Ok(inflated)
}
