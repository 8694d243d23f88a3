//! Layers in every compression, and all that is made of them; facts of layers as they are stored; headers of RPM packages.

use std::io::Write as _;
use std::sync::Arc;

use super::run::{Answer, Target, magnitude};
use super::{judge, seeds, target};
use crate::catalogue::ecosystem::{ALL, wanting};
use crate::catalogue::found::File;
use crate::catalogue::{CatalogueError, FileFacts, LayerFacts, read_layer};
use crate::model::media_type;

target!(layers, Target { name: "layers".into(), seeds: archives(), mend, read: &read });

target!(
    compressed_layers,
    Target {
        name: "compressed layers".into(),
        seeds: archives().iter().take(4).flat_map(|tar| [gzip(tar), zstd(tar)]).collect(),
        mend: |_| {},
        read: &|input, is_thorough| {
            let is_zstd = input.first() == Some(&0x28);
            let media_type = if is_zstd { media_type::OCI_LAYER_ZSTD } else { media_type::OCI_LAYER_GZIP };
            told(read_layer(media_type, input).map(|read| read.facts), is_thorough)
        },
    }
);

target!(
    stored_facts,
    Target {
        name: "stored facts".into(),
        seeds: ["dpkg", "java", "npm", "os_release"]
            .map(|name| postcard::to_stdvec(&facts_of_seeds(&[name])).expect("facts can be written"))
            .to_vec(),
        mend: |_| {},
        // Whatever was altered in a cache and still has the form of facts is merged, and does no harm.
        read: &|input, _| match postcard::from_bytes::<LayerFacts>(input) {
            Ok(facts) => {
                let contents = crate::catalogue::merge(&[Arc::new(facts)]);
                let counts = [contents.components.len(), contents.gaps.len()];
                Answer::new(&counts.map(|count| magnitude(count as u64)), &contents)
            }
            Err(error) => Answer::new(&error, &()),
        },
    }
);

target!(
    rpm_headers,
    Target {
        name: "rpm headers".into(),
        seeds: seeds::contents("rpm_headers"),
        mend: |_| {},
        read: &|input, is_thorough| {
            let rpm = ALL.iter().find(|one| one.name == "rpm").expect("is in the table");
            let path = "var/lib/rpm/rpmdb.sqlite";
            let bytes = database(input);
            let parsed = (rpm.parse)(&File { path, bytes: &bytes });
            judge::parsed(&parsed, bytes.len());
            let contents = judge::merged(path, rpm.name, parsed.clone(), is_thorough);
            judge::answer(&parsed, &contents)
        },
    }
);

/// A database of one package.
fn database(header: &[u8]) -> Vec<u8> {
    let mut connection = rusqlite::Connection::open_in_memory().expect("SQLite works");
    let table = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);";
    connection.execute_batch(table).expect("SQLite works");
    connection.execute("INSERT INTO Packages (blob) VALUES (?1)", [header]).expect("SQLite works");
    connection.serialize(rusqlite::MAIN_DB).expect("SQLite works").to_vec()
}

fn read(input: &[u8], is_thorough: bool) -> Answer {
    let result = match input.len() % 8 {
        0 => read_layer(media_type::OCI_LAYER_GZIP, gzip(input).as_slice()),
        1 => read_layer(media_type::OCI_LAYER_ZSTD, zstd(input).as_slice()),
        _ => read_layer(media_type::OCI_LAYER_TAR, input),
    };
    told(result.map(|read| read.facts), is_thorough)
}

fn told(result: Result<LayerFacts, CatalogueError>, is_thorough: bool) -> Answer {
    let facts = match result {
        Ok(facts) => facts,
        Err(error) => return Answer::new(&error, &()),
    };
    let encoded = postcard::to_stdvec(&facts).expect("facts can be written");
    assert_eq!(
        postcard::from_bytes::<LayerFacts>(&encoded).as_ref(),
        Ok(&facts),
        "facts outlive their storage"
    );
    let counts = [facts.files.len(), facts.links.len(), facts.whiteouts.len(), facts.opaque.len()];
    let facts = Arc::new(facts);
    let contents =
        judge::layers(&[Arc::new(facts_of_seeds(&["os_release", "dpkg"])), facts.clone()], is_thorough);
    let kind = (counts.map(|count| magnitude(count as u64)), magnitude(contents.components.len() as u64));
    Answer::new(&kind, &(&facts, &contents))
}

/// Returns what cataloguers make of the seeds of some of them, as the reader of layers asks them.
pub(super) fn facts_of_seeds(cataloguers: &[&str]) -> LayerFacts {
    let files = cataloguers.iter().flat_map(|name| seeds::files(&format!("cataloguers/{name}")));
    let facts = |path: &str, bytes: &[u8]| {
        let file = File { path, bytes };
        let readings = wanting(path).map(|one| (one.name.to_owned(), (one.parse)(&file))).collect();
        FileFacts { size: bytes.len() as u64, readings }
    };
    let files = files.map(|(path, bytes)| (path.clone(), facts(&path, &bytes))).collect();
    LayerFacts { files, ..LayerFacts::default() }
}

/// Archives of a few files each, and one of everything else that an archive can hold.
fn archives() -> Vec<Vec<u8>> {
    let mut archives: Vec<Vec<u8>> = vec![odd()];
    for cataloguer in ALL {
        let mut builder = tar::Builder::new(vec![]);
        for (path, bytes) in seeds::files(&format!("cataloguers/{}", cataloguer.name)) {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, bytes.as_slice()).expect("memory takes everything");
        }
        archives.push(builder.into_inner().expect("memory takes everything"));
    }
    archives
}

/// Links of both kinds, removals, directories, devices, long names of both forms, and holes.
fn odd() -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    let mut add = |path: &str, kind: tar::EntryType, target: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes).expect("memory takes everything");
    };
    add("lib", tar::EntryType::Symlink, "usr/lib", b"");
    add("etc/os-release", tar::EntryType::Symlink, "../usr/lib/os-release", b"");
    add("var/lib/dpkg/.wh.status", tar::EntryType::Regular, "", b"");
    add("usr/share/.wh..wh..opq", tar::EntryType::Regular, "", b"");
    add("usr/lib/os-release", tar::EntryType::Regular, "", b"ID=a\nVERSION_ID=1\n");
    add("usr/lib/copy", tar::EntryType::Link, "usr/lib/os-release", b"");
    add("nix/store/0000h0cnbmfcn93xm5dg2x27ixhag1cw-glibc-2.38/", tar::EntryType::Directory, "", b"");
    add("dev/null", tar::EntryType::Char, "", b"");
    add("pax", tar::EntryType::XHeader, "", b"30 path=lib/apk/db/installed\n\n20 size=8\n");
    add("a", tar::EntryType::Regular, "", b"P:a\nV:1\n");
    add("././@LongLink", tar::EntryType::GNULongName, "", b"app/node_modules/x/package.json\0");
    add("b", tar::EntryType::Regular, "", b"{\"name\":\"x\",\"version\":\"1.0.0\"}");
    builder.into_inner().expect("memory takes everything")
}

/// Gives every header the checksum it should have, as far as their sizes lead.
fn mend(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(block) = bytes.get_mut(at..at + 512) {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        let size = header.entry_size().unwrap_or_default();
        if block.iter().any(|b| *b != 0) {
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
        }
        let blocks = usize::try_from(size.div_ceil(512)).unwrap_or(usize::MAX);
        at = at.saturating_add(512).saturating_add(blocks.saturating_mul(512));
        if at > bytes.len() {
            return;
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("memory takes everything")
}
