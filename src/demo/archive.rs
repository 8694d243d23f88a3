//! Layers as bytes: tar archives, stored as they are, as gzip and as Zstandard.
//!
//! Compressed forms hold uncompressed ("stored") blocks, because what a compressor makes of its input may differ
//! between its versions and between processors; the digests of the demonstration must not.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::model::media_type;

/// An entry of a layer. Paths are relative, without a leading `./`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Directory(&'static str),
    File(String, Vec<u8>),
    Program(&'static str),
    /// A symbolic link: path and target.
    Link(&'static str, &'static str),
}

impl Entry {
    pub(super) fn file(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::File(path.into(), text.into().into_bytes())
    }
}

/// How a layer is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Tar,
    Gzip,
    Zstd,
}

impl Encoding {
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Tar => media_type::OCI_LAYER_TAR,
            Self::Gzip => media_type::OCI_LAYER_GZIP,
            Self::Zstd => media_type::OCI_LAYER_ZSTD,
        }
    }

    /// Returns the archive as it is stored.
    pub(super) fn encode(self, archive: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Tar => Ok(archive.to_vec()),
            Self::Gzip => gzip(archive),
            Self::Zstd => zstd(archive),
        }
    }
}

/// What the files of programs hold. Nothing in the demonstration runs.
const PROGRAM: &[u8] = b"#!/bin/sh\necho 'This file stands for a program of a demonstration image.'\n";

/// Returns the entries as a tar archive. Owner, group and time are zero.
pub(super) fn tar(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        match entry {
            Entry::Directory(path) => {
                let mut header = header(EntryType::Directory, 0o755, 0);
                builder.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            Entry::File(path, bytes) => {
                let mut header = header(EntryType::Regular, 0o644, bytes.len());
                builder.append_data(&mut header, path, bytes.as_slice())?;
            }
            Entry::Program(path) => {
                let mut header = header(EntryType::Regular, 0o755, PROGRAM.len());
                builder.append_data(&mut header, path, PROGRAM)?;
            }
            Entry::Link(path, target) => {
                let mut header = header(EntryType::Symlink, 0o777, 0);
                builder.append_link(&mut header, path, target)?;
            }
        }
    }
    builder.into_inner()
}

fn header(kind: EntryType, mode: u32, size: usize) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size as u64);
    header
}

fn gzip(archive: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::none());
    encoder.write_all(archive)?;
    encoder.finish()
}

/// The largest block of a Zstandard frame (RFC 8878, section 3.1.1.2.4).
const BLOCK_BYTES_MAX: usize = 128 * 1024;

/// Returns a Zstandard frame of raw blocks (RFC 8878, section 3.1.1).
fn zstd(archive: &[u8]) -> io::Result<Vec<u8>> {
    let size = u32::try_from(archive.len()).map_err(|_| io::Error::other("layer is larger than 4 GiB"))?;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd];
    // Frame header: four bytes of content size, a single segment, neither checksum nor dictionary.
    frame.push(0b1010_0000);
    frame.extend(size.to_le_bytes());
    let count = archive.len().div_ceil(BLOCK_BYTES_MAX);
    if count == 0 {
        // A frame has at least one block: the last one, raw, of no bytes.
        frame.extend([1, 0, 0]);
    }
    for (index, block) in archive.chunks(BLOCK_BYTES_MAX).enumerate() {
        // Block header: bit 0 marks the last block, bits 1 and 2 are zero for a raw one, the rest is its size.
        let last = usize::from(index + 1 == count);
        let header = (block.len() << 3) | last;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.extend(block);
    }
    Ok(frame)
}
