//! Makes an archive readable at any place: what is compressed, or comes through a pipe, goes to a temporary file.

use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use tempfile::NamedTempFile;

use crate::registry::{RegistryError, asked::Asked};

/// How much may be written to the temporary file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes in all: more than any image, and less than the disks it would fill.
    bytes: u64,
    /// Bytes out for each byte in. Text compresses tenfold and zeros a thousandfold; layers are compressed already.
    ratio: u64,
    /// Bytes that may come out whatever went in, so that small archives of empty files are no bombs.
    free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 40, ratio: 100, free: 64 << 20 }
    }
}

/// Bytes moved at a time.
const FRAME_BYTES: usize = 256 * 1024;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The first bytes of compressed archives that are not read, so that the message can name them.
const OTHERS: [(&[u8], &str); 2] = [(b"\xfd7zXZ", "xz"), (b"BZh", "bzip2")];

/// Returns the archive as a temporary file, or `None` where the file itself can be read at any place.
///
/// # Errors
/// `NotFound`, `Invalid` for a bomb or a compression nobody knows, `Unavailable` where the disk is full.
pub(super) fn spooled(
    path: &Path,
    limits: Limits,
    asked: &Asked,
) -> Result<Option<NamedTempFile>, RegistryError> {
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => asked.not_found(),
        _ => asked.unavailable(e.to_string()),
    };
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(asked.invalid("a directory, not an archive; write `oci:` before it"));
    }
    let mut head = vec![];
    (&mut file).take(8).read_to_end(&mut head).map_err(failed)?;
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(asked.invalid(format!("compressed with {name}; plain, gzip and zstd archives are read")));
    }
    if metadata.is_file() && !head.starts_with(GZIP) && !head.starts_with(ZSTD) {
        return Ok(None);
    }
    let source = Counted { inner: io::Cursor::new(head.clone()).chain(file), read: 0 };
    let spooled = if head.starts_with(GZIP) {
        spool(MultiGzDecoder::new(source), |decoder| decoder.get_ref().read, limits)
    } else if head.starts_with(ZSTD) {
        let decoder = zstd::Decoder::new(source).map_err(failed)?;
        spool(decoder, |decoder| decoder.get_ref().get_ref().read, limits)
    } else {
        spool(source, |source| source.read, limits)
    };
    match spooled {
        Ok(file) => Ok(Some(file)),
        Err(Spool::Bomb) => Err(asked.invalid("it unpacks to far more than it is: a decompression bomb")),
        Err(Spool::Broken(e)) if e.kind() == io::ErrorKind::StorageFull => Err(failed(e)),
        Err(Spool::Broken(e)) => Err(asked.invalid(format!("it does not decompress: {e}"))),
        Err(Spool::Write(e)) => Err(asked.unavailable(format!("temporary file: {e}"))),
    }
}

enum Spool {
    Bomb,
    Broken(io::Error),
    Write(io::Error),
}

/// A reader that counts.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}

fn spool<R: Read>(
    mut reader: R,
    consumed: impl Fn(&R) -> u64,
    limits: Limits,
) -> Result<NamedTempFile, Spool> {
    let mut file = NamedTempFile::new().map_err(Spool::Write)?;
    let mut frame = vec![0; FRAME_BYTES];
    let mut written: u64 = 0;
    loop {
        let count = match reader.read(&mut frame) {
            Ok(0) => return Ok(file),
            Ok(count) => count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Spool::Broken(e)),
        };
        written += count as u64;
        let allowed = consumed(&reader).saturating_mul(limits.ratio).saturating_add(limits.free);
        if written > allowed.min(limits.bytes) {
            return Err(Spool::Bomb);
        }
        file.write_all(&frame[..count]).map_err(Spool::Write)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn run(bytes: &[u8], limits: Limits) -> Result<Option<Vec<u8>>, String> {
        let given = file(bytes);
        let spooled = spooled(given.path(), limits, &Asked::new("h", "x")).map_err(|e| e.to_string())?;
        Ok(spooled.map(|file| std::fs::read(file.path()).unwrap()))
    }

    #[test]
    fn compressed_archives_are_decompressed_and_plain_ones_stay() {
        let text = b"some bytes that are no tar, which does not matter here".repeat(100);
        assert_eq!(run(&text, Limits::default()).unwrap(), None);
        assert_eq!(run(&gzip(&text), Limits::default()).unwrap().unwrap(), text);
        let two = [gzip(&text), gzip(&text)].concat();
        assert_eq!(run(&two, Limits::default()).unwrap().unwrap(), text.repeat(2), "as gzip itself reads it");
        let zstd = zstd::encode_all(&text[..], 3).unwrap();
        assert_eq!(run(&zstd, Limits::default()).unwrap().unwrap(), text);
        assert!(run(b"\xfd7zXZ\0...", Limits::default()).unwrap_err().contains("xz"));
        assert!(run(&gzip(&text)[..40], Limits::default()).unwrap_err().contains("does not decompress"));
    }

    #[test]
    fn a_gzip_bomb_and_a_zstd_bomb_are_stopped() {
        let zeros = vec![0; 4 << 20];
        let limits = Limits { free: 1 << 20, ..Limits::default() };
        for bomb in [gzip(&zeros), zstd::encode_all(&zeros[..], 19).unwrap()] {
            assert!(run(&bomb, limits).unwrap_err().contains("bomb"));
            assert!(run(&bomb, Limits::default()).is_ok(), "small archives are no bombs");
        }
        let full = Limits { bytes: 1 << 20, ..Limits::default() };
        assert!(run(&gzip(&zeros), full).unwrap_err().contains("bomb"));
    }
}
