//! One ecosystem of a bundle as a file that is read in place: a table of names, then a line of JSON for each name.
//!
//! ```text
//! <name> TAB <offset of the line> TAB <its length> TAB <its SHA-256> LF        sorted by name
//! …
//! <line> LF …
//! ```
//!
//! The index of the bundle names the digest of the table, and the table that of every line: what is read is checked, and
//! nothing but what is asked for is read. Of Debian's 5,000 source packages an image asks for 90.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Seek, SeekFrom, Write as _},
};

use serde::{Serialize, de::DeserializeOwned};

use super::AdvisoryError;
use crate::model::Digest;

/// Largest table: a million names of 150 bytes each with its numbers.
const TABLE_BYTES_MAX: u64 = 256 << 20;
/// Largest line, which is one package: 4 kB for each of 16,000 advisories about a kernel.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Largest shard. All of npm with its 200,000 malicious packages stays below.
pub(super) const SHARD_BYTES_MAX: u64 = 4 << 30;

/// A shard in memory, with the digest and size of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Built {
    pub(super) bytes: Vec<u8>,
    pub(super) table: Digest,
    pub(super) table_size: u64,
}

fn wrong(reason: impl Into<String>) -> AdvisoryError {
    AdvisoryError::Bundle(reason.into())
}

/// Returns the shard of `lines` by name. Names have neither tabs nor line feeds, which [`super::record::name`] has seen to.
pub(super) fn build<T: Serialize>(lines: &BTreeMap<String, T>) -> Result<Built, AdvisoryError> {
    let (mut table, mut text) = (vec![], vec![]);
    for (name, value) in lines {
        let offset = text.len();
        serde_json::to_writer(&mut text, value).map_err(|e| wrong(e.to_string()))?;
        text.push(b'\n');
        let digest = Digest::sha256(&text[offset..]);
        let length = text.len() - offset;
        writeln!(table, "{name}\t{offset}\t{length}\t{}", digest.hex()).map_err(|e| wrong(e.to_string()))?;
    }
    let (digest, size) = (Digest::sha256(&table), table.len() as u64);
    table.append(&mut text);
    Ok(Built { bytes: table, table: digest, table_size: size })
}

/// A shard that is open for looking up.
#[derive(Debug)]
pub(super) struct Shard<R> {
    source: R,
    table: String,
}

impl<'b> Shard<Cursor<&'b [u8]>> {
    /// Opens a shard in memory.
    pub(super) fn of_bytes(built: &'b Built) -> Result<Self, AdvisoryError> {
        Shard::open(Cursor::new(&built.bytes), &built.table, built.table_size)
    }
}

impl<R: Read + Seek> Shard<R> {
    /// Reads the table, whose digest and size the index names.
    pub(super) fn open(mut source: R, digest: &Digest, size: u64) -> Result<Self, AdvisoryError> {
        if size > TABLE_BYTES_MAX {
            return Err(wrong(format!("a table of {size} bytes, more than {TABLE_BYTES_MAX}")));
        }
        source.seek(SeekFrom::Start(0)).map_err(|e| wrong(e.to_string()))?;
        let mut table = vec![];
        (&mut source).take(size).read_to_end(&mut table).map_err(|e| wrong(e.to_string()))?;
        let found = digest.same_algorithm_of(&table);
        if found != *digest {
            return Err(AdvisoryError::Mismatch { expected: digest.clone(), found });
        }
        let table = String::from_utf8(table).map_err(|e| wrong(e.to_string()))?;
        Ok(Self { source, table })
    }

    /// Returns what is kept under a name.
    pub(super) fn get<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, AdvisoryError> {
        let Some(entry) = find(&self.table, name) else { return Ok(None) };
        let entry = Entry::parse(entry)?;
        entry.read(&mut self.source, self.table.len() as u64).map(Some)
    }

    /// Returns the names whose lines have a text in them, looked for in the bytes of the whole shard. It is a first choice:
    /// what is read of them is checked as ever.
    pub(super) fn naming(&self, bytes: &[u8], text: &str) -> Result<Vec<String>, AdvisoryError> {
        let finder = memchr::memmem::Finder::new(text.as_bytes());
        let mut names = vec![];
        for line in self.table.lines() {
            let entry = Entry::parse(line)?;
            let range = |entry: &Entry| {
                let start = usize::try_from(entry.offset).ok()?.checked_add(self.table.len())?;
                bytes.get(start..start.checked_add(usize::try_from(entry.length).ok()?)?)
            };
            let said = range(&entry).ok_or_else(|| wrong("a line past the end"))?;
            if finder.find(said).is_some() {
                names.extend(line.split('\t').next().map(str::to_owned));
            }
        }
        Ok(names)
    }

    /// Checks every line: what came from elsewhere is kept only when it is whole.
    pub(super) fn check(&mut self, size: u64) -> Result<(), AdvisoryError> {
        let (mut end, mut last) = (0, None);
        let base = self.table.len() as u64;
        for line in self.table.lines() {
            let entry = Entry::parse(line)?;
            let name = line.split('\t').next();
            if entry.offset != end || last >= name {
                return Err(wrong("lines of a shard are out of order"));
            }
            (end, last) = (entry.offset.saturating_add(entry.length), name);
            entry.read::<serde::de::IgnoredAny>(&mut self.source, base)?;
        }
        if base.saturating_add(end) == size {
            Ok(())
        } else {
            Err(wrong("a shard is longer or shorter than its lines"))
        }
    }
}

struct Entry {
    offset: u64,
    length: u64,
    digest: Digest,
}

impl Entry {
    fn parse(line: &str) -> Result<Self, AdvisoryError> {
        let parse = || {
            let mut words = line.split('\t').skip(1);
            let offset = words.next()?.parse().ok()?;
            let length = words.next()?.parse().ok()?;
            let digest = format!("sha256:{}", words.next()?).parse().ok()?;
            words.next().is_none().then_some(Self { offset, length, digest })
        };
        parse().ok_or_else(|| wrong("a line of a table is damaged"))
    }

    /// Reads the line from a shard whose lines begin at `base`.
    fn read<T: DeserializeOwned>(
        &self,
        source: &mut (impl Read + Seek),
        base: u64,
    ) -> Result<T, AdvisoryError> {
        if self.length > LINE_BYTES_MAX {
            return Err(wrong(format!("a line of {} bytes, more than {LINE_BYTES_MAX}", self.length)));
        }
        let start = self.offset.checked_add(base).ok_or_else(|| wrong("a line past the end"))?;
        source.seek(SeekFrom::Start(start)).map_err(|e| wrong(e.to_string()))?;
        let mut text = vec![];
        source.take(self.length).read_to_end(&mut text).map_err(|e| wrong(e.to_string()))?;
        let found = self.digest.same_algorithm_of(&text);
        if found != self.digest {
            return Err(AdvisoryError::Mismatch { expected: self.digest.clone(), found });
        }
        serde_json::from_slice(&text).map_err(|e| wrong(e.to_string().chars().take(200).collect::<String>()))
    }
}

/// Returns the table's line that begins with a name, by halving the table.
fn find<'t>(table: &'t str, name: &str) -> Option<&'t str> {
    let (mut from, mut to) = (0, table.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let start =
            table.as_bytes()[from..middle].iter().rposition(|b| *b == b'\n').map_or(from, |at| from + at + 1);
        let end = table.as_bytes()[start..to].iter().position(|b| *b == b'\n').map_or(to, |at| start + at);
        let line = table.get(start..end)?;
        match line.split('\t').next().unwrap_or_default().cmp(name) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn lines(count: usize) -> BTreeMap<String, Vec<String>> {
        (0..count).map(|n| (format!("p{n:03}é"), vec![format!("advisory {n}")])).collect()
    }

    #[test]
    fn every_name_is_found_and_no_other() {
        for count in [0, 1, 2, 3, 7, 100] {
            let lines = lines(count);
            let built = build(&lines).unwrap();
            let mut shard = Shard::of_bytes(&built).unwrap();
            for (name, value) in &lines {
                assert_eq!(shard.get::<Vec<String>>(name).unwrap().as_ref(), Some(value));
            }
            for absent in ["", "p", "p000", "p000é\t", "z", "p001"] {
                assert_eq!(shard.get::<Vec<String>>(absent).unwrap(), None, "{absent}");
            }
            shard.check(built.bytes.len() as u64).unwrap();
        }
    }

    #[test]
    fn what_was_changed_is_never_returned() {
        let built = build(&lines(3)).unwrap();
        let table = usize::try_from(built.table_size).unwrap();
        for at in 0..built.bytes.len() {
            let mut changed = built.clone();
            changed.bytes[at] ^= 1;
            let opened = Shard::of_bytes(&changed);
            if at < table {
                assert_eq!(opened.unwrap_err().kind(), Kind::Mismatch, "{at}");
                continue;
            }
            let mut shard = opened.unwrap();
            let found = ["p000é", "p001é", "p002é"].map(|name| shard.get::<Vec<String>>(name).is_err());
            assert_eq!(found.iter().filter(|wrong| **wrong).count(), 1, "{at}: {found:?}");
            assert!(shard.check(changed.bytes.len() as u64).is_err(), "{at}");
        }
        let mut cut = built.clone();
        cut.bytes.pop();
        assert!(Shard::of_bytes(&cut).unwrap().check(built.bytes.len() as u64).is_err());
        let mut shard = Shard::of_bytes(&built).unwrap();
        assert!(shard.check(built.bytes.len() as u64 + 1).is_err(), "bytes that no line accounts for");
    }

    /// Returns a shard whose table says this.
    fn told(table: &str) -> Built {
        let mut bytes = table.as_bytes().to_vec();
        bytes.extend(b"[]\n");
        Built { bytes, table: Digest::sha256(table), table_size: table.len() as u64 }
    }

    #[test]
    fn hostile_tables_are_refused() {
        let hex = Digest::sha256(b"[]\n").hex().to_owned();
        let good = told(&format!("a\t0\t3\t{hex}\n"));
        assert_eq!(Shard::of_bytes(&good).unwrap().get::<Vec<u8>>("a").unwrap(), Some(vec![]));
        for (attack, table) in [
            ("no numbers", "a\n".to_owned()),
            ("past the end", format!("a\t9\t3\t{hex}\n")),
            ("an offset that overflows", format!("a\t{}\t3\t{hex}\n", u64::MAX)),
            ("a line without end", format!("a\t0\t{}\t{hex}\n", u64::MAX)),
            ("no digest", "a\t0\t3\tabc\n".to_owned()),
            ("more than belongs there", format!("a\t0\t3\t{hex}\tx\n")),
        ] {
            let built = told(&table);
            let mut shard = Shard::of_bytes(&built).unwrap();
            assert!(shard.get::<Vec<u8>>("a").is_err(), "{attack}");
            assert!(shard.check(built.bytes.len() as u64).is_err(), "{attack}");
        }
        let twice = told(&format!("a\t0\t3\t{hex}\na\t3\t0\t{hex}\n"));
        assert!(Shard::of_bytes(&twice).unwrap().check(twice.bytes.len() as u64).is_err());
        let digest = Digest::sha256(b"");
        let endless = Shard::open(Cursor::new(&b""[..]), &digest, TABLE_BYTES_MAX + 1);
        assert_eq!(endless.unwrap_err().kind(), Kind::Invalid);
    }
}
