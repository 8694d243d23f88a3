//! `fondaco trust refresh` as a process: what it prints and how it ends.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use super::{
    newer_and_older,
    tuf::{Server, Tuf},
};

fn fondaco(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.current_dir(folder).env("HOME", folder).env_remove("FONDACO_REPOSITORY");
    command.args(["trust", "refresh"]).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_private_repository_is_fetched_checked_and_mistrusted() {
    let folder = tempfile::tempdir().unwrap();
    let mut tuf = Tuf::new(&newer_and_older().1);
    fs::write(folder.path().join("root.json"), tuf.bootstrap()).unwrap();
    let server = Server::start(tuf.publish());
    let out = "trust/own.trusted_root.json";
    let arguments = ["--url", server.address.as_str(), "--root", "root.json", "--out", out];
    let ran = |more: &[&str]| {
        let output = fondaco(folder.path(), &[&arguments[..], more].concat());
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let (code, stdout, _) = ran(&["--check"]);
    assert!(code == 2 && stdout.starts_with(&format!("{out}: would be created, ")), "{code} {stdout}");
    assert!(!folder.path().join("trust").exists());
    let (code, stdout, stderr) = ran(&[]);
    assert!(code == 0 && stdout.starts_with(&format!("{out}: created, ")), "{code} {stdout} {stderr}");
    let (code, stdout, _) = ran(&["--output", "json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["outcome"], &report["written"]), (0, &"unchanged".into(), &false.into()));

    tuf.sign_with_stranger("timestamp");
    server.serve(tuf.publish());
    let (code, stdout, stderr) = ran(&[]);
    assert!(
        code == 5 && stdout.is_empty() && stderr.contains("is not to be trusted"),
        "{code} {stdout} {stderr}"
    );
}

#[test]
fn a_repository_that_does_not_answer_is_tried_again_later() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("root.json"), Tuf::new("{}").bootstrap()).unwrap();
    let arguments = ["--url", "http://127.0.0.1:9", "--root", "root.json", "--out", "own.trusted_root.json"];
    let output = fondaco(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
}

#[test]
fn the_embedded_root_needs_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let output = fondaco(folder.path(), &["--offline", "--instance", "github"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(folder.path().join("trust/github.trusted_root.json").is_file());
    let usage = fondaco(folder.path(), &["--url", "http://127.0.0.1:9"]);
    assert_eq!(usage.status.code(), Some(64), "without --root and --out");
}
