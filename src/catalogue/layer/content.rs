//! Reads the files that cataloguers want, and nothing of the others but their first bytes.

use std::io::Read;

use super::windows::{WINDOW_BYTES, Windows};
use super::{Limits, broken, large};
use crate::catalogue::ecosystem::{
    Cataloguer, MAGIC_BYTES, is_executable, is_place, of_executables, wanting,
};
use crate::catalogue::found::{File, Form, Found, Parsed};
use crate::catalogue::secret::{self, SecretKind};
use crate::catalogue::{CatalogueError, FileFacts};
use crate::model::{Algorithm, Hasher};

/// Reads files within the limits of one layer.
pub(super) struct Content {
    limits: Limits,
    kept_bytes: u64,
    sparse_bytes: u64,
    /// Used for every file, so that a layer of a thousand executables asks for memory once.
    buffer: Vec<u8>,
    secret: Option<SecretKind>,
}

impl Content {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: *limits, kept_bytes: 0, sparse_bytes: 0, buffer: vec![], secret: None }
    }

    /// Returns what kind of secret the file that was read last looks like, once.
    pub(super) fn take_secret(&mut self) -> Option<SecretKind> {
        self.secret.take()
    }

    /// Returns what cataloguers make of a file, or `None` where none of them wants it.
    pub(super) fn read<R: Read>(
        &mut self,
        path: &str,
        entry: &mut tar::Entry<'_, R>,
    ) -> Result<Option<FileFacts>, CatalogueError> {
        let mut wanted: Vec<&'static Cataloguer> = wanting(path).collect();
        let is_wanted = !wanted.is_empty();
        self.buffer.clear();
        entry.take(MAGIC_BYTES as u64).read_to_end(&mut self.buffer).map_err(broken)?;
        if is_executable(&self.buffer) {
            let others: Vec<_> =
                of_executables().filter(|one| wanted.iter().all(|two| one.name != two.name)).collect();
            wanted.extend(others);
        } else if secret::is_suspect(path, &self.buffer) {
            let rest = secret::HEAD_BYTES_MAX.saturating_sub(self.buffer.len() as u64);
            entry.take(rest).read_to_end(&mut self.buffer).map_err(broken)?;
            self.secret = secret::kind(path, &self.buffer);
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let (size, is_dense) = (entry.size(), self.is_dense(entry));
        // What is wanted for its path is no mere executable, and may be larger.
        let max = if is_wanted { self.limits.file_bytes } else { self.limits.executable_bytes };
        let facts = if is_dense && self.whole(entry, size, max)? {
            self.parse(path, size, &wanted)
        } else if is_place(path) {
            return Err(CatalogueError::Limit { what: "bytes in a package database", max });
        } else if is_dense && wanted.iter().any(|cataloguer| cataloguer.of_large_paths().is_some()) {
            large::read(path, (size, max), self.buffer.as_slice().chain(entry), &wanted)?
        } else if is_dense && is_executable(&self.buffer) {
            Windows::new(path, &mut self.buffer, size, &wanted, max).read(entry)?
        } else {
            let gap = Parsed::gap(format!("larger than {max} bytes"));
            let readings = wanted.iter().map(|cataloguer| (cataloguer.name.to_owned(), gap.clone()));
            FileFacts { size, readings: readings.collect() }
        };
        self.buffer.shrink_to(WINDOW_BYTES);
        self.count(&facts)?;
        // An executable in which nobody found anything is a plain file.
        Ok((is_wanted || !facts.readings.is_empty()).then_some(facts))
    }

    fn parse(&self, path: &str, size: u64, wanted: &[&'static Cataloguer]) -> FileFacts {
        let mut facts = FileFacts { size, ..FileFacts::default() };
        let file = File { path, bytes: &self.buffer };
        for cataloguer in wanted {
            let parsed = (cataloguer.parse)(&file);
            // That a database was read, and is empty, is a fact; that an executable holds no packages is none.
            if !parsed.is_empty() || is_place(path) {
                facts.readings.insert(cataloguer.name.to_owned(), parsed);
            }
        }
        set_hash(&mut facts, || {
            let mut hasher = Hasher::new(Algorithm::Sha512);
            hasher.update(file.bytes);
            Some(hasher.finish().hex().to_owned())
        });
        facts
    }

    /// Returns whether the bytes of a file stand in the archive, or are few enough for one whose holes do not.
    fn is_dense<R: Read>(&mut self, entry: &tar::Entry<'_, R>) -> bool {
        if entry.header().entry_type().is_gnu_sparse() {
            self.sparse_bytes = self.sparse_bytes.saturating_add(entry.size());
            return self.sparse_bytes <= self.limits.sparse_bytes;
        }
        true
    }

    /// Reads the rest of a file behind its first bytes; returns whether it is within the limit.
    fn whole<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        size: u64,
        max: u64,
    ) -> Result<bool, CatalogueError> {
        if size > max {
            return Ok(false);
        }
        // Exact, and no more than the limit: a buffer that doubles would take twice the memory.
        self.buffer.reserve_exact(usize::try_from(size).unwrap_or_default());
        let rest = (max + 1).saturating_sub(self.buffer.len() as u64);
        entry.take(rest).read_to_end(&mut self.buffer).map_err(broken)?;
        Ok(self.buffer.len() as u64 <= max)
    }

    fn count(&mut self, facts: &FileFacts) -> Result<(), CatalogueError> {
        self.kept_bytes += facts.readings.values().map(Parsed::weight).sum::<u64>();
        let max = self.limits.kept_bytes;
        if self.kept_bytes > max {
            return Err(CatalogueError::Limit { what: "bytes of facts", max });
        }
        Ok(())
    }
}

/// Adds the SHA-512 of a file that is a component itself.
pub(super) fn set_hash(facts: &mut FileFacts, hash: impl FnOnce() -> Option<String>) {
    let packages = facts.readings.values_mut().flat_map(|parsed| &mut parsed.packages);
    let is_itself =
        |found: &&mut Found| matches!(found.form, Form::Executable | Form::Archive) && found.inside.is_none();
    let components: Vec<&mut Found> = packages.filter(is_itself).collect();
    if components.is_empty() {
        return;
    }
    let hash = hash();
    for found in components {
        found.sha512.clone_from(&hash);
    }
}
