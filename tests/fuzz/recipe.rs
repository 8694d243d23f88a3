//! What an input is made of: a seed and a few edits of it. Bytes made from nothing but chance end at the first check of any
//! format, so they are a small share only.

use bolero::TypeGenerator;

/// The longest input: beyond it formats show nothing new, and runs become slow.
pub(crate) const INPUT_BYTES_MAX: usize = 1 << 20;

/// The most edits of one input.
const EDITS: usize = 6;

/// The most bytes that one edit adds.
const ADDED_BYTES_MAX: usize = 64 << 10;

/// Of 256 inputs so many are made from chance alone.
const NOISE: u8 = 6;

/// Pieces that mean something to some format: separators, signatures, terminal sequences, openings without an end.
const WORDS: [&[u8]; 36] = [
    b"\0",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\t",
    b" ",
    b"/",
    b"//",
    b"../",
    b"..",
    b"@",
    b"%",
    b"%00",
    b"%2F",
    b":",
    b",",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"'",
    b"`|*_<b>",
    b"\x1b[2J",
    "\u{202e}".as_bytes(),
    "é".as_bytes(),
    b"\xff\xfe",
    b"[",
    b"{",
    b"(",
    b"<a>",
    b"${a}",
    b"-1",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"null",
];

/// Numbers in words that parsers of text trip over.
const NUMBERS: [&[u8]; 8] =
    [b"0", b"1", b"-1", b"65536", b"4294967296", b"18446744073709551616", b"77777777777", b"1e999"];

/// An input in few numbers, so that any engine can make one.
#[derive(Debug, Clone, Copy, TypeGenerator)]
pub(crate) struct Recipe {
    /// Which seed.
    pub seed: u16,
    noise: u8,
    count: u8,
    /// Whether sums and sizes that a format guards itself with are made true again after the edits: mostly.
    mends: u8,
    edits: [Edit; EDITS],
}

#[derive(Debug, Clone, Copy, TypeGenerator)]
struct Edit {
    kind: u8,
    /// Where, as a share of the length.
    at: u16,
    /// How much, or which.
    much: u16,
    value: u64,
}

impl Recipe {
    /// Returns whether sums are to be made true again.
    pub(crate) const fn mends(&self) -> bool {
        !self.mends.is_multiple_of(4)
    }

    /// Returns the bytes, made of one of the seeds, of which there is at least one.
    pub(crate) fn input(&self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = if self.noise < NOISE { self.chance() } else { self.pick(seeds).clone() };
        for edit in &self.edits[..=usize::from(self.count) % EDITS] {
            edit.apply(&mut bytes, seeds);
            bytes.truncate(INPUT_BYTES_MAX);
        }
        bytes
    }

    fn pick<'a>(&self, seeds: &'a [Vec<u8>]) -> &'a Vec<u8> {
        &seeds[usize::from(self.seed) % seeds.len()]
    }

    fn chance(&self) -> Vec<u8> {
        let mut state = self.edits[0].value;
        (0..self.edits[0].much % 600).map(|_| chance(&mut state).to_le_bytes()[0]).collect()
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) const fn chance(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.place(bytes.len());
        match self.kind % 16 {
            0 => self.overwrite(bytes, at, 1),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << (self.much % 8)),
            2 => self.overwrite(bytes, at, 1 + usize::from(self.much) % 8),
            3 => drop(bytes.drain(at..(at + self.length()).min(bytes.len()))),
            4 => {
                let piece = bytes[at..(at + self.length()).min(bytes.len())].to_vec();
                insert(bytes, at, &piece);
            }
            5 | 6 => self.splice(bytes, at, seeds),
            7 => self.number(bytes, at, 2),
            8 | 9 => self.number(bytes, at, 4),
            10 => self.number(bytes, at, 8),
            11 => bytes.truncate(at),
            12 => self.insert_often(bytes, at),
            13 => self.word(bytes, at),
            14 => insert(bytes, at, WORDS[usize::from(self.much) % WORDS.len()]),
            _ => self.digits(bytes, at),
        }
    }

    fn place(&self, length: usize) -> usize {
        length * usize::from(self.at) / (usize::from(u16::MAX) + 1)
    }

    /// Returns a length: mostly a few bytes, seldom thousands.
    fn length(&self) -> usize {
        1 + (usize::from(self.much) >> (self.value % 16))
    }

    fn overwrite(&self, bytes: &mut [u8], at: usize, count: usize) {
        let new = self.value.to_le_bytes();
        for (old, new) in bytes.iter_mut().skip(at).take(count).zip(new) {
            *old = new;
        }
    }

    /// Puts a piece of another seed over, or into, what is there.
    fn splice(&self, bytes: &mut Vec<u8>, at: usize, seeds: &[Vec<u8>]) {
        let other = &seeds[usize::from(self.much) % seeds.len()];
        let from = usize::try_from(self.value >> 32).unwrap_or_default() % (other.len() + 1);
        let length = usize::try_from(self.value & 0xffff).unwrap_or_default() >> (self.value >> 16 & 15);
        let piece = &other[from..(from + 1 + length).min(other.len())];
        let replaced = if self.value >> 20 & 1 == 0 { piece.len() } else { 0 };
        let end = (at + replaced).min(bytes.len());
        bytes.splice(at..end, piece.iter().copied());
    }

    /// Sets a number of so many bytes to a value at an edge.
    fn number(&self, bytes: &mut [u8], at: usize, width: usize) {
        let total = bytes.len() as u64;
        let Some(field) = bytes.get_mut(at..at + width) else { return };
        let is_big = self.value >> 8 & 1 == 0;
        let mut now = [0; 8];
        now[..width].copy_from_slice(field);
        let now = if is_big { u64::from_be_bytes(now) >> (64 - 8 * width) } else { u64::from_le_bytes(now) };
        let new = match self.value % 13 {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            3 => u64::MAX >> 1,
            4 => 1 << (8 * width - 1),
            5 => total,
            6 => total + 1,
            7 => total.saturating_sub(1),
            8 => now.wrapping_add(1),
            9 => now.wrapping_sub(1),
            10 => now.wrapping_mul(2),
            11 => self.place(bytes_of(total)) as u64,
            _ => self.value >> 16,
        };
        if is_big {
            field.copy_from_slice(&new.to_be_bytes()[8 - width..]);
        } else {
            field.copy_from_slice(&new.to_le_bytes()[..width]);
        }
    }

    /// Inserts a piece of what is there, or a word, many times: nesting and floods.
    fn insert_often(&self, bytes: &mut Vec<u8>, at: usize) {
        let word = if self.value & 1 == 0 {
            WORDS[usize::from(self.much) % WORDS.len()].to_vec()
        } else {
            bytes[at..(at + 1 + usize::from(self.much) % 32).min(bytes.len())].to_vec()
        };
        let times = usize::try_from(self.value >> 16 & 0x3fff).unwrap_or_default() >> (self.value >> 40 & 7);
        insert(bytes, at, &word.repeat(times.min(ADDED_BYTES_MAX / word.len().max(1))));
    }

    fn word(&self, bytes: &mut Vec<u8>, at: usize) {
        let word = WORDS[usize::from(self.much) % WORDS.len()];
        let end = (at + word.len()).min(bytes.len());
        bytes.splice(at..end, word.iter().copied());
    }

    /// Replaces the next number in digits.
    fn digits(&self, bytes: &mut Vec<u8>, at: usize) {
        let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|start| at + start) else {
            return;
        };
        let count = bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
        let new = NUMBERS[usize::from(self.much) % NUMBERS.len()];
        bytes.splice(start..start + count, new.iter().copied());
    }
}

fn bytes_of(total: u64) -> usize {
    usize::try_from(total).unwrap_or(usize::MAX)
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let end = piece.len().min(ADDED_BYTES_MAX);
    bytes.splice(at..at, piece[..end].iter().copied());
}
