//! Keeps bundles by digest in a directory: indexes and shards as files that are written once and checked when read.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    AdvisoryError, Bundle, Compiled, Index, ShardEntry, Wanted,
    index::INDEX_BYTES_MAX,
    shard::{SHARD_BYTES_MAX, Shard},
};
use crate::model::Digest;

/// A directory of advisory bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// Returns the store in `directory`, which is created when something is put there.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Returns where the index with this digest lies, whether it is there or not.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{}.json", digest.dashed()))
    }

    /// Returns where a shard lies by the digest of its table.
    pub fn shard_path(&self, digest: &Digest) -> PathBuf {
        self.directory.join("shards").join(digest.dashed())
    }

    /// Writes a whole bundle and returns its digest.
    ///
    /// # Errors
    /// [`AdvisoryError::Write`].
    pub fn put(&self, compiled: &Compiled) -> Result<Digest, AdvisoryError> {
        for (entry, built) in compiled.index.shards().iter().zip(compiled.shards.values()) {
            if !self.has(entry) {
                self.write(&self.shard_path(&entry.digest), &built.bytes)?;
            }
        }
        self.put_index(compiled.index.text()?.as_bytes())
    }

    /// Writes an index, whose shards may not all be there, and returns its digest.
    ///
    /// # Errors
    /// [`AdvisoryError::Write`].
    pub fn put_index(&self, text: &[u8]) -> Result<Digest, AdvisoryError> {
        let digest = Digest::sha256(text);
        self.write(&self.path(&digest), text)?;
        Ok(digest)
    }

    /// Writes a shard that came from elsewhere, where all of it is what its digest pins.
    ///
    /// # Errors
    /// [`AdvisoryError::Mismatch`] or [`AdvisoryError::Bundle`] where it is not, [`AdvisoryError::Write`].
    pub fn put_shard(&self, entry: &ShardEntry, bytes: &[u8]) -> Result<(), AdvisoryError> {
        let mut shard = Shard::open(io::Cursor::new(bytes), &entry.digest, entry.table_size)?;
        shard.check(bytes.len() as u64)?;
        self.write(&self.shard_path(&entry.digest), bytes)
    }

    /// A reader sees the whole file or none.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), AdvisoryError> {
        let write = || -> io::Result<()> {
            let folder = path.parent().unwrap_or(&self.directory);
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(|source| AdvisoryError::Write { path: path.display().to_string(), source })
    }

    /// Returns whether a shard is there in its whole length.
    pub fn has(&self, entry: &ShardEntry) -> bool {
        fs::metadata(self.shard_path(&entry.digest)).is_ok_and(|about| about.len() == entry.size)
    }

    /// Returns the index with this digest.
    ///
    /// # Errors
    /// [`AdvisoryError::NotFound`], or [`AdvisoryError::Mismatch`] where the file is not what its name says.
    pub fn index(&self, digest: &Digest) -> Result<Index, AdvisoryError> {
        Index::parse(&self.index_bytes(digest)?, digest)
    }

    /// Returns the file of the index with this digest, unchecked.
    ///
    /// # Errors
    /// [`AdvisoryError::NotFound`] or [`AdvisoryError::Read`].
    pub fn index_bytes(&self, digest: &Digest) -> Result<Vec<u8>, AdvisoryError> {
        bounded(&self.path(digest), INDEX_BYTES_MAX).map_err(|error| match error {
            AdvisoryError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                AdvisoryError::NotFound(digest.clone())
            }
            other => other,
        })
    }

    /// Returns the file of a shard, unchecked: whoever takes it over checks it by its entry.
    ///
    /// # Errors
    /// [`AdvisoryError::Read`].
    pub fn shard_bytes(&self, entry: &ShardEntry) -> Result<Vec<u8>, AdvisoryError> {
        bounded(&self.shard_path(&entry.digest), SHARD_BYTES_MAX)
    }

    /// Returns what a bundle says of the wanted packages. Only that is read, and all that is read is checked.
    ///
    /// # Errors
    /// [`AdvisoryError`] where the index or a wanted shard is not there or not what its digest pins.
    pub fn read(&self, digest: &Digest, wanted: &Wanted) -> Result<Bundle, AdvisoryError> {
        Bundle::read(&self.index(digest)?, wanted, |entry| self.open(entry))
    }

    pub(super) fn open(&self, entry: &ShardEntry) -> Result<Shard<fs::File>, AdvisoryError> {
        let path = self.shard_path(&entry.digest);
        let file = fs::File::open(&path)
            .map_err(|source| AdvisoryError::Read { path: path.display().to_string(), source })?;
        Shard::open(file, &entry.digest, entry.table_size)
    }
}

fn bounded(path: &Path, limit: u64) -> Result<Vec<u8>, AdvisoryError> {
    let shown = || path.display().to_string();
    let fail = |source| AdvisoryError::Read { path: shown(), source };
    let file = fs::File::open(path).map_err(fail)?;
    let mut bytes = vec![];
    file.take(limit + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > limit {
        return Err(AdvisoryError::Limit { path: shown(), what: "bytes", limit });
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
