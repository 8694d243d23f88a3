//! The files of a trust root in a work tree: read within limits, replaced as a whole or not at all.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{Record, Root, RootError, content::ROOT_BYTES_MAX, record_path};
use crate::model::canonical;

/// Where one trust root is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) record: PathBuf,
}

impl Place {
    /// Returns the place of the root at `path`; the record has the same name with another ending.
    pub(super) fn of(path: &Path) -> Self {
        Self { root: path.to_owned(), record: record_path(&path.to_string_lossy()).into() }
    }

    /// Returns the root that is there.
    pub(super) fn root(&self) -> Result<Option<Root>, RootError> {
        let Some(bytes) = read(&self.root)? else { return Ok(None) };
        Root::read(&bytes).map(Some).map_err(|reason| unreadable(&self.root, reason))
    }

    /// Returns the record that is there.
    pub(super) fn record(&self) -> Result<Option<Record>, RootError> {
        let Some(bytes) = read(&self.record)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(&self.record, error.to_string()))
    }

    pub(super) fn write_root(&self, root: &Root) -> Result<(), RootError> {
        replace(&self.root, root.text().as_bytes())
    }

    pub(super) fn write_record(&self, record: &Record) -> Result<(), RootError> {
        let text = canonical::to_text(record).map_err(|error| unwritten(&self.record, &error))?;
        replace(&self.record, text.as_bytes())
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, RootError> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error.to_string())),
    };
    let mut bytes = vec![];
    match file.take(ROOT_BYTES_MAX + 1).read_to_end(&mut bytes) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) => Err(unreadable(path, error.to_string())),
    }
}

/// Replaces a file by way of another one beside it: whoever is interrupted leaves the old one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), RootError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let written = fs::create_dir_all(folder).and_then(|()| {
        let mut file = tempfile::Builder::new().permissions(readable()).tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(|_| ()).map_err(|error| unwritten(path, &error))
}

/// The file is no secret: others may read it, as they may what Git checks out.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    fs::Permissions::from_mode(0o644)
}

fn unreadable(path: &Path, reason: String) -> RootError {
    RootError::Read { path: path.display().to_string(), reason }
}

fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> RootError {
    RootError::Write { path: path.display().to_string(), reason: error.to_string() }
}
