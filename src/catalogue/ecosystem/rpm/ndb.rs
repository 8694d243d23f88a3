//! `Packages.db`, RPM's own database format of SUSE's distributions: slots that point to blobs.
//!
//! All numbers are little-endian. Pages of 4096 bytes at the beginning hold slots of 16 bytes (magic, number of the
//! package, first block, blocks); the first two slots are the header of the file (magic, version, generation, pages
//! of slots). A blob fills blocks of 16 bytes: magic, number of the package, generation and length, the bytes, padding,
//! and at its very end the Adler-32 sum of all that, the length again and another magic.

use super::package::Reading;

const FILE_MAGIC: [u8; 4] = *b"RpmP";
const SLOT_MAGIC: [u8; 4] = *b"Slot";
const BLOB_MAGIC: [u8; 4] = *b"BlbS";
const BLOB_END_MAGIC: [u8; 4] = *b"BlbE";

/// The only version there has been.
const VERSION: u32 = 0;

const PAGE_BYTES: usize = 4096;
const SLOT_BYTES: usize = 16;
const HEADER_BYTES: usize = 2 * SLOT_BYTES;
const BLOCK_BYTES: usize = 16;
const BLOB_HEAD_BYTES: usize = 16;
const BLOB_TAIL_BYTES: usize = 12;

/// Hands the header in every blob to the reading.
///
/// # Errors
/// Why the database cannot be read, or no further.
pub(super) fn each(bytes: &[u8], reading: &mut Reading) -> Result<(), String> {
    if !bytes.starts_with(&FILE_MAGIC) || number(bytes, 4) != Some(VERSION) {
        return Err("not a database of RPM's format ndb".to_owned());
    }
    let pages = number(bytes, 12).unwrap_or_default() as usize;
    let slots = pages.checked_mul(PAGE_BYTES).and_then(|end| bytes.get(HEADER_BYTES..end));
    let slots = slots.ok_or("the table of packages is cut off")?;
    for slot in slots.chunks_exact(SLOT_BYTES) {
        if !slot.starts_with(&SLOT_MAGIC) {
            return Err("the table of packages is damaged".to_owned());
        }
        let field = |at| number(slot, at).unwrap_or_default();
        let (package, first, blocks) = (field(4), field(8) as usize, field(12) as usize);
        // A free slot has neither.
        if package == 0 || first == 0 {
            continue;
        }
        match blob(bytes, package, first, blocks) {
            Some(header) => reading.header(header)?,
            None => reading.unreadable(),
        }
    }
    Ok(())
}

/// Returns the bytes of a blob whose frame is sound.
fn blob(bytes: &[u8], package: u32, first: usize, blocks: usize) -> Option<&[u8]> {
    let start = first.checked_mul(BLOCK_BYTES)?;
    let whole = bytes.get(start..start.checked_add(blocks.checked_mul(BLOCK_BYTES)?)?)?;
    let tail = &whole[whole.len().checked_sub(BLOB_TAIL_BYTES)?..];
    let framed = &whole[..whole.len() - BLOB_TAIL_BYTES];
    let length = number(framed, 12)?;
    let content = framed.get(BLOB_HEAD_BYTES..BLOB_HEAD_BYTES.checked_add(length as usize)?)?;
    let is_sound = framed.starts_with(&BLOB_MAGIC)
        && number(framed, 4) == Some(package)
        && number(tail, 0) == Some(adler32(framed))
        && number(tail, 4) == Some(length)
        && tail.ends_with(&BLOB_END_MAGIC);
    is_sound.then_some(content)
}

/// RFC 1950, section 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    /// So many bytes can be added up before 32 bits are full.
    const RUN_BYTES: usize = 5552;
    let (mut low, mut high) = (1_u32, 0_u32);
    for run in bytes.chunks(RUN_BYTES) {
        for byte in run {
            low += u32::from(*byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    high << 16 | low
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_le_bytes)
}
