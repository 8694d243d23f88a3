//! Rust programs and libraries that carry the list of crates they were built from (`cargo auditable`, section `.dep-v0`).

use auditable_info::{Error, json_from_slice};
use memchr::memmem;
use serde::Deserialize;

use super::{Cataloguer, Wants, word};
use crate::catalogue::executable::{self, Once};
use crate::catalogue::found::{File, Form, Found, Need, Parsed, Window};
use crate::model::Ecosystem;

pub(in crate::catalogue) const CATALOGUER: Cataloguer = Cataloguer {
    name: "rust",
    wants: &[Wants::Executables, Wants::LargeExecutables(read_window)],
    parse: read,
};

/// The longest list after decompression. One of a thousand crates has some 200 kB.
const LIST_BYTES_MAX: usize = 4 << 20;

/// The most crates of one program. The largest known ones have two thousand.
const CRATES_MAX: usize = 20_000;

/// The most needs of all crates of one program; a number of two bytes becomes a name and a version. A program of a
/// thousand crates has some five thousand.
const NEEDS_MAX: usize = 100_000;

/// The name of the section.
const SECTION: &[u8] = b".dep-v0";

/// The registry that a `cargo` package URL means by itself (purl-spec, `cargo`).
const CRATES_IO: &str = "crates.io";

/// The qualifier that says where a crate comes from that is not of crates.io, in the words of the list: `local` (a folder),
/// `git`, `registry` (another one, which the list does not name).
const SOURCE: &str = "source";

const UNKNOWN_SOURCE: &str = "unknown";

/// The list, as the schema of `cargo auditable` has it.
#[derive(Deserialize)]
struct List {
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    #[serde(default)]
    source: String,
    /// `build` or, where it is absent, `runtime`.
    #[serde(default)]
    kind: String,
    /// Numbers of other entries.
    #[serde(default)]
    dependencies: Vec<usize>,
    /// Whether it is the program itself.
    #[serde(default)]
    root: bool,
}

impl Listed {
    fn is_built_in(&self) -> bool {
        self.kind != "build"
    }
}

fn read(file: &File<'_>) -> Parsed {
    let (mut parsed, mut once) = (Parsed::default(), Once::default());
    for part in executable::parts(file.bytes) {
        match json_from_slice(part, LIST_BYTES_MAX) {
            Ok(json) => add(&json, &mut once, &mut parsed),
            Err(Error::NoAuditData) => {}
            // Sections that lie outside of the file say nothing of crates, unless one of them has that name.
            Err(Error::BinaryParsing(_)) if memmem::find(part, SECTION).is_none() => {}
            Err(Error::BinaryParsing(_)) => parsed.gaps.push("the table of sections is malformed".to_owned()),
            Err(error) => parsed.gaps.push(format!("the list of crates cannot be read: {}", reason(&error))),
        }
    }
    parsed
}

fn reason(error: &Error) -> &'static str {
    match error {
        Error::OutputLimitExceeded => "it is beyond the limit",
        Error::Decompression(_) => "it cannot be decompressed",
        _ => "it is malformed",
    }
}

/// The table of sections is at the end of the file: of one that is not held only the section's name is seen.
fn read_window(window: &Window<'_>) -> Parsed {
    let mut names = memmem::find_iter(window.bytes, b".dep-v0\0").filter(|at| window.owns(*at));
    // ELF has its names one after the other, and the headers of the others are at the start of the file.
    let is_name = |at: usize| match at.checked_sub(1).and_then(|at| window.bytes.get(at)) {
        Some(0) => true,
        _ => window.offset == 0 && at < 4096,
    };
    if names.any(is_name) {
        Parsed::gap("has a list of crates, which is not read in a file of this size")
    } else {
        Parsed::default()
    }
}

fn add(json: &str, once: &mut Once, parsed: &mut Parsed) {
    let Ok(list) = serde_json::from_str::<List>(json) else {
        parsed.gaps.push("the list of crates is malformed".to_owned());
        return;
    };
    let crates = list.packages.get(..CRATES_MAX).unwrap_or(&list.packages);
    parsed.unreadable += (list.packages.len() - crates.len()) as u64;
    let mut needs = 0;
    for listed in crates.iter().filter(|listed| listed.is_built_in()) {
        needs += listed.dependencies.len();
        // The rest of the crates are told without what they need.
        let needed = if needs <= NEEDS_MAX { listed.dependencies.as_slice() } else { &[] };
        let found = found(listed, needed, crates);
        if found.as_ref().is_none_or(|found| once.is_new(found)) {
            parsed.add(found);
        }
    }
    parsed.unreadable += u64::from(needs > NEEDS_MAX);
}

fn found(listed: &Listed, needed: &[usize], crates: &[Listed]) -> Option<Found> {
    let (name, version) = (crate_name(&listed.name)?, word(listed.version.as_bytes())?);
    let mut found = Found::new(Ecosystem::Cargo, name, version);
    if listed.source == CRATES_IO {
        found.source_url = Some(format!("https://crates.io/api/v1/crates/{name}/{version}/download"));
    } else {
        // A `cargo` package URL by itself means crates.io. What is built from a folder or a fork is often the same code as
        // there, so that its advisories matter, and may be another crate of that name: the URL says which it was.
        let source = word(listed.source.as_bytes()).unwrap_or(UNKNOWN_SOURCE);
        found.qualifiers.insert(SOURCE.to_owned(), source.to_owned());
    }
    found.form = if listed.root { Form::Executable } else { Form::Compiled };
    let needed = needed.iter().filter_map(|index| crates.get(*index));
    found.needs = needed.filter(|listed| listed.is_built_in()).map(need).collect();
    Some(found)
}

fn need(listed: &Listed) -> Need {
    Need { name: listed.name.clone(), version: Some(listed.version.clone()) }
}

/// Returns the name where it is one that Cargo accepts.
fn crate_name(name: &str) -> Option<&str> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    word(name.as_bytes()).filter(|name| name.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIST: &str = r#"{"packages":[
        {"name":"a","version":"1.0.0","source":"local","dependencies":[1,2,3,99],"root":true},
        {"name":"b","version":"2.1.0+zstd.1.5","source":"crates.io","dependencies":[2]},
        {"name":"c","version":"0.3.0","source":"git"},
        {"name":"cc","version":"1.0.9","source":"crates.io","kind":"build"}],"format":1}"#;

    /// An ELF file with two sections, `.dep-v0` and their names, as `readelf -S` shows it.
    fn elf(data: &[u8], name: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(16, 0);
        bytes.extend([3, 0, 62, 0, 1, 0, 0, 0]);
        let names = [b"\0", name, b"\0.shstrtab\0"].concat();
        let (data_at, names_at) = (64_u64, 64 + data.len() as u64);
        let sections_at = names_at + names.len() as u64;
        for word in [0, 0, sections_at] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(0_u32.to_le_bytes());
        for half in [64_u16, 0, 0, 64, 3, 2] {
            bytes.extend(half.to_le_bytes());
        }
        bytes.extend([data, &names].concat());
        let own = 2 + u32::try_from(name.len()).unwrap();
        for (name, kind, at, size) in
            [(0, 0, 0, 0), (1, 1, data_at, data.len() as u64), (own, 3, names_at, names.len() as u64)]
        {
            bytes.extend([name, kind].map(u32::to_le_bytes).concat());
            bytes.extend(
                [0, 0, at, size, 0, 1, 0].map(|word: u64| word.to_le_bytes()).concat()[..56].to_vec(),
            );
        }
        bytes
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn parse(bytes: &[u8]) -> Parsed {
        (CATALOGUER.parse)(&File { path: "usr/bin/a", bytes })
    }

    #[test]
    fn crates_and_what_they_need_are_read() {
        let parsed = parse(&elf(&zlib(LIST.as_bytes()), SECTION));
        let shown: Vec<_> = parsed
            .packages
            .iter()
            .map(|found| {
                let needs: Vec<_> = found.needs.iter().map(|need| need.name.as_str()).collect();
                let source = found.qualifiers.get(SOURCE).map_or("crates.io", String::as_str);
                format!("{source} {} {} {:?} {}", found.name, found.version, found.form, needs.join(","))
            })
            .collect();
        let expected = [
            "local a 1.0.0 Executable b,c",
            "crates.io b 2.1.0+zstd.1.5 Compiled c",
            "git c 0.3.0 Compiled ",
        ];
        assert!(parsed.packages.iter().all(|found| found.ecosystem == Ecosystem::Cargo));
        assert_eq!(
            (shown, parsed.gaps, parsed.unreadable),
            (expected.map(str::to_owned).to_vec(), vec![], 0)
        );
    }

    #[test]
    fn files_without_a_list_say_nothing() {
        for bytes in [elf(b"x", b".comment"), b"\x7fELF".to_vec(), b"MZ".to_vec(), vec![]] {
            assert!(parse(&bytes).is_empty());
        }
    }

    #[test]
    fn lists_that_cannot_be_read_are_gaps() {
        for (data, expected) in [
            (LIST.as_bytes().to_vec(), "the list of crates cannot be read: it cannot be decompressed"),
            (
                zlib(&vec![b' '; LIST_BYTES_MAX + 1]),
                "the list of crates cannot be read: it is beyond the limit",
            ),
            (zlib(b"{\"packages\":1}"), "the list of crates is malformed"),
            (zlib(&[b'['; 10_000]), "the list of crates is malformed"),
            (zlib(b"\xff"), "the list of crates cannot be read: it is malformed"),
        ] {
            assert_eq!(parse(&elf(&data, SECTION)).gaps, [expected]);
        }
    }

    #[test]
    fn hostile_entries_are_counted_and_circles_end() {
        let list = r#"{"packages":[{"name":"a","version":"1","source":"crates.io","dependencies":[0,1]},
            {"name":"b","version":"1","source":"crates.io","dependencies":[0]},
            {"name":"\u001b[2J","version":"1"},{"name":"c","version":"1 2"},{"name":"","version":""}]}"#;
        let parsed = parse(&elf(&zlib(list.as_bytes()), SECTION));
        assert_eq!((parsed.packages.len(), parsed.unreadable), (2, 3));
        let circle = format!(
            "{{\"packages\":[{{\"name\":\"a\",\"version\":\"1\",\"dependencies\":[{}0]}}]}}",
            "0,".repeat(NEEDS_MAX)
        );
        let parsed = parse(&elf(&zlib(circle.as_bytes()), SECTION));
        assert_eq!((parsed.packages[0].needs.len(), parsed.unreadable), (0, 1));
        let entry = r#"{"name":"a","version":"1","source":"crates.io"},"#;
        let flood = format!("{{\"packages\":[{}]}}", entry.repeat(CRATES_MAX + 7).trim_end_matches(','));
        let parsed = parse(&elf(&zlib(flood.as_bytes()), SECTION));
        assert_eq!((parsed.packages.len(), parsed.unreadable), (1, 7));
    }

    #[test]
    fn truncation_at_every_length_is_survived() {
        let whole = elf(&zlib(LIST.as_bytes()), SECTION);
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).packages.is_empty(), "{length}");
        }
    }

    #[test]
    fn a_list_in_a_large_file_is_a_gap() {
        let window = |bytes: &[u8], offset| {
            read_window(&Window { path: "a", bytes, offset, piece: (0, bytes.len()) }).gaps.len()
        };
        assert_eq!(window(b"\0.text\0.dep-v0\0.data\0", 1 << 20), 1);
        assert_eq!(window(b"MZ .dep-v0\0", 0), 1);
        // A program that reads such lists.
        assert_eq!(window(b"section .dep-v0 not found", 1 << 20), 0);
        assert_eq!(window(b"x.dep-v0\0", 1 << 20), 0);
    }
}
