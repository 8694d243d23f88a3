//! One repository, opened anew for each operation: libgit2's handle is not shared between threads.

use std::path::{Path, PathBuf};

use super::{Author, CommitId, GitError};

/// A repository on this machine, with a work tree or bare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    git_directory: PathBuf,
    root: PathBuf,
}

impl Repository {
    /// Finds the repository that `path` lies in. Environment variables such as `GIT_DIR` are not looked at.
    ///
    /// # Errors
    /// [`GitError::NoRepository`] where there is none, [`GitError::Objects`] where it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        let found = git2::Repository::discover(path).map_err(|e| match e.code() {
            git2::ErrorCode::NotFound => GitError::NoRepository { path: path.to_owned() },
            _ => GitError::objects(format!("opening `{}`", path.display()), &e),
        })?;
        let root = found.workdir().unwrap_or_else(|| found.path());
        Ok(Self { git_directory: found.path().to_owned(), root: root.to_owned() })
    }

    /// Returns the top of the work tree, or the directory of a bare repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn git_directory(&self) -> &Path {
        &self.git_directory
    }

    pub(super) fn handle(&self) -> Result<git2::Repository, GitError> {
        git2::Repository::open(&self.git_directory)
            .map_err(|e| GitError::objects(format!("opening `{}`", self.git_directory.display()), &e))
    }

    /// Returns the commit that is checked out.
    ///
    /// # Errors
    /// [`GitError::NoCommit`] in a repository without commits.
    pub fn head(&self) -> Result<CommitId, GitError> {
        self.resolve("HEAD")
    }

    /// Returns the commit that a revision names, as `git rev-parse` understands it; tags are peeled.
    ///
    /// # Errors
    /// [`GitError::NoCommit`] where it names none, or several.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        let handle = self.handle()?;
        let object = handle.revparse_single(revision).and_then(|object| object.peel_to_commit());
        match object {
            Ok(commit) => Ok(commit.id().into()),
            Err(_) => Err(GitError::NoCommit { what: revision.chars().take(120).collect() }),
        }
    }

    /// Returns who wrote a commit.
    ///
    /// # Errors
    /// [`GitError::NoCommit`] where it is not in the repository.
    pub fn author_of(&self, commit: &CommitId) -> Result<Author, GitError> {
        let handle = self.handle()?;
        let found = find(&handle, commit)?;
        Ok(Author::of(&found.author()))
    }

    /// Returns whether `commit` is `ancestor` or built on it.
    ///
    /// # Errors
    /// [`GitError::NoCommit`] where one of them is not in the repository.
    pub fn is_ancestor(&self, ancestor: &CommitId, commit: &CommitId) -> Result<bool, GitError> {
        let handle = self.handle()?;
        find(&handle, ancestor)?;
        find(&handle, commit)?;
        let descends = handle
            .graph_descendant_of(commit.oid(), ancestor.oid())
            .map_err(|e| GitError::objects("comparing commits", &e))?;
        Ok(descends || ancestor == commit)
    }
}

/// Looks a commit up.
pub(super) fn find<'r>(
    handle: &'r git2::Repository,
    commit: &CommitId,
) -> Result<git2::Commit<'r>, GitError> {
    handle.find_commit(commit.oid()).map_err(|_| GitError::NoCommit { what: commit.to_string() })
}
