//! The history of a branch as a Git bundle (`gitformat-bundle(5)`): out for an air gap, in on the other side.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
};

use git2::Sort;

use super::fetch::check_names;
use super::program::run;
use super::repository::find;
use super::{CommitId, GitError, Repository};

/// Where a bundle's branch is fetched to; no branch of anybody.
const FETCHED: &str = "refs/fondaco/carried";

impl Repository {
    /// Returns whether a part of the history is missing, as in a clone of limited depth.
    ///
    /// # Errors
    /// [`GitError::Objects`] where the repository cannot be opened.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.handle()?.is_shallow())
    }

    /// Writes the whole history of a commit to a file, as branch `branch`. Equal histories give equal bytes: objects are
    /// packed anew in an order that depends on the history alone, which `git bundle create` does not promise.
    ///
    /// # Errors
    /// [`GitError::Objects`], also where the file cannot be written.
    pub fn write_bundle(&self, commit: &CommitId, branch: &str, file: &Path) -> Result<(), GitError> {
        check_names("origin", branch)?;
        let failed = |e: git2::Error| GitError::objects("bundling the history", &e);
        let handle = self.handle()?;
        find(&handle, commit)?;
        let mut walk = handle.revwalk().map_err(failed)?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(failed)?;
        walk.push(commit.oid()).map_err(failed)?;
        let mut pack = handle.packbuilder().map_err(failed)?;
        // More threads divide the search for deltas by chance.
        pack.set_threads(1);
        pack.insert_walk(&mut walk).map_err(failed)?;
        let broken =
            |e: &io::Error| GitError::Objects { what: "writing a bundle".to_owned(), detail: e.to_string() };
        let mut out = BufWriter::new(File::create(file).map_err(|e| broken(&e))?);
        write!(out, "# v2 git bundle\n{commit} refs/heads/{branch}\n\n").map_err(|e| broken(&e))?;
        let mut written = Ok(());
        let packed = pack.foreach(|bytes| {
            written = out.write_all(bytes);
            written.is_ok()
        });
        written.and_then(|()| out.flush()).map_err(|e| broken(&e))?;
        packed.map_err(failed)
    }

    /// Fetches branch `branch` from a bundle and returns its tip. Moves no branch. `git` checks that the history is
    /// whole.
    ///
    /// # Errors
    /// [`GitError::Unavailable`] where the file is no bundle, is damaged or needs commits that are not here.
    pub fn read_bundle(&self, file: &Path, branch: &str) -> Result<CommitId, GitError> {
        check_names("origin", branch)?;
        let refspec = format!("+refs/heads/{branch}:{FETCHED}");
        let path = file.to_string_lossy();
        let options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        let arguments = [&["fetch"], &options[..], &["--", path.as_ref(), &refspec]].concat();
        let answer = run(self, &arguments)?;
        if answer.status.success() { self.resolve(FETCHED) } else { Err(answer.failure("bundle")) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::fixture;
    use super::*;

    #[test]
    fn a_bundle_holds_the_whole_history_and_equal_histories_are_equal_bytes() {
        let remote = fixture::Remote::new();
        let writer = remote.clone_as("a");
        let mut tip = remote.tip();
        for n in 0..5 {
            tip = fixture::commit(&writer, &tip, &[("a.yaml", &format!("{n}")), ("b/c.yaml", "same")]);
        }
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("1"), folder.path().join("2"));
        writer.write_bundle(&tip, "main", &one).unwrap();
        assert!(fs::read(&one).unwrap().starts_with(b"# v2 git bundle\n"));
        let reader =
            Repository::init(&folder.path().join("work"), &folder.path().join("bare"), "main").unwrap();
        assert_eq!(reader.read_bundle(&one, "main").unwrap(), tip);
        // From the other clone, whose objects lie in a pack that `git` made.
        reader.write_bundle(&tip, "main", &two).unwrap();
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
        assert!(reader.is_ancestor(&remote.tip(), &tip).unwrap());
        assert!(!reader.is_shallow().unwrap());
    }

    #[test]
    fn a_damaged_bundle_and_another_branch_are_refused() {
        let remote = fixture::Remote::new();
        let repository = remote.clone_as("a");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        repository.write_bundle(&remote.tip(), "main", &path).unwrap();
        let reader =
            Repository::init(&folder.path().join("work"), &folder.path().join("bare"), "main").unwrap();
        assert!(reader.read_bundle(&path, "other").is_err());
        assert!(reader.read_bundle(&path, "--upload-pack=evil").is_err());
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(reader.read_bundle(&path, "main").is_err());
    }
}
