//! What a stored layout can be asked, whether it lies in a directory or in an archive.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use bytes::Bytes;

use crate::{
    model::Digest,
    registry::{RegistryError, asked::Asked},
};

/// The largest `index.json` that is read: some 40 000 entries.
pub(in crate::registry) const INDEX_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The largest `oci-layout` that is read; the specification's has some 30 bytes.
pub(in crate::registry) const MARKER_BYTES_MAX: u64 = 4096;

/// The files of one layout, for reading. Nothing that is read has been verified.
pub(in crate::registry) trait Stored: Send + Sync {
    /// Returns the bytes of `oci-layout`, or `None` where there is no such file.
    fn read_marker(&self, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError>;

    /// Returns the bytes of `index.json`, or `None` where there is none.
    fn read_index(&self, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError>;

    /// Returns the size of a blob in bytes, or `None` where it is not there.
    fn blob_size(&self, digest: &Digest, asked: &Asked) -> Result<Option<u64>, RegistryError>;

    fn open_blob(&self, digest: &Digest, asked: &Asked) -> Result<Option<Section>, RegistryError>;

    /// Reads a blob of at most `max` bytes.
    fn read_blob(&self, digest: &Digest, max: u64, asked: &Asked) -> Result<Bytes, RegistryError> {
        let section = self.open_blob(digest, asked)?.ok_or_else(|| asked.not_found())?;
        section.read(max, asked).map(Bytes::from)
    }
}

/// A part of an open file, read from its beginning.
#[derive(Debug)]
pub(in crate::registry) struct Section {
    file: File,
    /// Bytes.
    length: u64,
}

impl Section {
    /// Returns the whole of a file.
    pub(in crate::registry) fn whole(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// Returns `length` bytes of a file from `offset`. Moves the file's own position.
    pub(in crate::registry) fn of(mut file: File, offset: u64, length: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, length })
    }

    /// Returns the open file and how many bytes of it belong to the section.
    pub(in crate::registry) fn into_parts(self) -> (File, u64) {
        (self.file, self.length)
    }

    /// Reads it whole.
    pub(in crate::registry) fn read(self, max: u64, asked: &Asked) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        let limit = self.length.min(max + 1);
        self.file.take(limit).read_to_end(&mut bytes).map_err(|e| asked.unavailable(e.to_string()))?;
        if bytes.len() as u64 > max {
            Err(asked.invalid(format!("more than {max} bytes")))
        } else {
            Ok(bytes)
        }
    }
}
