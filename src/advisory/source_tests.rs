use std::io::Write;

use super::*;
use crate::model::Kind;

/// The largest file in these tests.
const FOUR_MIB: u64 = 4 << 20;

/// Labels with sizes, or why there is none.
type Listed = Vec<(String, Result<usize, String>)>;

/// Returns the labels and sizes handed out, sorted, or the error.
fn listed(bytes: &[u8]) -> Result<Listed, AdvisoryError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    list(file.path())
}

fn list(path: &Path) -> Result<Listed, AdvisoryError> {
    let mut found = vec![];
    read_within(path, FOUR_MIB, &mut |name, bytes| {
        found.push((name, bytes.map(|b| b.len())));
        Ok(())
    })?;
    found.sort();
    Ok(found)
}

fn bytes(count: u64) -> usize {
    usize::try_from(count).unwrap()
}

fn tar_of(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(vec![]);
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        // Past the check of the builder, which refuses hostile names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if kind.is_symlink() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (name, content) in entries {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.add_symlink("link.json", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    archive.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn every_archive_format_gives_the_same_files() {
    let long = format!("{}/x.json", "d".repeat(150));
    let mut tar = tar::Builder::new(vec![]);
    for name in ["a.json", "b/C.JSON", "readme.md", &long] {
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        tar.append_data(&mut header, name, &b"{}"[..]).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let zip = zip_of(&[("a.json", b"{}"), ("b/C.JSON", b"{}"), ("readme.md", b"{}"), (&long, b"{}")]);
    let expected: Vec<_> = ["a.json", "b/C.JSON", &long].map(|name| (name.to_owned(), Ok(2))).into();
    for archive in [gzip(&tar), zstd::bulk::compress(&tar, 3).unwrap(), tar, zip] {
        assert_eq!(listed(&archive).unwrap(), expected);
    }
}

#[test]
fn links_and_escaping_names_read_nothing_and_write_nothing() {
    let tar = tar_of(&[
        ("link.json", tar::EntryType::Symlink, b""),
        ("hard.json", tar::EntryType::Link, b""),
        ("../../escape.json", FILE, b"{}"),
        ("/etc/absolute.json", FILE, b"{}"),
    ]);
    let names: Vec<_> = listed(&tar).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["../../escape.json", "/etc/absolute.json"], "labels only");
    let zip = zip_of(&[("../../escape.json", b"{}")]);
    assert_eq!(listed(&zip).unwrap().len(), 1);

    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.json"), "{}").unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("folder")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.json"), folder.path().join("link.json")).unwrap();
    assert_eq!(list(folder.path()).unwrap(), []);
}

#[test]
fn a_compression_bomb_stops_at_the_ratio() {
    let zeros = vec![0; bytes(RATIO_FLOOR_BYTES + 1024)];
    let tar = tar_of(&[("zeros.bin", FILE, &zeros), ("a.json", FILE, b"{}")]);
    for bomb in [gzip(&tar), zstd::bulk::compress(&tar, 3).unwrap()] {
        let error = listed(&bomb).unwrap_err();
        assert!(matches!(error, AdvisoryError::Archive { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Invalid);
    }
    let four = vec![b' '; bytes(FOUR_MIB)];
    let many: Vec<_> = (0..17).map(|n| format!("{n}.json")).collect();
    let entries: Vec<_> = many.iter().map(|name| (name.as_str(), four.as_slice())).collect();
    let error = listed(&zip_of(&entries)).unwrap_err();
    assert!(matches!(error, AdvisoryError::Limit { what: "unpacked bytes", .. }), "{error}");
}

#[test]
fn a_record_past_the_limit_is_named_and_not_held() {
    let large = vec![b' '; bytes(FOUR_MIB + 1)];
    for archive in [tar_of(&[("a.json", FILE, &large)]), zip_of(&[("a.json", &large)])] {
        let found = listed(&archive).unwrap();
        assert!(matches!(&found[..], [(name, Err(reason))] if name == "a.json" && reason.contains("larger")));
    }
}

#[test]
fn a_file_on_its_own_is_read_in_every_compression() {
    let text = br#"{"id": 1}"#;
    let xz = {
        let options = lzma_rust2::XzOptions::with_preset(1);
        let mut writer = lzma_rust2::XzWriter::new(vec![], options).unwrap();
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    };
    let bzip2 = {
        let mut writer = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::fast());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    };
    for file in [text.to_vec(), gzip(text), zstd::bulk::compress(text, 1).unwrap(), bzip2, xz] {
        let found = listed(&file).unwrap();
        assert!(matches!(&found[..], [(_, Ok(9))]), "{found:?}");
    }
}

#[test]
fn an_endless_extended_header_is_refused() {
    let name = vec![b'a'; bytes(TAR_NAME_BYTES_MAX + 1)];
    let tar = tar_of(&[("././@LongLink", tar::EntryType::GNULongName, &name), ("a.json", FILE, b"{}")]);
    assert!(matches!(listed(&tar), Err(AdvisoryError::Limit { .. })));
}

#[test]
fn a_pax_path_names_the_next_entry() {
    let tar = tar_of(&[
        ("PaxHeaders/x", tar::EntryType::XHeader, b"15 path=y.json\n"),
        ("short", FILE, b"{}"),
        ("short", FILE, b"{}"),
    ]);
    assert_eq!(listed(&tar).unwrap(), [("y.json".to_owned(), Ok(2))], "and no entry after it");
}

#[test]
fn a_damaged_archive_is_an_error_and_not_a_shorter_one() {
    let body = vec![b' '; 100_000];
    let tar = tar_of(&[("a.json", FILE, b"{}"), ("b.json", FILE, &body)]);
    let packed = zstd::bulk::compress(&tar, 1).unwrap();
    for cut in [&tar[..5000], &gzip(&tar)[..100], &packed[..packed.len() - 3]] {
        let error = listed(cut).unwrap_err();
        assert!(matches!(error, AdvisoryError::Archive { .. }), "{error}");
    }
    let zip = zip_of(&[("a.json", b"{}")]);
    assert!(matches!(listed(&zip[..zip.len() - 10]), Err(AdvisoryError::Archive { .. })));
}

#[test]
fn nesting_ends_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(vec!["d"; DEPTH_MAX + 1].join("/"))).unwrap();
    assert!(matches!(list(folder.path()), Err(AdvisoryError::Limit { what: "nested folders", .. })));
}
