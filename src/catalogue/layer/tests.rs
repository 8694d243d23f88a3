use std::io::Write;

mod hostile;

use super::*;
use crate::catalogue::{Parsed, PathKey};

/// What an archive of the tests holds.
enum Item<'a> {
    File(&'a str, &'a [u8]),
    Symlink(&'a str, &'a str),
    Hardlink(&'a str, &'a str),
    Folder(&'a str),
    Pipe(&'a str),
}
use Item::{File, Folder, Hardlink, Pipe, Symlink};

/// Writes paths as they are, without the checks of `tar::Builder`.
fn header(path: &str, kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn archive_of(items: &[Item<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for item in items {
        let (mut header, bytes, target) = match item {
            File(path, bytes) => (header(path, tar::EntryType::Regular, bytes.len() as u64), *bytes, ""),
            Symlink(path, target) => (header(path, tar::EntryType::Symlink, 0), &[][..], *target),
            Hardlink(path, target) => (header(path, tar::EntryType::Link, 0), &[][..], *target),
            Folder(path) => (header(path, tar::EntryType::Directory, 0), &[][..], ""),
            Pipe(path) => (header(path, tar::EntryType::Fifo, 0), &[][..], ""),
        };
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn plain(bytes: &[u8], limits: &Limits) -> Result<LayerRead, CatalogueError> {
    read_within(media_type::OCI_LAYER_TAR, bytes, limits)
}

fn facts_of(items: &[Item<'_>]) -> LayerFacts {
    plain(&archive_of(items), &LIMITS).unwrap().facts
}

const APK: &str = "lib/apk/db/installed";

#[test]
fn every_compression_gives_the_same_facts_and_diff_id() {
    let tar = archive_of(&[File("./etc/os-release", b"ID=a\n"), File("usr/bin/x", b"no interest")]);
    let (first, second) = tar.split_at(700);
    let members = [gzip(first), gzip(second)].concat();
    let frames = [zstd::encode_all(first, 1).unwrap(), zstd::encode_all(second, 1).unwrap()].concat();
    for (media_type, bytes) in [
        (media_type::OCI_LAYER_TAR, tar.clone()),
        (media_type::OCI_LAYER_GZIP, gzip(&tar)),
        (media_type::DOCKER_LAYER_GZIP, members),
        (media_type::OCI_LAYER_ZSTD, frames),
    ] {
        let read = read_layer(media_type, bytes.as_slice()).unwrap();
        assert_eq!(read.diff_id, Digest::sha256(&tar), "{media_type}");
        let system = read.facts.files["etc/os-release"].readings["os_release"].system.as_ref();
        assert_eq!(system.unwrap().id, "a");
        assert_eq!((read.facts.files.len(), read.facts.entries), (1, 2));
        assert_eq!(read.facts.uncompressed_bytes, tar.len() as u64);
    }
}

#[test]
fn the_diff_id_covers_the_padding_after_the_last_entry() {
    let mut tar = archive_of(&[File("a", b"b")]);
    tar.extend([0; 9 * 512]);
    assert_eq!(plain(&tar, &LIMITS).unwrap().diff_id, Digest::sha256(&tar));
}

#[test]
fn whiteouts_links_directories_and_what_covers_lower_files_are_kept() {
    let facts = facts_of(&[
        Folder("var/lib/dpkg/"),
        File("var/lib/dpkg/.wh.status", b""),
        File("lib/apk/.wh..wh..opq", b""),
        File("usr/bin/.wh.ls", b""),
        File(".wh..wh.plnk", b""),
        Symlink("lib", "usr/lib"),
        Symlink("bin", "usr/bin"),
        Symlink("etc/os-release", "../usr/lib/os-release"),
        Pipe("var/lib/rpm/Packages"),
        File("usr/bin/[", b"no interest"),
        // Leads to no directory, so nobody needs to follow it.
        Symlink("usr/bin/test", "["),
    ]);
    assert!(facts.files.is_empty());
    assert_eq!(facts.whiteouts.iter().collect::<Vec<_>>(), ["usr/bin/ls", "var/lib/dpkg/status"]);
    assert_eq!(facts.opaque.iter().collect::<Vec<_>>(), ["lib/apk"]);
    assert_eq!(facts.directories, [PathKey::of("var/lib/dpkg")]);
    let links: Vec<_> = facts.links.iter().map(|(path, target)| (path.as_str(), target.as_str())).collect();
    let expected = [("bin", "usr/bin"), ("etc/os-release", "../usr/lib/os-release"), ("lib", "usr/lib")];
    assert_eq!(links, expected);
    let mut covers = ["var/lib/rpm/Packages", "usr/bin/[", "usr/bin/test"].map(PathKey::of);
    covers.sort();
    assert_eq!(facts.covers, covers);
}

#[test]
fn a_hard_link_to_a_file_that_speaks_of_its_path_is_a_link() {
    let facts = facts_of(&[
        File("usr/share/doc/base/copyright", b"see /usr/share/common-licenses/GPL-3"),
        Hardlink("usr/share/doc/a/copyright", "usr/share/doc/base/copyright"),
    ]);
    assert_eq!(facts.files.keys().collect::<Vec<_>>(), ["usr/share/doc/base/copyright"]);
    assert_eq!(facts.links["usr/share/doc/a/copyright"], "/usr/share/doc/base/copyright");
}

#[test]
fn a_hard_link_is_its_file_where_that_was_kept() {
    let facts = facts_of(&[
        File("usr/lib/apk/db/installed", b"P:a\nV:1\n"),
        Hardlink(APK, "usr/lib/apk/db/installed"),
        Hardlink("var/lib/dpkg/status", "srv/hidden"),
        File("a/package.json", b"{\"name\": \"a\", \"version\": \"1.0.0\"}"),
        Hardlink("b/package.json", "a/package.json"),
        File("fixture/package.json", b"{}"),
        Hardlink("c/package.json", "fixture/package.json"),
        File("store/0a1b", b"{\"name\": \"d\", \"version\": \"1.0.0\"}"),
        Hardlink("d/package.json", "store/0a1b"),
    ]);
    let npm = |path: &str| facts.files[path].readings.get("npm").cloned().unwrap_or_default();
    assert_eq!(
        (npm("b/package.json").packages[0].name.as_str(), npm("c/package.json")),
        ("a", Parsed::default())
    );
    assert_eq!(npm("d/package.json").gaps, ["a hard link to `store/0a1b`, which was not read"]);
    assert_eq!(facts.files[APK].readings["apk"].packages[0].name, "a");
    assert_eq!(facts.links["var/lib/dpkg/status"], "/srv/hidden");
}

#[test]
fn the_last_entry_of_a_path_counts() {
    let facts = facts_of(&[File(APK, b"P:first\nV:1\n"), File(APK, b"P:second\nV:1\n")]);
    assert_eq!(facts.files[APK].readings["apk"].packages[0].name, "second");
    let facts = facts_of(&[File(APK, b"first"), Symlink(APK, "elsewhere")]);
    assert!(facts.files.is_empty() && facts.links.contains_key(APK));
    let facts = facts_of(&[File(APK, b"first"), Symlink("lib", "elsewhere")]);
    assert!(facts.files.is_empty());
    // A slash at the end makes a directory of any entry.
    let facts = facts_of(&[File(APK, b"first"), File("lib/apk/db/installed/", b"")]);
    assert!(facts.files.is_empty());
}

#[test]
fn long_paths_reach_their_file() {
    let deep = format!("var/lib/dpkg/status.d/{}", "a".repeat(180));
    let mut builder = tar::Builder::new(vec![]);
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o644);
    builder.append_data(&mut header, &deep, &b"abc"[..]).unwrap();
    let facts = plain(&builder.into_inner().unwrap(), &LIMITS).unwrap().facts;
    assert_eq!(facts.files[&deep].readings["dpkg"].unreadable, 1);
}

fn limit_of(result: Result<LayerRead, CatalogueError>) -> &'static str {
    match result.unwrap_err() {
        CatalogueError::Limit { what, .. } => what,
        other => panic!("{other}"),
    }
}

#[test]
fn every_limit_stops_the_layer() {
    let big = vec![b'x'; 4096];
    let mut big = big;
    big[..9].copy_from_slice(b"P:a\nV:1\n\n");
    let tar = archive_of(&[File(APK, &big), File("etc/os-release", &big), File("x", &big)]);
    assert!(plain(&tar, &LIMITS).is_ok());
    let cases: [(Limits, &str); 5] = [
        (Limits { file_bytes: 4095, ..LIMITS }, "bytes in a package database"),
        (Limits { kept_bytes: 100, ..LIMITS }, "bytes of facts"),
        (Limits { entries: 2, ..LIMITS }, "entries"),
        (Limits { uncompressed_bytes: 10_000, ..LIMITS }, "uncompressed bytes"),
        (Limits { kept_paths: 1, ..LIMITS }, "paths of interest"),
    ];
    for (limits, what) in cases {
        assert_eq!(limit_of(plain(&tar, &limits)), what);
    }
}

#[test]
fn a_decompression_bomb_is_stopped() {
    let limits = Limits { ratio: 100, ratio_free_bytes: 1 << 20, ..LIMITS };
    let zeros = vec![0; 8 << 20];
    let tar = archive_of(&[File("x", &zeros)]);
    let bomb = gzip(&tar);
    assert!(bomb.len() * 100 < tar.len());
    let result = read_within(media_type::OCI_LAYER_GZIP, bomb.as_slice(), &limits);
    assert_eq!(limit_of(result), "uncompressed bytes for each compressed one");
    // After the end of the archive it is a bomb all the same.
    let bomb = gzip(&[archive_of(&[]), zeros].concat());
    let result = read_within(media_type::OCI_LAYER_GZIP, bomb.as_slice(), &limits);
    assert_eq!(limit_of(result), "uncompressed bytes for each compressed one");
}

#[test]
fn a_header_that_never_ends_is_stopped() {
    for kind in [tar::EntryType::GNULongName, tar::EntryType::GNULongLink, tar::EntryType::XHeader] {
        let mut builder = tar::Builder::new(vec![]);
        let endless = vec![b'a'; 100_000];
        builder.append(&header("././@LongLink", kind, endless.len() as u64), endless.as_slice()).unwrap();
        builder.append(&header("x", tar::EntryType::Regular, 0), &b""[..]).unwrap();
        let tar = builder.into_inner().unwrap();
        let limits = Limits { header_bytes: 65_536, ..LIMITS };
        assert_eq!(limit_of(plain(&tar, &limits)), "bytes of headers before an entry");
    }
}

/// A GNU sparse file that claims an exbibyte of holes before its one block.
fn sparse(path: &str) -> Vec<u8> {
    const HOLE: u64 = 1 << 60;
    let mut header = header(path, tar::EntryType::GNUSparse, 512);
    let gnu = header.as_gnu_mut().unwrap();
    let number = |field: &mut [u8; 12], value: u64| {
        field[4..].copy_from_slice(&value.to_be_bytes());
        field[0] = 0x80;
    };
    number(&mut gnu.sparse[0].offset, HOLE);
    number(&mut gnu.sparse[0].numbytes, 512);
    number(&mut gnu.realsize, HOLE + 512);
    header.set_cksum();
    let mut builder = tar::Builder::new(vec![]);
    builder.append(&header, &[b'x'; 512][..]).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn holes_of_a_sparse_file_cost_nothing() {
    let tar = sparse("srv/disk.img");
    let read = plain(&tar, &LIMITS).unwrap();
    assert_eq!((read.diff_id, read.facts.entries), (Digest::sha256(&tar), 1));
    assert_eq!(limit_of(plain(&sparse(APK), &LIMITS)), "bytes in a package database");
}

#[test]
fn paths_out_of_the_root_are_refused() {
    let result = plain(&archive_of(&[File("../etc/os-release", b"ID=evil\n")]), &LIMITS);
    assert_eq!(result.unwrap_err(), CatalogueError::Path("../etc/os-release".into()));
}

#[test]
fn what_is_no_tar_archive_is_told_so() {
    for media_type in
        ["application/vnd.in-toto+json", "", "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"]
    {
        assert!(matches!(read_layer(media_type, &b""[..]), Err(CatalogueError::MediaType(_))));
    }
    let tar = archive_of(&[File("x", b"y")]);
    let cut = &gzip(&tar)[..40];
    for (media_type, bytes) in [
        (media_type::OCI_LAYER_GZIP, tar.as_slice()),
        (media_type::OCI_LAYER_ZSTD, tar.as_slice()),
        (media_type::OCI_LAYER_GZIP, cut),
        (media_type::OCI_LAYER_TAR, &tar[..700]),
        (media_type::OCI_LAYER_TAR, &[b'x'; 512]),
    ] {
        assert!(matches!(read_layer(media_type, bytes), Err(CatalogueError::Archive(_))), "{media_type}");
    }
}

#[test]
fn a_failing_source_is_not_the_layers_fault() {
    struct Failing(Vec<u8>);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection lost"));
            }
            let part: Vec<u8> = self.0.drain(..self.0.len().min(buffer.len())).collect();
            buffer[..part.len()].copy_from_slice(&part);
            Ok(part.len())
        }
    }
    let mut bytes = gzip(&archive_of(&[File("x", b"y")]));
    bytes.truncate(bytes.len() - 8);
    let error = read_layer(media_type::OCI_LAYER_GZIP, Failing(bytes)).unwrap_err();
    assert_eq!(error, CatalogueError::Source("connection lost".into()));
}

#[test]
fn a_directory_of_the_nix_store_is_a_package_and_hides_nothing() {
    const STORE: &str = "nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw-glibc-2.38-bin";
    let npm = format!("{STORE}/package.json");
    let layers = [
        facts_of(&[File(&npm, br#"{"name": "a", "version": "1.0.0"}"#), Folder(&format!("{STORE}/"))]),
        facts_of(&[Folder("nix/store"), Folder(STORE)]),
    ];
    let layers: Vec<_> = layers.into_iter().map(std::sync::Arc::new).collect();
    let shown = |layers: &[_]| -> Vec<String> {
        crate::catalogue::merge(layers).components.into_iter().map(|one| one.purl).collect()
    };
    let nix = "pkg:nix/glibc@2.38?output=bin&outputhash=0000h0cnbmfcn93xm5dg2x27ixhag1cw";
    assert_eq!(shown(&layers), [nix, "pkg:npm/a@1.0.0"]);
    let components = crate::catalogue::merge(&layers).components;
    assert_eq!(components[0].places.first().unwrap().layer, 0);
    let gone = std::sync::Arc::new(facts_of(&[File(
        "nix/store/.wh.0000h0cnbmfcn93xm5dg2x27ixhag1cw-glibc-2.38-bin",
        b"",
    )]));
    assert_eq!(shown(&[layers[0].clone(), gone]), [""; 0]);
}

/// What the Go linker leaves in a program (package `debug/buildinfo`), without a list of modules.
const GO_RECORD: &[u8] = b"\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08go1.22.3\0";

#[test]
fn large_executables_are_read_while_they_pass_by() {
    let mut program = b"\x7fELF".to_vec();
    program.resize(9 << 20, 0);
    program.extend(GO_RECORD);
    program.extend(b"\0nginx version: nginx/1.25.1\n\0");
    program.resize(11 << 20, 1);
    let limits = Limits { executable_bytes: 1 << 20, ..LIMITS };
    let items =
        [File("usr/sbin/nginx", &program), File("usr/bin/after", GO_RECORD), File(APK, b"P:a\nV:1\n")];
    let tar = archive_of(&items);
    let read = plain(&tar, &limits).unwrap();
    assert_eq!(read.diff_id, Digest::sha256(&tar));
    let file = &read.facts.files["usr/sbin/nginx"];
    let names = |cataloguer: &str| -> Vec<(&str, &str)> {
        let packages = file.readings[cataloguer].packages.iter();
        packages.map(|found| (found.name.as_str(), found.version.as_str())).collect()
    };
    assert_eq!((names("go"), names("known_binary")), (vec![("stdlib", "1.22.3")], vec![("nginx", "1.25.1")]));
    let mut hasher = crate::model::Hasher::new(crate::model::Algorithm::Sha512);
    hasher.update(&program);
    let hash = &file.readings["known_binary"].packages[0].sha512;
    assert_eq!(hash.as_deref(), Some(hasher.finish().hex()));
    assert_eq!((file.size, file.readings.len()), (11 << 20, 2));
    assert_eq!(read.facts.files[APK].readings["apk"].packages[0].name, "a");
}

#[test]
fn what_a_large_executable_hides_is_a_gap() {
    let mut program = b"\x7fELF".to_vec();
    program.resize(2 << 20, 0);
    program.extend(b"\0.text\0.dep-v0\0.data\0");
    let limits = Limits { executable_bytes: 1 << 20, ..LIMITS };
    let facts = plain(&archive_of(&[File("usr/bin/a", &program)]), &limits).unwrap().facts;
    let readings = &facts.files["usr/bin/a"].readings;
    assert_eq!(readings.keys().collect::<Vec<_>>(), ["rust"]);
    assert_eq!(readings["rust"].gaps.len(), 1);
}

#[test]
fn an_executable_without_packages_is_a_plain_file() {
    let facts = facts_of(&[File("usr/bin/a", b"\x7fELF"), File("usr/bin/nginx", b"MZ nothing")]);
    assert!(facts.files.is_empty());
    let mut covers = ["usr/bin/a", "usr/bin/nginx"].map(PathKey::of);
    covers.sort();
    assert_eq!(facts.covers, covers);
}

/// A GNU sparse entry: four bytes of data, and a hole up to the size it claims.
fn holed(path: &str, head: [u8; 8], size: u64) -> Vec<u8> {
    let mut header = header(path, tar::EntryType::GNUSparse, 512);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.sparse[0].set_offset(0);
    gnu.sparse[0].set_length(512);
    gnu.sparse[1].set_offset(size);
    gnu.sparse[1].set_length(0);
    gnu.set_real_size(size);
    header.set_cksum();
    let mut data = head.to_vec();
    data.resize(512, 0);
    [header.as_bytes().as_slice(), &data].concat()
}

#[test]
fn holes_of_any_size_cost_nothing() {
    let head = *b"\x7fELF\x02\x01\x01\0";
    let four_gibibytes = holed("usr/bin/a", head, 4 << 30);
    let endless = holed("usr/bin/b", head, 1 << 60);
    let many: Vec<u8> = (0..2000).flat_map(|n| holed(&format!("usr/bin/nginx{n}"), head, 1 << 20)).collect();
    let tar = [four_gibibytes, endless, many, vec![0; 1024]].concat();
    let limits = Limits { sparse_bytes: 4 << 20, ..LIMITS };
    let facts = plain(&tar, &limits).unwrap().facts;
    assert_eq!(facts.entries, 2002);
    for path in ["usr/bin/a", "usr/bin/b", "usr/bin/nginx1999"] {
        assert_eq!(facts.files[path].readings["go"].gaps.len(), 1, "{path}");
    }
}

/// A file with a mode, and with an extended attribute in a PAX header before it.
fn moded(builder: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, attribute: Option<&[u8]>) {
    if let Some(value) = attribute {
        builder.append_pax_extensions([("SCHILY.xattr.security.capability", value)]).unwrap();
    }
    let mut header = header(path, tar::EntryType::Regular, 1);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(42);
    header.set_cksum();
    builder.append(&header, &b"x"[..]).unwrap();
}

#[test]
fn what_gives_privileges_is_kept_with_its_path() {
    let raw = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    // Of no revision that Linux knows.
    let odd = [1, 0, 0, 9, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut builder = tar::Builder::new(vec![]);
    moded(&mut builder, "usr/bin/su", 0o4755, None);
    moded(&mut builder, "usr/bin/chage", 0o2755, None);
    moded(&mut builder, "usr/bin/ping", 0o755, Some(&raw));
    moded(&mut builder, "usr/bin/odd", 0o755, Some(&odd));
    moded(&mut builder, "usr/bin/env", 0o755, None);
    moded(&mut builder, "usr/bin/once", 0o4755, None);
    moded(&mut builder, "usr/bin/once", 0o755, None);
    let facts = plain(&builder.into_inner().unwrap(), &LIMITS).unwrap().facts;
    let said = |path: &str| {
        let one = facts.privileged.get(path)?;
        Some((one.setuid, one.setgid, one.group, one.capabilities.as_deref()))
    };
    assert_eq!(said("usr/bin/su"), Some((true, false, 42, None)));
    assert_eq!(said("usr/bin/chage"), Some((false, true, 42, None)));
    assert_eq!(said("usr/bin/ping"), Some((false, false, 42, Some("cap_net_raw+ep"))));
    assert_eq!(said("usr/bin/odd"), Some((false, false, 42, Some("unreadable"))));
    assert_eq!((said("usr/bin/env"), said("usr/bin/once")), (None, None), "the last entry of a path counts");
}

#[test]
fn secrets_are_kept_by_path_and_kind_and_files_that_cataloguers_read_among_them() {
    let key = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n";
    let large = [key.as_slice(), &vec![b'\n'; 200_000]].concat();
    let facts = facts_of(&[
        File("root/.ssh/id_ed25519", key),
        File("srv/large.pem", &large),
        File("root/.npmrc", b"//npm.acme.example/:_authToken=npm_abc\n"),
        File("etc/ssl/certs/ca.pem", b"-----BEGIN CERTIFICATE-----\nMIID\n"),
        File(APK, b"P:a\nV:1\n"),
    ]);
    let found: Vec<_> = facts.secrets.iter().map(|(path, kind)| (path.as_str(), kind.name())).collect();
    let expected = [
        ("root/.npmrc", "npm token"),
        ("root/.ssh/id_ed25519", "private key"),
        ("srv/large.pem", "private key"),
    ];
    assert_eq!(found, expected);
    assert!(facts.covers.contains(&PathKey::of("root/.npmrc")), "it still hides what is below it");
    assert_eq!(facts.files[APK].readings["apk"].packages[0].name, "a");
    assert!(!format!("{facts:?}").contains("npm_abc"), "the value is nowhere");
}

#[test]
fn attack_a_flood_of_secrets_and_privileged_files_is_counted() {
    let mut builder = tar::Builder::new(vec![]);
    for number in 0..1005 {
        moded(&mut builder, &format!("bin/{number}"), 0o4755, None);
    }
    let key = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n";
    for number in 0..1003 {
        let header = header(&format!("k/{number}"), tar::EntryType::Regular, key.len() as u64);
        builder.append(&header, &key[..]).unwrap();
    }
    let facts = plain(&builder.into_inner().unwrap(), &LIMITS).unwrap().facts;
    assert_eq!((facts.privileged.len(), facts.privileged_left_out), (1000, 5));
    assert_eq!((facts.secrets.len(), facts.secrets_left_out), (1000, 3));
}
