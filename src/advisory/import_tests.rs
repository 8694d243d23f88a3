use std::{fs, io::Write};

use serde_json::{Value, json};

use super::super::fixtures::{corpus, record};
use super::*;
use crate::model::Kind;

fn folder(records: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in records {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value.to_string()).unwrap();
    }
    folder
}

fn modified(mut value: Value, at: &str) -> Value {
    value["modified"] = json!(at);
    value
}

#[test]
fn every_record_is_accounted_for() {
    let mut withdrawn = record("DEBIAN-CVE-2024-2", "Debian:12", "a", None);
    withdrawn["withdrawn"] = json!("2026-01-01T00:00:00Z");
    let both = {
        let mut value = record("X-1", "Debian:12", "a", None);
        let other = record("X-1", "Ubuntu:22.04:LTS", "a", None)["affected"][0].clone();
        value["affected"].as_array_mut().unwrap().push(other);
        value
    };
    let folder = folder(&[
        ("a.json", record("DEBIAN-CVE-2024-1", "Debian:12", "a", Some("2"))),
        ("again/a.json", record("DEBIAN-CVE-2024-1", "Debian:12", "a", Some("2"))),
        ("b.json", withdrawn),
        ("c.json", both),
        ("d.json", record("SWIFT-1", "SwiftURL", "g", None)),
        ("deep/er/e.json", record("ALPINE-CVE-2024-3", "Alpine:v3.19", "b", Some("1-r0"))),
        ("f.json", json!({"id": "broken"})),
        ("notes.txt", json!("not a record")),
    ]);
    let Import { bundle, report } = import(folder.path()).unwrap();
    assert_eq!((report.read, report.kept, report.withdrawn, report.repeated), (7, 3, 1, 1));
    let left_out: Vec<_> = report.left_out.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(left_out, [("SwiftURL", 1), ("Ubuntu:22.04:LTS", 1)]);
    assert_eq!(report.broken.len(), 1);
    assert_eq!(report.broken[0].0, "f.json");
    assert_eq!(bundle.records_of("Debian:12"), 2);
    assert_eq!(bundle.lookup("Alpine:v3.19", "b")[0].id, "ALPINE-CVE-2024-3");
}

#[test]
fn the_newest_of_one_identifier_counts_in_any_order() {
    let old = modified(record("DSA-1", "Debian:12", "a", Some("1")), "2024-01-01T00:00:00Z");
    let new = modified(record("DSA-1", "Debian:12", "a", Some("2")), "2025-01-01T00:00:00Z");
    for (first, second) in [(&old, &new), (&new, &old)] {
        let folder = folder(&[("a.json", first.clone()), ("b.json", second.clone())]);
        let found = import(folder.path()).unwrap();
        let advisories = found.bundle.lookup("Debian:12", "a");
        assert_eq!(advisories.len(), 1);
        assert_eq!(advisories[0].ranges[0][1].version(), "2");
        assert_eq!((found.report.kept, found.report.repeated), (1, 1));
    }
    let mut recalled = new.clone();
    recalled["withdrawn"] = json!("2025-01-01T00:00:00Z");
    let folder = folder(&[("a.json", old), ("b.json", recalled)]);
    let found = import(folder.path()).unwrap();
    assert_eq!((found.report.kept, found.report.withdrawn), (0, 1), "the old text does not come back");
}

#[test]
fn equally_new_records_that_differ_are_all_kept() {
    let folder = folder(&[
        ("a.json", record("DSA-1", "Debian:11", "a", Some("1"))),
        ("b.json", record("DSA-1", "Debian:12", "a", Some("2"))),
    ]);
    let bundle = import(folder.path()).unwrap().bundle;
    assert_eq!(bundle.lookup("Debian:11", "a").len(), 1);
    assert_eq!(bundle.lookup("Debian:12", "a").len(), 1);
    assert_eq!(bundle.lock().records, 1);
}

#[test]
fn the_order_of_the_files_changes_no_byte() {
    let records: Vec<_> = (0..40)
        .map(|n| record(&format!("DEBIAN-CVE-2024-{n}"), "Debian:12", &format!("p{}", n % 7), Some("1.0-1")))
        .collect();
    let named = |shift: usize| -> Vec<(String, Value)> {
        records
            .iter()
            .enumerate()
            .map(|(n, r)| (format!("{:02}.json", (n * 7 + shift) % 40), r.clone()))
            .collect()
    };
    let bytes = |shift| {
        let named = named(shift);
        let entries: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        import(folder(&entries).path()).unwrap().bundle.to_bytes().to_vec()
    };
    assert_eq!(bytes(0), bytes(13));
    let tar = |reverse: bool| {
        let mut named = named(0);
        named.sort_by(|a, b| if reverse { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) });
        let mut archive = tar::Builder::new(vec![]);
        for (name, value) in named {
            let text = value.to_string();
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&archive.into_inner().unwrap()).unwrap();
        import(file.path()).unwrap().bundle.to_bytes().to_vec()
    };
    assert_eq!(tar(false), tar(true));
    assert_eq!(tar(false), bytes(0));
}

#[test]
fn a_source_without_a_usable_record_is_an_error() {
    let empty = folder(&[("readme.txt", json!(1))]);
    assert!(matches!(import(empty.path()), Err(AdvisoryError::Empty { .. })));
    let broken = folder(&[("b.json", json!([])), ("a.json", json!({}))]);
    let error = import(broken.path()).unwrap_err();
    assert!(
        matches!(&error, AdvisoryError::NothingUsable { read: 2, name, .. } if name == "a.json"),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Invalid);
    let absent = import(&broken.path().join("absent")).unwrap_err();
    assert_eq!(absent.kind(), Kind::NotFound);
}

#[test]
fn published_records_are_all_accounted_for() {
    let Some(path) = corpus("advisories/osv-almalinux.tar.zst") else { return };
    let Import { bundle, report } = import(&path).unwrap();
    // Counted with another program: files, distinct identifiers, and identifiers for each ecosystem.
    assert_eq!((report.read, report.kept, report.withdrawn, report.broken.len()), (5680, 4440, 0, 0));
    assert_eq!((report.no_vulnerability, report.left_out.len()), (1197, 0));
    assert_eq!(report.repeated, 43, "advisories of two releases stand in both folders");
    let ecosystems: Vec<_> =
        bundle.ecosystems().into_iter().map(|used| (used.ecosystem, used.records)).collect();
    let expected = [("AlmaLinux:10", 660), ("AlmaLinux:8", 2043), ("AlmaLinux:9", 1780)];
    assert_eq!(ecosystems, expected.map(|(name, count)| (name.to_owned(), count)));

    let path = corpus("advisories/osv-go.tar.zst").expect("the corpora are there");
    let Import { bundle, report } = import(&path).unwrap();
    assert_eq!((report.read, report.kept, report.withdrawn, report.broken.len()), (4291, 4274, 17, 0));
    assert_eq!((report.left_out.len(), bundle.records_of("Go")), (0, 4274));
}
