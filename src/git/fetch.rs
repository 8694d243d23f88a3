//! Fetching the tip of a branch.

use super::program::run;
use super::{CommitId, GitError, Repository};

impl Repository {
    /// Fetches a branch into `refs/remotes/<remote>/<branch>` and returns its tip, or `None` where the remote answers
    /// that it has no such branch. Moves no local branch and no file of the work tree.
    ///
    /// # Errors
    /// [`GitError::NoRemote`], [`GitError::Denied`], [`GitError::Unavailable`], [`GitError::Timeout`].
    pub fn fetch(&self, remote: &str, branch: &str) -> Result<Option<CommitId>, GitError> {
        check_names(remote, branch)?;
        let tracking = format!("refs/remotes/{remote}/{branch}");
        // Forced: a branch that people rewrote is read as it is now; only pushes never rewrite.
        let refspec = format!("+refs/heads/{branch}:{tracking}");
        let options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        let arguments = [&["fetch"], &options[..], &["--", remote, &refspec]].concat();
        let answer = run(self, &arguments)?;
        if answer.status.success() {
            return self.resolve(&tracking).map(Some);
        }
        let missing = format!("couldn't find remote ref refs/heads/{branch}");
        let is_missing =
            |line: &str| line.strip_prefix("fatal: ").is_some_and(|m| m.eq_ignore_ascii_case(&missing));
        if answer.own_lines().any(is_missing) {
            return Ok(None);
        }
        Err(answer.failure(remote))
    }
}

/// Refuses names that are options, paths or URLs: they come from settings and end up on a command line.
pub(super) fn check_names(remote: &str, branch: &str) -> Result<(), GitError> {
    let wrong = |what: &str| Err(GitError::Name { what: what.chars().take(120).collect() });
    if remote.starts_with('-') || !git2::Remote::is_valid_name(remote) {
        return wrong(remote);
    }
    if branch.starts_with('-') || !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
        return wrong(branch);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_options_or_refspecs_are_refused() {
        let cases = [
            ("--upload-pack=evil", "main"),
            ("ext::sh -c evil", "main"),
            ("https://host/x", "main"),
            ("origin", "--force"),
            ("origin", "a:refs/heads/b"),
            ("origin", "a..b"),
            ("origin", ""),
            ("", "main"),
        ];
        for (remote, branch) in cases {
            assert!(matches!(check_names(remote, branch), Err(GitError::Name { .. })), "{remote} {branch}");
        }
        assert_eq!(check_names("origin", "feature/x"), Ok(()));
    }
}
