//! What `check` and `plan` warn of about trust roots.

use std::{collections::BTreeMap, path::Path};

use super::env;
use crate::{
    git::{CommitId, Repository},
    manifest::{Desired, SourceFile},
    model::Instant,
    trust::root::{self, Watched},
};

/// Returns the warnings about the roots in a commit.
pub(super) fn warnings_of_commit(
    repository: &Repository,
    commit: &CommitId,
    desired: &Desired,
    now: Instant,
) -> Vec<String> {
    let records = repository.read(commit, &root::is_record).unwrap_or_default();
    let committed = |path: &str| repository.changed_at(commit, path).ok().flatten();
    all(&root::watch(desired, &records, &committed, now))
}

/// Returns the warnings about the roots in a work tree, which need not be in Git.
pub(super) fn warnings_of_files(folder: &Path, desired: &Desired, files: &[SourceFile]) -> Vec<String> {
    let records = files.iter().filter(|file| root::is_record(&file.path));
    let records: BTreeMap<String, Vec<u8>> =
        records.map(|file| (file.path.clone(), file.text.clone().into_bytes())).collect();
    let head = Repository::open(folder).and_then(|repository| Ok((repository.head()?, repository))).ok();
    let committed = |path: &str| {
        let (head, repository) = head.as_ref()?;
        repository.changed_at(head, path).ok().flatten()
    };
    all(&root::watch(desired, &records, &committed, env::now()))
}

fn all(watched: &[Watched]) -> Vec<String> {
    watched.iter().flat_map(Watched::warnings).collect()
}
