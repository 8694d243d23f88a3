//! The layout in an archive: which of its files are which.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    entries::{Entry, EntryError, entries},
    spool::{Limits, spooled},
};
use crate::{
    model::Digest,
    registry::{
        RegistryError,
        asked::Asked,
        layout::{INDEX_BYTES_MAX, MARKER_BYTES_MAX, Section, Stored},
    },
};

/// An archive whose entries are known. The file is opened anew for each read, so that reads do not disturb each other.
#[derive(Debug)]
pub(super) struct Contents {
    file: Place,
    marker: Option<Entry>,
    index: Option<Entry>,
    blobs: BTreeMap<Digest, Entry>,
}

#[derive(Debug)]
enum Place {
    Given(PathBuf),
    /// Decompressed, or copied from a pipe; removed with the value.
    Spooled(NamedTempFile),
}

impl Place {
    fn open(&self) -> io::Result<File> {
        match self {
            Self::Given(path) => File::open(path),
            Self::Spooled(file) => file.reopen(),
        }
    }
}

impl Contents {
    /// Lists an archive. Compressed ones are decompressed to a temporary file first.
    pub(super) fn open(path: &Path, asked: &Asked) -> Result<Self, RegistryError> {
        let file = match spooled(path, Limits::default(), asked)? {
            Some(spooled) => Place::Spooled(spooled),
            None => Place::Given(path.to_owned()),
        };
        let mut opened = file.open().map_err(|e| asked.unavailable(e.to_string()))?;
        let found = entries(&mut opened, &|name| Part::of(name).is_some()).map_err(|e| wrong(&e, asked))?;
        let mut contents = Self { file, marker: None, index: None, blobs: BTreeMap::new() };
        let mut docker = false;
        for (name, entry) in found {
            match Part::of(&name) {
                Some(Part::Marker) => contents.marker = Some(entry),
                Some(Part::Index) => contents.index = Some(entry),
                Some(Part::Blob(digest)) => _ = contents.blobs.insert(digest, entry),
                Some(Part::Docker) => docker = true,
                None => {}
            }
        }
        if contents.index.is_none() && docker {
            let reason = "an archive of `docker save` before version 25, which is no image layout";
            return Err(asked.invalid(reason));
        }
        Ok(contents)
    }

    /// Returns the blobs by digest.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &Digest> {
        self.blobs.keys()
    }

    fn section(&self, entry: Entry, asked: &Asked) -> Result<Section, RegistryError> {
        let opened = self.file.open().and_then(|file| Section::of(file, entry.offset, entry.size));
        opened.map_err(|e| asked.unavailable(e.to_string()))
    }

    fn small(&self, entry: Option<Entry>, max: u64, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError> {
        let section = entry.map(|entry| self.section(entry, asked)).transpose()?;
        section.map(|section| section.read(max, asked)).transpose()
    }
}

fn wrong(error: &EntryError, asked: &Asked) -> RegistryError {
    match error {
        EntryError::Read(error) => asked.unavailable(error.to_string()),
        error => asked.invalid(error.to_string()),
    }
}

/// What a name means in an image layout (image specification, `image-layout.md`).
enum Part {
    Marker,
    Index,
    Blob(Digest),
    /// `manifest.json`, which Docker writes beside or instead of a layout.
    Docker,
}

impl Part {
    fn of(name: &str) -> Option<Self> {
        match name {
            "oci-layout" => return Some(Self::Marker),
            "index.json" => return Some(Self::Index),
            "manifest.json" => return Some(Self::Docker),
            _ => {}
        }
        let (algorithm, hex) = name.strip_prefix("blobs/")?.split_once('/')?;
        format!("{algorithm}:{hex}").parse().ok().map(Self::Blob)
    }
}

impl Stored for Contents {
    fn read_marker(&self, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError> {
        self.small(self.marker, MARKER_BYTES_MAX, asked)
    }

    fn read_index(&self, asked: &Asked) -> Result<Option<Vec<u8>>, RegistryError> {
        self.small(self.index, INDEX_BYTES_MAX, asked)
    }

    fn blob_size(&self, digest: &Digest, _: &Asked) -> Result<Option<u64>, RegistryError> {
        Ok(self.blobs.get(digest).map(|entry| entry.size))
    }

    fn open_blob(&self, digest: &Digest, asked: &Asked) -> Result<Option<Section>, RegistryError> {
        self.blobs.get(digest).map(|entry| self.section(*entry, asked)).transpose()
    }
}
