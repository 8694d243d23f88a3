//! A zip archive read from front to end, because it is too large to be held.
//!
//! What an archive holds is decided by its directory, which stands at its end. Read are therefore the local headers, and
//! the end must confirm them: the directory names the same entries in the same order and with the same sizes and
//! checksums, the end record names that directory and ends with the file. An archive of another make, however lawful, is
//! an error, and whoever reads tells it as a gap.

use std::io::{BufRead, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::directory::{END_BYTES, END64_BYTES, ENTRY_BYTES, LOCATOR_BYTES, u64_at, widen};
use super::{Entry, LOCAL_BYTES, RESERVED_BYTES_MAX, ZipError, u16_at, u32_at};

/// What may stand in front of an archive: the launch script of an executable jar has some ten kilobytes.
const BEFORE_BYTES_MAX: u64 = 64 << 10;

/// Marks the sizes of an entry as standing behind its content (section 4.4.4, bit 3).
const SIZES_BEHIND: u16 = 1 << 3;

/// The signatures that a record may begin with.
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const SIZES: &[u8; 4] = b"PK\x07\x08";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const END: &[u8; 4] = b"PK\x05\x06";

/// What to do with the content of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalogue) enum Take {
    Nothing,
    /// All of it, which must not be more than so many bytes.
    Whole(u64),
    /// So many bytes of its beginning.
    Beginning(u64),
}

/// Whoever reads an archive.
pub(in crate::catalogue) trait Visit {
    /// Says by an entry's name what to take of its content.
    fn choose(&self, name: &[u8]) -> Take;

    /// Gets what was taken, or why it was not.
    fn taken(&mut self, name: &[u8], content: Result<Vec<u8>, ZipError>);
}

/// Reads an archive to its end.
///
/// # Errors
/// [`ZipError`] where the archive is not read to its end, or its end does not confirm what was read; what was visited
/// until then is not to be relied on alone.
pub(in crate::catalogue) fn read<R: Read>(reader: R, visitor: &mut impl Visit) -> Result<(), ZipError> {
    let mut stream = Stream::new(reader);
    let mut signature = stream.first_signature()?;
    while &signature == LOCAL {
        stream.entry(visitor)?;
        signature = stream.signature()?;
    }
    stream.confirm(signature)
}

struct Stream<R> {
    reader: Counted<BufReader<R>>,
    /// Where the archive begins.
    before: u64,
    /// What the directory's offsets count from, before or behind what stands in front.
    base: Option<u64>,
    entries: u64,
    /// Of what the local headers said, and of what the directory says.
    seen: Sha256,
    confirmed: Sha256,
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    at: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.at += length as u64;
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount as u64;
        self.inner.consume(amount);
    }
}

impl<R: Read> Stream<R> {
    fn new(reader: R) -> Self {
        Self {
            reader: Counted { inner: BufReader::with_capacity(1 << 16, reader), at: 0 },
            before: 0,
            base: None,
            entries: 0,
            seen: Sha256::new(),
            confirmed: Sha256::new(),
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ZipError> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|_| ZipError::NoEnd)?;
        Ok(bytes)
    }

    fn several(&mut self, length: usize) -> Result<Vec<u8>, ZipError> {
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes).map_err(|_| ZipError::NoEnd)?;
        Ok(bytes)
    }

    fn skip(&mut self, length: u64) -> Result<(), ZipError> {
        let skipped = std::io::copy(&mut (&mut self.reader).take(length), &mut std::io::sink());
        if skipped.is_ok_and(|skipped| skipped == length) { Ok(()) } else { Err(ZipError::NoEnd) }
    }

    fn signature(&mut self) -> Result<[u8; 4], ZipError> {
        self.bytes()
    }

    /// Skips what stands in front of the first local header.
    fn first_signature(&mut self) -> Result<[u8; 4], ZipError> {
        let mut signature: [u8; 4] = self.bytes()?;
        while &signature != LOCAL {
            if self.reader.at > BEFORE_BYTES_MAX {
                return Err(ZipError::NoEnd);
            }
            let [next] = self.bytes()?;
            signature = [signature[1], signature[2], signature[3], next];
        }
        self.before = self.reader.at - 4;
        Ok(signature)
    }

    /// Reads a local header behind its signature, and the content.
    fn entry(&mut self, visitor: &mut impl Visit) -> Result<(), ZipError> {
        let offset = self.reader.at - 4 - self.before;
        let fixed: [u8; LOCAL_BYTES - 4] = self.bytes()?;
        let name = self.several(usize::from(u16_at(&fixed, 22)))?;
        let extra = self.several(usize::from(u16_at(&fixed, 24)))?;
        let mut entry = Entry {
            name: &name,
            flags: u16_at(&fixed, 2),
            method: u16_at(&fixed, 4),
            checksum: u32_at(&fixed, 10),
            compressed: u64::from(u32_at(&fixed, 14)),
            size: u64::from(u32_at(&fixed, 18)),
            offset,
        };
        let is_wide = widen(&mut entry, &extra);
        let take = visitor.choose(&name);
        let are_behind = entry.flags & SIZES_BEHIND != 0;
        let taken = if are_behind && entry.method != 0 {
            self.content_before_sizes(&mut entry, take, is_wide)?
        } else {
            let taken = self.content(&entry, take)?;
            if are_behind {
                self.sizes(&mut entry, is_wide)?;
            }
            taken
        };
        if take != Take::Nothing {
            visitor.taken(&name, taken);
        }
        self.entries += 1;
        note(&mut self.seen, &entry);
        Ok(())
    }

    /// Reads a content whose stored size is known.
    fn content(&mut self, entry: &Entry<'_>, take: Take) -> Result<Result<Vec<u8>, ZipError>, ZipError> {
        let end = self.reader.at.checked_add(entry.compressed).ok_or(ZipError::Sizes)?;
        let taken = match wanted(entry, take) {
            Err(error) => Err(error),
            Ok(0) => Ok(vec![]),
            Ok(bytes) => {
                let stored = (&mut self.reader).take(entry.compressed);
                match entry.method {
                    0 => limited(stored, bytes),
                    _ => limited(flate2::bufread::DeflateDecoder::new(stored), bytes),
                }
            }
        };
        self.skip(end - self.reader.at)?;
        Ok(taken.and_then(|taken| checked(entry, take, taken)))
    }

    /// Reads a content whose sizes stand behind it: it must be inflated to find its end.
    fn content_before_sizes(
        &mut self,
        entry: &mut Entry<'_>,
        take: Take,
        is_wide: bool,
    ) -> Result<Result<Vec<u8>, ZipError>, ZipError> {
        if entry.is_encrypted() || entry.method != 8 {
            return Err(ZipError::Method(entry.method));
        }
        let start = self.reader.at;
        let bytes_max = match take {
            Take::Nothing => 0,
            Take::Whole(bytes_max) | Take::Beginning(bytes_max) => bytes_max,
        };
        let mut taken = vec![];
        let (checksum, rest) = {
            let decoder = flate2::bufread::DeflateDecoder::new(&mut self.reader);
            let mut summed = flate2::CrcReader::new(decoder);
            (&mut summed).take(bytes_max).read_to_end(&mut taken).map_err(|_| ZipError::Deflate)?;
            let rest = std::io::copy(&mut summed, &mut std::io::sink()).map_err(|_| ZipError::Deflate)?;
            (summed.crc().sum(), rest)
        };
        let found = (checksum, self.reader.at - start, taken.len() as u64 + rest);
        self.sizes(entry, is_wide)?;
        if found != (entry.checksum, entry.compressed, entry.size) {
            return Err(ZipError::Sizes);
        }
        let is_whole = rest == 0 || !matches!(take, Take::Whole(_));
        Ok(if is_whole { Ok(taken) } else { Err(ZipError::TooLarge(bytes_max)) })
    }

    /// Reads checksum and sizes behind a content (section 4.3.9), whose signature may be missing.
    fn sizes(&mut self, entry: &mut Entry<'_>, is_wide: bool) -> Result<(), ZipError> {
        let mut first: [u8; 4] = self.bytes()?;
        if &first == SIZES {
            first = self.bytes()?;
        }
        entry.checksum = u32_at(&first, 0);
        let sizes = self.several(if is_wide { 16 } else { 8 })?;
        (entry.compressed, entry.size) = if is_wide {
            (u64_at(&sizes, 0), u64_at(&sizes, 8))
        } else {
            (u64::from(u32_at(&sizes, 0)), u64::from(u32_at(&sizes, 4)))
        };
        Ok(())
    }

    /// Reads the directory and what is behind it, which must confirm what was read.
    fn confirm(mut self, mut signature: [u8; 4]) -> Result<(), ZipError> {
        let directory_at = self.reader.at - 4;
        let mut entries = 0;
        while &signature == CENTRAL {
            self.central()?;
            entries += 1;
            signature = self.signature()?;
        }
        let size = self.reader.at - 4 - directory_at;
        let is_same =
            entries == self.entries && self.seen.clone().finalize() == self.confirmed.clone().finalize();
        if !is_same {
            return Err(ZipError::Local);
        }
        let wide = if &signature == END64 { Some(self.end64(&mut signature)?) } else { None };
        let fixed: [u8; END_BYTES - 4] =
            if &signature == END { self.bytes()? } else { return Err(ZipError::Directory) };
        self.skip(u64::from(u16_at(&fixed, 16)))?;
        let is_at_end = self.reader.fill_buf().map_err(|_| ZipError::NoEnd)?.is_empty();
        let is_narrow = wide.is_none();
        let narrow =
            || (u64::from(u16_at(&fixed, 6)), u64::from(u32_at(&fixed, 8)), u64::from(u32_at(&fixed, 12)));
        let (count, bytes, offset) = wide.unwrap_or_else(narrow);
        // With a script in front, offsets may count from the start of the file.
        let is_there = [directory_at - self.before, directory_at].contains(&offset);
        let is_all = count == if is_narrow { entries & 0xffff } else { entries };
        if is_at_end && is_there && is_all && bytes == size { Ok(()) } else { Err(ZipError::Directory) }
    }

    /// Reads the zip64 end record behind its signature, and its locator.
    fn end64(&mut self, signature: &mut [u8; 4]) -> Result<(u64, u64, u64), ZipError> {
        let record: [u8; END64_BYTES - 4] = self.bytes()?;
        let more = u64_at(&record, 0).checked_sub(END64_BYTES as u64 - 12).ok_or(ZipError::Directory)?;
        self.skip(more)?;
        if &self.signature()? != LOCATOR {
            return Err(ZipError::Directory);
        }
        self.several(LOCATOR_BYTES - 4)?;
        *signature = self.signature()?;
        Ok((u64_at(&record, 28), u64_at(&record, 36), u64_at(&record, 44)))
    }

    /// Reads a directory entry behind its signature.
    fn central(&mut self) -> Result<(), ZipError> {
        let fixed: [u8; ENTRY_BYTES - 4] = self.bytes()?;
        let name = self.several(usize::from(u16_at(&fixed, 24)))?;
        let extra = self.several(usize::from(u16_at(&fixed, 26)))?;
        self.skip(u64::from(u16_at(&fixed, 28)))?;
        let mut entry = Entry {
            name: &name,
            flags: u16_at(&fixed, 4),
            method: u16_at(&fixed, 6),
            checksum: u32_at(&fixed, 12),
            compressed: u64::from(u32_at(&fixed, 16)),
            size: u64::from(u32_at(&fixed, 20)),
            offset: u64::from(u32_at(&fixed, 38)),
        };
        widen(&mut entry, &extra);
        // Offsets may count from the start of the file, with what stands in front of the archive: the first one tells.
        let base = *self.base.get_or_insert(if entry.offset == self.before { self.before } else { 0 });
        entry.offset = entry.offset.checked_sub(base).ok_or(ZipError::Directory)?;
        note(&mut self.confirmed, &entry);
        Ok(())
    }
}

/// Returns how many bytes of a content are to be read.
fn wanted(entry: &Entry<'_>, take: Take) -> Result<u64, ZipError> {
    match take {
        Take::Nothing => Ok(0),
        _ if entry.is_encrypted() => Err(ZipError::Encrypted),
        _ if !matches!(entry.method, 0 | 8) => Err(ZipError::Method(entry.method)),
        Take::Whole(bytes_max) if entry.size > bytes_max => Err(ZipError::TooLarge(bytes_max)),
        Take::Whole(_) => Ok(entry.size + 1),
        Take::Beginning(bytes_max) => Ok(bytes_max.min(entry.size.saturating_add(1))),
    }
}

fn limited(reader: impl Read, bytes_max: u64) -> Result<Vec<u8>, ZipError> {
    let mut bytes =
        Vec::with_capacity(usize::try_from(bytes_max.min(RESERVED_BYTES_MAX)).unwrap_or_default());
    reader.take(bytes_max).read_to_end(&mut bytes).map_err(|_| ZipError::Deflate)?;
    Ok(bytes)
}

fn checked(entry: &Entry<'_>, take: Take, taken: Vec<u8>) -> Result<Vec<u8>, ZipError> {
    let is_part = matches!(take, Take::Beginning(bytes_max) if entry.size > bytes_max);
    if take == Take::Nothing || is_part {
        return Ok(taken);
    }
    if taken.len() as u64 != entry.size {
        return Err(ZipError::Sizes);
    }
    let mut checksum = flate2::Crc::new();
    checksum.update(&taken);
    if checksum.sum() == entry.checksum { Ok(taken) } else { Err(ZipError::Checksum) }
}

/// Notes what a local header and the directory must agree on.
fn note(hash: &mut Sha256, entry: &Entry<'_>) {
    hash.update((entry.name.len() as u64).to_le_bytes());
    hash.update(entry.name);
    for number in
        [entry.offset, entry.compressed, entry.size, u64::from(entry.checksum), u64::from(entry.method)]
    {
        hash.update(number.to_le_bytes());
    }
}
