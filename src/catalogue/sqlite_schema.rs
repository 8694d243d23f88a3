//! Looks at the schema of an SQLite database before SQLite does: that reads it to its end at once, and a tree whose pages
//! point to the same ones again has none (SQLite, "Database File Format", sections 1.3 and 1.6).

use std::collections::BTreeSet;

/// The header of the file, before the head of the first page.
pub(crate) const HEADER_BYTES: usize = 100;

/// Kinds of pages of a table, and the bytes of their heads.
const LEAF: u8 = 13;
const LEAF_HEAD_BYTES: usize = 8;
const INTERIOR: u8 = 5;
const INTERIOR_HEAD_BYTES: usize = 12;

/// The most pages and bytes of a schema; RPM's has some 50 entries of a hundred bytes.
const PAGES_MAX: usize = 1000;
const BYTES_MAX: u64 = 1 << 20;

/// Returns whether the schema is of bearable size, on one page or on different pages below the first.
pub(crate) fn is_bearable(bytes: &[u8]) -> bool {
    schema_bytes(bytes).is_some_and(|length| length <= BYTES_MAX)
}

fn schema_bytes(bytes: &[u8]) -> Option<u64> {
    let page_bytes = match number(bytes, 16, 2)? {
        1 => 65_536,
        size => size,
    };
    let page = |number: usize| {
        let start = number.checked_sub(1)?.checked_mul(page_bytes)?;
        bytes.get(start..start.checked_add(page_bytes)?)
    };
    let root = page(1)?;
    match *root.get(HEADER_BYTES)? {
        LEAF => entries_bytes(root, HEADER_BYTES),
        INTERIOR => {
            let leaves = children(root)?.into_iter().map(|child| page(child).filter(|page| page[0] == LEAF));
            leaves.map(|leaf| entries_bytes(leaf?, 0)).sum()
        }
        _ => None,
    }
}

/// Returns the pages below the first, where they are different ones.
fn children(root: &[u8]) -> Option<Vec<usize>> {
    let cells = cells(root, HEADER_BYTES, INTERIOR_HEAD_BYTES)?;
    let last = HEADER_BYTES + 8;
    let children =
        cells.into_iter().chain([last]).map(|at| number(root, at, 4)).collect::<Option<Vec<_>>>()?;
    let different: BTreeSet<usize> = children.iter().copied().collect();
    (different.len() == children.len() && children.len() <= PAGES_MAX).then_some(children)
}

/// Returns where the cells of a page are, whose head begins at `head`.
fn cells(page: &[u8], head: usize, head_bytes: usize) -> Option<Vec<usize>> {
    let count = number(page, head + 3, 2)?;
    (0..count).map(|index| number(page, head + head_bytes + 2 * index, 2)).collect()
}

/// Returns the length of all entries of a leaf; each begins with its own.
fn entries_bytes(page: &[u8], head: usize) -> Option<u64> {
    cells(page, head, LEAF_HEAD_BYTES)?.into_iter().map(|cell| variable(page.get(cell..)?)).sum()
}

/// Reads a big-endian number.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at + length)?;
    Some(digits.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// Reads a number of variable length, up to 56 bits.
fn variable(bytes: &[u8]) -> Option<u64> {
    let mut number = 0;
    for byte in bytes.iter().take(8) {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
