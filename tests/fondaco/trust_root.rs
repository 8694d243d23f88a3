//! `fondaco trust refresh` against a TUF repository on loopback that does what attackers do.
//!
//! The repository is made here, with keys of its own; the attacks are those of the TUF specification, section 1.5.2.

mod mirror;
mod offline;
mod program;
mod tuf;
mod warned;

use std::{collections::BTreeMap, fs, path::Path};

use fondaco::{
    model::{Instant, Kind},
    registry::Transport,
    trust::root::{
        Instance, RootError,
        refresh::{self, Became, Bootstrap, Origin, Refreshed},
    },
};
use serde_json::Value;
use tuf::{Answer, Server, Tuf};

pub(crate) const NOW: &str = "2026-11-21T00:00:00Z";

fn now() -> Instant {
    NOW.parse().unwrap()
}

/// Returns GitHub's trust root, and the one of half a year before.
pub(crate) fn newer_and_older() -> (String, String) {
    let newer = Instance::Github.embedded().unwrap().text().to_owned();
    let mut older: Value = serde_json::from_str(&newer).unwrap();
    for part in ["certificateAuthorities", "timestampAuthorities"] {
        older[part].as_array_mut().unwrap().pop();
    }
    (newer, older.to_string())
}

fn fetch(server: &Server, bootstrap: &[u8], path: &Path) -> Result<Refreshed, RootError> {
    let origin = Origin { address: &server.address, bootstrap: Bootstrap::Root(bootstrap) };
    let transport = Transport::default();
    let fetched = refresh::fetch(path, origin, &transport, now(), false);
    tokio::runtime::Runtime::new().unwrap().block_on(fetched)
}

/// Returns every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn a_root_is_fetched_and_then_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trust/own.trusted_root.json");
    let (newer, older) = newer_and_older();
    let mut tuf = Tuf::new(&older);
    let server = Server::start(tuf.publish());
    let first = fetch(&server, &tuf.bootstrap(), &path).unwrap();
    assert_eq!((first.became, first.changes.added.len()), (Became::Created, 10));
    let written = files(path.parent().unwrap());
    assert_eq!(written.keys().collect::<Vec<_>>(), ["own.trusted_root.json", "own.tuf.json"]);
    let value: Value = serde_json::from_slice(&written["own.trusted_root.json"]).unwrap();
    assert_eq!(value, serde_json::from_str::<Value>(&older).unwrap());

    // A new timestamp alone is no news.
    tuf.timestamp += 7;
    server.serve(tuf.publish());
    let second = fetch(&server, &tuf.bootstrap(), &path).unwrap();
    assert!(!second.is_news() && second.changes.is_empty());
    assert_eq!(files(path.parent().unwrap()), written);

    tuf.target(&newer);
    server.serve(tuf.publish());
    let third = fetch(&server, &tuf.bootstrap(), &path).unwrap();
    assert_eq!(
        (third.became, third.changes.added.len(), third.changes.removed.len()),
        (Became::Changed, 2, 0)
    );
    assert!(third.text().contains("\n  + certificate authority fulcio.githubapp.com ("), "{}", third.text());
    let record: Value = serde_json::from_slice(&files(path.parent().unwrap())["own.tuf.json"]).unwrap();
    assert_eq!((&record["checked"], &record["roles"]["targets"]["version"]), (&NOW.into(), &2.into()));
}

#[test]
fn a_chain_of_roots_is_followed_to_new_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.trusted_root.json");
    let mut tuf = Tuf::new(&newer_and_older().1);
    let bootstrap = tuf.bootstrap();
    tuf.rotate(&["root", "timestamp", "snapshot", "targets"]);
    tuf.rotate(&["root"]);
    let server = Server::start(tuf.publish());
    assert_eq!(fetch(&server, &bootstrap, &path).unwrap().became, Became::Created);
    // Object stores answer 403 for what is not there.
    server.set("4.root.json", Answer::Status(403));
    assert_eq!(fetch(&server, &bootstrap, &path).unwrap().became, Became::Unchanged);
}

#[test]
fn a_passing_failure_is_asked_about_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.trusted_root.json");
    let tuf = Tuf::new(&newer_and_older().1);
    let server = Server::start(tuf.publish());
    server.stumble("timestamp.json", 503);
    assert_eq!(fetch(&server, &tuf.bootstrap(), &path).unwrap().became, Became::Created);
    let asked = server.log();
    assert_eq!(asked.iter().filter(|path| *path == "timestamp.json").count(), 2, "{asked:?}");
    let all = asked.len();
    // 401 is an answer.
    server.set("timestamp.json", Answer::Status(401));
    let error = fetch(&server, &tuf.bootstrap(), &path).unwrap_err();
    assert_eq!(error.kind(), Kind::Denied, "{error}");
    let asked = server.log().split_off(all);
    assert_eq!(asked.iter().filter(|path| *path == "timestamp.json").count(), 1, "{asked:?}");
}

/// What is done to a repository, by the attack's name, and what is said of it.
type Attack = (&'static str, fn(&mut Tuf, &Server), Kind, &'static str);

const ATTACKS: [Attack; 15] = [
    (
        "expired timestamp (freeze)",
        |tuf, server| {
            tuf.expire("timestamp");
            server.serve(tuf.publish());
        },
        Kind::Mismatch,
        "expired",
    ),
    (
        "expired root",
        |tuf, server| {
            tuf.expire("root");
            server.serve(tuf.publish());
        },
        Kind::Mismatch,
        "expired",
    ),
    (
        "arbitrary metadata: signature by another key",
        |tuf, server| {
            tuf.sign_with_stranger("snapshot");
            server.serve(tuf.publish());
        },
        Kind::Mismatch,
        "threshold not met",
    ),
    (
        "root of another repository",
        |_, server| {
            let other = Tuf::new(&newer_and_older().0);
            server.serve(other.publish());
        },
        Kind::Mismatch,
        "threshold not met",
    ),
    (
        "next root that the last one did not sign",
        |tuf, server| {
            let mut other = Tuf::new(&newer_and_older().0);
            other.rotate(&["root"]);
            server.serve(tuf.publish());
            server.set("2.root.json", Answer::Bytes(other.publish()["2.root.json"].clone()));
        },
        Kind::Mismatch,
        "threshold not met",
    ),
    (
        "target with another hash",
        |_, server| {
            server.change("trusted_root.json", |bytes| bytes[40] ^= 1);
        },
        Kind::Mismatch,
        "integrity check failed",
    ),
    (
        "mix and match: snapshot of another version",
        |tuf, server| {
            let before = tuf.publish();
            tuf.target(&newer_and_older().0);
            server.serve(tuf.publish());
            server.set("2.snapshot.json", Answer::Bytes(before["1.snapshot.json"].clone()));
        },
        Kind::Mismatch,
        "",
    ),
    (
        "endless metadata",
        |_, server| server.set("timestamp.json", Answer::Endless),
        Kind::Invalid,
        "more than 16384 bytes",
    ),
    (
        "endless target",
        |_, server| server.set("trusted_root.json", Answer::Endless),
        Kind::Invalid,
        "more than ",
    ),
    (
        "target that is announced as huge",
        |tuf, server| {
            tuf.target(&format!("{{\"x\": \"{}\"}}", "x".repeat(1024 * 1024)));
            server.serve(tuf.publish());
        },
        Kind::Mismatch,
        "more than 1048576",
    ),
    (
        "unknown target",
        |tuf, server| {
            "another.json".clone_into(&mut tuf.target_name);
            server.serve(tuf.publish());
        },
        Kind::NotFound,
        "has no `trusted_root.json`",
    ),
    (
        "connection cut in the middle of the target",
        |_, server| {
            server.cut("trusted_root.json");
        },
        Kind::Unavailable,
        "failed at",
    ),
    (
        "missing timestamp",
        |_, server| server.set("timestamp.json", Answer::Status(404)),
        Kind::Mismatch,
        "timestamp.json not found",
    ),
    (
        "redirect to a host that nobody named",
        |_, server| {
            server.set("timestamp.json", Answer::Redirect("http://127.0.0.1:9/timestamp.json".to_owned()));
        },
        Kind::Invalid,
        "status 302",
    ),
    (
        "target that is no trust root, rightly signed",
        |tuf, server| {
            tuf.target("{}");
            server.serve(tuf.publish());
        },
        Kind::Invalid,
        "no trust root",
    ),
];

#[test]
fn attacks_leave_the_file_as_it_was() {
    for (name, attack, kind, said) in ATTACKS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.trusted_root.json");
        let mut tuf = Tuf::new(&newer_and_older().1);
        let bootstrap = tuf.bootstrap();
        let server = Server::start(tuf.publish());
        fetch(&server, &bootstrap, &path).unwrap();
        let before = files(folder.path());
        attack(&mut tuf, &server);
        let error = fetch(&server, &bootstrap, &path).expect_err(name);
        assert!(error.to_string().contains(said), "{name}: {error}");
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_eq!(files(folder.path()), before, "{name}");
    }
}

#[test]
fn an_old_repository_is_a_rollback() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.trusted_root.json");
    let (newer, older) = newer_and_older();
    let mut tuf = Tuf::new(&older);
    let before = tuf.publish();
    tuf.target(&newer);
    let server = Server::start(tuf.publish());
    fetch(&server, &tuf.bootstrap(), &path).unwrap();
    let written = files(folder.path());
    server.serve(before);
    let error = fetch(&server, &tuf.bootstrap(), &path).unwrap_err();
    assert!(
        matches!(&error, RootError::Rollback(why) if why.contains("`snapshot` has version 1, and 2")),
        "{error}"
    );
    // Without the record the content tells.
    fs::remove_file(folder.path().join("own.tuf.json")).unwrap();
    let error = fetch(&server, &tuf.bootstrap(), &path).unwrap_err();
    assert!(matches!(&error, RootError::Rollback(why) if why.contains("adds nothing")), "{error}");
    assert_eq!(files(folder.path())["own.trusted_root.json"], written["own.trusted_root.json"]);
}

#[test]
fn versions_that_somebody_ran_up_are_left_behind_with_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.trusted_root.json");
    let (newer, older) = newer_and_older();
    let mut tuf = Tuf::new(&older);
    let bootstrap = tuf.bootstrap();
    (tuf.timestamp, tuf.snapshot) = (4_000_000_000, 4_000_000_000);
    let server = Server::start(tuf.publish());
    fetch(&server, &bootstrap, &path).unwrap();
    (tuf.timestamp, tuf.snapshot) = (3, 2);
    tuf.target(&newer);
    server.serve(tuf.publish());
    let error = fetch(&server, &bootstrap, &path).unwrap_err();
    assert!(matches!(&error, RootError::Rollback(_)), "{error}");
    tuf.rotate(&["timestamp", "snapshot"]);
    server.serve(tuf.publish());
    assert_eq!(fetch(&server, &bootstrap, &path).unwrap().became, Became::Changed);
}

#[test]
fn trust_begins_with_the_root_that_is_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.trusted_root.json");
    let tuf = Tuf::new(&newer_and_older().1);
    let server = Server::start(tuf.publish());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let digest = fondaco::model::Digest::sha256(tuf.bootstrap());
    for (version, hex, expected) in [
        (1, digest.hex(), None),
        (1, &"0".repeat(64)[..], Some("not the root that this program knows")),
        (2, digest.hex(), Some("has no `2.root.json`")),
    ] {
        let origin = Origin { address: &server.address, bootstrap: Bootstrap::Served(version, hex) };
        let fetched = runtime.block_on(refresh::fetch(&path, origin, &Transport::default(), now(), true));
        match (fetched, expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (fetched, _) => panic!("{fetched:?}"),
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.trusted_root.json");
    let tuf = Tuf::new(&newer_and_older().1);
    let server = Server::start(tuf.publish());
    fs::write(&path, "{\"mediaType\": 1}").unwrap();
    let error = fetch(&server, &tuf.bootstrap(), &path).unwrap_err();
    assert!(matches!(error, RootError::Read { .. }), "{error}");
    assert_eq!(server.log(), [""; 0], "nobody was asked");
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"mediaType\": 1}");
}

#[test]
fn the_embedded_root_is_written_where_there_is_none_and_replaces_no_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("github.trusted_root.json");
    let first = refresh::embedded(&path, Instance::Github, false).unwrap();
    assert_eq!(first.became, Became::Created);
    assert!(first.text().contains("came with this program, of 2026-10-23"), "{}", first.text());
    assert_eq!(refresh::embedded(&path, Instance::Github, false).unwrap().became, Became::Unchanged);
    let mut newer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut next = newer["certificateAuthorities"][5].clone();
    next["validFor"]["start"] = "2026-11-01T00:00:00Z".into();
    newer["certificateAuthorities"].as_array_mut().unwrap().push(next);
    fs::write(&path, newer.to_string()).unwrap();
    let error = refresh::embedded(&path, Instance::Github, false).unwrap_err();
    assert!(matches!(error, RootError::Rollback(_)), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), newer.to_string());
}
