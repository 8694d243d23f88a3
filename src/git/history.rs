//! When a file was last changed. The time of a commit, because a clone's file times say when it was cloned.

use super::{CommitId, GitError, Repository, repository::find};
use crate::model::Instant;

/// The most commits that are walked back. Older than that is as good as unknown.
const COMMITS_MAX: usize = 2_000;

impl Repository {
    /// Returns when the file at `path` took the content it has in `commit`, by the committer's clock, following first
    /// parents; `None` where it is not there, where the history that is here ends before, or after 2000 commits.
    ///
    /// # Errors
    /// [`GitError`] where objects cannot be read.
    pub fn changed_at(&self, commit: &CommitId, path: &str) -> Result<Option<Instant>, GitError> {
        let handle = self.handle()?;
        let failed = |error: git2::Error| GitError::objects(format!("the history of `{path}`"), &error);
        let content = |commit: &git2::Commit<'_>| -> Result<Option<git2::Oid>, git2::Error> {
            match commit.tree()?.get_path(std::path::Path::new(path)) {
                Ok(entry) => Ok(Some(entry.id())),
                Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        };
        let mut at = find(&handle, commit)?;
        let Some(now) = content(&at).map_err(failed)? else { return Ok(None) };
        for _ in 0..COMMITS_MAX {
            let when = Instant::from_unix(at.time().seconds());
            if at.parent_count() == 0 {
                // The oldest commit of a shallow clone is not the one that brought the file.
                return Ok((!handle.is_shallow()).then_some(when));
            }
            let Ok(parent) = at.parent(0) else { return Ok(None) };
            if content(&parent).map_err(failed)? != Some(now) {
                return Ok(Some(when));
            }
            at = parent;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture::{Remote, author, changes, git};
    use super::*;
    use crate::git::Author;

    #[test]
    fn a_file_is_as_old_as_its_content() {
        let remote = Remote::new();
        let store = Repository::open(&remote.bare()).unwrap();
        let at = |day: &str| Author { at: format!("2026-{day}T00:00:00Z").parse().unwrap(), ..author() };
        let commit = |base: &CommitId, file: &str, text: &str, day: &str| {
            store.commit(base, &changes(&[(file, text)]), "Change", &at(day)).unwrap()
        };
        let first = commit(&remote.tip(), "trust/a.json", "1", "01-01");
        let second = commit(&first, "trust/a.json", "2", "02-01");
        let third = commit(&second, "README.md", "x", "03-01");
        let again = commit(&third, "trust/a.json", "1", "04-01");
        for (at, expected) in [(&first, "01-01"), (&second, "02-01"), (&third, "02-01"), (&again, "04-01")] {
            let expected: Instant = format!("2026-{expected}T00:00:00Z").parse().unwrap();
            assert_eq!(store.changed_at(at, "trust/a.json").unwrap(), Some(expected), "{at}");
        }
        assert_eq!(store.changed_at(&third, "trust/b.json").unwrap(), None);
        assert!(store.changed_at(&third, "fondaco.yaml").unwrap().is_some(), "it came with the first commit");
    }

    #[test]
    fn a_shallow_clone_does_not_know_how_old_a_file_is() {
        let remote = Remote::new();
        let address = format!("file://{}", remote.bare().display());
        let other = remote.clone_as("other");
        let next = other.commit(&remote.tip(), &changes(&[("x", "1")]), "Next", &author()).unwrap();
        git(&remote.path("other"), &["push", "--quiet", "origin", &format!("{next}:refs/heads/main")]);
        git(&remote.path(""), &["clone", "--quiet", "--depth=1", &address, "shallower"]);
        let clone = Repository::open(&remote.path("shallower")).unwrap();
        assert_eq!(clone.changed_at(&clone.head().unwrap(), "fondaco.yaml").unwrap(), None);
    }
}
