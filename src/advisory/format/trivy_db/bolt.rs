//! Files of bbolt, a key-value store, in memory and read-only.
//!
//! There is no specification: the layout is that of `internal/common` in <https://github.com/etcd-io/bbolt>, version 2 of
//! the format. A file is a row of pages of one size; numbers are those of the machine that wrote it, here little-endian.
//!
//! | Part | Bytes |
//! |---|---|
//! | head of a page | number 8, kind 2, elements 2, further pages it reaches over 4 |
//! | meta, in pages 0 and 1 | magic 4, version 4, page size 4, flags 4, root bucket 16, free list 8, pages 8, transaction 8, checksum 8 |
//! | element of a branch | place of the key from here 4, its length 4, page below 8 |
//! | element of a leaf | flags 4, place of the key from here 4, its length 4, length of the value behind it 4 |
//! | value that is a bucket | number of its root page 8, sequence 8; where that number is 0 the page itself follows |

use std::cell::Cell;

use super::bytes::{number, slice};

/// Where the magic number lies in page 0.
const MAGIC_AT: usize = 16;
const MAGIC: [u8; 4] = 0xED0C_DAED_u32.to_le_bytes();
const VERSION: u64 = 2;
/// Bytes of the head of a page, of an element of either kind, and of the head of a bucket.
const HEAD_BYTES: usize = 16;
/// Bytes of a meta that its checksum covers.
const META_BYTES: usize = 56;
/// Page sizes: machines have 4 kB to 64 kB, bbolt takes from 1 kB.
const PAGE_BITS: std::ops::RangeInclusive<u32> = 10..=16;
/// Deepest tree: with two keys a page 2^40 pages, more than any file has.
const DEPTH_MAX: usize = 40;
/// Kinds of pages.
const BRANCH: u64 = 1;
const LEAF: u64 = 2;
/// Flag of an element whose value is a bucket.
const IS_BUCKET: u64 = 1;

/// Returns whether a file begins as one of bbolt does.
pub(super) fn is_bolt(head: &[u8]) -> bool {
    head.get(MAGIC_AT..MAGIC_AT + MAGIC.len()) == Some(&MAGIC)
}

/// A file.
pub(super) struct Bolt<'f> {
    bytes: &'f [u8],
    page_bytes: usize,
    root: u64,
    /// Pages that may still be visited. Each page belongs to one bucket, so that a walk over all of them visits each at
    /// most once; a file in which pages point at each other in a circle runs out of them.
    left: Cell<usize>,
}

/// A bucket: keys with values, some of which are buckets again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bucket<'f> {
    /// By its root page.
    Page(u64),
    /// A small one that lies in its parent as a page of its own.
    Inline(&'f [u8]),
}

/// What a key stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'f> {
    Bytes(&'f [u8]),
    Bucket(Bucket<'f>),
}

/// Takes a key with its value. An error ends the walk.
pub(super) type Visit<'v, 'f> = dyn FnMut(&'f [u8], Value<'f>) -> Result<(), String> + 'v;

impl<'f> Bolt<'f> {
    /// Opens a file at the newer of its two metas that is whole.
    pub(super) fn open(bytes: &'f [u8]) -> Result<Self, String> {
        let first = meta(bytes, 0);
        let second = PAGE_BITS.filter_map(|bits| {
            let page_bytes = 1_usize << bits;
            meta(bytes, page_bytes).filter(|meta| meta.page_bytes == page_bytes)
        });
        let newest = first.into_iter().chain(second).max_by_key(|meta| meta.transaction);
        let Meta { page_bytes, root, .. } = newest.ok_or("neither meta page is whole")?;
        Ok(Self { bytes, page_bytes, root, left: Cell::new(bytes.len() / page_bytes) })
    }

    pub(super) fn root(&self) -> Bucket<'f> {
        Bucket::Page(self.root)
    }

    /// Hands every key of a bucket to `visit`, in order.
    pub(super) fn each(&self, bucket: Bucket<'f>, visit: &mut Visit<'_, 'f>) -> Result<(), String> {
        let mut open = match bucket {
            Bucket::Inline(page) => return leaf(page, visit),
            Bucket::Page(number) => vec![vec![number]],
        };
        while let Some(level) = open.last_mut() {
            let Some(number) = level.pop() else {
                open.pop();
                continue;
            };
            let page = self.page(number)?;
            match kind(page) {
                Some(LEAF) => leaf(page, visit)?,
                Some(BRANCH) if open.len() < DEPTH_MAX => open.push(below(page)?),
                Some(BRANCH) => return Err(format!("a tree deeper than {DEPTH_MAX} pages")),
                _ => return Err(format!("page {number} is neither branch nor leaf")),
            }
        }
        Ok(())
    }

    /// Returns a page with the further ones that it reaches over.
    fn page(&self, wanted: u64) -> Result<&'f [u8], String> {
        let outside = || format!("page {wanted} is not in the file");
        let start = usize::try_from(wanted).ok().and_then(|page| page.checked_mul(self.page_bytes));
        let start = start.ok_or_else(outside)?;
        let head = slice(self.bytes, start, HEAD_BYTES).ok_or_else(outside)?;
        let (named, further) = (number(head, 0, 8), number(head, 12, 4));
        if named != Some(wanted) {
            return Err(format!("page {wanted} has the number of another"));
        }
        let pages = further.and_then(|further| usize::try_from(further).ok()?.checked_add(1));
        let pages = pages.ok_or_else(outside)?;
        let left = self.left.get().checked_sub(pages);
        self.left.set(left.ok_or("more pages are pointed at than there are")?);
        let length = pages.checked_mul(self.page_bytes).ok_or_else(outside)?;
        slice(self.bytes, start, length).ok_or_else(outside)
    }
}

struct Meta {
    page_bytes: usize,
    root: u64,
    transaction: u64,
}

/// Reads the meta of the page at `at`; `None` where it is not whole.
fn meta(bytes: &[u8], at: usize) -> Option<Meta> {
    let meta = slice(bytes, at.checked_add(HEAD_BYTES)?, META_BYTES + 8)?;
    let covered = slice(meta, 0, META_BYTES)?;
    let page_bytes = usize::try_from(number(meta, 8, 4)?).ok()?;
    let is_size = PAGE_BITS.map(|bits| 1_usize << bits).any(|size| size == page_bytes);
    let is_whole = meta.starts_with(&MAGIC)
        && number(meta, 4, 4)? == VERSION
        && number(meta, META_BYTES, 8)? == checksum(covered);
    (is_whole && is_size).then_some(Meta {
        page_bytes,
        root: number(meta, 16, 8)?,
        transaction: number(meta, 48, 8)?,
    })
}

/// FNV-1a with 64 bits (RFC 9923).
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    bytes.iter().fold(start, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn kind(page: &[u8]) -> Option<u64> {
    number(page, 8, 2)
}

/// Returns the elements of a page with their places in it.
fn elements(page: &[u8]) -> impl Iterator<Item = Option<(usize, &[u8])>> {
    let count = number(page, 10, 2).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    (1..=count).map(move |index| {
        let at = index * HEAD_BYTES;
        slice(page, at, HEAD_BYTES).map(|element| (at, element))
    })
}

const CUT: &str = "an element reaches out of its page";

/// Returns the pages below a branch, the last first.
fn below(page: &[u8]) -> Result<Vec<u64>, String> {
    let pages = elements(page).map(|element| element.and_then(|(_, element)| number(element, 8, 8)));
    let mut pages = pages.collect::<Option<Vec<_>>>().ok_or(CUT)?;
    pages.reverse();
    Ok(pages)
}

fn leaf<'f>(page: &'f [u8], visit: &mut Visit<'_, 'f>) -> Result<(), String> {
    // bbolt writes one element behind the other. Elements that share bytes could hand out more than the file has.
    let mut end = 0;
    for element in elements(page) {
        let (at, element) = element.ok_or(CUT)?;
        let field = |place| number(element, place, 4).and_then(|value| usize::try_from(value).ok());
        let (Some(place), Some(key_bytes), Some(value_bytes)) = (field(4), field(8), field(12)) else {
            return Err(CUT.to_owned());
        };
        let start = at.checked_add(place).ok_or(CUT)?;
        if start < end {
            return Err("elements of a page lie over each other".to_owned());
        }
        let key = slice(page, start, key_bytes).ok_or(CUT)?;
        let value = start.checked_add(key_bytes).and_then(|at| slice(page, at, value_bytes)).ok_or(CUT)?;
        end = start + key_bytes + value_bytes;
        let is_bucket = number(element, 0, 4).is_some_and(|flags| flags & IS_BUCKET != 0);
        visit(key, if is_bucket { Value::Bucket(bucket(value)?) } else { Value::Bytes(value) })?;
    }
    Ok(())
}

fn bucket(value: &[u8]) -> Result<Bucket<'_>, String> {
    match (number(value, 0, 8), value.get(HEAD_BYTES..)) {
        (Some(0), Some(page)) if kind(page) == Some(LEAF) => Ok(Bucket::Inline(page)),
        (Some(0) | None, _) | (_, None) => Err("a bucket in its parent that is no page".to_owned()),
        (Some(root), Some(_)) => Ok(Bucket::Page(root)),
    }
}

#[cfg(test)]
#[path = "bolt_tests.rs"]
mod tests;
