//! Decides, entry by entry, what of an archive is kept.

use std::collections::BTreeMap;
use std::io::Read;

use super::{Limits, broken, content::Content, disputed};
use crate::catalogue::ecosystem::{is_place, of_executables, wanting, wanting_directory};
use crate::catalogue::found::{File, Parsed, PathKey};
use crate::catalogue::path::{PATH_BYTES_MAX, join, normalise, remove_below, split};
use crate::catalogue::privilege::{ATTRIBUTE, PRIVILEGED_MAX, Privilege};
use crate::catalogue::secret::SECRETS_MAX;
use crate::catalogue::{CatalogueError, FileFacts, LayerFacts};

/// Marks a removal (OCI image specification, `layer.md`, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// Marks a directory whose lower content is hidden; other names with the doubled prefix are AUFS's own.
const OPAQUE: &str = ".wh..wh..opq";

/// The facts of a layer while it is read.
pub(super) struct Keep {
    facts: LayerFacts,
    content: Content,
    kept_paths: usize,
    limits: Limits,
}

impl Keep {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { facts: LayerFacts::default(), content: Content::new(limits), kept_paths: 0, limits: *limits }
    }

    pub(super) fn into_facts(mut self) -> LayerFacts {
        let facts = &mut self.facts;
        facts.covers.sort_unstable();
        facts.covers.dedup();
        facts.directories.sort_unstable();
        facts.directories.dedup();
        drop_links_to_files(facts);
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
        let holes = disputed::check(entry)?;
        let named = holes.as_ref().and_then(|holes| holes.name.clone());
        let raw = named.unwrap_or_else(|| entry.path_bytes().into_owned());
        let Some(path) = normalise(&raw)? else { return Ok(()) };
        let (directory, name) = split(&path);
        if let Some(removed) = name.strip_prefix(WHITEOUT) {
            return self.removal(directory, name, removed);
        }
        if path.is_empty() {
            return Ok(());
        }
        self.replace(&path);
        // Archives of before 1988 mark a directory by the slash alone, and readers still honour it.
        if kind.is_dir() || (kind.is_file() && raw.ends_with(b"/")) {
            self.facts.directories.push(PathKey::of(&path));
            return self.directory(path);
        }
        // What the same archive put below a path that has become something else than a directory is gone.
        remove_below(&mut self.facts.files, &path);
        remove_below(&mut self.facts.links, &path);
        if holes.is_some() {
            self.privilege(&path, entry)?;
            self.holed(path)
        } else if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() {
            self.file(path, entry)
        } else if kind.is_hard_link() || kind.is_symlink() {
            self.link(path, entry)
        } else {
            // A device or pipe hides what a lower layer has there, as a removal does.
            self.cover(&path);
            Ok(())
        }
    }

    /// Keeps what the name of a directory tells. It stands among the files and hides nothing below it: what is there
    /// comes later in the order of paths.
    fn directory(&mut self, path: String) -> Result<(), CatalogueError> {
        let file = File { path: &path, bytes: &[] };
        let readings = wanting_directory(&path).map(|one| (one.name.to_owned(), (one.parse)(&file)));
        let readings: BTreeMap<String, Parsed> = readings.filter(|(_, parsed)| !parsed.is_empty()).collect();
        if !readings.is_empty() {
            self.one_more()?;
            self.facts.files.insert(path, FileFacts { size: 0, readings });
        }
        Ok(())
    }

    fn removal(&mut self, directory: &str, name: &str, removed: &str) -> Result<(), CatalogueError> {
        if name == OPAQUE {
            self.one_more()?;
            self.facts.opaque.insert(directory.to_owned());
        } else if !removed.is_empty() && !removed.starts_with(WHITEOUT) {
            self.one_more()?;
            self.facts.whiteouts.insert(join(directory, removed));
        }
        Ok(())
    }

    fn file<R: Read>(&mut self, path: String, entry: &mut tar::Entry<'_, R>) -> Result<(), CatalogueError> {
        self.privilege(&path, entry)?;
        let read = self.content.read(&path, entry)?;
        if let Some(kind) = self.content.take_secret() {
            if self.facts.secrets.len() < SECRETS_MAX {
                self.facts.secrets.insert(path.clone(), kind);
            } else {
                self.facts.secrets_left_out += 1;
            }
        }
        match read {
            Some(facts) => {
                self.one_more()?;
                self.facts.files.insert(path, facts);
            }
            None => self.cover(&path),
        }
        Ok(())
    }

    /// Keeps that nobody looked at a file. What is in it is not known, so it may be an executable.
    fn holed(&mut self, path: String) -> Result<(), CatalogueError> {
        if is_place(&path) {
            return Err(CatalogueError::Archive(format!("`{path}` has holes in a form that is not read")));
        }
        self.one_more()?;
        let gap = Parsed::gap("has holes in a form that is not read");
        let names = wanting(&path).chain(of_executables()).map(|one| one.name.to_owned());
        let readings = names.map(|name| (name, gap.clone())).collect();
        self.facts.files.insert(path, FileFacts { size: 0, readings });
        Ok(())
    }

    /// Keeps what a file gives whoever runs it.
    fn privilege<R: Read>(
        &mut self,
        path: &str,
        entry: &mut tar::Entry<'_, R>,
    ) -> Result<(), CatalogueError> {
        let mut attribute: Option<Vec<u8>> = None;
        // Records that cannot be read have refused the layer before.
        for extension in entry.pax_extensions().map_err(broken)?.into_iter().flatten().flatten() {
            if extension.key() == Ok(ATTRIBUTE) {
                attribute = Some(extension.value_bytes().to_vec());
            }
        }
        let header = entry.header();
        let (user, group) = (header.uid().unwrap_or_default(), header.gid().unwrap_or_default());
        let privilege = Privilege::of(header.mode().unwrap_or_default(), user, group, attribute.as_deref());
        if let Some(privilege) = privilege {
            if self.facts.privileged.len() < PRIVILEGED_MAX {
                self.facts.privileged.insert(path.to_owned(), privilege);
            } else {
                self.facts.privileged_left_out += 1;
            }
        }
        Ok(())
    }

    fn link<R: Read>(&mut self, path: String, entry: &tar::Entry<'_, R>) -> Result<(), CatalogueError> {
        let raw = entry.link_name_bytes().unwrap_or_default();
        if entry.header().entry_type().is_symlink() {
            if raw.len() > PATH_BYTES_MAX {
                return Err(CatalogueError::Limit { what: "bytes in a link", max: PATH_BYTES_MAX as u64 });
            }
            self.one_more()?;
            self.facts.links.insert(path, String::from_utf8_lossy(&raw).into_owned());
            return Ok(());
        }
        let target = normalise(&raw)?.unwrap_or_default();
        let wanted = wanting(&path).next().is_some();
        match self.facts.files.get(&target) {
            Some(facts) if wanted && is_of_path(facts) => {
                self.one_more()?;
                self.facts.links.insert(path, format!("/{target}"));
            }
            // The cataloguers of a database go by its path: what was read elsewhere was read by others.
            Some(facts) if wanted && same_cataloguers(&target, &path) => {
                let facts = facts.clone();
                self.one_more()?;
                self.facts.files.insert(path, facts);
            }
            // What is not read when it comes by cannot be read later.
            _ if wanted && !is_place(&path) => {
                self.one_more()?;
                let gap = Parsed::gap(format!("a hard link to `{target}`, which was not read"));
                let readings = wanting(&path).map(|one| (one.name.to_owned(), gap.clone())).collect();
                self.facts.files.insert(path, FileFacts { size: 0, readings });
            }
            _ if wanted => {
                self.one_more()?;
                self.facts.links.insert(path, format!("/{target}"));
            }
            _ => self.cover(&path),
        }
        Ok(())
    }

    fn cover(&mut self, path: &str) {
        self.facts.covers.push(PathKey::of(path));
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
        self.facts.privileged.remove(path);
    }
}

fn same_cataloguers(target: &str, path: &str) -> bool {
    wanting(path).all(|cataloguer| cataloguer.wants_path(target))
}

/// Returns whether a file speaks of the package that its path names: under another path it speaks of another.
fn is_of_path(facts: &FileFacts) -> bool {
    facts.readings.values().any(|parsed| !parsed.additions.is_empty())
}

/// Leaves out links to plain files of the same layer: no path leads through them, and there are thousands.
fn drop_links_to_files(facts: &mut LayerFacts) {
    let links = std::mem::take(&mut facts.links);
    let mut kept = BTreeMap::new();
    let mut dropped = vec![];
    for (path, target) in links {
        let leads_to_file = wanting(&path).next().is_none()
            && lexical(&path, &target)
                .is_some_and(|target| facts.covers.binary_search(&PathKey::of(&target)).is_ok());
        if leads_to_file {
            dropped.push(PathKey::of(&path));
        } else {
            kept.insert(path, target);
        }
    }
    facts.links = kept;
    facts.covers.extend(dropped);
    facts.covers.sort_unstable();
}

/// Returns where a link leads by its words alone.
fn lexical(path: &str, target: &str) -> Option<String> {
    let mut segments: Vec<&str> = if target.starts_with('/') {
        vec![]
    } else {
        split(path).0.split('/').filter(|segment| !segment.is_empty()).collect()
    };
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    (!segments.is_empty()).then(|| segments.join("/"))
}
