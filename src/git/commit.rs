//! Writing commits without a work tree.

use std::{collections::BTreeMap, path::Path};

use git2::{FileMode, build::TreeUpdateBuilder};

use super::repository::find;
use super::{Author, CommitId, GitError, Repository};

/// A path longer than this can be checked out on no file system.
const PATH_BYTES_MAX: usize = 4_000;

impl Repository {
    /// Writes a commit on `base` with the changed files and returns it; no branch moves. Without a difference to
    /// `base` no commit is written and `base` itself is returned. `None` removes a file; that it is gone already is
    /// no error. Equal arguments give the same commit.
    ///
    /// # Errors
    /// [`GitError::Path`] for paths that leave the tree or that Git reserves, [`GitError::Objects`] where a file
    /// stands in the way of a directory.
    pub fn commit(
        &self,
        base: &CommitId,
        changes: &BTreeMap<String, Option<Vec<u8>>>,
        message: &str,
        author: &Author,
    ) -> Result<CommitId, GitError> {
        let handle = self.handle()?;
        let parent = find(&handle, base)?;
        let before = parent.tree().map_err(|e| GitError::objects("reading the base", &e))?;
        let mut update = TreeUpdateBuilder::new();
        for (path, content) in changes {
            check(path)?;
            match content {
                Some(bytes) => {
                    let id =
                        handle.blob(bytes).map_err(|e| GitError::objects(format!("file `{path}`"), &e))?;
                    update.upsert(path.as_str(), id, FileMode::Blob);
                }
                None if before.get_path(Path::new(path)).is_ok() => _ = update.remove(path.as_str()),
                None => {}
            }
        }
        let after = update.create_updated(&handle, &before);
        let after = after.map_err(|e| GitError::objects("writing a tree", &e))?;
        if after == before.id() {
            return Ok(base.clone());
        }
        write(&handle, Some(&parent), after, message, author)
    }
}

pub(super) fn write(
    handle: &git2::Repository,
    parent: Option<&git2::Commit<'_>>,
    tree: git2::Oid,
    message: &str,
    author: &Author,
) -> Result<CommitId, GitError> {
    let failed = |e: git2::Error| GitError::objects("writing a commit", &e);
    let tree = handle.find_tree(tree).map_err(failed)?;
    let signature = author.signature()?;
    let message = git2::message_prettify(message, None).map_err(failed)?;
    let id =
        handle.commit(None, &signature, &signature, &message, &tree, parent.as_slice()).map_err(failed)?;
    Ok(id.into())
}

/// Refuses what libgit2 would panic on or Git would not check out. Paths are made from upstream names, so they are
/// looked at again where they become a tree.
pub(super) fn check(path: &str) -> Result<(), GitError> {
    let wrong = |reason| Err(GitError::Path { path: path.escape_debug().take(200).collect(), reason });
    if path.len() > PATH_BYTES_MAX {
        return wrong("it is too long");
    }
    if path.contains(['\0', '\\']) || path.chars().any(char::is_control) {
        return wrong("it holds a backslash or control character");
    }
    for part in path.split('/') {
        match part {
            "" | "." | ".." => return wrong("it has an empty, `.` or `..` part"),
            part if part.eq_ignore_ascii_case(".git") => return wrong("`.git` is Git's own"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_out_of_the_tree_are_refused() {
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            ".git/hooks/x",
            "a/.GIT/x",
            "a\0b",
            "a\\b",
            "a\nb",
        ] {
            assert!(matches!(check(path), Err(GitError::Path { .. })), "{path:?}");
        }
        assert!(check(&"a/".repeat(3_000)).is_err());
        assert!(check("evidence/images/docker.io/library/nginx/sha256-00/custody.json").is_ok());
        assert!(check(".gitattributes").is_ok());
    }
}
