//! The demo as a newcomer runs it, and the committed example, which is the demo's own evidence byte for byte.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/example-repo");

fn run(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.args(["demo", "--output", "json"]).arg(folder).env("CI", "true").output().unwrap()
}

fn files(root: &Path, below: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path: PathBuf = below.join(entry.file_name());
        if entry.file_name() == ".git" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            files(root, &path, found);
        } else {
            found.insert(path.display().to_string(), fs::read(entry.path()).unwrap());
        }
    }
}

fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    files(root, Path::new(""), &mut found);
    found
}

#[test]
fn the_demo_shows_each_verdict_and_regenerates_the_committed_example() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("demo");
    let output = run(&root);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let consumers =
        shown["first"]["images"].as_array().unwrap().iter().flat_map(|i| i["consumers"].as_array().unwrap());
    let verdicts: Vec<&str> = consumers.map(|consumer| consumer["verdict"].as_str().unwrap()).collect();
    for wanted in ["cleared", "held", "refused"] {
        assert!(verdicts.contains(&wanted), "{wanted} in {verdicts:?}");
    }
    assert_eq!(shown["first"]["commits"].as_array().unwrap().len(), 2);
    assert_eq!(shown["second"]["commits"].as_array().unwrap().len(), 0, "a second run does nothing");
    compare(&tree(&root.join("manifests")), &tree(Path::new(EXAMPLE)));
}

/// Compares the demo's repository with the committed one; `UPDATE=1` rewrites the latter.
fn compare(made: &BTreeMap<String, Vec<u8>>, committed: &BTreeMap<String, Vec<u8>>) {
    if std::env::var_os("UPDATE").is_some() {
        for path in committed.keys().filter(|path| !made.contains_key(*path)) {
            fs::remove_file(Path::new(EXAMPLE).join(path)).unwrap();
        }
        for (path, bytes) in made {
            let path = Path::new(EXAMPLE).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        return;
    }
    let paths: std::collections::BTreeSet<&String> = made.keys().chain(committed.keys()).collect();
    let differing: Vec<&&String> =
        paths.iter().filter(|path| made.get(**path) != committed.get(**path)).collect();
    assert!(differing.is_empty(), "run `UPDATE=1 cargo test` and review the difference in {differing:#?}");
}

#[test]
fn a_folder_that_exists_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "precious").unwrap();
    let output = run(folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(tree(folder.path()).into_keys().collect::<Vec<_>>(), ["mine"]);
}
