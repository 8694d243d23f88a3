//! Against real repositories in temporary directories.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Author, CommitId, GitError, Push, Repository};

/// A bare remote with one commit on `main`, and clones of it.
pub(super) mod fixture {
    use super::*;

    pub(in super::super) struct Remote {
        directory: tempfile::TempDir,
    }

    impl Remote {
        pub(in super::super) fn new() -> Self {
            let remote = Self { directory: tempfile::tempdir().unwrap() };
            git(
                remote.directory.path(),
                &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"],
            );
            git(remote.directory.path(), &["clone", "--quiet", "remote.git", "seed"]);
            let seed = remote.directory.path().join("seed");
            fs::write(seed.join("fondaco.yaml"), "kind: Mirror\n").unwrap();
            git(&seed, &["add", "."]);
            git(&seed, &["commit", "--quiet", "--message=Start"]);
            git(&seed, &["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
            remote
        }

        pub(in super::super) fn bare(&self) -> std::path::PathBuf {
            self.directory.path().join("remote.git")
        }

        pub(in super::super) fn path(&self, name: &str) -> std::path::PathBuf {
            self.directory.path().join(name)
        }

        pub(in super::super) fn clone_as(&self, name: &str) -> Repository {
            git(self.directory.path(), &["clone", "--quiet", "remote.git", name]);
            Repository::open(&self.path(name)).unwrap()
        }

        pub(in super::super) fn tip(&self) -> CommitId {
            Repository::open(&self.bare()).unwrap().resolve("refs/heads/main").unwrap()
        }

        /// Writes a hook of the remote.
        pub(in super::super) fn hook(&self, name: &str, script: &str) {
            executable(&self.bare().join("hooks").join(name), script);
        }
    }

    pub(in super::super) fn executable(path: &Path, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(in super::super) fn git(directory: &Path, arguments: &[&str]) {
        let status = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(arguments)
            .current_dir(directory)
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "git {arguments:?}");
    }

    pub(in super::super) fn changes(files: &[(&str, &str)]) -> BTreeMap<String, Option<Vec<u8>>> {
        files.iter().map(|(path, text)| ((*path).to_owned(), Some(text.as_bytes().to_vec()))).collect()
    }

    pub(in super::super) fn author() -> Author {
        let at = "2026-11-21T00:00:00Z".parse().unwrap();
        Author { name: "Fondaco".into(), email: "fondaco@example.org".into(), at }
    }

    pub(in super::super) fn commit(on: &Repository, base: &CommitId, files: &[(&str, &str)]) -> CommitId {
        on.commit(base, &changes(files), "Record evidence", &author()).unwrap()
    }
}

use fixture::{Remote, author, changes, commit, git};

#[test]
fn a_commit_is_written_without_a_work_tree_and_read_back() {
    let remote = Remote::new();
    let store = Repository::open(&remote.bare()).unwrap();
    let base = remote.tip();
    let first =
        commit(&store, &base, &[("evidence/a/x.json", "1"), ("evidence/a/y.json", "2"), ("e.txt", "é")]);
    assert_eq!(
        first,
        commit(&store, &base, &[("evidence/a/x.json", "1"), ("evidence/a/y.json", "2"), ("e.txt", "é")])
    );
    let mut removal = changes(&[("evidence/b.json", "3")]);
    removal.insert("evidence/a/x.json".into(), None);
    removal.insert("evidence/a/y.json".into(), None);
    removal.insert("never/there".into(), None);
    let second = store.commit(&first, &removal, "Remove", &author()).unwrap();
    let files = store.read(&second, &|path| path != "e.txt").unwrap();
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["evidence/b.json", "fondaco.yaml"]);
    assert_eq!(store.read(&first, &|path| path == "e.txt").unwrap()["e.txt"], "é".as_bytes());
    assert_eq!(store.author_of(&second).unwrap(), author());
    assert!(store.is_ancestor(&base, &second).unwrap() && !store.is_ancestor(&second, &base).unwrap());
    assert_eq!(remote.tip(), base, "no branch has moved");
}

#[test]
fn nothing_changed_means_no_commit() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    let base = remote.tip();
    let mut same = changes(&[("fondaco.yaml", "kind: Mirror\n")]);
    same.insert("gone".into(), None);
    assert_eq!(repository.commit(&base, &same, "Nothing", &author()).unwrap(), base);
}

#[test]
fn a_file_in_the_way_of_a_directory_is_an_error() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    let clash = changes(&[("fondaco.yaml/x", "1")]);
    let error = repository.commit(&remote.tip(), &clash, "Clash", &author()).unwrap_err();
    assert!(matches!(error, GitError::Objects { .. }), "{error}");
}

#[test]
fn links_and_submodules_are_skipped() {
    let remote = Remote::new();
    let seed = remote.path("seed");
    std::os::unix::fs::symlink("/etc/passwd", seed.join("link.yaml")).unwrap();
    git(&seed, &["add", "."]);
    let tip = remote.tip().to_string();
    git(&seed, &["update-index", "--add", "--cacheinfo", &format!("160000,{tip},module.yaml")]);
    git(&seed, &["commit", "--quiet", "--message=Links"]);
    let repository = Repository::open(&seed).unwrap();
    let files = repository.read(&repository.head().unwrap(), &|_| true).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["fondaco.yaml"]);
}

#[test]
fn the_loser_of_a_race_replays_on_the_new_tip() {
    let remote = Remote::new();
    let (ours, theirs) = (remote.clone_as("ours"), remote.clone_as("theirs"));
    let base = ours.fetch("origin", "main").unwrap().unwrap();
    let first = commit(&theirs, &base, &[("images/web.yaml", "kind: ImageSet\n")]);
    assert_eq!(theirs.push("origin", "main", &first, &base).unwrap(), Push::Done);
    let lost = commit(&ours, &base, &[("evidence/a.json", "1")]);
    assert_eq!(ours.push("origin", "main", &lost, &base).unwrap(), Push::Lost);
    assert_eq!(remote.tip(), first, "a lost race changes nothing");
    let tip = ours.fetch("origin", "main").unwrap().unwrap();
    assert_eq!(tip, first);
    let replayed = commit(&ours, &tip, &[("evidence/a.json", "1")]);
    assert_eq!(ours.push("origin", "main", &replayed, &tip).unwrap(), Push::Done);
    assert_eq!(ours.push("origin", "main", &replayed, &tip).unwrap(), Push::Done, "once more is harmless");
    let files = ours.read(&remote.tip(), &|_| true).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["evidence/a.json", "fondaco.yaml", "images/web.yaml"]);
}

#[test]
fn a_race_lost_inside_the_remote_is_lost_too() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    let base = remote.tip();
    let other = commit(&Repository::open(&remote.bare()).unwrap(), &base, &[("other", "1")]);
    // Between the check of the old value and the update, somebody else's push is done.
    remote.hook("update", &format!("git update-ref refs/heads/main {other}"));
    let ours = commit(&repository, &base, &[("ours", "1")]);
    assert_eq!(repository.push("origin", "main", &ours, &base).unwrap(), Push::Lost);
    assert_eq!(remote.tip(), other);
}

#[test]
fn a_branch_that_people_took_back_is_not_brought_forward_again() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    let first = remote.tip();
    let base = commit(&repository, &first, &[("regretted", "1")]);
    assert_eq!(repository.push("origin", "main", &base, &first).unwrap(), Push::Done);
    let ours = commit(&repository, &base, &[("ours", "1")]);
    git(&remote.bare(), &["update-ref", "refs/heads/main", first.as_str()]);
    assert_eq!(repository.push("origin", "main", &ours, &base).unwrap(), Push::Lost);
    assert_eq!(remote.tip(), first);
    git(&remote.bare(), &["update-ref", "-d", "refs/heads/main"]);
    assert_eq!(repository.push("origin", "main", &ours, &base).unwrap(), Push::Lost);
    assert_eq!(repository.fetch("origin", "main").unwrap(), None);
}

#[test]
fn a_hook_that_declines_is_an_error_with_its_words() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    let base = remote.tip();
    remote.hook("pre-receive", "echo 'main is protected, see https://bot:secret@forge.example/'; exit 1");
    let ours = commit(&repository, &base, &[("ours", "1")]);
    let error = repository.push("origin", "main", &ours, &base).unwrap_err();
    assert!(matches!(error, GitError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("main is protected"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn history_is_never_rewritten() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    let base = remote.tip();
    let (left, right) =
        (commit(&repository, &base, &[("l", "1")]), commit(&repository, &base, &[("r", "1")]));
    let error = repository.push("origin", "main", &right, &left).unwrap_err();
    assert!(matches!(error, GitError::Rewrite { .. }), "{error}");
    assert_eq!(remote.tip(), base);
}

#[test]
fn what_is_missing_is_told_apart() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    assert_eq!(repository.fetch("origin", "evidence").unwrap(), None);
    let error = repository.fetch("upstream", "main").unwrap_err();
    assert!(matches!(error, GitError::NoRemote { .. }), "{error}");
    assert!(matches!(repository.resolve("no-such-thing"), Err(GitError::NoCommit { .. })));
    let nowhere = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::open(nowhere.path()), Err(GitError::NoRepository { .. })));
    git(nowhere.path(), &["init", "--quiet"]);
    let empty = Repository::open(nowhere.path()).unwrap();
    assert!(matches!(empty.head(), Err(GitError::NoCommit { .. })));
}

#[test]
fn a_repository_is_found_from_within() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    fs::create_dir_all(repository.root().join("images/deep")).unwrap();
    assert_eq!(Repository::open(&repository.root().join("images/deep")).unwrap(), repository);
}

#[test]
fn settings_of_a_hostile_checkout_start_nothing() {
    let remote = Remote::new();
    let repository = remote.clone_as("a");
    let root = repository.root().to_owned();
    let mark = remote.path("started");
    let script = remote.path("evil");
    fixture::executable(&script, &format!("touch '{}'", mark.display()));
    let script = script.display().to_string();
    let hooks = remote.path("hooks");
    for hook in ["pre-push", "reference-transaction", "pre-auto-gc"] {
        fixture::executable(&hooks.join(hook), &format!("touch '{}'", mark.display()));
        fixture::executable(&root.join(".git/hooks").join(hook), &format!("touch '{}'", mark.display()));
    }
    git(&root, &["config", "core.fsmonitor", &script]);
    git(&root, &["config", "core.hooksPath", &hooks.display().to_string()]);
    git(&root, &["config", "protocol.ext.allow", "always"]);
    git(&root, &["config", "remote.evil.url", &format!("ext::{script}")]);
    let base = repository.fetch("origin", "main").unwrap().unwrap();
    let ours = commit(&repository, &base, &[("ours", "1")]);
    assert_eq!(repository.push("origin", "main", &ours, &base).unwrap(), Push::Done);
    assert!(repository.fetch("evil", "main").is_err());
    assert!(!mark.exists(), "a setting of the checkout ran a program");
}

#[test]
fn a_shallow_checkout_of_a_ci_system_is_enough() {
    let remote = Remote::new();
    let first = remote.tip();
    let seed = Repository::open(&remote.path("seed")).unwrap();
    let second = commit(&seed, &first, &[("x", "1")]);
    assert_eq!(seed.push("origin", "main", &second, &first).unwrap(), Push::Done);
    let url = format!("file://{}", remote.bare().display());
    git(remote.path("seed").parent().unwrap(), &["clone", "--quiet", "--depth=1", &url, "shallow"]);
    let shallow = Repository::open(&remote.path("shallow")).unwrap();
    let base = shallow.fetch("origin", "main").unwrap().unwrap();
    let ours = commit(&shallow, &base, &[("ours", "1")]);
    assert_eq!(shallow.push("origin", "main", &ours, &base).unwrap(), Push::Done);
    assert_eq!(remote.tip(), ours);
}
