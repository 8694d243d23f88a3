//! Decompresses a layer on a thread of its own, a few pieces ahead of who reads it.
//!
//! Inflating is about half of what a layer costs, hashing and looking at files the other half: side by side a layer takes
//! the time of one of them.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::broken;
use crate::catalogue::CatalogueError;

/// Bytes of a piece: small enough for a processor's cache, large enough that handing it over costs nothing.
const PIECE_BYTES: usize = 256 << 10;

/// The most pieces that wait.
const PIECES_MAX: usize = 4;

/// Bytes, of which the first `length` are decompressed.
struct Piece {
    bytes: Vec<u8>,
    length: usize,
}

/// The reading end.
pub(super) struct Ahead {
    pieces: Receiver<io::Result<Piece>>,
    /// Takes back what was read, so that a layer asks for memory once.
    used: Sender<Vec<u8>>,
    current: Option<Piece>,
    position: usize,
}

/// Lets `read` have what `decoder` gives.
///
/// # Errors
/// As `read`, and where no thread can be had.
pub(super) fn read<T>(
    decoder: impl Read + Send,
    read: impl FnOnce(Ahead) -> Result<T, CatalogueError>,
) -> Result<T, CatalogueError> {
    thread::scope(|scope| {
        let (full, pieces) = sync_channel(PIECES_MAX);
        let (used, empty) = channel();
        let builder = thread::Builder::new().name("inflate".to_owned());
        builder.spawn_scoped(scope, move || fill(decoder, &full, &empty)).map_err(broken)?;
        read(Ahead { pieces, used, current: None, position: 0 })
    })
}

/// Decompresses to the end, to an error, or until nobody reads any more.
fn fill(mut decoder: impl Read, full: &SyncSender<io::Result<Piece>>, empty: &Receiver<Vec<u8>>) {
    loop {
        let mut bytes = empty.try_recv().unwrap_or_else(|_| vec![0; PIECE_BYTES]);
        let (length, error) = fill_one(&mut decoder, &mut bytes);
        let is_last = length < bytes.len();
        if full.send(Ok(Piece { bytes, length })).is_err() {
            return;
        }
        if let Some(error) = error {
            // Nobody is left to be told where this fails.
            drop(full.send(Err(error)));
            return;
        }
        if is_last {
            return;
        }
    }
}

/// Fills a piece as far as the decoder has something, and returns how far.
fn fill_one(decoder: &mut impl Read, bytes: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut length = 0;
    while length < bytes.len() {
        match decoder.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, Some(error)),
        }
    }
    (length, None)
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(piece) = &self.current
                && self.position < piece.length
            {
                let rest = &piece.bytes[self.position..piece.length];
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                self.position += count;
                return Ok(count);
            }
            if let Some(piece) = self.current.take() {
                // A decoder that is at its end takes none back.
                drop(self.used.send(piece.bytes));
            }
            self.position = 0;
            match self.pieces.recv() {
                Ok(piece) => self.current = Some(piece?),
                Err(_) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Gives few bytes at a time and fails at the end, or panics.
    struct Source<'a> {
        rest: Cursor<&'a [u8]>,
        end: fn() -> io::Result<usize>,
        read: &'a AtomicUsize,
    }

    impl Read for Source<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(70_001);
            match self.rest.read(&mut buffer[..length])? {
                0 => (self.end)(),
                count => {
                    self.read.fetch_add(count, Ordering::SeqCst);
                    Ok(count)
                }
            }
        }
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    fn all(bytes: &[u8], end: fn() -> io::Result<usize>) -> (Vec<u8>, io::Result<usize>) {
        let source = Source { rest: Cursor::new(bytes), end, read: &AtomicUsize::new(0) };
        let mut out = vec![];
        let told = super::read(source, |mut ahead| Ok(ahead.read_to_end(&mut out))).unwrap();
        (out, told)
    }

    #[test]
    fn every_length_arrives_whole() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 9 * PIECE_BYTES + 7] {
            let bytes = bytes(length);
            let (out, told) = all(&bytes, || Ok(0));
            assert_eq!(told.unwrap(), length);
            assert!(out == bytes, "{length}");
        }
    }

    #[test]
    fn an_error_comes_behind_what_was_read_before_it() {
        let bytes = bytes(2 * PIECE_BYTES + 5);
        let (out, told) = all(&bytes, || Err(io::Error::other("reset")));
        assert_eq!(told.unwrap_err().to_string(), "reset");
        assert!(out == bytes);
    }

    #[test]
    fn a_reader_that_gives_up_ends_the_thread() {
        let (bytes, count) = (bytes(40 * PIECE_BYTES), AtomicUsize::new(0));
        let source = Source { rest: Cursor::new(&bytes), end: || Ok(0), read: &count };
        let refused = CatalogueError::Archive("enough".to_owned());
        let told = super::read(source, |mut ahead| {
            ahead.read_exact(&mut [0; 9]).unwrap();
            Err::<(), _>(refused.clone())
        });
        assert_eq!(told.unwrap_err().to_string(), refused.to_string());
        assert!(count.load(Ordering::SeqCst) <= (PIECES_MAX + 3) * PIECE_BYTES);
    }

    #[test]
    fn a_panic_is_no_end() {
        let source = |end| Source { rest: Cursor::new(b"x"), end, read: Box::leak(Box::default()) };
        let panics = std::panic::AssertUnwindSafe(|| {
            super::read(source(|| panic!("broken decoder")), |mut ahead| {
                Ok(ahead.read_to_end(&mut vec![]).map_err(broken))
            })
        });
        assert!(std::panic::catch_unwind(panics).is_err());
    }
}
