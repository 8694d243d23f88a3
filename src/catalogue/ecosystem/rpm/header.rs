//! One header of a database: an index of tags and a store of their values (RPM, "Package file format", "Header").
//!
//! Two big-endian numbers, the entries of the index and the bytes of the store; then the index, 16 bytes an entry (tag,
//! type, offset, count); then the store. The index may begin with an entry that seals a region, and entries behind the
//! region replace those within.

use crate::catalogue::found::LISTED_MAX;

/// The tags that are read (RPM, "Tags").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    Vendor = 1011,
    License = 1014,
    Packager = 1015,
    Url = 1020,
    Arch = 1022,
    SourceRpm = 1044,
    ProvideName = 1047,
    RequireName = 1049,
    DirIndexes = 1116,
    BaseNames = 1117,
    DirNames = 1118,
    ModularityLabel = 5096,
}

const TAGS: [Tag; 16] = [
    Tag::Name,
    Tag::Version,
    Tag::Release,
    Tag::Epoch,
    Tag::Vendor,
    Tag::License,
    Tag::Packager,
    Tag::Url,
    Tag::Arch,
    Tag::SourceRpm,
    Tag::ProvideName,
    Tag::RequireName,
    Tag::DirIndexes,
    Tag::BaseNames,
    Tag::DirNames,
    Tag::ModularityLabel,
];

/// The most entries of an index and the largest type, as RPM itself accepts them.
const ENTRIES_MAX: usize = 0xffff;
const KIND_MAX: u32 = 9;

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

const PREAMBLE_BYTES: usize = 8;
const ENTRY_BYTES: usize = 16;

/// Says that a header, or a value in it, is not what RPM writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// A header whose index has been checked.
#[derive(Debug)]
pub(super) struct Header<'a> {
    /// In the order of [`TAGS`].
    values: [Option<Value<'a>>; TAGS.len()],
}

#[derive(Debug, Clone, Copy)]
struct Value<'a> {
    kind: u32,
    count: usize,
    /// The store from the value's beginning on.
    bytes: &'a [u8],
}

impl<'a> Header<'a> {
    pub(super) fn parse(blob: &'a [u8]) -> Result<Self, Malformed> {
        let entries = number(blob, 0).ok_or(Malformed)? as usize;
        let store_bytes = number(blob, 4).ok_or(Malformed)? as usize;
        if !(1..=ENTRIES_MAX).contains(&entries) {
            return Err(Malformed);
        }
        let store_at = PREAMBLE_BYTES + entries * ENTRY_BYTES;
        if store_at.checked_add(store_bytes) != Some(blob.len()) {
            return Err(Malformed);
        }
        let (index, store) = (&blob[PREAMBLE_BYTES..store_at], &blob[store_at..]);
        let mut values = [None; TAGS.len()];
        for entry in index.chunks_exact(ENTRY_BYTES) {
            let field = |at| number(entry, at).ok_or(Malformed);
            let (tag, kind, offset, count) = (field(0)?, field(4)?, field(8)? as usize, field(12)? as usize);
            let bytes = store.get(offset..).filter(|_| kind <= KIND_MAX && count > 0).ok_or(Malformed)?;
            if let Some(place) = TAGS.iter().position(|known| *known as u32 == tag) {
                values[place] = Some(Value { kind, count, bytes });
            }
        }
        Ok(Self { values })
    }

    fn value(&self, tag: Tag) -> Option<Value<'a>> {
        let place = TAGS.iter().position(|known| *known == tag);
        place.and_then(|place| self.values[place])
    }

    /// Returns a text; of one in several languages the first, which is untranslated.
    pub(super) fn text(&self, tag: Tag) -> Result<Option<&'a [u8]>, Malformed> {
        let Some(value) = self.value(tag) else { return Ok(None) };
        match value.kind {
            STRING | I18N_STRING => {
                let end = value.bytes.iter().position(|b| *b == 0).ok_or(Malformed)?;
                Ok(Some(&value.bytes[..end]))
            }
            _ => Err(Malformed),
        }
    }

    /// Returns texts, of a flood the first; none where the tag is absent.
    pub(super) fn texts(&self, tag: Tag) -> Result<Vec<&'a [u8]>, Malformed> {
        let Some(value) = self.value(tag) else { return Ok(vec![]) };
        if value.kind != STRING_ARRAY {
            return Err(Malformed);
        }
        let mut texts = vec![];
        let mut rest = value.bytes;
        for _ in 0..value.count.min(LISTED_MAX) {
            let end = rest.iter().position(|b| *b == 0).ok_or(Malformed)?;
            texts.push(&rest[..end]);
            rest = &rest[end + 1..];
        }
        Ok(texts)
    }

    /// Returns numbers, of a flood the first; none where the tag is absent.
    pub(super) fn numbers(&self, tag: Tag) -> Result<Vec<u32>, Malformed> {
        let Some(value) = self.value(tag) else { return Ok(vec![]) };
        let length = value.count.checked_mul(4).filter(|_| value.kind == INT32).ok_or(Malformed)?;
        let bytes = value.bytes.get(..length).ok_or(Malformed)?;
        let numbers = bytes.chunks_exact(4).take(LISTED_MAX);
        Ok(numbers.map(|four| number(four, 0).unwrap_or_default()).collect())
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_be_bytes)
}
