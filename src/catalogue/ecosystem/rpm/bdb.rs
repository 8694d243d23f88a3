//! `Packages`, RPM's database up to 4.16: a hash of Berkeley DB, read page by page.
//!
//! Nobody asks for one package, so the hash is of no interest: every page of buckets is looked at once, and every page
//! of a value may belong to one value only. That ends on any file, whatever its links say.

use super::package::Reading;

/// Of a hash (`dbinc/db_page.h`), in the byte order of the machine that wrote it.
const MAGIC: u32 = 0x0006_1561;

const PAGE_BYTES_MIN: usize = 512;
const PAGE_BYTES_MAX: usize = 64 * 1024;

/// Before the items of a page.
const PAGE_HEAD_BYTES: usize = 26;

/// Kinds of pages: buckets of either kind, and what does not fit into one.
const BUCKETS_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const META: u8 = 8;
const BUCKETS: u8 = 13;

/// Kinds of items: the bytes themselves, or where they are.
const BYTES: u8 = 1;
const ELSEWHERE: u8 = 3;

/// A database in one of the two byte orders.
struct Hash<'a> {
    bytes: &'a [u8],
    page_bytes: usize,
    is_big_endian: bool,
}

/// Hands every header to the reading.
///
/// # Errors
/// Why the database cannot be read, or no further.
pub(super) fn each(bytes: &[u8], reading: &mut Reading) -> Result<(), String> {
    let hash = Hash::open(bytes)?;
    let mut used = vec![false; bytes.len().div_ceil(hash.page_bytes)];
    for number in 1..used.len() {
        let Some(page) = hash.page(number) else { break };
        if matches!(page.kind(), BUCKETS | BUCKETS_UNSORTED) {
            hash.bucket(&page, &mut used, reading)?;
        }
    }
    if hash.is_cut_off() { Err("the database is cut off".to_owned()) } else { Ok(()) }
}

impl<'a> Hash<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let is_big_endian = bytes.get(12..16) == Some(&MAGIC.to_be_bytes()[..]);
        let hash = Self { bytes, page_bytes: 0, is_big_endian };
        if hash.number(bytes, 12) != Some(MAGIC) || bytes.get(25) != Some(&META) {
            return Err("not a hash of Berkeley DB".to_owned());
        }
        // Encrypted pages, and pages with a checksum, which have another head.
        if bytes.get(24) != Some(&0) || bytes.get(26).is_none_or(|flags| flags & 1 != 0) {
            return Err("a database of Berkeley DB with encryption or checksums".to_owned());
        }
        let page_bytes = hash.number(bytes, 20).unwrap_or_default() as usize;
        if !page_bytes.is_power_of_two() || !(PAGE_BYTES_MIN..=PAGE_BYTES_MAX).contains(&page_bytes) {
            return Err("a database of Berkeley DB without a sound size of pages".to_owned());
        }
        Ok(Self { page_bytes, ..hash })
    }

    fn is_cut_off(&self) -> bool {
        let last = self.number(self.bytes, 32).unwrap_or_default() as usize;
        last >= self.bytes.len() / self.page_bytes
    }

    fn page(&self, number: usize) -> Option<Page<'a>> {
        let start = number.checked_mul(self.page_bytes)?;
        let bytes = self.bytes.get(start..start.checked_add(self.page_bytes)?)?;
        Some(Page { bytes })
    }

    /// Reads the pairs of keys and values on one page.
    fn bucket(&self, page: &Page<'_>, used: &mut [bool], reading: &mut Reading) -> Result<(), String> {
        let items = usize::from(self.short(page.bytes, 20).unwrap_or_default());
        let Some(items) = (0..items).map(|index| self.item(page, index)).collect::<Option<Vec<_>>>() else {
            reading.unreadable();
            return Ok(());
        };
        for pair in items.chunks(2) {
            let [key, value] = pair else {
                reading.unreadable();
                continue;
            };
            // Under the number 0 the highest number in use is kept.
            if key.get(1..).is_some_and(|key| !key.is_empty() && key.iter().all(|b| *b == 0)) {
                continue;
            }
            match value.split_first() {
                Some((&BYTES, header)) => reading.header(header)?,
                Some((&ELSEWHERE, place)) => match self.elsewhere(place, used) {
                    Some(header) => reading.header(&header)?,
                    None => reading.unreadable(),
                },
                _ => reading.unreadable(),
            }
        }
        Ok(())
    }

    /// Returns an item; a page is filled from its end, so that one item ends where the one before begins.
    fn item<'p>(&self, page: &Page<'p>, index: usize) -> Option<&'p [u8]> {
        let offset = |index: usize| self.short(page.bytes, PAGE_HEAD_BYTES + 2 * index).map(usize::from);
        let end = if index == 0 { self.page_bytes } else { offset(index - 1)? };
        page.bytes.get(offset(index)?..end)
    }

    /// Puts a value together that fills pages of its own: three unused bytes, the first page, the length.
    fn elsewhere(&self, place: &[u8], used: &mut [bool]) -> Option<Vec<u8>> {
        let mut number = self.number(place, 3)? as usize;
        let length = self.number(place, 7)? as usize;
        let mut value = vec![];
        while number != 0 && value.len() < length {
            let used = used.get_mut(number)?;
            if std::mem::replace(used, true) {
                return None;
            }
            let page = self.page(number).filter(|page| page.kind() == OVERFLOW)?;
            let held = usize::from(self.short(page.bytes, 22)?);
            value.extend_from_slice(page.bytes.get(PAGE_HEAD_BYTES..PAGE_HEAD_BYTES.checked_add(held)?)?);
            number = self.number(page.bytes, 16)? as usize;
        }
        (value.len() == length).then_some(value)
    }

    fn number(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.is_big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    fn short(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let two = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.is_big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }
}

struct Page<'a> {
    bytes: &'a [u8],
}

impl Page<'_> {
    fn kind(&self) -> u8 {
        self.bytes.get(25).copied().unwrap_or_default()
    }
}
