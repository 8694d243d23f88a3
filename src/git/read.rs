//! Reading files of a commit.

use std::collections::BTreeMap;

use git2::ObjectType;

use super::repository::find;
use super::{CommitId, GitError, Repository};

/// Bytes of one file. Manifests and records are texts of kilobytes; the largest are package lists and scans.
pub const FILE_BYTES_MAX: u64 = 16 << 20;
/// Bytes of all files read at once: they are held in memory.
pub const TOTAL_BYTES_MAX: u64 = 2 << 30;
/// Entries of all trees walked. A tree that contains one subtree many times over grows without taking space.
pub const ENTRIES_MAX: u64 = 200_000;
/// Directories below one another; evidence needs about ten.
pub const DEPTH_MAX: u64 = 64;

const FILE_MODES: [i32; 2] = [0o100_644, 0o100_755];

#[derive(Debug, Clone, Copy)]
struct Limits {
    file_bytes: u64,
    total_bytes: u64,
    entries: u64,
    depth: u64,
}

const LIMITS: Limits = Limits {
    file_bytes: FILE_BYTES_MAX,
    total_bytes: TOTAL_BYTES_MAX,
    entries: ENTRIES_MAX,
    depth: DEPTH_MAX,
};

impl Repository {
    /// Returns the files of a commit whose path, with `/` between its parts, `filter` accepts.
    ///
    /// Symbolic links and submodules are skipped, because following them would leave the commit, and so are names
    /// that are not UTF-8, which no manifest or record has.
    ///
    /// # Errors
    /// [`GitError::Limit`] where a file, the number of entries or the depth is beyond its limit.
    pub fn read(
        &self,
        commit: &CommitId,
        filter: &dyn Fn(&str) -> bool,
    ) -> Result<BTreeMap<String, Vec<u8>>, GitError> {
        self.read_within(commit, filter, LIMITS)
    }

    fn read_within(
        &self,
        commit: &CommitId,
        filter: &dyn Fn(&str) -> bool,
        limits: Limits,
    ) -> Result<BTreeMap<String, Vec<u8>>, GitError> {
        let handle = self.handle()?;
        let tree = find(&handle, commit)?.tree_id();
        let odb = handle.odb().map_err(|e| GitError::objects("opening the object database", &e))?;
        let mut walk =
            Walk { handle: &handle, odb, filter, limits, entries: 0, bytes: 0, files: BTreeMap::new() };
        walk.tree(tree, "", 0)?;
        Ok(walk.files)
    }
}

struct Walk<'a> {
    handle: &'a git2::Repository,
    odb: git2::Odb<'a>,
    filter: &'a dyn Fn(&str) -> bool,
    limits: Limits,
    entries: u64,
    bytes: u64,
    files: BTreeMap<String, Vec<u8>>,
}

impl Walk<'_> {
    fn tree(&mut self, id: git2::Oid, prefix: &str, depth: u64) -> Result<(), GitError> {
        if depth > self.limits.depth {
            return Err(limit(format!("the depth of `{prefix}`"), self.limits.depth));
        }
        let tree =
            self.handle.find_tree(id).map_err(|e| GitError::objects(format!("tree `{prefix}`"), &e))?;
        for entry in &tree {
            self.entries += 1;
            if self.entries > self.limits.entries {
                return Err(limit("the number of files and directories".into(), self.limits.entries));
            }
            let Ok(name) = entry.name() else { continue };
            match entry.kind() {
                Some(ObjectType::Tree) => self.tree(entry.id(), &format!("{prefix}{name}/"), depth + 1)?,
                Some(ObjectType::Blob) if FILE_MODES.contains(&entry.filemode()) => {
                    self.file(entry.id(), format!("{prefix}{name}"))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, id: git2::Oid, path: String) -> Result<(), GitError> {
        if !(self.filter)(&path) {
            return Ok(());
        }
        let failed = |e: git2::Error| GitError::objects(format!("file `{path}`"), &e);
        // The header first: a blob beyond the limit is never inflated.
        let (size, _) = self.odb.read_header(id).map_err(failed)?;
        if size as u64 > self.limits.file_bytes {
            return Err(limit(format!("the size of `{path}`"), self.limits.file_bytes));
        }
        self.bytes += size as u64;
        if self.bytes > self.limits.total_bytes {
            return Err(limit("the size of all files".into(), self.limits.total_bytes));
        }
        let bytes = self.odb.read(id).map_err(failed)?.data().to_vec();
        self.files.insert(path, bytes);
        Ok(())
    }
}

const fn limit(what: String, limit: u64) -> GitError {
    GitError::Limit { what, limit }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture;
    use super::*;

    fn read(limits: Limits) -> Result<BTreeMap<String, Vec<u8>>, GitError> {
        let remote = fixture::Remote::new();
        let repository = remote.clone_as("a");
        let deep = format!("{}leaf", "d/".repeat(9));
        let files = [("a.yaml", "12345"), ("b.yaml", "123"), (deep.as_str(), "x")];
        let tip = fixture::commit(&repository, &remote.tip(), &files);
        repository.read_within(&tip, &|_| true, limits)
    }

    #[test]
    fn each_limit_stops_the_walk() {
        let cases = [
            (Limits { file_bytes: 4, ..LIMITS }, "`a.yaml`"),
            (Limits { total_bytes: 8, ..LIMITS }, "all files"),
            (Limits { entries: 5, ..LIMITS }, "number of files"),
            (Limits { depth: 8, ..LIMITS }, "depth"),
        ];
        assert!(read(LIMITS).is_ok());
        for (limits, word) in cases {
            let error = read(limits).unwrap_err();
            assert!(matches!(error, GitError::Limit { .. }), "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
