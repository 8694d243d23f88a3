//! Reads an executable that is too large to be held, window by window, while it passes by.

use std::io::Read;

use super::broken;
use crate::catalogue::ecosystem::{Cataloguer, known_binary};
use crate::catalogue::found::{Parsed, Window};
use crate::catalogue::path::split;
use crate::catalogue::{CatalogueError, FileFacts};
use crate::model::{Algorithm, Hasher};

/// Bytes of one window, its borders included.
pub(super) const WINDOW_BYTES: usize = 8 << 20;

/// What is kept in front of a piece, for what is told by the text behind it.
const BEFORE_BYTES: usize = 64 << 10;

/// What is kept behind a piece: the module list of the largest Go programs has some hundred kilobytes.
const BEHIND_BYTES: usize = 2 << 20;

/// One pass over one file.
pub(super) struct Windows<'a> {
    path: &'a str,
    /// The first bytes at first, at last the last window.
    buffer: &'a mut Vec<u8>,
    facts: FileFacts,
    readers: Vec<Reader>,
    hasher: Option<Hasher>,
}

struct Reader {
    name: &'static str,
    read: fn(&Window<'_>) -> Parsed,
}

impl<'a> Windows<'a> {
    /// Begins a pass over a file of `size` bytes whose first ones are in `buffer`. Those of the cataloguers that cannot
    /// read windows leave a gap.
    pub(super) fn new(
        path: &'a str,
        buffer: &'a mut Vec<u8>,
        size: u64,
        cataloguers: &[&'static Cataloguer],
        held_bytes_max: u64,
    ) -> Self {
        let mut facts = FileFacts { size, ..FileFacts::default() };
        let mut readers = vec![];
        for cataloguer in cataloguers {
            let name = cataloguer.name;
            if let Some(read) = cataloguer.of_windows() {
                readers.push(Reader { name, read });
            } else {
                let gap = Parsed::gap(format!("larger than {held_bytes_max} bytes"));
                facts.readings.insert(name.to_owned(), gap);
            }
        }
        Self {
            path,
            buffer,
            facts,
            readers,
            hasher: is_program(path).then(|| Hasher::new(Algorithm::Sha512)),
        }
    }

    /// Reads the file to its end.
    pub(super) fn read(mut self, source: &mut impl Read) -> Result<FileFacts, CatalogueError> {
        let (mut offset, mut begin, mut hashed) = (0, 0, 0);
        loop {
            let missing = (WINDOW_BYTES - self.buffer.len()) as u64;
            // Exact: a buffer that doubles would take twice the memory.
            self.buffer.reserve_exact(WINDOW_BYTES - self.buffer.len());
            let read = source.by_ref().take(missing).read_to_end(self.buffer).map_err(broken)?;
            let is_last = (read as u64) < missing;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&self.buffer[hashed..]);
            }
            let end = if is_last { self.buffer.len() } else { WINDOW_BYTES - BEHIND_BYTES };
            self.look(offset, (begin, end));
            if is_last {
                return Ok(self.finish());
            }
            let gone = end - BEFORE_BYTES;
            self.buffer.drain(..gone);
            offset += gone as u64;
            (begin, hashed) = (BEFORE_BYTES, self.buffer.len());
        }
    }

    fn look(&mut self, offset: u64, piece: (usize, usize)) {
        let window = Window { path: self.path, bytes: self.buffer, offset, piece };
        let facts = &mut self.facts;
        self.readers.retain(|reader| {
            let parsed = (reader.read)(&window);
            let is_done = !parsed.is_empty();
            if is_done {
                facts.readings.insert(reader.name.to_owned(), parsed);
            }
            !is_done
        });
    }

    fn finish(mut self) -> FileFacts {
        let hash = self.hasher.take().map(|hasher| hasher.finish().hex().to_owned());
        super::content::set_hash(&mut self.facts, || hash.clone());
        self.facts
    }
}

/// Returns whether a file may be a component itself. Of large libraries only few are, and hashing costs more than reading.
fn is_program(path: &str) -> bool {
    let name = split(path).1;
    !name.contains(".so") || known_binary::is_listed(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::ecosystem::Wants;
    use crate::catalogue::found::{File, Form, Found};
    use crate::model::Ecosystem;

    const MARK: &[u8] = b"<mark>";

    /// Finds a mark whole, with the eight bytes in front of it and the thousand behind it.
    fn find(window: &Window<'_>) -> Parsed {
        let mut parsed = Parsed::default();
        for position in memchr::memmem::find_iter(window.bytes, MARK).filter(|at| window.owns(*at)) {
            let place = window.offset + position as u64;
            let around = window.bytes.get(position.saturating_sub(8)..position + 1000).map_or(0, <[u8]>::len);
            let mut found = Found::new(Ecosystem::Generic, place.to_string(), around.to_string());
            found.form = Form::Executable;
            parsed.packages.push(found);
        }
        parsed
    }

    const FINDS: Cataloguer = Cataloguer {
        name: "finds",
        wants: &[Wants::Executables, Wants::LargeExecutables(find)],
        parse: |_: &File<'_>| Parsed::default(),
    };
    const HOLDS: Cataloguer =
        Cataloguer { name: "holds", wants: &[Wants::Executables], parse: |_: &File<'_>| Parsed::default() };

    fn read(path: &str, bytes: &[u8]) -> (FileFacts, usize) {
        let mut buffer = bytes[..8].to_vec();
        let windows = Windows::new(path, &mut buffer, bytes.len() as u64, &[&FINDS, &HOLDS], 1);
        let facts = windows.read(&mut &bytes[8..]).unwrap();
        (facts, buffer.capacity())
    }

    #[test]
    fn what_lies_on_a_border_is_found_once_and_whole() {
        let step = WINDOW_BYTES - BEHIND_BYTES;
        for place in [0, step - 3, step, WINDOW_BYTES - 3, WINDOW_BYTES, 2 * step - BEFORE_BYTES] {
            let mut bytes = vec![0; 2 * WINDOW_BYTES];
            bytes[place..place + MARK.len()].copy_from_slice(MARK);
            let (facts, held) = read("usr/bin/a", &bytes);
            let [found] = facts.readings["finds"].packages.as_slice() else { panic!("{place}: {facts:?}") };
            assert_eq!(found.name, place.to_string());
            assert_eq!(found.version, (1000 + place.min(8)).to_string());
            assert_eq!(found.sha512.as_deref(), Some(sha512(&bytes).as_str()));
            assert_eq!(facts.readings["holds"].gaps, ["larger than 1 bytes"]);
            assert!(held <= WINDOW_BYTES, "{held}");
        }
    }

    fn sha512(bytes: &[u8]) -> String {
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(bytes);
        hasher.finish().hex().to_owned()
    }

    #[test]
    fn files_of_any_length_are_read_to_their_end() {
        for length in [9, WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, 2 * WINDOW_BYTES] {
            let mut bytes = vec![0; length + 1000];
            bytes[length - 8..length - 2].copy_from_slice(MARK);
            let (facts, _) = read("usr/lib/liba.so.1", &bytes);
            let found = &facts.readings["finds"].packages[0];
            assert_eq!(
                (found.name.as_str(), found.sha512.as_ref()),
                ((length - 8).to_string().as_str(), None)
            );
        }
    }

    #[test]
    fn a_file_without_anything_has_no_reading() {
        let (facts, _) = read("a", &vec![0; WINDOW_BYTES + 7]);
        assert_eq!(facts.readings.keys().collect::<Vec<_>>(), ["holds"]);
    }
}
