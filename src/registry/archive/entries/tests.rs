use super::*;
use std::io::Write as _;

fn header(path: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

/// Returns an entry whose header says `size` and whose body is `body`, padded.
fn entry(path: &[u8], kind: EntryType, size: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = header(path, kind, size).as_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn regular(path: &str, body: &[u8]) -> Vec<u8> {
    entry(path.as_bytes(), EntryType::Regular, body.len() as u64, body)
}

fn list(archive: &[u8]) -> Result<BTreeMap<String, Entry>, EntryError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(archive).unwrap();
    entries(&mut file, &|name| name.starts_with("blobs/") || name == "index.json")
}

fn finished(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut archive = parts.concat();
    archive.extend([0; 1024]);
    archive
}

#[test]
fn entries_are_listed_with_their_places() {
    let long = format!("blobs/sha512/{}", "ab".repeat(64));
    let mut long_name = long.clone().into_bytes();
    long_name.push(0);
    let pax = format!("{} path=blobs/pax\n", "18");
    assert_eq!(pax.len(), 18);
    let archive = finished(&[
        entry(b"blobs/", EntryType::Directory, 0, b""),
        regular("./index.json", b"{}"),
        entry(b"././@LongLink", EntryType::GNULongName, long_name.len() as u64, &long_name),
        regular("cut", b"long"),
        entry(b"PaxHeaders/x", EntryType::XHeader, 18, pax.as_bytes()),
        regular("y", b"pax"),
        regular("other/file", b"not looked at"),
    ]);
    let found = list(&archive).unwrap();
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["blobs/pax", long.as_str(), "index.json"]);
    for (name, body) in [("index.json", &b"{}"[..]), (&long, b"long"), ("blobs/pax", b"pax")] {
        let Entry { offset, size } = found[name];
        let (from, to) = (usize::try_from(offset).unwrap(), usize::try_from(offset + size).unwrap());
        assert_eq!(&archive[from..to], body, "{name}");
    }
    let without_end = &archive[..archive.len() - 1024];
    assert_eq!(list(without_end).unwrap(), found, "some writers leave out the end");
}

#[test]
fn hostile_archives_are_refused() {
    let pax = |record: &str| {
        let mut length = record.len() + 2;
        while format!("{length} {record}").len() != length {
            length += 1;
        }
        let text = format!("{length} {record}");
        entry(b"PaxHeaders/x", EntryType::XHeader, text.len() as u64, text.as_bytes())
    };
    let good = regular("index.json", b"{}");
    let mut damaged = good.clone();
    damaged[0] ^= 1;
    let endless = u64::MAX / 2;
    let cases: [(&str, Vec<Vec<u8>>, &str); 13] = [
        ("path-traversal", vec![regular("../../etc/passwd", b"x")], "leads out"),
        ("traversal-in-the-middle", vec![regular("blobs/../../x", b"x")], "leads out"),
        ("absolute-name", vec![regular("/etc/passwd", b"x")], "leads out"),
        ("traversal-by-pax-path", vec![pax("path=../x\n"), regular("blobs/a", b"x")], "leads out"),
        ("backslash", vec![regular("blobs\\..\\x", b"x")], "leads out"),
        ("symbolic-link-as-blob", vec![entry(b"blobs/a", EntryType::Symlink, 0, b"")], "a link"),
        ("hard-link-as-index", vec![entry(b"index.json", EntryType::Link, 0, b"")], "a link"),
        ("device-as-blob", vec![entry(b"blobs/a", EntryType::Char, 0, b"")], "a link"),
        ("duplicate-entry", vec![good.clone(), regular("./index.json", b"[]")], "twice"),
        ("sparse-blob", vec![entry(b"blobs/a", EntryType::GNUSparse, 0, b"")], "sparse"),
        ("sparse-by-pax", vec![pax("GNU.sparse.major=1\n"), regular("blobs/a", b"x")], "sparse"),
        ("size-past-the-end", vec![entry(b"blobs/a", EntryType::Regular, endless, b"x")], "ends within"),
        ("bad-checksum", vec![damaged], "damaged"),
    ];
    for (attack, parts, reason) in cases {
        let error = list(&finished(&parts)).err().unwrap_or_else(|| panic!("{attack} was read"));
        assert!(error.to_string().contains(reason), "{attack}: {error}");
    }
    let size = EXTENSION_BYTES_MAX + 1;
    let bomb = entry(b"x", EntryType::XHeader, size, &vec![b' '; usize::try_from(size).unwrap()]);
    assert!(matches!(list(&finished(&[bomb])), Err(EntryError::Extension(_))), "pax-header-bomb");
    let cut = &good[..700];
    assert!(
        matches!(list(&[&good[..], &cut[..100]].concat()), Err(EntryError::Truncated(_))),
        "cut in a header"
    );
}

#[test]
fn a_link_nobody_looks_at_is_passed_over() {
    let archive = finished(&[entry(b"latest", EntryType::Symlink, 0, b""), regular("index.json", b"{}")]);
    assert_eq!(list(&archive).unwrap().len(), 1);
}

#[test]
fn a_flood_of_entries_is_stopped() {
    let one = entry(b"x", EntryType::Directory, 0, b"");
    let archive = one.repeat(ENTRIES_MAX + 1);
    assert!(matches!(list(&archive), Err(EntryError::TooMany(_))));
}
