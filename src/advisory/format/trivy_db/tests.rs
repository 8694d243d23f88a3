use super::bolt_fixture::{Node, PAGE_BYTES, advisories, file};
use super::*;
use crate::advisory::{format, record::Record};

const VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn sample() -> Vec<Node> {
    let detail = format!(r#"{{"Title":"t","CVSS":{{"nvd":{{"V3Vector":"{VECTOR}","V3Score":9.8}}}}}}"#);
    let leaf = |key: &str, json: &str| Node::Bytes(key.to_owned(), json.as_bytes().to_vec());
    vec![
        advisories(
            "Red Hat",
            &[("bash", &[("CVE-2024-1", r#"{"Entries":[{"Affected":[1]}]}"#), ("CVE-2024-2", "{}")])],
        ),
        advisories("alma 8", &[("bash", &[("CVE-2024-1", r#"{"FixedVersion":"5-2.el8"}"#)])]),
        advisories(
            "alpine 3.19",
            &[(
                "bash",
                &[("CVE-2024-1", r#"{"FixedVersion":"5-r1"}"#), ("CVE-2024-2", r#"{"FixedVersion":"0"}"#)],
            )],
        ),
        Node::Bucket("data-source".into(), vec![leaf("alma 8", r#"{"ID":"alma"}"#)]),
        advisories(
            "debian 12",
            &[("bash", &[("CVE-2024-1", r#"{"FixedVersion":"5-1"}"#), ("TEMP-0000000-ABCDEF", "{}")])],
        ),
        advisories("debian 11", &[("bash", &[("CVE-2024-1", r#"{"Status":6}"#)])]),
        advisories(
            "npm::GitHub Security Advisory npm",
            &[("left-pad", &[("CVE-2024-1", r#"{"VendorIDs":["GHSA-x"],"VulnerableVersions":["<1.0.0"]}"#)])],
        ),
        advisories("ubuntu 22.04", &[("bash", &[("CVE-2024-1", "{}"), ("CVE-2024-9", "damaged")])]),
        Node::Bucket(
            "vulnerability".into(),
            vec![leaf("CVE-2024-1", &detail), leaf("CVE-2024-2", "{}"), leaf("CVE-2024-3", "[")],
        ),
    ]
}

fn read(top: &[Node]) -> Content {
    TrivyDb.read(&file(top)).unwrap()
}

fn named<'c>(content: &'c Content, id: &str) -> &'c Record {
    content.records.iter().find(|record| record.id == id).unwrap()
}

#[test]
fn a_database_is_read_into_one_record_for_each_vulnerability() {
    let content = read(&sample());
    let ids: Vec<_> = content.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(
        ids,
        ["ALPINE-CVE-2024-1", "CVE-2024-1", "DEBIAN-CVE-2024-1", "TEMP-0000000-ABCDEF", "UBUNTU-CVE-2024-1"]
    );
    let debian = named(&content, "DEBIAN-CVE-2024-1");
    assert_eq!(debian.ids, ["CVE-2024-1"]);
    let releases: Vec<_> =
        debian.affected.iter().map(|a| (a.ecosystem.as_str(), a.package.as_str(), a.state)).collect();
    let deferred = Some(crate::model::VendorState::Deferred);
    assert_eq!(releases, [("Debian:11", "bash", deferred), ("Debian:12", "bash", None)]);
    let shared = named(&content, "CVE-2024-1");
    assert_eq!(shared.ids, ["GHSA-x"]);
    let places: Vec<_> = shared.affected.iter().map(|a| (a.ecosystem.as_str(), a.package.as_str())).collect();
    assert_eq!(places, [("AlmaLinux:8", "bash"), ("npm", "left-pad")]);
}

#[test]
fn what_is_not_imported_is_counted_and_what_is_damaged_is_named() {
    let content = read(&sample());
    assert_eq!(content.read, 11);
    let left_out: Vec<_> = content.left_out.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(left_out, [("Red Hat", 2), ("not affected", 1)]);
    let broken: Vec<_> = content.broken.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(broken, ["ubuntu 22.04 bash CVE-2024-9", "vulnerability CVE-2024-3"]);
}

#[test]
fn vectors_stand_in_notes() {
    let content = read(&sample());
    let notes: Vec<_> =
        content.notes.iter().map(|(id, note)| (id.as_str(), note.severities[0].value.as_str())).collect();
    assert_eq!(notes, [("CVE-2024-1", VECTOR)]);
}

#[test]
fn things_in_the_wrong_place_are_named() {
    let leaf = |key: &str| Node::Bytes(key.to_owned(), b"{}".to_vec());
    let inline = |key: &str, below| Node::Inline(key.to_owned(), below);
    let content = read(&[
        leaf("debian 11"),
        Node::Bucket(
            "debian 12".into(),
            vec![leaf("bash"), inline("zlib", vec![inline("CVE-2024-1", vec![])])],
        ),
        Node::Bucket(
            "debian 13".into(),
            vec![inline("bash", vec![leaf("CVE\u{202e}1"), leaf("CVE-2024-1")])],
        ),
        Node::Bucket("vulnerability".into(), vec![inline("CVE-2024-1", vec![])]),
    ]);
    let broken: Vec<_> = content.broken.iter().map(|(name, why)| (name.as_str(), why.as_str())).collect();
    assert_eq!(
        broken,
        [
            ("debian 11", "not a bucket"),
            ("debian 12 bash", "not a bucket"),
            ("debian 12 zlib CVE-2024-1", "a bucket"),
            ("debian 13 bash CVE\u{202e}1", "`CVE\u{202e}1` is not an identifier"),
            ("vulnerability CVE-2024-1", "a bucket"),
        ]
    );
    assert_eq!(content.records.len(), 1);
}

#[test]
fn a_damaged_page_costs_its_bucket_alone() {
    let debian = advisories("debian 12", &[("bash", &[("CVE-2024-1", "{}")])]);
    let ubuntu = advisories("ubuntu 22.04", &[("bash", &[("CVE-2024-1", "{}")])]);
    let mut bytes = file(&[debian, ubuntu]);
    // Pages 0 and 1 are metas, 2 is the bucket of Debian, 3 that of Ubuntu.
    bytes[2 * PAGE_BYTES] = 9;
    let content = TrivyDb.read(&bytes).unwrap();
    assert_eq!(content.broken, [("debian 12".to_owned(), "page 2 has the number of another".to_owned())]);
    assert_eq!(content.records[0].id, "UBUNTU-CVE-2024-1");
}

#[test]
fn counts_are_limited() {
    assert!(at_most_advisories(ADVISORIES_MAX - 1).is_ok());
    assert!(at_most_advisories(ADVISORIES_MAX).is_err());
    let top: Vec<_> = (0..=BUCKETS_MAX).map(|n| Node::Inline(format!("b{n:06}"), vec![])).collect();
    assert!(TrivyDb.read(&file(&top)).is_err_and(|why| why.contains("buckets")));
}

#[test]
fn files_are_claimed_by_their_magic_number() {
    let bytes = file(&sample());
    let claimed = |bytes: &[u8]| format::of(&Shape::of(bytes)).map(Format::name);
    assert_eq!(claimed(&bytes), Some("trivy-db"));
    for other in [&b"SQLite format 3\0"[..], b"", b"{\"id\": \"A\", \"modified\": 1}", &bytes[..19]] {
        assert_ne!(claimed(other), Some("trivy-db"));
    }
}

#[test]
fn hostile_files_are_refused() {
    for bytes in [&b""[..], &[0; 10_000], &file(&sample())[..PAGE_BYTES * 2]] {
        assert!(TrivyDb.read(bytes).is_err());
    }
}
