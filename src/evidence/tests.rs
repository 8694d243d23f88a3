//! Evidence that is written, read back, and broken in every way.

use std::collections::BTreeMap;

use super::*;

fn sample() -> (Evidence, BTreeMap<String, Vec<u8>>) {
    let evidence = sample::evidence();
    let mut files = files(&evidence);
    let log = append(&files, &sample::events());
    files.extend(log);
    (evidence, files)
}

fn nginx(name: &str) -> String {
    let directory = image_directory(&sample::repository(sample::NGINX), &sample::digest(sample::NGINX));
    format!("{directory}/{name}")
}

#[test]
fn what_is_written_is_read_back() {
    let (evidence, mut files) = sample();
    assert_eq!(load(&files).unwrap(), evidence);
    files.insert("evidence/README.md".into(), b"# page".to_vec());
    files.insert("images/web.yaml".into(), b"kind: ImageSet".to_vec());
    assert_eq!(load(&files).unwrap(), evidence, "pages and manifests are not evidence");
    let text = str::from_utf8(&files[&nginx("custody.json")]).unwrap();
    assert!(text.starts_with("{\n  \"hops\": [\n"), "{text}");
    assert!(text.contains("  \"schema\": \"fondaco/custody/v1alpha1\",\n"));
    assert!(files.contains_key(&nginx("packages.linux-arm64.txt")));
}

#[test]
fn an_empty_repository_is_empty_evidence() {
    let evidence = load(&BTreeMap::new()).unwrap();
    assert!(evidence.images.is_empty() && evidence.lock.images.is_empty() && evidence.advisories.is_none());
}

#[test]
fn the_lock_is_written_sorted() {
    let (mut evidence, files) = sample();
    evidence.lock.images.reverse();
    assert_eq!(super::files(&evidence)[IMAGES_LOCK], files[IMAGES_LOCK]);
}

#[test]
fn every_broken_record_is_named() {
    let replace = |name: &str, from: &str, to: &str| {
        let (_, mut files) = sample();
        let text = String::from_utf8(files[&nginx(name)].clone()).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        files.insert(nginx(name), text.replace(from, to).into_bytes());
        files
    };
    let without = |name: &str| {
        let (_, mut files) = sample();
        files.remove(&nginx(name)).unwrap();
        files
    };
    let moved = {
        let (_, mut files) = sample();
        let bytes = files[&nginx("custody.json")].clone();
        files.insert("evidence/images/docker.io/library/evil/custody.json".into(), bytes);
        files
    };
    let digest = sample::digest(sample::NGINX).to_string();
    let other = sample::digest("other").to_string();
    let cases = [
        ("unknown key", replace("custody.json", "\"hops\"", "\"hopes\""), "custody.json"),
        ("another version", replace("scan.json", "scan/v1alpha1", "scan/v2"), "scan.json"),
        ("not JSON", replace("verdicts.json", "{", "<"), "verdicts.json"),
        ("another subject", replace("verification.json", &digest, &other), "verification.json"),
        ("another source", replace("custody.json", "library/nginx", "library/evil"), "custody.json"),
        (
            "list out of the folder",
            replace("custody.json", "packages.linux", "../packages.linux"),
            "custody.json",
        ),
        ("list out of order", replace("packages.txt", "libc6", "zlibc6"), "packages.txt"),
        ("no custody", without("custody.json"), "custody.json"),
        ("no verdicts", without("verdicts.json"), "verdicts.json"),
        ("no verification", without("verification.json"), "verification.json"),
        ("no union list", without("packages.txt"), "custody.json"),
        ("no platform list", without("packages.linux-arm64.txt"), "custody.json"),
        ("a record elsewhere", moved, "custody.json"),
    ];
    for (attack, files, name) in cases {
        let error = load(&files).expect_err(attack);
        assert!(error.path.ends_with(name), "{attack}: {error}");
    }
    let (_, mut files) = sample();
    files.insert(ADVISORIES_LOCK.into(), b"{}".to_vec());
    assert_eq!(load(&files).unwrap_err().path, ADVISORIES_LOCK);
}

#[test]
fn only_differences_are_committed_and_only_pages_go() {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let old = BTreeMap::from([
        ("evidence/README.md".to_owned(), bytes("old")),
        ("evidence/consumers/gone/README.md".to_owned(), bytes("gone")),
        ("evidence/consumers/gone/digests.json".to_owned(), bytes("gone")),
        ("evidence/log/2026-10.jsonl".to_owned(), bytes("log")),
        (nginx("custody.json"), bytes("record")),
        ("images/web.yaml".to_owned(), bytes("manifest")),
        ("lock/images.lock.json".to_owned(), bytes("lock")),
    ]);
    let new = BTreeMap::from([
        ("evidence/README.md".to_owned(), bytes("new")),
        ("lock/images.lock.json".to_owned(), bytes("lock")),
    ]);
    let expected = BTreeMap::from([
        ("evidence/README.md".to_owned(), Some(bytes("new"))),
        ("evidence/consumers/gone/README.md".to_owned(), None),
        ("evidence/consumers/gone/digests.json".to_owned(), None),
    ]);
    assert_eq!(changes(&old, &new), expected);
    assert_eq!(changes(&new, &new), BTreeMap::new());
}
