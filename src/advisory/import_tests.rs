use std::{fs, io::Write};

use serde_json::{Value, json};

use super::*;
use crate::{
    advisory::{
        Advisory, Bundle,
        fixtures::{corpus, record},
    },
    model::Kind,
};

fn folder(records: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in records {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value.to_string()).unwrap();
    }
    folder
}

/// Returns what a bundle says of one package.
fn looked_up(bundle: &Compiled, ecosystem: &str, package: &str) -> Vec<Advisory> {
    let wanted = [(ecosystem.to_owned(), [package.to_owned()].into())].into();
    let found: Bundle = bundle.bundle(&wanted).unwrap();
    found.lookup(ecosystem, package).to_vec()
}

/// Returns every file of a bundle but the index, which names where it was imported from.
fn shards(bundle: &Compiled) -> Vec<Vec<u8>> {
    bundle.index.shards().iter().map(|entry| bundle.shard(&entry.ecosystem).unwrap().to_vec()).collect()
}

fn records_of(bundle: &Compiled, ecosystem: &str) -> u64 {
    bundle.index.shards().iter().find(|entry| entry.ecosystem == ecosystem).map_or(0, |entry| entry.records)
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
        let other = record("X-1", "Ubuntu:Pro:22.04:LTS", "a", None)["affected"][0].clone();
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
    assert_eq!(left_out, [("SwiftURL", 1), ("Ubuntu:Pro:22.04:LTS", 1)]);
    assert_eq!(report.broken.len(), 1);
    assert_eq!(report.broken[0].0, "f.json");
    assert_eq!(records_of(&bundle, "Debian:12"), 2);
    assert_eq!(looked_up(&bundle, "Alpine:v3.19", "b")[0].id, "ALPINE-CVE-2024-3");
}

#[test]
fn the_newest_of_one_identifier_counts_in_any_order() {
    let old = modified(record("DSA-1", "Debian:12", "a", Some("1")), "2024-01-01T00:00:00Z");
    let new = modified(record("DSA-1", "Debian:12", "a", Some("2")), "2025-01-01T00:00:00Z");
    for (first, second) in [(&old, &new), (&new, &old)] {
        let folder = folder(&[("a.json", first.clone()), ("b.json", second.clone())]);
        let found = import(folder.path()).unwrap();
        let advisories = looked_up(&found.bundle, "Debian:12", "a");
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
    assert_eq!(looked_up(&bundle, "Debian:11", "a").len(), 1);
    assert_eq!(looked_up(&bundle, "Debian:12", "a").len(), 1);
    assert_eq!(bundle.lock().unwrap().records, 1);
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
        shards(&import(folder(&entries).path()).unwrap().bundle)
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
        shards(&import(file.path()).unwrap().bundle)
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
        bundle.index.ecosystems().into_iter().map(|used| (used.ecosystem, used.records)).collect();
    let expected = [("AlmaLinux:10", 660), ("AlmaLinux:8", 2043), ("AlmaLinux:9", 1780)];
    assert_eq!(ecosystems, expected.map(|(name, count)| (name.to_owned(), count)));

    let path = corpus("advisories/osv-go.tar.zst").expect("the corpora are there");
    let Import { bundle, report } = import(&path).unwrap();
    assert_eq!((report.read, report.kept, report.withdrawn, report.broken.len()), (4291, 4274, 17, 0));
    assert_eq!((report.left_out.len(), records_of(&bundle, "Go")), (0, 4274));

    // As YAML. Ten are withdrawn, one of them with neither a range nor versions; one has a comma in an alias.
    let path = corpus("advisories/osv-pypi.tar.zst").expect("the corpora are there");
    let Import { bundle, report } = import(&path).unwrap();
    assert_eq!((report.read, report.kept, report.withdrawn, report.broken.len()), (2661, 2650, 9, 2));
    assert_eq!(records_of(&bundle, "PyPI"), 2650);

    let path = corpus("advisories/kev-2025-08-25.json.zst").expect("the corpora are there");
    let Import { bundle, report } = import(&path).unwrap();
    assert_eq!((report.read, report.notes, report.kept, report.broken.len()), (1404, 1404, 0, 0));
    let [source] = bundle.index.sources() else { panic!("one source was imported") };
    assert_eq!(
        (source.as_of.date(), &source.formats[..]),
        ("2025-08-25".to_owned(), &["kev".to_owned()][..])
    );
}

#[test]
fn sources_are_told_apart_by_name_date_and_digest() {
    let folder = folder(&[
        ("one/a.json", record("DSA-1", "Debian:12", "a", Some("1"))),
        ("two.json", record("GHSA-b", "npm", "b", Some("2.0.0"))),
    ]);
    let source = |name: &str, path: &str, as_of: Option<&str>| Source {
        name: name.to_owned(),
        path: folder.path().join(path),
        url: Some(format!("https://example.org/{path}")),
        as_of: as_of.map(|at| at.parse().unwrap()),
        licence: Some("CC0-1.0".to_owned()),
    };
    let sources = [source("npm", "two.json", Some("2026-11-21T00:00:00Z")), source("debian", "one", None)];
    let bundle = import_all(&sources).unwrap().bundle;
    let named: Vec<_> = bundle.index.sources().iter().map(|of| (of.name.as_str(), of.as_of.date())).collect();
    assert_eq!(named, [("debian", "2026-11-20".to_owned()), ("npm", "2026-11-21".to_owned())]);
    assert_eq!(bundle.lock().unwrap().as_of.date(), "2026-11-20", "the oldest");
    let file = fs::read(folder.path().join("two.json")).unwrap();
    assert_eq!(bundle.index.sources()[1].digest, Digest::sha256(file));
    let used: Vec<_> =
        bundle.index.ecosystems().into_iter().map(|used| (used.ecosystem, used.sources)).collect();
    let expected = [("Debian:12", "debian"), ("npm", "npm")];
    assert_eq!(used, expected.map(|(ecosystem, name)| (ecosystem.to_owned(), vec![name.to_owned()])));
    assert_eq!(looked_up(&bundle, "npm", "b")[0].source, "npm");

    let twice = [source("a", "one", None), source("a", "two.json", None)];
    assert!(matches!(import_all(&twice), Err(AdvisoryError::Twice { name }) if name == "a"));
}

#[test]
fn vendors_that_use_the_number_of_the_cve_keep_their_own_records() {
    // Two security databases name one vulnerability, of which OSV has a record of its own that is newer.
    let secdb = |host: &str, version: &str| {
        json!({"urlprefix": host, "apkurl": "{{urlprefix}}", "archs": ["x86_64"], "reponame": "os",
               "packages": [{"pkg": {"name": "curl", "secfixes": {version: ["CVE-2024-0001"]}}}]})
    };
    let folder = folder(&[
        ("wolfi.json", secdb("https://packages.wolfi.dev", "8.1-r0")),
        ("chainguard.json", secdb("https://packages.cgr.dev/chainguard", "8.2-r0")),
        ("osv.json", record("CVE-2024-0001", "Wolfi", "curl", Some("8.3-r0"))),
    ]);
    let bundle = import(folder.path()).unwrap().bundle;
    let fixed = |ecosystem: &str| -> Vec<String> {
        let found = looked_up(&bundle, ecosystem, "curl");
        found.iter().map(|advisory| advisory.ranges[0][1].version().to_owned()).collect()
    };
    assert_eq!(fixed("Wolfi"), ["8.1-r0", "8.3-r0"]);
    assert_eq!(fixed("Chainguard"), ["8.2-r0"]);
}

#[test]
fn a_source_of_which_too_much_is_rejected_is_no_source() {
    let good = |n: usize| (format!("{n}.json"), record(&format!("DSA-{n}"), "Debian:12", "a", Some("1")));
    let bad = |n: usize| (format!("bad-{n:03}.json"), json!({"id": "no date", "affected": []}));
    let import_of = |goods: usize, bads: usize| {
        let records: Vec<_> = (0..goods).map(good).chain((0..bads).map(bad)).collect();
        let named: Vec<_> = records.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        import(folder(&named).path())
    };
    assert_eq!(import_of(1, 20).unwrap().report.broken.len(), 20, "a small source has none to spare");
    assert!(import_of(400, 21).is_ok(), "just below five percent");
    let error = import_of(398, 21).unwrap_err();
    assert!(
        matches!(&error, AdvisoryError::TooManyRejected { read: 419, rejected: 21, name, .. } if name == "bad-000.json"),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Invalid);
}
