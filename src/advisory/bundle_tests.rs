use serde_json::Value;

use super::super::{fixtures::record, osv};
use super::*;
use crate::model::{Digest, Kind, canonical};

fn bundle() -> Bundle {
    let records: Vec<_> = [
        record("DEBIAN-CVE-2024-1", "Debian:12", "openssl", Some("3.0.13-1~deb12u1")),
        record("DEBIAN-CVE-2024-2", "Debian:12", "zlib", None),
        record("DSA-1-1", "Debian:12", "openssl", Some("3.0.13-1~deb12u1")),
        record("ALPINE-CVE-2024-1", "Alpine:v3.19", "openssl", Some("3.1.4-r5")),
    ]
    .iter()
    .map(|value| osv::parse(value.to_string().as_bytes()).unwrap())
    .collect();
    Bundle::build(&records.iter().collect::<Vec<_>>()).unwrap()
}

fn wanted(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn a_bundle_is_read_as_it_was_written() {
    let built = bundle();
    let all = wanted(&["Alpine:v3.19", "Debian:12", "Debian:13"]);
    let read = Bundle::read_pinned(built.to_bytes(), &built.digest(), &all).unwrap();
    assert_eq!(read, built);
    assert_eq!(read.lookup("Debian:12", "openssl").len(), 2);
    assert!(read.lookup("Debian:12", "absent").is_empty());
    let lock = read.lock();
    assert_eq!((lock.records, lock.size), (4, built.to_bytes().len() as u64));
    assert_eq!(lock.as_of.to_string(), "2026-11-20T00:00:00Z");
    let named: Vec<_> = lock.ecosystems.iter().map(|e| (e.ecosystem.as_str(), e.records)).collect();
    assert_eq!(named, [("Alpine:v3.19", 1), ("Debian:12", 3)]);
}

#[test]
fn only_wanted_ecosystems_are_decoded() {
    let read = Bundle::read(bundle().to_bytes(), &wanted(&["Debian:12"])).unwrap();
    assert!(read.can_look_up("Debian:12"));
    assert!(read.can_look_up("Debian:13"), "the bundle has nothing about it");
    assert!(!read.can_look_up("Alpine:v3.19"));
    assert_eq!(read.records_of("Alpine:v3.19"), 1);
}

#[test]
fn the_text_of_a_bundle_is_canonical_json_lines() {
    let text = zstd::decode_all(bundle().to_bytes()).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 1 + 3, "a header and a line for each package");
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(canonical::to_line(&value).unwrap(), line);
    }
}

#[test]
fn a_bundle_with_another_digest_is_not_read() {
    let other = Digest::sha256(b"another");
    let error = Bundle::read_pinned(bundle().to_bytes(), &other, &wanted(&[])).unwrap_err();
    assert_eq!(error.kind(), Kind::Mismatch);
}

/// Returns a file of these texts, one frame each.
fn file(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| compress(text.as_bytes()).unwrap()).collect()
}

#[test]
fn hostile_bundles_are_refused() {
    let line = "{\"advisories\":[],\"package\":\"a\"}\n";
    let frame = compress(line.as_bytes()).unwrap().len();
    let header = |ecosystem: &str, bytes: usize, packages: u64, size: usize| {
        format!(
            "{{\"asOf\":\"2026-11-20T00:00:00Z\",\"ecosystems\":[{{\"bytes\":{bytes},\"ecosystem\":\"{ecosystem}\",\
             \"packages\":{packages},\"records\":1,\"size\":{size}}}],\"records\":1,\"schema\":\"{SCHEMA}\"}}\n"
        )
    };
    let all = wanted(&["Debian:12"]);
    let good = header("Debian:12", frame, 1, line.len());
    assert!(Bundle::read(&file(&[&good, line]), &all).is_ok());

    let zeros = "\0".repeat(2 << 20);
    let twice = format!("{line}{line}");
    let long = compress(twice.as_bytes()).unwrap().len();
    let known = good.replace("\"records\":1,\"schema\"", "\"extra\":0,\"records\":1,\"schema\"");
    for (attack, bytes) in [
        ("nothing", vec![]),
        ("not compressed", good.clone().into_bytes()),
        ("header that unpacks without end", file(&[&zeros])),
        ("another schema", file(&[&good.replace("v1alpha1", "v9"), line])),
        ("unknown field", file(&[&known, line])),
        ("unknown ecosystem", file(&[&header("SwiftURL", frame, 1, line.len()), line])),
        ("cut off", file(&[&good])),
        ("bytes after the end", file(&[&good, line, line])),
        ("more text than promised", file(&[&header("Debian:12", long, 1, line.len()), &twice])),
        ("less text than promised", file(&[&header("Debian:12", frame, 1, line.len() + 1), line])),
        ("one package twice", file(&[&header("Debian:12", long, 2, twice.len()), &twice])),
        ("fewer packages than promised", file(&[&header("Debian:12", frame, 2, line.len()), line])),
        ("an ecosystem that unpacks without end", file(&[&header("Debian:12", frame, 1, 1 << 40), line])),
    ] {
        let error = Bundle::read(&bytes, &all).expect_err(attack);
        assert_eq!(error.kind(), Kind::Invalid, "{attack}");
    }
}
