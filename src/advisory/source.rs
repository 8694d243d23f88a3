//! Reads files from a directory, an archive or on their own, bounded. Nothing is unpacked to disk; names are only labels.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek},
    path::Path,
};

use super::{AdvisoryError, compression};
use crate::model::{Algorithm, Digest, Hasher};

/// Largest file, which is held in memory: Trivy's database has about 1 GB, Debian's tracker 70 MB.
pub const FILE_BYTES_MAX: u64 = 2 << 30;
/// Most files of a source: several times the CVEs there are, since each ecosystem has records of its own.
const ENTRIES_MAX: u64 = 2_000_000;
/// Most bytes a source may unpack to: 8 kB for each of two million files.
const UNPACKED_BYTES_MAX: u64 = 16 << 30;
/// Most bytes a source may unpack to for each byte it has; published archives of records have 13 to 33.
const RATIO_MAX: u64 = 300;
/// What a small archive may unpack to whatever its ratio.
const RATIO_FLOOR_BYTES: u64 = 64 << 20;
/// Deepest folder below the source.
const DEPTH_MAX: usize = 32;
/// Longest extended header of a tar entry; it holds a name.
const TAR_NAME_BYTES_MAX: u64 = 64 << 10;
/// How the files of published advisories are named.
const NAMES: [&str; 6] = ["json", "yaml", "yml", "xml", "csv", "db"];
/// What is hashed at once.
const HASH_BUFFER_BYTES: usize = 256 << 10;
/// Bytes that tell an archive format.
const MAGIC_BYTES: usize = 262;

/// Takes the label of a file and its content, or why it cannot be read.
pub(super) type Sink<'s> = dyn FnMut(String, Result<Vec<u8>, String>) -> Result<(), AdvisoryError> + 's;

/// Hands every file of `source` to `sink`, of folders and archives those whose names are those of advisories, in no particular order.
pub(super) fn read(source: &Path, sink: &mut Sink<'_>) -> Result<(), AdvisoryError> {
    read_within(source, FILE_BYTES_MAX, sink)
}

/// As [`read`], with the largest file in bytes.
fn read_within(source: &Path, file_max: u64, sink: &mut Sink<'_>) -> Result<(), AdvisoryError> {
    let path = source.display().to_string();
    let fail = |source| AdvisoryError::Read { path: path.clone(), source };
    let about = fs::metadata(source).map_err(fail)?;
    let mut reading = Reading { path: path.clone(), entries: 0, file_max, sink };
    if about.is_dir() {
        return reading.directory(source);
    }
    let mut file = File::open(source).map_err(fail)?;
    let mut magic = vec![];
    (&mut file).take(MAGIC_BYTES as u64).read_to_end(&mut magic).map_err(fail)?;
    file.rewind().map_err(fail)?;
    let unpacked_max = about.len().saturating_mul(RATIO_MAX).clamp(RATIO_FLOOR_BYTES, UNPACKED_BYTES_MAX);
    let name = label(&source.file_name().unwrap_or_default().to_string_lossy());
    if matches!(magic.as_slice(), [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..]) {
        return reading.zip(BufReader::new(file), unpacked_max);
    }
    let unpacked = compression::unpack(&magic, BufReader::new(file)).map_err(fail)?;
    reading.stream(name, Metered { reader: unpacked, left: unpacked_max })
}

/// Returns what pins a source: the SHA-256 of a file or archive, and of a folder that of the digests of its files.
pub(super) fn digest(source: &Path, mut files: Vec<String>) -> Result<Digest, AdvisoryError> {
    let fail = |error| AdvisoryError::Read { path: source.display().to_string(), source: error };
    if fs::metadata(source).map_err(fail)?.is_dir() {
        files.sort();
        return Ok(Digest::sha256(files.join("\n")));
    }
    let (mut file, mut hasher) = (File::open(source).map_err(fail)?, Hasher::new(Algorithm::Sha256));
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer).map_err(fail)?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

struct Reading<'r, 's> {
    path: String,
    entries: u64,
    file_max: u64,
    sink: &'r mut Sink<'s>,
}

impl Reading<'_, '_> {
    fn count_entry(&mut self) -> Result<(), AdvisoryError> {
        self.entries += 1;
        if self.entries > ENTRIES_MAX { Err(self.limit("entries", ENTRIES_MAX)) } else { Ok(()) }
    }

    fn limit(&self, what: &'static str, limit: u64) -> AdvisoryError {
        AdvisoryError::Limit { path: self.path.clone(), what, limit }
    }

    fn damaged(&self, reason: &impl ToString) -> AdvisoryError {
        let reason = reason.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
        AdvisoryError::Archive { path: self.path.clone(), reason }
    }

    fn directory(&mut self, root: &Path) -> Result<(), AdvisoryError> {
        let mut open = vec![(root.to_path_buf(), 0)];
        while let Some((folder, depth)) = open.pop() {
            let fail = |source| AdvisoryError::Read { path: folder.display().to_string(), source };
            for entry in fs::read_dir(&folder).map_err(fail)? {
                let entry = entry.map_err(fail)?;
                self.count_entry()?;
                // The type of the entry itself: links are not followed.
                let kind = entry.file_type().map_err(fail)?;
                if kind.is_dir() && depth + 1 > DEPTH_MAX {
                    return Err(self.limit("nested folders", DEPTH_MAX as u64));
                }
                if kind.is_dir() {
                    open.push((entry.path(), depth + 1));
                } else if kind.is_file() && is_record(&entry.file_name().to_string_lossy()) {
                    self.file(root, &entry.path())?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, root: &Path, path: &Path) -> Result<(), AdvisoryError> {
        let shown = label(&path.strip_prefix(root).unwrap_or(path).to_string_lossy());
        let bytes = File::open(path).and_then(|mut file| bounded(&mut file, self.file_max));
        let bytes =
            bytes.map_err(|source| AdvisoryError::Read { path: path.display().to_string(), source })?;
        (self.sink)(shown, bytes.ok_or_else(|| too_large(self.file_max)))
    }

    fn zip(&mut self, file: BufReader<File>, unpacked_max: u64) -> Result<(), AdvisoryError> {
        let mut archive = zip::ZipArchive::new(file).map_err(|e| self.damaged(&e))?;
        let mut unpacked = 0;
        for index in 0..archive.len() {
            self.count_entry()?;
            let mut entry = match archive.by_index(index) {
                Ok(entry) => entry,
                Err(e) => {
                    (self.sink)(format!("entry {index}"), Err(label(&e.to_string())))?;
                    continue;
                }
            };
            let name = entry.name().map_or_else(|_| String::new(), std::borrow::Cow::into_owned);
            if entry.is_dir() || entry.is_symlink() || !is_record(&name) {
                continue;
            }
            let bytes = bounded(&mut entry, self.file_max);
            unpacked +=
                bytes.as_ref().ok().and_then(Option::as_ref).map_or(self.file_max, |b| b.len() as u64);
            if unpacked > unpacked_max {
                return Err(self.limit("unpacked bytes", unpacked_max));
            }
            let bytes = bytes
                .map_err(|e| label(&e.to_string()))
                .and_then(|bytes| bytes.ok_or_else(|| too_large(self.file_max)));
            (self.sink)(label(&name), bytes)?;
        }
        Ok(())
    }

    /// Reads a tar archive, or what is no archive as one file.
    fn stream(&mut self, name: String, mut reader: impl Read) -> Result<(), AdvisoryError> {
        let mut head = vec![];
        (&mut reader).take(MAGIC_BYTES as u64).read_to_end(&mut head).map_err(|e| self.damaged(&e))?;
        let is_tar = head.get(257..262) == Some(b"ustar");
        let mut whole = io::Cursor::new(head).chain(reader);
        if is_tar {
            return self.tar(whole);
        }
        self.count_entry()?;
        let bytes = bounded(&mut whole, self.file_max).map_err(|e| self.damaged(&e))?;
        (self.sink)(name, bytes.ok_or_else(|| too_large(self.file_max)))
    }

    fn tar(&mut self, reader: impl Read) -> Result<(), AdvisoryError> {
        let mut archive = tar::Archive::new(reader);
        // Raw, because the crate reads the names of extended headers into memory whatever their size.
        let entries = archive.entries().map_err(|e| self.damaged(&e))?.raw(true);
        let mut long_name: Option<String> = None;
        for entry in entries {
            self.count_entry()?;
            let mut entry = entry.map_err(|e| self.damaged(&e))?;
            let kind = entry.header().entry_type();
            if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
                let header = bounded(&mut entry, TAR_NAME_BYTES_MAX).map_err(|e| self.damaged(&e))?;
                let header =
                    header.ok_or_else(|| self.limit("bytes of an extended header", TAR_NAME_BYTES_MAX))?;
                long_name = if kind.is_gnu_longname() {
                    Some(text(&header))
                } else {
                    pax_path(&header).or(long_name)
                };
                continue;
            }
            let name = long_name.take().unwrap_or_else(|| text(&entry.path_bytes()));
            if !kind.is_file() || !is_record(&name) {
                continue;
            }
            let bytes = bounded(&mut entry, self.file_max).map_err(|e| self.damaged(&e))?;
            (self.sink)(label(&name), bytes.ok_or_else(|| too_large(self.file_max)))?;
        }
        Ok(())
    }
}

/// Stops a stream that unpacks to more than is allowed.
struct Metered<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| io::Error::other("it unpacks to more bytes than are allowed"))?;
        Ok(read)
    }
}

/// Reads to the end, or returns `None` where there is more than `limit`.
fn bounded(reader: &mut impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![];
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

fn too_large(limit: u64) -> String {
    format!("larger than {limit} bytes")
}

/// Returns whether a file of a folder or archive may hold advisories; others lie beside them everywhere.
fn is_record(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|found| NAMES.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

fn pax_path(header: &[u8]) -> Option<String> {
    let mut records = tar::PaxExtensions::new(header).flatten();
    records.find(|record| record.key() == Ok("path")).map(|record| text(record.value_bytes()))
}

/// Returns a foreign name or message as it may stand in a report.
fn label(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
