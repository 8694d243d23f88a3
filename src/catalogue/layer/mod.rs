//! One pass over a layer: decompress, hash to the very end, keep the few files that cataloguers want.
//!
//! Nothing is unpacked. Order of things: compressed bytes → [`meter::Compressed`] → decoder, a little [`ahead`] →
//! [`meter::Measured`] (hash and limits) → `tar` → [`keep::Keep`].

mod ahead;
mod content;
mod disputed;
mod keep;
mod large;
mod meter;
mod windows;

use std::io::{self, Read};
use std::sync::Arc;

use super::{CatalogueError, LayerFacts};
use crate::model::{Digest, media_type};
use keep::Keep;
use meter::{Compressed, Measured, Meter};

/// What a layer may cost.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// One file that is read. The largest package database seen has 60 MB.
    file_bytes: u64,
    /// One executable that is held whole; larger ones are read in windows while they pass by. Two layers are read at
    /// once, and the whole program is to stay below 96 MB.
    executable_bytes: u64,
    /// Files with holes that are read, all together: a hole claims any size and costs nothing.
    sparse_bytes: u64,
    /// About what is kept of the files of a layer.
    kept_bytes: u64,
    /// Entries of the archive. Images with a million small files exist.
    entries: u64,
    /// Bytes after decompression: machine-learning images come to some 30 GiB in a layer.
    uncompressed_bytes: u64,
    /// Uncompressed bytes for each compressed one; gzip alone cannot exceed 1,032.
    ratio: u64,
    /// Up to here the ratio does not matter.
    ratio_free_bytes: u64,
    /// Bytes of the headers before one entry (long names, pax records), which the `tar` crate holds in memory.
    header_bytes: u64,
    /// Files that are read, links and removals. Images with a hundred thousand links exist.
    kept_paths: usize,
}

const LIMITS: Limits = Limits {
    file_bytes: 64 << 20,
    executable_bytes: 24 << 20,
    sparse_bytes: 128 << 20,
    kept_bytes: 128 << 20,
    entries: 2_000_000,
    uncompressed_bytes: 64 << 30,
    ratio: 1000,
    ratio_free_bytes: 64 << 20,
    header_bytes: 1 << 20,
    kept_paths: 500_000,
};

/// The largest window a zstd frame may ask for: 2^27 bytes, the reference decoder's own limit.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How a layer is compressed, told by its media type alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Returns the compression of a layer media type (OCI image specification, `layer.md`, and Docker's schema 2),
    /// or `None` where that type is no tar archive.
    pub fn of(media_type: &str) -> Option<Self> {
        Some(match media_type {
            media_type::OCI_LAYER_TAR
            | "application/vnd.oci.image.layer.nondistributable.v1.tar"
            | "application/vnd.docker.image.rootfs.diff.tar"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar" => Self::None,
            media_type::OCI_LAYER_GZIP
            | media_type::DOCKER_LAYER_GZIP
            | "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => Self::Gzip,
            media_type::OCI_LAYER_ZSTD
            | "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
            | "application/vnd.docker.image.rootfs.diff.tar.zstd" => Self::Zstd,
            _ => return None,
        })
    }

    /// Returns `tar`, `tar+gzip` or `tar+zstd`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "tar",
            Self::Gzip => "tar+gzip",
            Self::Zstd => "tar+zstd",
        }
    }
}

/// What one pass over a layer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRead {
    pub facts: LayerFacts,
    /// SHA-256 of the uncompressed archive, trailing padding included.
    pub diff_id: Digest,
}

/// Reads a layer to its end.
///
/// # Errors
/// [`CatalogueError`]: `MediaType` for anything that is not a tar archive, `Source` where `compressed` itself fails,
/// the others for what the layer is.
pub fn read_layer(media_type: &str, compressed: impl Read + Send) -> Result<LayerRead, CatalogueError> {
    read_within(media_type, compressed, &LIMITS)
}

fn read_within(
    media_type: &str,
    compressed: impl Read + Send,
    limits: &Limits,
) -> Result<LayerRead, CatalogueError> {
    let compression = Compression::of(media_type)
        .ok_or_else(|| CatalogueError::MediaType(media_type.chars().take(120).collect()))?;
    let meter = Arc::new(Meter::new(*limits));
    let compressed = Compressed::new(compressed, meter.clone());
    let read = match compression {
        Compression::None => archive(compressed, &meter),
        Compression::Gzip => {
            let decoder = flate2::read::MultiGzDecoder::new(compressed);
            ahead::read(decoder, |decoder| archive(decoder, &meter))
        }
        Compression::Zstd => zstd_decoder(compressed)
            .and_then(|decoder| ahead::read(decoder, |decoder| archive(decoder, &meter))),
    };
    // What the meter saw is the cause; the decoder or the archive reader only passed it on.
    read.map_err(|error| meter.cause().unwrap_or(error))
}

fn zstd_decoder<R: Read + Send>(reader: R) -> Result<impl Read + Send, CatalogueError> {
    let mut decoder = zstd::stream::read::Decoder::new(reader).map_err(broken)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(broken)?;
    Ok(decoder)
}

fn archive(decoder: impl Read, meter: &Arc<Meter>) -> Result<LayerRead, CatalogueError> {
    let mut archive = tar::Archive::new(Measured::new(decoder, meter.clone()));
    let mut keep = Keep::new(meter.limits());
    walk(&mut archive, meter, &mut keep)?;
    let mut rest = archive.into_inner();
    meter.allow(u64::MAX);
    io::copy(&mut rest, &mut io::sink()).map_err(broken)?;
    let mut facts = keep.into_facts();
    facts.uncompressed_bytes = meter.uncompressed();
    Ok(LayerRead { facts, diff_id: rest.digest() })
}

fn walk<R: Read>(
    archive: &mut tar::Archive<Measured<R>>,
    meter: &Meter,
    keep: &mut Keep,
) -> Result<(), CatalogueError> {
    let header_bytes = meter.limits().header_bytes;
    meter.allow(header_bytes);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        meter.allow(u64::MAX);
        keep.entry(&mut entry)?;
        let rest = finish(&mut entry).map_err(broken)?;
        meter.allow(header_bytes.saturating_add(rest));
    }
    Ok(())
}

/// Reads an entry to its end and returns how many of its bytes may still be in the archive. A sparse entry is not
/// read: its holes can claim any size and hold nothing.
fn finish<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<u64> {
    if entry.header().entry_type().is_gnu_sparse() {
        return entry.header().entry_size();
    }
    io::copy(entry, &mut io::sink()).map(|_| 0)
}

#[expect(clippy::needless_pass_by_value, reason = "is handed to `map_err`")]
fn broken(error: io::Error) -> CatalogueError {
    CatalogueError::Archive(error.to_string().chars().take(200).collect())
}

#[cfg(test)]
mod tests;
