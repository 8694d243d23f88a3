//! The shape of the code, read from its sources: what deciding modules may not touch, and who alone may touch what.

use std::{
    fs,
    path::{Path, PathBuf},
};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// Modules that do no I/O, never await, read neither clock nor environment (rule 5 of the design).
const PURE: [&str; 13] = [
    "model",
    "manifest",
    "catalogue",
    "scan",
    "gate",
    "plan",
    "evidence",
    "render",
    "advisory/format",
    "advisory/versions",
    "trust/notation",
    "trust/predicate",
    "ui/report",
];

const IMPURE: [&str; 14] = [
    ".await",
    "async fn",
    "tokio",
    "reqwest",
    "git2::",
    "std::fs",
    "fs::read",
    "fs::write",
    "std::net",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant::now",
    "rand::",
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the code of a file without comments and without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.file_stem().is_some_and(|stem| {
            let stem = stem.to_string_lossy();
            stem == "tests" || stem.ends_with("_tests") || stem == "sample" || stem.ends_with("fixtures")
        })
}

fn check(folders: &[&str], forbidden: &[&str], except: &[&str]) -> Vec<String> {
    let mut broken = vec![];
    for folder in folders {
        for path in rust_files(&Path::new(SOURCES).join(folder)) {
            let name = path.strip_prefix(SOURCES).unwrap().display().to_string();
            if is_test(&path) || except.iter().any(|allowed| name.starts_with(allowed)) {
                continue;
            }
            let code = code(&path);
            let words = forbidden.iter().filter(|word| code.contains(**word));
            broken.extend(words.map(|word| format!("{name} uses `{word}`")));
        }
    }
    broken
}

#[test]
fn deciding_is_pure() {
    let broken = check(&PURE, &IMPURE, &[]);
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn one_module_alone_touches_each_outside_thing() {
    let cases: [(&[&str], &[&str]); 5] = [
        (&["println!", "eprintln!"], &["ui/"]),
        (&["std::env::var", "env::var("], &["cli/env.rs"]),
        (&["git2::"], &["git/"]),
        (&["serde_yaml"], &["advisory/format/", "manifest/"]),
        (&["reqwest::"], &["registry/"]),
    ];
    for (words, owners) in cases {
        let broken = check(&[""], words, owners);
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

/// Returns the files, tests excepted, whose code holds one of these words.
fn users(words: &[&str]) -> Vec<String> {
    let files = rust_files(Path::new(SOURCES)).into_iter().filter(|path| !is_test(path));
    let uses = |path: &PathBuf| {
        let code = code(path);
        words.iter().any(|word| code.contains(word))
    };
    files.filter(uses).map(|path| path.strip_prefix(SOURCES).unwrap().display().to_string()).collect()
}

/// Rule 9: nothing is deleted without a reviewed document. A DELETE is sent in two places, one of which closes upload
/// sessions; the other is reached through the trait alone, and that by a withdrawal that a document
/// asks for and by `fondaco doctor` for what it wrote itself.
#[test]
fn nothing_is_deleted() {
    let senders = users(&["Method::DELETE", ".delete("]);
    assert_eq!(senders, ["registry/http/delete.rs", "registry/http/sessions.rs"]);
    let callers = users(&[".manifest_delete("]);
    assert_eq!(callers, ["registry/http/mod.rs"]);
    let callers = users(&[".delete_manifest("]);
    assert_eq!(callers, ["reconcile/withdraw.rs", "registry/probe/delete.rs", "registry/probe/site.rs"]);
}

/// Rule 12: nobody is contacted whom the manifests or an argument do not name. Besides registries these are services that
/// signing names, sources of advisories that the mirror names, which only their import asks, and TUF repositories: they are
/// spoken to in one file, and only the command that a person runs for it comes there.
#[test]
fn runs_contact_no_trust_root() {
    let callers = users(&["Service::new("]);
    let expected = [
        "cli/advisories/import.rs",
        "trust/root/tuf.rs",
        "trust/sign/log.rs",
        "trust/sign/timestamp.rs",
        "trust/sign/transit.rs",
    ];
    assert_eq!(callers, expected);
    assert_eq!(users(&["tuf::visit("]), ["trust/root/refresh.rs"]);
    assert_eq!(users(&["refresh::fetch("]), ["cli/trust/refresh.rs"]);
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = rust_files(Path::new(SOURCES))
        .into_iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > 500).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
