use super::*;
use crate::{
    advisory::{fixtures::record, import},
    model::{Kind, canonical},
};

fn wanted(names: &[(&str, &[&str])]) -> Wanted {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    names.iter().map(|(ecosystem, names)| ((*ecosystem).to_owned(), set(names))).collect()
}

fn compiled() -> Compiled {
    let folder = tempfile::tempdir().unwrap();
    for (n, value) in [
        record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", Some("3.0.13-1~deb12u1")),
        record("DEBIAN-CVE-2024-0002", "Debian:12", "zlib", None),
        record("DSA-1-1", "Debian:12", "openssl", Some("3.0.13-1~deb12u1")),
        record("ALPINE-CVE-2024-0001", "Alpine:v3.19", "openssl", Some("3.1.4-r5")),
    ]
    .iter()
    .enumerate()
    {
        std::fs::write(folder.path().join(format!("{n}.json")), value.to_string()).unwrap();
    }
    import(folder.path()).unwrap().bundle
}

#[test]
fn what_was_asked_for_is_found() {
    let compiled = compiled();
    let asked = wanted(&[
        ("Alpine:v3.19", &["openssl", "absent"]),
        ("Debian:12", &["openssl"]),
        ("Debian:13", &["openssl"]),
    ]);
    let bundle = compiled.bundle(&asked).unwrap();
    let found = bundle.lookup("Debian:12", "openssl");
    assert_eq!(found.iter().map(|a| a.id.as_str()).collect::<Vec<_>>(), ["DEBIAN-CVE-2024-0001", "DSA-1-1"]);
    assert_eq!(found[0].affected(), "< 3.0.13-1~deb12u1");
    assert!(bundle.lookup("Alpine:v3.19", "absent").is_empty());
    assert!(bundle.can_look_up("Alpine:v3.19", "absent"), "asked for, and there is nothing");
    assert!(bundle.can_look_up("Debian:13", "anything"), "the bundle has nothing about it");
    assert!(!bundle.can_look_up("Debian:12", "zlib"), "not asked for");
    assert_eq!((bundle.records_of("Debian:12"), bundle.records_of("Debian:13")), (3, 0));
}

#[test]
fn the_lock_says_what_the_bundle_is() {
    let compiled = compiled();
    let lock = compiled.lock().unwrap();
    assert_eq!(lock.records, 4);
    assert_eq!(lock.digest, compiled.digest().unwrap());
    assert_eq!(lock.as_of.to_string(), "2026-11-20T00:00:00Z");
    let named: Vec<_> = lock.ecosystems.iter().map(|e| (e.ecosystem.as_str(), e.records)).collect();
    assert_eq!(named, [("Alpine:v3.19", 1), ("Debian:12", 3)]);
    let [source] = &lock.sources[..] else { panic!("{:?}", lock.sources) };
    assert_eq!((source.read, source.kept, source.rejected), (4, 4, 0));
    assert_eq!(source.formats, ["osv"]);
    let files: u64 =
        ["Alpine:v3.19", "Debian:12"].iter().map(|e| compiled.shard(e).unwrap().len() as u64).sum();
    assert_eq!(lock.size, files + compiled.index.text().unwrap().len() as u64);
}

#[test]
fn lines_and_index_are_canonical_json() {
    let compiled = compiled();
    let text = String::from_utf8(compiled.shard("Debian:12").unwrap().to_vec()).unwrap();
    let (table, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.contains('\t'));
    assert_eq!((table.len(), lines.len()), (2, 2), "a table entry and a line for each package");
    for line in lines {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(canonical::to_line(&value).unwrap(), line);
    }
}

#[test]
fn an_index_is_read_as_it_was_written_and_only_then() {
    let compiled = compiled();
    let text = compiled.index.text().unwrap();
    let digest = Digest::sha256(&text);
    assert_eq!(Index::parse(text.as_bytes(), &digest).unwrap(), compiled.index);
    let other = Digest::sha256(b"another");
    assert_eq!(Index::parse(text.as_bytes(), &other).unwrap_err().kind(), Kind::Mismatch);
    for (attack, changed) in [
        ("another schema", text.replace("v1alpha2", "v9")),
        ("an unknown field", text.replacen('{', "{\"extra\": 0,", 1)),
        ("an unknown ecosystem", text.replace("Debian:12", "SwiftURL")),
        ("out of order", text.replace("Debian:12", "AlmaLinux:8")),
        ("a shard without end", text.replace("\"size\": ", "\"size\": 99999999999")),
        ("cut", text[..text.len() / 2].to_owned()),
        ("too long", format!("{text}{}", " ".repeat(5 << 20))),
    ] {
        assert_ne!(changed, text, "{attack}");
        let error = Index::parse(changed.as_bytes(), &Digest::sha256(&changed)).expect_err(attack);
        assert_eq!(error.kind(), Kind::Invalid, "{attack}");
    }
}
