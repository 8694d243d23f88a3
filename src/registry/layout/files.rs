//! Paths and files of one layout: no path leaves the root, no file is seen half written.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::NamedTempFile;

use super::{
    index::Index,
    stored::{INDEX_BYTES_MAX, MARKER_BYTES_MAX, Section, Stored},
};
use crate::{
    model::Digest,
    registry::{Mount, RegistryError, asked::Asked, name::check_repository},
};

/// Segments that would put a repository inside another one's layout.
const RESERVED: [&str; 3] = ["blobs", "index.json", "oci-layout"];

/// Where files are written before they get their name. No repository's segment starts with a dot.
const INCOMING: &str = ".incoming";

const LOCK: &str = ".lock";

/// The content of every `oci-layout` file (image specification, `image-layout.md`).
const OCI_LAYOUT: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";

/// The longest wait for another process that changes the same `index.json`; a change takes milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// How long to wait between two looks at the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// The layout of one repository.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
    /// Relative to the root, checked; empty where the root is the layout.
    repository: PathBuf,
}

impl Layout {
    pub(super) fn new(host: &str, root: &Path, repository: &str) -> Result<Self, RegistryError> {
        check_repository(host, repository)?;
        if let Some(segment) = repository.split('/').find(|segment| RESERVED.contains(segment)) {
            let asked = Asked::new(host, format!("repository `{repository}`"));
            return Err(asked.invalid(format!("`{segment}` is a file of image layouts")));
        }
        Ok(Self { root: root.to_owned(), repository: PathBuf::from(repository) })
    }

    /// Returns the layout that `root` itself is.
    pub(super) fn single(root: &Path) -> Self {
        Self { root: root.to_owned(), repository: PathBuf::new() }
    }

    /// Returns the path of a file of this layout.
    ///
    /// # Errors
    /// `Invalid` where a symbolic link below the root is on the way: it could lead anywhere.
    fn path(&self, file: &Path, asked: &Asked) -> Result<PathBuf, RegistryError> {
        let mut path = self.root.clone();
        for segment in &self.repository.join(file) {
            path.push(segment);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => {
                    return Err(asked.invalid("a symbolic link inside an image layout is not followed"));
                }
                Ok(_) => {}
                // What does not exist leads nowhere.
                Err(e) if absent(&e) => {}
                Err(e) => return Err(asked.unavailable(e.to_string())),
            }
        }
        Ok(path)
    }

    fn blob(&self, digest: &Digest, asked: &Asked) -> Result<PathBuf, RegistryError> {
        let file = Path::new("blobs").join(digest.algorithm().name()).join(digest.hex());
        self.path(&file, asked)
    }

    /// Returns a new file on the layout's file system.
    pub(super) fn temporary(&self, asked: &Asked) -> Result<NamedTempFile, RegistryError> {
        let incoming = self.directory(Path::new(INCOMING), asked)?;
        NamedTempFile::new_in(incoming).map_err(|e| asked.unavailable(e.to_string()))
    }

    /// Gives a verified file its name.
    pub(super) fn keep(
        &self,
        file: NamedTempFile,
        digest: &Digest,
        asked: &Asked,
    ) -> Result<(), RegistryError> {
        self.directory(&Path::new("blobs").join(digest.algorithm().name()), asked)?;
        let path = self.blob(digest, asked)?;
        publish(file, &path).map_err(|e| asked.unavailable(e.to_string()))
    }

    /// Stores bytes that have been verified.
    pub(super) fn write_blob(
        &self,
        digest: &Digest,
        bytes: &[u8],
        asked: &Asked,
    ) -> Result<(), RegistryError> {
        let mut file = self.temporary(asked)?;
        file.write_all(bytes).map_err(|e| asked.unavailable(e.to_string()))?;
        self.keep(file, digest, asked)
    }

    /// Makes a blob of another layout part of this one: a hard link, or a copy where the file system has none.
    pub(super) fn link_blob(
        &self,
        digest: &Digest,
        from: &Self,
        asked: &Asked,
    ) -> Result<Mount, RegistryError> {
        let Some(held) = from.open_blob(digest, asked)? else { return Ok(Mount::Refused) };
        self.directory(&Path::new("blobs").join(digest.algorithm().name()), asked)?;
        match fs::hard_link(from.blob(digest, asked)?, self.blob(digest, asked)?) {
            Ok(()) => Ok(Mount::Done),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(Mount::Done),
            Err(_) => {
                super::blobs::copy(held, self.temporary(asked)?, digest, asked)
                    .and_then(|file| self.keep(file, digest, asked))?;
                Ok(Mount::Done)
            }
        }
    }

    /// Removes a blob; that it is gone already is no error.
    pub(super) fn remove_blob(&self, digest: &Digest, asked: &Asked) -> Result<(), RegistryError> {
        present(fs::remove_file(self.blob(digest, asked)?), asked).map(|_| ())
    }

    fn read_file(&self, name: &str, max: u64, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError> {
        let file = present(File::open(self.path(Path::new(name), asked)?).and_then(Section::whole), asked)?;
        file.map(|file| file.read(max, asked)).transpose()
    }

    /// Changes `index.json` while no other thread or process does.
    pub(super) fn change_index(
        &self,
        asked: &Asked,
        change: impl FnOnce(&mut Index),
    ) -> Result<(), RegistryError> {
        let failed = |e: io::Error| asked.unavailable(e.to_string());
        self.directory(Path::new("blobs"), asked)?;
        let _lock = self.lock(asked)?;
        let mut index = Index::read(self, asked)?;
        let before = self.read_index(asked)?;
        change(&mut index);
        let after = index.to_bytes(asked)?;
        let marker = self.path(Path::new("oci-layout"), asked)?;
        if !marker.exists() {
            let mut file = self.temporary(asked)?;
            file.write_all(OCI_LAYOUT).and_then(|()| publish(file, &marker)).map_err(failed)?;
        }
        if before.as_deref() == Some(&after[..]) {
            return Ok(());
        }
        let mut file = self.temporary(asked)?;
        let path = self.path(Path::new("index.json"), asked)?;
        file.write_all(&after).and_then(|()| publish(file, &path)).map_err(failed)
    }

    /// Takes the layout's lock; the system releases it when the file closes, also when the process dies.
    fn lock(&self, asked: &Asked) -> Result<File, RegistryError> {
        let failed = |e: io::Error| asked.unavailable(e.to_string());
        let path = self.path(Path::new(LOCK), asked)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        let until = Instant::now() + LOCK_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(asked.unavailable(format!("locked for {} s", LOCK_WAIT.as_secs())));
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
    }

    fn directory(&self, directory: &Path, asked: &Asked) -> Result<PathBuf, RegistryError> {
        let path = self.path(directory, asked)?;
        fs::create_dir_all(&path).map_err(|e| asked.unavailable(e.to_string()))?;
        Ok(path)
    }
}

impl Stored for Layout {
    fn read_marker(&self, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError> {
        self.read_file("oci-layout", MARKER_BYTES_MAX, asked)
    }

    fn read_index(&self, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError> {
        self.read_file("index.json", INDEX_BYTES_MAX, asked)
    }

    fn blob_size(&self, digest: &Digest, asked: &Asked) -> Result<Option<u64>, RegistryError> {
        let found = present(fs::metadata(self.blob(digest, asked)?), asked)?;
        Ok(found.filter(fs::Metadata::is_file).map(|found| found.len()))
    }

    fn open_blob(&self, digest: &Digest, asked: &Asked) -> Result<Option<Section>, RegistryError> {
        present(File::open(self.blob(digest, asked)?).and_then(Section::whole), asked)
    }
}

/// Synchronises a file, renames it, and synchronises the directory that now names it.
fn publish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    readable(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Temporary files are for their owner only; a layout is read by other tools and users.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Removes the folder for files in work from a layout that is written no more. Where another process still works
/// there, it is not empty and stays.
pub(in crate::registry) fn tidy(root: &Path) {
    let _may_be_in_use = fs::remove_dir(root.join(INCOMING));
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn present<T>(found: io::Result<T>, asked: &Asked) -> Result<Option<T>, RegistryError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(e) if absent(&e) => Ok(None),
        Err(e) => Err(asked.unavailable(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_cannot_reach_into_other_layouts() {
        for name in ["a/blobs", "blobs/sha256", "a/index.json", "oci-layout/b", "../a", "a/../../b", "/etc"] {
            assert!(Layout::new("h", Path::new("/r"), name).is_err(), "{name}");
        }
        assert!(Layout::new("h", Path::new("/r"), "a/b.c/blob").is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_out_of_the_layout_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("a")).unwrap();
        let layout = Layout::new("h", root.path(), "a/b").unwrap();
        let asked = Asked::new("h", "x");
        assert!(layout.read_index(&asked).is_err());
        assert!(layout.write_blob(&Digest::sha256(b"x"), b"x", &asked).is_err());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn writers_of_one_index_wait_for_each_other() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new("h", root.path(), "a").unwrap();
        let asked = Asked::new("h", "x");
        std::thread::scope(|scope| {
            for n in 0..16 {
                let (layout, asked) = (&layout, &asked);
                scope.spawn(move || {
                    let entry = crate::model::Descriptor::of("m", format!("{n}").as_bytes());
                    layout.change_index(asked, |index| index.put(entry, Some(&format!("t{n}")))).unwrap();
                });
            }
        });
        assert_eq!(Index::read(&layout, &asked).unwrap().entries().count(), 16);
    }
}
