//! Zip archives, read by their directory and front to end, and what stands in jars.

use std::cell::RefCell;

use super::run::{Answer, Target, magnitude};
use super::{judge, seeds, target};
use crate::catalogue::ecosystem::ALL;
use crate::catalogue::found::File;
use crate::catalogue::zip::made::{self, entry};
use crate::catalogue::zip::stream::{Take, Visit};
use crate::catalogue::zip::{Zip, ZipError, stream};

/// What is taken of an entry.
const CONTENT_BYTES_MAX: u64 = 64 << 10;

target!(
    zips,
    Target {
        name: "zips".into(),
        seeds: seeds::contents("zips").into_iter().chain(seeds::contents("cataloguers/java/srv")).collect(),
        mend,
        read: &read,
    }
);

target!(
    poms,
    Target {
        name: "poms".into(),
        seeds: seeds::contents("pom"),
        mend: |_| {},
        read: &|input, is_thorough| {
            let properties = "groupId=org.example\nartifactId=a\nversion=1\n";
            let entries = [
                entry("META-INF/maven/org.example/a/pom.xml", input),
                entry("META-INF/maven/org.example/a/pom.properties", properties),
            ];
            jar(&made::zip(&entries), is_thorough)
        },
    }
);

target!(
    jar_manifests,
    Target {
        name: "jar manifests".into(),
        seeds: seeds::contents("manifest"),
        mend: |_| {},
        read: &|input, is_thorough| jar(&made::zip(&[entry("META-INF/MANIFEST.MF", input)]), is_thorough),
    }
);

fn jar(bytes: &[u8], is_thorough: bool) -> Answer {
    let java = ALL.iter().find(|one| one.name == "java").expect("is in the table");
    let path = "srv/a-1.jar";
    let parsed = (java.parse)(&File { path, bytes });
    judge::parsed(&parsed, bytes.len());
    let contents = judge::merged(path, java.name, parsed.clone(), is_thorough);
    judge::answer(&parsed, &contents)
}

/// The name of an entry, and what was taken of it.
type Content = (Vec<u8>, Result<Vec<u8>, ZipError>);

#[derive(Default)]
struct Taken(RefCell<Vec<Content>>);

impl Visit for Taken {
    fn choose(&self, name: &[u8]) -> Take {
        match name.len() % 3 {
            0 => Take::Beginning(CONTENT_BYTES_MAX),
            _ => Take::Whole(CONTENT_BYTES_MAX),
        }
    }

    fn taken(&mut self, name: &[u8], content: Result<Vec<u8>, ZipError>) {
        self.0.borrow_mut().push((name.to_vec(), content));
    }
}

fn read(input: &[u8], _: bool) -> Answer {
    let by_directory = Zip::open(input).map(|zip| contents(&zip, input.len()));
    let mut taken = Taken::default();
    let streamed = stream::read(input, &mut taken);
    let taken = taken.0.into_inner();
    for (name, content) in &taken {
        assert!(content.as_ref().map_or(0, Vec::len) as u64 <= CONTENT_BYTES_MAX, "{name:?} is too long");
    }
    // What the end of an archive confirms is what the directory says. Where the headers of an entry differ in what only its
    // reader needs, one of the two may give it up, and tells so.
    if let (Ok(()), Ok((entries, true))) = (&streamed, &by_directory) {
        let is_same = |(one, two): (&Content, &Content)| {
            one.0 == two.0 && (one.1.is_err() || two.1.is_err() || one.1 == two.1)
        };
        let is_all = taken.len() == entries.len() && taken.iter().zip(entries).all(is_same);
        assert!(is_all, "the stream tells something else than the directory: {taken:?} {entries:?}");
    }
    let count = by_directory.as_ref().map(|(entries, is_whole)| (magnitude(entries.len() as u64), *is_whole));
    let failures: Vec<&ZipError> =
        taken.iter().filter_map(|(_, content)| content.as_ref().err()).take(3).collect();
    Answer::new(&(count, &streamed, failures), &(&by_directory, &taken))
}

/// Returns the contents, and whether the directory could be read to its end.
fn contents(zip: &Zip<'_>, bytes: usize) -> (Vec<Content>, bool) {
    let mut found = vec![];
    for entry in zip.entries() {
        let Ok(entry) = entry else { return (found, false) };
        assert!(found.len() <= bytes / 46, "more entries than there is room for");
        let content = match entry.name.len() % 3 {
            0 => zip.beginning(&entry, CONTENT_BYTES_MAX),
            _ => zip.content(&entry, CONTENT_BYTES_MAX),
        };
        let content = content.map(std::borrow::Cow::into_owned);
        assert!(content.as_ref().map_or(0, Vec::len) as u64 <= CONTENT_BYTES_MAX, "{entry:?} is too long");
        found.push((entry.name.to_vec(), content));
    }
    (found, true)
}

/// Gives entries that are stored as they are the checksum of their content, in both headers. What stands in front of the
/// archive, a path for instance, moves it: offsets count from its first local header.
pub(super) fn mend(bytes: &mut [u8]) {
    let find = |bytes: &[u8], signature: &[u8], from: usize| {
        memchr::memmem::find(&bytes[from..], signature).map(|at| at + from)
    };
    let Some(base) = find(bytes, b"PK\x03\x04", 0) else { return };
    let mut at = base;
    while let Some(found) = find(bytes, b"PK\x01\x02", at) {
        at = found + 4;
        let number = |from: usize| -> Option<usize> {
            usize::try_from(u32::from_le_bytes(*bytes.get(from..)?.first_chunk()?)).ok()
        };
        let sum = (|| {
            let (stored, local) = (number(found + 20)?, base.checked_add(number(found + 42)?)?);
            let lengths = number(local.checked_add(26)?)?;
            let start = local + 30 + (lengths & 0xffff) + (lengths >> 16);
            let is_stored = bytes.get(found + 10..found + 12)? == [0, 0];
            let content = bytes.get(start..start.checked_add(stored)?).filter(|_| is_stored)?;
            let mut crc = flate2::Crc::new();
            crc.update(content);
            Some((local, crc.sum().to_le_bytes()))
        })();
        if let Some((local, sum)) = sum {
            bytes[local + 14..local + 18].copy_from_slice(&sum);
            bytes[found + 16..found + 20].copy_from_slice(&sum);
        }
    }
}
