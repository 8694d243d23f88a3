//! Reads the files that cataloguers want, and nothing of the others but their first bytes.

use std::io::Read;

use super::{Limits, broken, large};
use crate::catalogue::ecosystem::{
    Cataloguer, MAGIC_BYTES, is_executable, is_place, of_executables, wanting,
};
use crate::catalogue::found::{File, Form, Parsed};
use crate::catalogue::{CatalogueError, FileFacts};
use crate::model::{Algorithm, Hasher};

/// How many bytes are reserved at first for a file whose header may claim any size.
const RESERVED_BYTES_MAX: u64 = 1 << 20;

/// Reads files within the limits of one layer.
pub(super) struct Content {
    limits: Limits,
    kept_bytes: u64,
    /// Used for every file, so that a layer of a thousand executables asks for memory once.
    buffer: Vec<u8>,
}

impl Content {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: *limits, kept_bytes: 0, buffer: vec![] }
    }

    /// Returns what cataloguers make of a file, or `None` where none of them wants it.
    pub(super) fn read<R: Read>(
        &mut self,
        path: &str,
        entry: &mut tar::Entry<'_, R>,
    ) -> Result<Option<FileFacts>, CatalogueError> {
        let mut wanted: Vec<&'static Cataloguer> = wanting(path).collect();
        let size = entry.size();
        self.buffer.clear();
        entry.take(MAGIC_BYTES as u64).read_to_end(&mut self.buffer).map_err(broken)?;
        if is_executable(&self.buffer) {
            wanted.extend(of_executables());
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let mut facts = FileFacts { size, ..FileFacts::default() };
        if !self.whole(entry, size)? {
            let max = self.limits.file_bytes;
            if is_place(path) {
                return Err(CatalogueError::Limit { what: "bytes in a package database", max });
            }
            let facts = large::read(path, (size, max), self.buffer.as_slice().chain(entry), &wanted)?;
            self.count(&facts)?;
            return Ok(Some(facts));
        }
        let file = File { path, bytes: &self.buffer };
        for cataloguer in wanted {
            let parsed = (cataloguer.parse)(&file);
            // That a database was read, and is empty, is a fact; that an executable holds no packages is none.
            if !parsed.is_empty() || is_place(path) {
                facts.readings.insert(cataloguer.name.to_owned(), parsed);
            }
        }
        hash_components(&file, &mut facts);
        self.count(&facts)?;
        Ok(Some(facts))
    }

    /// Reads the rest of a file behind its first bytes; returns whether it is within the limit.
    fn whole<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>, size: u64) -> Result<bool, CatalogueError> {
        let max = self.limits.file_bytes;
        if size > max {
            return Ok(false);
        }
        let reserved = usize::try_from(size.min(RESERVED_BYTES_MAX)).unwrap_or_default();
        self.buffer.reserve(reserved);
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
fn hash_components(file: &File<'_>, facts: &mut FileFacts) {
    let packages = facts.readings.values_mut().flat_map(|parsed| &mut parsed.packages);
    let is_itself = |form| matches!(form, Form::Executable | Form::Archive);
    let mut known: Option<String> = None;
    for found in packages.filter(|found| is_itself(found.form) && found.inside.is_none()) {
        let hash = known.get_or_insert_with(|| {
            let mut hasher = Hasher::new(Algorithm::Sha512);
            hasher.update(file.bytes);
            hasher.finish().hex().to_owned()
        });
        found.sha512 = Some(hash.clone());
    }
}
