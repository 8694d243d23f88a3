//! Keeps bundles by digest in a directory. Files are written once and checked whenever they are read.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use super::{AdvisoryError, bundle_format::BUNDLE_BYTES_MAX};
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

    /// Returns where the bundle with this digest lies, whether it is there or not.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{}.jsonl.zst", digest.dashed()))
    }

    /// Writes a bundle and returns its SHA-256. A reader sees the whole file or none.
    ///
    /// # Errors
    /// [`AdvisoryError::Write`].
    pub fn put(&self, bundle: &[u8]) -> Result<Digest, AdvisoryError> {
        let digest = Digest::sha256(bundle);
        let path = self.path(&digest);
        self.write(&path, bundle)
            .map_err(|source| AdvisoryError::Write { path: path.display().to_string(), source })?;
        Ok(digest)
    }

    fn write(&self, path: &Path, bundle: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(bundle)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// Returns the bytes of the bundle with this digest.
    ///
    /// # Errors
    /// [`AdvisoryError::NotFound`], or [`AdvisoryError::Mismatch`] where the file is not what its name says.
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, AdvisoryError> {
        let path = self.path(digest);
        let shown = || path.display().to_string();
        let file = match fs::File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(AdvisoryError::NotFound(digest.clone()));
            }
            other => other.map_err(|source| AdvisoryError::Read { path: shown(), source })?,
        };
        let mut bytes = vec![];
        let read = file.take(BUNDLE_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|source| AdvisoryError::Read { path: shown(), source })?;
        if bytes.len() as u64 > BUNDLE_BYTES_MAX {
            return Err(AdvisoryError::Limit { path: shown(), what: "bytes", limit: BUNDLE_BYTES_MAX });
        }
        let found = digest.same_algorithm_of(&bytes);
        if found == *digest {
            Ok(bytes)
        } else {
            Err(AdvisoryError::Mismatch { expected: digest.clone(), found })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn what_was_put_is_got_by_its_digest_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("deeper/advisories"));
        let absent = store.get(&Digest::sha256(b"x")).unwrap_err();
        assert_eq!(absent.kind(), Kind::NotFound);
        let digest = store.put(b"x").unwrap();
        assert_eq!(store.put(b"x").unwrap(), digest, "putting twice is harmless");
        assert_eq!(store.get(&digest).unwrap(), b"x");
        let files = fs::read_dir(folder.path().join("deeper/advisories")).unwrap().count();
        assert_eq!(files, 1, "no temporary file stays");
    }

    #[test]
    fn a_file_changed_in_the_store_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let digest = store.put(b"honest").unwrap();
        fs::write(store.path(&digest), b"changed").unwrap();
        assert_eq!(store.get(&digest).unwrap_err().kind(), Kind::Mismatch);
    }
}
