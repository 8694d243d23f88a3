//! The program itself: `fondaco key`, and what other programs get to see of its secrets.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use fondaco::trust::sign::{KeyFile, OrgSigner as _, SECRETS};

fn fondaco(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.args(arguments).current_dir(folder).env("HOME", folder).env("CI", "true");
    command.env("FONDACO_KEY_PASSWORD", "horse battery").env_remove("COSIGN_PASSWORD");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    fondaco(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn mirror(signing: &str) -> String {
    format!(
        "apiVersion: fondaco/v1alpha1\nkind: Mirror\nmetadata: {{name: acme}}\nspec:\n  registry: r.acme.example\n{signing}"
    )
}

#[test]
fn a_key_is_created_shown_and_rotated_without_losing_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let created = run(folder, &["key", "create", "keys/acme"]);
    assert_eq!(created.status.code(), Some(0), "{}", text(&created.stderr));
    let lines = "  signing:\n    key: keys/acme.key\n    public: keys/acme.pub\n";
    assert!(text(&created.stdout).ends_with(lines), "{}", text(&created.stdout));
    assert_eq!(run(folder, &["key", "create", "keys/acme"]).status.code(), Some(1), "never overwritten");
    let mode = fs::metadata(folder.join("keys/acme.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    fs::write(folder.join("fondaco.yaml"), mirror(lines)).unwrap();
    let shown = run(folder, &["key", "show", "--output", "json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let pem = fs::read_to_string(folder.join("keys/acme.pub")).unwrap();
    let fingerprint = shown["public"]["fingerprint"].as_str().unwrap();
    assert_eq!(shown["public"]["pem"], pem);
    assert_eq!((&shown["kind"], &shown["written"]), (&"key".into(), &"fondaco.yaml:6".into()));
    assert!(text(&created.stdout).contains(fingerprint));

    let rotated = run(folder, &["key", "rotate", "--until", "2027-03-31", "--output", "json"]);
    assert_eq!(rotated.status.code(), Some(0), "{}", text(&rotated.stderr));
    let rotated: serde_json::Value = serde_json::from_slice(&rotated.stdout).unwrap();
    let previous = format!("keys/acme-{}.pub", &fingerprint["sha256:".len()..][..8]);
    assert_eq!(rotated["previous"], previous);
    assert_eq!(fs::read_to_string(folder.join(&previous)).unwrap(), pem);
    let sealed = fs::read(folder.join(rotated["key"].as_str().unwrap())).unwrap();
    let new = KeyFile::open(&sealed, b"horse battery").unwrap();
    assert_eq!(rotated["fingerprint"], new.key_digest().to_string());

    fs::write(folder.join("fondaco.yaml"), mirror(rotated["block"].as_str().unwrap())).unwrap();
    let shown = text(&run(folder, &["key", "show"]).stdout);
    assert!(shown.contains(&format!("previous     {previous} until 2027-03-31, {fingerprint}\n")), "{shown}");
    assert!(shown.ends_with(&new.public_pem()), "{shown}");
    assert_eq!(run(folder, &["key", "rotate"]).status.code(), Some(0), "a second time");
}

#[test]
fn mistakes_of_people_end_with_the_code_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let without =
        fondaco(folder, &["key", "create", "keys/acme"]).env_remove("FONDACO_KEY_PASSWORD").output();
    assert_eq!(without.unwrap().status.code(), Some(64));
    fs::write(folder.join("fondaco.yaml"), mirror("  signing: {key: keys/acme.key}\n")).unwrap();
    let shown = run(folder, &["key", "show"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(text(&shown.stderr).contains("public key `keys/acme.pub`"), "{}", text(&shown.stderr));
    fs::write(folder.join("fondaco.yaml"), mirror("  signing: {}\n")).unwrap();
    assert_eq!(run(folder, &["key", "show"]).status.code(), Some(65));
    fs::write(folder.join("fondaco.yaml"), mirror("  signing: {key: keys/acme.key}\n")).unwrap();
    run(folder, &["key", "create", "keys/acme"]);
    assert_eq!(run(folder, &["key", "rotate", "--until", "soon"]).status.code(), Some(64));
    let error = text(&run(folder, &["key", "rotate", "--until", "soon"]).stderr);
    assert!(!error.contains("horse battery"), "{error}");
}

/// A `git` that writes down what it gets to see stands in for every program that a run starts: hooks of remotes,
/// credential helpers and SSH get what `git` gets.
#[test]
fn other_programs_see_no_secret_and_no_core_is_dumped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let programs = folder.join("bin");
    fs::create_dir_all(&programs).unwrap();
    let seen = folder.join("seen");
    let script = format!("#!/bin/sh\n{{ env; cat /proc/self/limits; }} >>'{}'\nexit 1\n", seen.display());
    fs::write(programs.join("git"), script).unwrap();
    fs::set_permissions(programs.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let author = fondaco::git::Author {
        name: "test".into(),
        email: "test@example.org".into(),
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
    };
    let manifests = folder.join("manifests");
    let repository = fondaco::git::Repository::init(&manifests, &folder.join("remote.git"), "main").unwrap();
    let files = [("fondaco.yaml".to_owned(), mirror("  signing: {key: acme.key}\n").into_bytes())];
    let commit = repository.commit_root(&files.into(), "Begin", &author).unwrap();
    repository.publish("origin", "main", &commit).unwrap();
    repository.check_out("main", &commit).unwrap();
    let mut command = fondaco(folder, &["doctor", "--repository", "manifests"]);
    #[expect(clippy::disallowed_methods, reason = "the stand-in comes before the programs that are there")]
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", programs.display())).env("UNRELATED", "seen");
    for name in SECRETS {
        command.env(name, format!("secret of {name}"));
    }
    let output = command.output().unwrap();
    let seen =
        fs::read_to_string(&seen).unwrap_or_else(|_| panic!("git was not run: {}", text(&output.stderr)));
    assert!(seen.contains("UNRELATED=seen"));
    assert!(!seen.contains("secret of "), "{seen}");
    let core = seen.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(
        core.split_whitespace().collect::<Vec<_>>(),
        ["Max", "core", "file", "size", "0", "0", "bytes"]
    );
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!said.contains("secret of "), "{said}");
}
