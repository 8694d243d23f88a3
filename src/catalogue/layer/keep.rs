//! Decides, entry by entry, what of an archive is kept.

use std::io::Read;

use super::{Limits, broken};
use crate::catalogue::ecosystem::{self, Reads};
use crate::catalogue::path::{PATH_BYTES_MAX, join, normalise, remove_below, split};
use crate::catalogue::{CatalogueError, LayerFacts};

/// Marks a removal (OCI image specification, `layer.md`, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// Marks a directory whose lower content is hidden; other names with the doubled prefix are AUFS's own.
const OPAQUE: &str = ".wh..wh..opq";

/// The facts of a layer while it is read.
pub(super) struct Keep {
    facts: LayerFacts,
    kept_bytes: u64,
    kept_paths: usize,
    limits: Limits,
}

impl Keep {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { facts: LayerFacts::default(), kept_bytes: 0, kept_paths: 0, limits: *limits }
    }

    pub(super) fn into_facts(self) -> LayerFacts {
        self.facts
    }

    /// Looks at one entry and keeps of it what cataloguers want. The last entry of a path counts.
    pub(super) fn entry<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<(), CatalogueError> {
        self.facts.entries += 1;
        if self.facts.entries > self.limits.entries {
            return Err(CatalogueError::Limit { what: "entries", max: self.limits.entries });
        }
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            return Ok(());
        }
        let raw = entry.path_bytes().into_owned();
        let Some(path) = normalise(&raw)? else { return Ok(()) };
        let (directory, name) = split(&path);
        if let Some(removed) = name.strip_prefix(WHITEOUT) {
            return self.removal(directory, name, removed);
        }
        if !ecosystem::on_the_way(&path) || path.is_empty() {
            return Ok(());
        }
        self.one_more()?;
        // Archives of before 1988 mark a directory by the slash alone, and readers still honour it.
        if kind.is_dir() || (kind.is_file() && raw.ends_with(b"/")) {
            self.replace(&path);
            self.facts.directories.insert(path);
            return Ok(());
        }
        self.replace(&path);
        // What the same archive put below a path that has become something else than a directory is gone.
        remove_below(&mut self.facts.files, &path);
        remove_below(&mut self.facts.links, &path);
        if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
            self.file(path, entry)
        } else if kind.is_hard_link() || kind.is_symlink() {
            self.link(path, entry)
        } else {
            // A device or pipe hides what a lower layer has there, as a removal does.
            self.facts.whiteouts.insert(path);
            Ok(())
        }
    }

    fn removal(&mut self, directory: &str, name: &str, removed: &str) -> Result<(), CatalogueError> {
        if name == OPAQUE {
            if ecosystem::on_the_way(directory) {
                self.one_more()?;
                self.facts.opaque.insert(directory.to_owned());
            }
            return Ok(());
        }
        let path = join(directory, removed);
        if !removed.is_empty() && ecosystem::on_the_way(&path) {
            self.one_more()?;
            self.facts.whiteouts.insert(path);
        }
        Ok(())
    }

    fn file<R: Read>(&mut self, path: String, entry: &mut tar::Entry<'_, R>) -> Result<(), CatalogueError> {
        let bytes = match ecosystem::wanting(&path).map(|cataloguer| cataloguer.reads) {
            // A plain file where a directory is expected: nothing is below it.
            None => {
                self.facts.whiteouts.insert(path);
                return Ok(());
            }
            Some(Reads::Unread) => vec![],
            Some(Reads::Packages(..) | Reads::System(_)) => self.content(entry)?,
        };
        self.store(path, bytes)
    }

    fn content<R: Read>(&self, entry: &mut tar::Entry<'_, R>) -> Result<Vec<u8>, CatalogueError> {
        let max = self.limits.file_bytes;
        let mut bytes = vec![];
        entry.take(max + 1).read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() as u64 > max {
            return Err(CatalogueError::Limit { what: "bytes in a package database", max });
        }
        Ok(bytes)
    }

    fn link<R: Read>(&mut self, path: String, entry: &tar::Entry<'_, R>) -> Result<(), CatalogueError> {
        let raw = entry.link_name_bytes().unwrap_or_default();
        if entry.header().entry_type().is_symlink() {
            if raw.len() > PATH_BYTES_MAX {
                return Err(CatalogueError::Limit { what: "bytes in a link", max: PATH_BYTES_MAX as u64 });
            }
            self.facts.links.insert(path, String::from_utf8_lossy(&raw).into_owned());
            return Ok(());
        }
        let target = normalise(&raw)?.unwrap_or_default();
        match self.facts.files.get(&target).cloned() {
            Some(bytes) if ecosystem::wanting(&path).is_some() => self.store(path, bytes),
            _ => {
                self.facts.links.insert(path, format!("/{target}"));
                Ok(())
            }
        }
    }

    fn store(&mut self, path: String, bytes: Vec<u8>) -> Result<(), CatalogueError> {
        self.kept_bytes += bytes.len() as u64;
        if self.kept_bytes > self.limits.kept_bytes {
            let max = self.limits.kept_bytes;
            return Err(CatalogueError::Limit { what: "bytes in package databases", max });
        }
        self.facts.files.insert(path, bytes);
        Ok(())
    }

    fn one_more(&mut self) -> Result<(), CatalogueError> {
        self.kept_paths += 1;
        let max = self.limits.kept_paths;
        if self.kept_paths > max {
            return Err(CatalogueError::Limit { what: "paths of interest", max: max as u64 });
        }
        Ok(())
    }

    fn replace(&mut self, path: &str) {
        self.facts.files.remove(path);
        self.facts.links.remove(path);
        self.facts.directories.remove(path);
    }
}
