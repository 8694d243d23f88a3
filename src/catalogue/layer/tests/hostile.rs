//! Archives made to cost time or memory, to lead out of the root, or to be read otherwise than they are unpacked. Which test
//! is about which attack is listed in `tests/fuzz/mod.rs`.

use super::*;
use crate::catalogue::merge;
use std::sync::Arc;

#[test]
fn a_zstd_bomb_is_stopped() {
    let limits = Limits { ratio: 100, ratio_free_bytes: 1 << 20, ..LIMITS };
    let zeros = vec![0; 8 << 20];
    for tar in [archive_of(&[File("x", &zeros)]), [archive_of(&[]), zeros.clone()].concat()] {
        let bomb = zstd::encode_all(tar.as_slice(), 1).unwrap();
        assert!(bomb.len() * 100 < tar.len());
        let result = read_within(media_type::OCI_LAYER_ZSTD, bomb.as_slice(), &limits);
        assert_eq!(limit_of(result), "uncompressed bytes for each compressed one");
    }
}

/// RFC 8878, section 3.1.1: no content size, and a window of 2^(10 + 21) bytes, which a decoder would have to hold.
#[test]
fn a_zstd_frame_that_asks_for_two_gibibytes_of_memory_is_refused() {
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0];
    let result = read_layer(media_type::OCI_LAYER_ZSTD, &frame[..]);
    let Err(CatalogueError::Archive(why)) = result else { panic!("{result:?}") };
    assert!(why.contains("memory"), "{why}");
}

/// The same entry again and again, from no memory.
struct Endless {
    entry: Vec<u8>,
    at: usize,
    left: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let length = buffer.len().min(self.entry.len() - self.at);
        buffer[..length].copy_from_slice(&self.entry[self.at..self.at + length]);
        self.at += length;
        if self.at == self.entry.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(length)
    }
}

/// A twentieth of a million, and a twentieth of the limit: without optimisation a million take ten seconds.
#[test]
fn a_tar_with_a_million_entries_is_stopped() {
    const SCALE: u64 = 20;
    let entry = header("a", tar::EntryType::Regular, 0).as_bytes().to_vec();
    let entries = |count| Endless { entry: entry.clone(), at: 0, left: count };
    let limits = Limits { entries: LIMITS.entries / SCALE / 2, ..LIMITS };
    let many = 1_000_000 / SCALE;
    let read = read_within(media_type::OCI_LAYER_TAR, entries(many), &limits).unwrap();
    // One path is kept once, however often it comes.
    assert_eq!((read.facts.entries, read.facts.covers.len()), (many, 1));
    assert_eq!(limit_of(read_within(media_type::OCI_LAYER_TAR, entries(many + 1), &limits)), "entries");
}

#[test]
fn hard_links_out_of_the_root_are_refused() {
    for target in ["../../etc/shadow", "usr/../../etc/passwd", ".."] {
        let result = plain(&archive_of(&[Hardlink("etc/os-release", target)]), &LIMITS);
        assert_eq!(result.unwrap_err(), CatalogueError::Path(target.into()));
    }
}

/// Within the root `/` is the root, and `..` does not leave it (path_resolution(7)).
#[test]
fn links_that_climb_out_of_the_root_stay_in_it() {
    for target in ["/usr/lib/os-release", "../../../../../usr/lib/os-release", "/../../usr/lib/os-release"] {
        let facts =
            facts_of(&[Symlink("etc/os-release", target), File("usr/lib/os-release", b"ID=inside\n")]);
        assert_eq!(merge(&[Arc::new(facts)]).system.unwrap().id, "inside", "{target}");
    }
}

#[test]
fn links_in_a_circle_are_a_gap() {
    let facts = facts_of(&[
        Symlink("etc/os-release", "release"),
        Symlink("etc/release", "../usr/lib/os-release"),
        Symlink("usr/lib", "/usr/share"),
        Symlink("usr/share", "lib"),
    ]);
    let contents = merge(&[Arc::new(facts)]);
    assert_eq!(contents.system, None);
    assert!(contents.gaps.iter().any(|gap| gap.what == "`etc/os-release`"), "{:?}", contents.gaps);
}

/// One record of a pax header: its length in front, which counts itself.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let length = (1..9999).find(|length| length.to_string().len() + rest.len() == *length).unwrap();
    format!("{length}{rest}")
}

/// A file of 4 GiB with four bytes in it, in each form that GNU tar's manual tells ("Sparse Formats").
fn holed_in_pax(form: &str, path: &str, head: &[u8]) -> Vec<u8> {
    let size = (4_u64 << 30).to_string();
    let (mut records, mut data) = (vec![], head.to_vec());
    match form {
        "0.0" => {
            for (key, value) in
                [("size", size.as_str()), ("numblocks", "1"), ("offset", "0"), ("numbytes", "8")]
            {
                records.push(record(&format!("GNU.sparse.{key}"), value));
            }
        }
        "0.1" => {
            let name = [("name", path), ("size", &size), ("numblocks", "1"), ("map", "0,8")];
            records.extend(name.map(|(key, value)| record(&format!("GNU.sparse.{key}"), value)));
        }
        _ => {
            let name = [("major", "1"), ("minor", "0"), ("name", path), ("realsize", &size)];
            records.extend(name.map(|(key, value)| record(&format!("GNU.sparse.{key}"), value)));
            data = b"1\n0\n8\n".to_vec();
            data.resize(512, 0);
            data.extend(head);
        }
    }
    let records = records.concat();
    let mut builder = tar::Builder::new(vec![]);
    let pax = header("./PaxHeaders/x", tar::EntryType::XHeader, records.len() as u64);
    builder.append(&pax, records.as_bytes()).unwrap();
    let shown = if form == "0.0" { path.to_owned() } else { "GNUSparseFile.7/x".to_owned() };
    builder.append(&header(&shown, tar::EntryType::Regular, data.len() as u64), data.as_slice()).unwrap();
    builder.into_inner().unwrap()
}

/// Whoever unpacks such an archive makes of it a file of another name and content than stand in it.
#[test]
fn a_sparse_file_of_four_gibibytes_in_pax_form_hides_nothing_and_costs_nothing() {
    for form in ["0.0", "0.1", "1.0"] {
        let facts =
            |path| plain(&holed_in_pax(form, path, b"\x7fELF\x02\x01\x01\0"), &LIMITS).map(|read| read.facts);
        let file = facts("usr/bin/a").unwrap().files["usr/bin/a"].clone();
        assert_eq!(file.readings["go"].gaps.len(), 1, "{form}");
        let file = facts("app/package.json").unwrap().files["app/package.json"].clone();
        assert_eq!(file.readings["npm"].gaps.len(), 1, "{form}");
        assert!(facts(APK).is_err(), "{form}");
        assert!(matches!(facts("../a"), Err(CatalogueError::Path(_))), "{form}");
    }
}

/// Every link of the root is another spelling of a path, and real ones have ten.
#[test]
fn a_flood_of_links_in_the_root_costs_little() {
    let links = |count| (0..count).map(|n| (format!("link{n}"), "usr".to_owned()));
    let lower = LayerFacts {
        links: links(20_000).collect(),
        ..facts_of(&[File("usr/lib/os-release", b"ID=inside\n")])
    };
    let upper = LayerFacts { covers: vec![PathKey::of("x")], ..LayerFacts::default() };
    let contents = merge(&[Arc::new(lower), Arc::new(upper)]);
    assert_eq!(contents.system.unwrap().id, "inside");
}

/// Forty links may follow each other, and each can have thousands of steps.
#[test]
fn links_of_thousands_of_steps_are_a_gap() {
    let long = "a/".repeat(2000);
    let links = (0..39).map(|n| (format!("l{n}"), format!("{long}../{}l{}", "../".repeat(1999), n + 1)));
    let mut lower = LayerFacts { links: links.collect(), ..LayerFacts::default() };
    lower.links.insert("etc".into(), "l0".into());
    for n in 0..2000 {
        lower.links.insert(format!("etc/{n}"), "x".into());
    }
    let contents = merge(&[Arc::new(lower)]);
    assert!(contents.gaps.iter().any(|gap| gap.what == "`etc/os-release`"), "{:?}", contents.gaps);
}

fn refused(bytes: &[u8]) -> String {
    match plain(bytes, &LIMITS) {
        Err(CatalogueError::Archive(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Go's reader looks for the next header right behind these: what stands in their content would be unpacked unseen.
#[test]
fn entries_hidden_in_the_content_of_a_directory_or_link_are_refused() {
    let hidden = archive_of(&[File(APK, b"P:evil\nV:1\n")]);
    for kind in [
        tar::EntryType::Directory,
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Fifo,
        tar::EntryType::Char,
        tar::EntryType::Block,
    ] {
        let tar = [header("a", kind, 1024).as_bytes(), &hidden[..]].concat();
        assert!(refused(&tar).contains("`a`, which has content"), "{kind:?}");
    }
    let tar = [header("a/", tar::EntryType::Regular, 1024).as_bytes(), &hidden[..]].concat();
    assert!(refused(&tar).contains("`a/`, which has content"));
}

fn with_pax(records: &[u8], next: &tar::Header) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    builder.append(&header("pax", tar::EntryType::XHeader, records.len() as u64), records).unwrap();
    builder.append(next, &b""[..]).unwrap();
    builder.into_inner().unwrap()
}

/// The path, or the size and with it the place of the next entry, is another one to whoever parts records by their lengths.
#[test]
fn pax_headers_that_can_be_read_in_two_ways_are_refused() {
    let file = header("usr/bin/a", tar::EntryType::Regular, 0);
    let inner = record("path", APK);
    for records in [
        record("comment", &format!("x\n{inner}")),
        format!("{}{inner}", record("comment", "a\n\nb")),
        format!("{}{}", record("path", "a"), inner),
        record("path", ""),
        format!("{}{}", record("size", "0"), record("size", "512")),
        format!("x{inner}"),
    ] {
        assert!(refused(&with_pax(records.as_bytes(), &file)).contains("pax header"), "{records:?}");
    }
    let read = plain(&with_pax(inner.as_bytes(), &file), &LIMITS).unwrap();
    assert!(read.facts.files.contains_key(APK));
}

/// Headers of a format that one reader takes for another one, or for none.
#[test]
fn names_that_only_some_readers_see_are_refused() {
    let mut unknown = header("pax", tar::EntryType::XHeader, 0);
    unknown.as_mut_bytes()[257..265].fill(0);
    unknown.set_cksum();
    assert!(refused(unknown.as_bytes()).contains("extends an entry"));
    let prefixed = |version: &[u8; 2], trailer: &[u8; 4]| {
        let mut header = header("installed", tar::EntryType::Regular, 0);
        let bytes = header.as_mut_bytes();
        bytes[257..263].copy_from_slice(b"ustar\0");
        bytes[263..265].copy_from_slice(version);
        bytes[345..355].copy_from_slice(b"lib/apk/db");
        bytes[508..512].copy_from_slice(trailer);
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    assert!(plain(&prefixed(b"00", b"\0\0\0\0"), &LIMITS).unwrap().facts.files.contains_key(APK));
    for header in [prefixed(b"\0\0", b"\0\0\0\0"), prefixed(b"00", b"tar\0")] {
        assert!(refused(&header).contains("two parts"));
    }
    let long = |name: &[u8]| {
        let mut builder = tar::Builder::new(vec![]);
        let long = header("././@LongLink", tar::EntryType::GNULongName, name.len() as u64);
        builder.append(&long, name).unwrap();
        builder.append(&header("a", tar::EntryType::Regular, 0), &b""[..]).unwrap();
        builder.into_inner().unwrap()
    };
    assert!(refused(&long(b"lib/apk/db/installed\0x\0")).contains("NUL"));
    assert!(refused(&long(b"\0")).contains("two names"));
}
