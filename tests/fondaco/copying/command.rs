//! `fondaco copy` as a process.

use std::process::{Command, Output};

use serde_json::Value;

use super::*;
use crate::fake::{Fake, Options};

/// Runs the program in an empty folder, or the one given, speaking plain HTTP to these registries.
fn fondaco(folder: &std::path::Path, fakes: &[&Fake], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
    command.current_dir(folder).env("HOME", folder).env_remove("FONDACO_REPOSITORY").arg("copy");
    for fake in fakes {
        command.args(["--plain-http", &fake.address]);
    }
    command.args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn one_image_is_copied_and_then_found_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
    let digest = image(&up, "team/app", &[b"base", b"own"]);
    let (source, target) = (format!("{}/team/app:v1", up.address), format!("{}/mirror/app", down.address));
    let first = fondaco(folder.path(), &[&up, &down], &[&source, &target]);
    assert_eq!(code(&first), 0, "{}", text(&first.stderr));
    assert_eq!(text(&first.stdout).split(' ').next(), Some("copied"));
    assert_eq!(down.tag("mirror/app", "v1"), Some(digest.clone()));
    let second = fondaco(folder.path(), &[&up, &down], &[&source, &target, "--output", "json"]);
    let report: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(report["copies"][0]["outcome"], "present");
    assert_eq!(report["copies"][0]["digest"], digest.to_string());
    assert_eq!(report["usage"][&down.address]["groups"]["look"], 1);
}

/// A signature beside the image goes along, unless it is left behind.
#[test]
fn what_lies_beside_an_image_goes_along() {
    let folder = tempfile::tempdir().unwrap();
    for (switch, kept) in [(None, true), (Some("--no-companions"), false)] {
        let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
        let digest = image(&up, "app", &[b"base"]);
        image(&up, "app", &[b"base", b"a signature"]);
        let signature = up.tag("app", "v1").unwrap();
        let tag = format!("{}.sig", digest.dashed());
        let bytes = up.stored("app", &signature).unwrap();
        up.manifest("app", &tag, media_type::OCI_MANIFEST, bytes);
        let source = format!("{}/app@{digest}", up.address);
        let target = format!("{}/app:stable", down.address);
        let arguments: Vec<&str> = [source.as_str(), target.as_str()].into_iter().chain(switch).collect();
        let output = fondaco(folder.path(), &[&up, &down], &arguments);
        assert_eq!(code(&output), 0, "{}", text(&output.stdout));
        assert_eq!(down.tag("app", "stable"), Some(digest));
        assert_eq!(down.tag("app", &tag), kept.then_some(signature), "{switch:?}");
    }
}

#[test]
fn layouts_and_archives_are_sources_and_targets() {
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
    let digest = image(&up, "app", &[b"base", b"own"]);
    let (source, target) = (format!("{}/app:v1", up.address), format!("{}/app:v1", down.address));
    for (from, to) in [
        (source.as_str(), "oci:layout:v1"),
        ("oci:layout:v1", "oci-archive:a.tar:v1"),
        ("oci-archive:a.tar:v1", &target),
    ] {
        let output = fondaco(folder.path(), &[&up, &down], &[from, to]);
        assert_eq!(code(&output), 0, "{from} {to} {}{}", text(&output.stdout), text(&output.stderr));
    }
    assert_eq!(down.tag("app", "v1"), Some(digest));
}

#[test]
fn a_list_is_copied_by_one_plan_and_some_failures_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
    for name in ["one", "two"] {
        image(&up, name, &[b"base", name.as_bytes()]);
    }
    let (from, to) = (&up.address, &down.address);
    let list = format!(
        "# images\n{from}/one:v1 {to}/one:stable\n\n{from}/two:v1\t{to}/two # the second\n{from}/none:v1 {to}/none\n"
    );
    std::fs::write(folder.path().join("list"), list).unwrap();
    let output = fondaco(folder.path(), &[&up, &down], &["--from", "list"]);
    assert_eq!(code(&output), 4, "{}", text(&output.stderr));
    let expected =
        format!("failed   {to}/none from {from}/none:v1: manifest `none:v1` does not exist at `{from}`");
    assert_eq!(text(&output.stdout).lines().last(), Some(expected.as_str()));
    assert_eq!(
        (down.tag("one", "stable"), down.tag("two", "v1")),
        (up.tag("one", "v1"), up.tag("two", "v1"))
    );
    assert_eq!(down.counts()["POST mount"], 1);
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(Options::default());
    std::fs::write(folder.path().join("list"), "a.example/x b.example/y\nonly-one\n").unwrap();
    let digest = Digest::sha256(b"x");
    let pinned = format!("b.example/y@{digest}");
    for arguments in [
        &["a.example/x"][..],
        &["A", "b"],
        &["a.example/x", &pinned],
        &["--from", "list"],
        &["--from", "absent"],
    ] {
        let output = fondaco(folder.path(), &[&fake], arguments);
        assert_eq!(code(&output), 64, "{arguments:?} {}", text(&output.stderr));
    }
    assert_eq!(fake.counts(), [].into());
}

const MANIFESTS: &str = "apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {name: m}
spec: {registry: mirror.example, signing: {key: keys/k}}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: mirror}
spec: {host: mirror.example, layout: layouts}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {name: base}
spec: {images: [{image: upstream.example/app, tags: [\"1\"]}]}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {name: payments}
spec: {target: mirror.example/payments, images: [base]}
";

#[test]
fn a_distribution_only_receives_what_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fondaco.yaml"), MANIFESTS).unwrap();
    let up = Fake::start(Options::default());
    image(&up, "app", &[b"base"]);
    let source = format!("{}/app:v1", up.address);
    for target in ["mirror.example/payments/app", "mirror.example/payments"] {
        let output = fondaco(folder.path(), &[&up], &[&source, target]);
        assert_eq!(code(&output), 64);
        let words = "a distribution only receives what a pushed verdict clears";
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
    assert_eq!(up.counts(), [].into());
    let beside = fondaco(folder.path(), &[&up], &[&source, "mirror.example/payments-archive/app"]);
    assert_eq!(code(&beside), 0, "{}", text(&beside.stderr));
}

/// A file may not grow over 64 KiB, as on a full disk.
#[test]
fn a_full_disk_is_told_and_names_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fondaco.yaml"), MANIFESTS).unwrap();
    let up = Fake::start(Options::default());
    image(&up, "app", &[&vec![7; 300_000]]);
    let program = env!("CARGO_BIN_EXE_fondaco");
    let script = format!(
        "trap '' XFSZ; ulimit -f 128; exec {program} copy --plain-http {} {}/app:v1 mirror.example/other/app",
        up.address, up.address
    );
    let mut command = Command::new("sh");
    let output =
        command.args(["-c", &script]).current_dir(folder.path()).env("HOME", folder.path()).output().unwrap();
    assert_eq!(code(&output), 75, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("`mirror.example` failed at blob"), "{}", text(&output.stdout));
    let layout = folder.path().join("layouts/other/app");
    assert!(!layout.join("index.json").exists());
    let left = std::fs::read_dir(layout.join(".incoming")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}
