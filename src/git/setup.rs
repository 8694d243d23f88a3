//! Making a manifest repository with a bare remote beside it: what `git init`, `git clone` and `git pull` do for people,
//! for a demonstration that must give the same commits everywhere.

use std::{collections::BTreeMap, path::Path};

use git2::{FileMode, RepositoryInitOptions, build::CheckoutBuilder, build::TreeUpdateBuilder};

use super::commit::{check, write};
use super::{Author, CommitId, GitError, Repository};

impl Repository {
    /// Makes a repository at `work` and a bare one at `bare`, which becomes its remote `origin`.
    ///
    /// # Errors
    /// [`GitError::Objects`] where a folder cannot be made or holds a repository already.
    pub fn init(work: &Path, bare: &Path, branch: &str) -> Result<Self, GitError> {
        let failed = |e: git2::Error| GitError::objects("making a repository", &e);
        let options = |is_bare: bool| {
            let mut options = RepositoryInitOptions::new();
            // The user's own templates and hooks have no business in a demonstration.
            options.bare(is_bare).initial_head(branch).no_reinit(true).external_template(false).mkpath(true);
            options
        };
        git2::Repository::init_opts(bare, &options(true)).map_err(failed)?;
        let made = git2::Repository::init_opts(work, &options(false)).map_err(failed)?;
        made.remote("origin", &bare.to_string_lossy()).map_err(failed)?;
        Self::open(work)
    }

    /// Writes a first commit, without parent, with these files.
    ///
    /// # Errors
    /// As [`Repository::commit`].
    pub fn commit_root(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
        message: &str,
        author: &Author,
    ) -> Result<CommitId, GitError> {
        let handle = self.handle()?;
        let failed = |e: git2::Error| GitError::objects("writing a first tree", &e);
        let empty = handle.treebuilder(None).and_then(|builder| builder.write()).map_err(failed)?;
        let empty = handle.find_tree(empty).map_err(failed)?;
        let mut update = TreeUpdateBuilder::new();
        for (path, bytes) in files {
            check(path)?;
            update.upsert(path.as_str(), handle.blob(bytes).map_err(failed)?, FileMode::Blob);
        }
        let tree = update.create_updated(&handle, &empty).map_err(failed)?;
        write(&handle, None, tree, message, author)
    }

    /// Moves a branch that the remote does not have yet to `commit`.
    ///
    /// # Errors
    /// As [`Repository::push`].
    pub fn publish(&self, remote: &str, branch: &str, commit: &CommitId) -> Result<(), GitError> {
        super::fetch::check_names(remote, branch)?;
        let refspec = format!("{commit}:refs/heads/{branch}");
        let answer =
            super::program::run(self, &["push", "--porcelain", "--no-verify", "--", remote, &refspec])?;
        if answer.status.success() { Ok(()) } else { Err(answer.failure(remote)) }
    }

    /// Moves a local branch to `commit` and checks it out over whatever is in the work tree.
    ///
    /// # Errors
    /// [`GitError::Objects`] where the work tree cannot be written.
    pub fn check_out(&self, branch: &str, commit: &CommitId) -> Result<(), GitError> {
        let handle = self.handle()?;
        let failed = |e: git2::Error| GitError::objects("checking out", &e);
        let name = format!("refs/heads/{branch}");
        handle.reference(&name, commit.oid(), true, "check out").map_err(failed)?;
        handle.set_head(&name).map_err(failed)?;
        handle.checkout_head(Some(CheckoutBuilder::new().force())).map_err(failed)
    }
}
