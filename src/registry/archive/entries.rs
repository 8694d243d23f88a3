//! The entries of a tar archive: names, places and sizes. Reads headers only and unpacks nothing.
//!
//! Formats: ustar, GNU (long names, sizes over 8 GiB) and pax (`path`, `size`), as the tools write them that make
//! image archives. The `tar` crate reads single headers; walking them here bounds what an extension may claim.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use tar::{EntryType, Header, PaxExtensions};

/// The most entries of an archive. A layout has one for each blob; a thousand images have some tens of thousands.
pub const ENTRIES_MAX: usize = 100_000;

/// The largest long name or pax record. It is held in memory; real ones have some hundred bytes.
const EXTENSION_BYTES_MAX: u64 = 64 * 1024;

const BLOCK: u64 = 512;

/// A file in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where its bytes begin in the archive.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// Says why an archive is not read.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    #[error("the archive cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("the archive ends within `{0}`")]
    Truncated(String),
    #[error("the archive is damaged at byte {0}")]
    Damaged(u64),
    #[error("the archive has more than {0} entries")]
    TooMany(usize),
    #[error("a name or extension of {0} bytes")]
    Extension(u64),
    #[error("entry `{0}` leads out of the archive")]
    Outside(String),
    #[error("entry `{0}` is a link; its content could be anything")]
    Link(String),
    #[error("entry `{0}` is sparse; its size says nothing about its bytes")]
    Sparse(String),
    #[error("entry `{0}` is there twice; which one is meant nobody can say")]
    Twice(String),
}

/// Returns the regular files of an archive by name, `./` taken off.
///
/// # Errors
/// [`EntryError`]. `wanted` says which names matter: a link or sparse file of such a name is an error, others are
/// passed over.
pub fn entries(
    file: &mut File,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<String, Entry>, EntryError> {
    let length = file.metadata()?.len();
    let mut walk =
        Walk { file, length, at: 0, wanted, long: None, pax: Pax::default(), found: BTreeMap::new() };
    for _ in 0..ENTRIES_MAX {
        if !walk.step()? {
            return Ok(walk.found);
        }
    }
    Err(EntryError::TooMany(ENTRIES_MAX))
}

/// What a pax header says about the entry after it.
#[derive(Default)]
struct Pax {
    path: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

struct Walk<'a> {
    file: &'a mut File,
    length: u64,
    at: u64,
    wanted: &'a dyn Fn(&str) -> bool,
    /// The name that a GNU long-name entry gives the next one.
    long: Option<String>,
    pax: Pax,
    found: BTreeMap<String, Entry>,
}

impl Walk<'_> {
    /// Reads one entry with the extensions before it; `false` at the end.
    fn step(&mut self) -> Result<bool, EntryError> {
        loop {
            let Some(header) = self.header()? else { return Ok(false) };
            let size = header.entry_size().map_err(|_| EntryError::Damaged(self.at))?;
            let (kind, begin) = (header.entry_type(), self.at + BLOCK);
            let extension = matches!(kind, EntryType::GNULongName | EntryType::GNULongLink)
                || matches!(kind, EntryType::XHeader | EntryType::XGlobalHeader);
            if extension {
                let bytes = self.extension(begin, size)?;
                self.extend(kind, &bytes)?;
                self.skip(begin, size, "an extension")?;
                continue;
            }
            let (long, pax) = (self.long.take(), std::mem::take(&mut self.pax));
            let path = pax
                .path
                .or(long)
                .unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
            let size = pax.size.unwrap_or(size);
            let name = inside(&path)?;
            self.keep(&name, kind, pax.sparse, Entry { offset: begin, size })?;
            // Links and folders have no bytes, whatever their headers say.
            let stored = if has_bytes(kind) { size } else { 0 };
            self.skip(begin, stored, &name)?;
            return Ok(true);
        }
    }

    fn keep(&mut self, name: &str, kind: EntryType, sparse: bool, entry: Entry) -> Result<(), EntryError> {
        if !(self.wanted)(name) || kind.is_dir() {
            return Ok(());
        }
        let shown = || crate::model::foreign::inline(name);
        match kind {
            _ if sparse || kind.is_gnu_sparse() => Err(EntryError::Sparse(shown())),
            EntryType::Regular | EntryType::Continuous => match self.found.insert(name.to_owned(), entry) {
                Some(_) => Err(EntryError::Twice(shown())),
                None => Ok(()),
            },
            _ => Err(EntryError::Link(shown())),
        }
    }

    fn header(&mut self) -> Result<Option<Header>, EntryError> {
        // Some writers leave out the two zero blocks at the end.
        if self.at == self.length {
            return Ok(None);
        }
        if self.at + BLOCK > self.length {
            return Err(EntryError::Truncated("a header".to_owned()));
        }
        let mut header = Header::new_old();
        self.file.seek(SeekFrom::Start(self.at))?;
        self.file.read_exact(header.as_mut_bytes())?;
        if header.as_bytes().iter().all(|b| *b == 0) {
            return Ok(None);
        }
        let sum = checksum(header.as_bytes());
        if header.cksum().ok() != Some(sum) {
            return Err(EntryError::Damaged(self.at));
        }
        Ok(Some(header))
    }

    fn extension(&mut self, begin: u64, size: u64) -> Result<Vec<u8>, EntryError> {
        if size > EXTENSION_BYTES_MAX {
            return Err(EntryError::Extension(size));
        }
        if begin + size > self.length {
            return Err(EntryError::Truncated("an extension".to_owned()));
        }
        let mut bytes = vec![];
        (&mut *self.file).take(size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn extend(&mut self, kind: EntryType, bytes: &[u8]) -> Result<(), EntryError> {
        let damaged = EntryError::Damaged(self.at);
        match kind {
            EntryType::GNULongName => {
                let name = bytes.strip_suffix(b"\0").unwrap_or(bytes);
                self.long = Some(String::from_utf8_lossy(name).into_owned());
            }
            EntryType::XHeader => {
                for record in PaxExtensions::new(bytes) {
                    let Ok(record) = record else { return Err(damaged) };
                    let value = String::from_utf8_lossy(record.value_bytes());
                    match record.key() {
                        Ok("path") => self.pax.path = Some(value.into_owned()),
                        Ok("size") => self.pax.size = Some(value.parse().map_err(|_| damaged_at(self.at))?),
                        Ok(key) if key.starts_with("GNU.sparse.") => self.pax.sparse = true,
                        _ => {}
                    }
                }
            }
            // Names of links and defaults for the whole archive (`git archive` writes a comment) change no content.
            _ => {}
        }
        Ok(())
    }

    fn skip(&mut self, begin: u64, size: u64, what: &str) -> Result<(), EntryError> {
        let end = begin.checked_add(size).filter(|end| *end <= self.length);
        let end = end.ok_or_else(|| EntryError::Truncated(crate::model::foreign::inline(what)))?;
        self.at = end.next_multiple_of(BLOCK).min(self.length.max(end));
        Ok(())
    }
}

const fn damaged_at(at: u64) -> EntryError {
    EntryError::Damaged(at)
}

const fn has_bytes(kind: EntryType) -> bool {
    !matches!(
        kind,
        EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo
    )
}

/// The sum of all bytes, those of the sum itself as spaces (POSIX.1-1988, `tar.h`).
fn checksum(header: &[u8; 512]) -> u32 {
    let field = 148..156;
    let counted = |(at, byte): (usize, &u8)| u32::from(if field.contains(&at) { b' ' } else { *byte });
    header.iter().enumerate().map(counted).sum()
}

/// Returns the name without `./`, where it stays inside.
fn inside(path: &str) -> Result<String, EntryError> {
    let outside = || EntryError::Outside(crate::model::foreign::inline(path));
    if path.starts_with('/') || path.contains('\\') || path.contains('\0') {
        return Err(outside());
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") { Err(outside()) } else { Ok(parts.join("/")) }
}

#[cfg(test)]
mod tests;
