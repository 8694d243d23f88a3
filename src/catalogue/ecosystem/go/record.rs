//! Finds what the Go linker leaves in a program, and reads it: the toolchain's version and the list of modules.
//!
//! The record begins with [`MAGIC`], the size of a pointer and flags, and lies on a multiple of 16. Since Go 1.18 two
//! strings follow at byte 32, each with its length as a varint; before that two pointers to strings stood at byte 16
//! (package `debug/buildinfo` of the Go standard library).

use memchr::memmem;
use object::{Object as _, ObjectSection as _, ObjectSegment as _};

use crate::catalogue::found::Window;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: u64 = 16;
const HEADER_BYTES: usize = 32;
const INLINE: u8 = 2;
const BIG_ENDIAN: u8 = 1;

/// The longest list of modules that is read. That of Kubernetes' largest programs has 60 kB.
const MODULES_BYTES_MAX: usize = 1 << 20;

/// The longest version of a toolchain that is read, its experiments included.
const VERSION_BYTES_MAX: usize = 1024;

/// The list of modules stands between two marks of this length.
const FRAME_BYTES: usize = 16;

/// Sections that hold the record, in ELF and in Mach-O.
const SECTIONS: [&str; 2] = [".go.buildinfo", "__go_buildinfo"];

const CUT_OFF: &str = "the Go build information is cut off or malformed";

/// What a program says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Build {
    /// As `runtime.Version` tells it, `go1.22.3`.
    pub go_version: String,
    /// Without its frame; empty where a program was built without modules.
    pub modules: String,
}

/// What was found in a file or a piece of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Located {
    Nothing,
    /// There is a record, but it cannot be read.
    Broken(&'static str),
    Found(Build),
}

/// Looks into one executable.
pub(super) fn in_executable(bytes: &[u8]) -> Located {
    let anywhere = || in_window(&Window { path: "", bytes, offset: 0, piece: (0, bytes.len()) });
    // The loader of the system does not mind a broken table of sections.
    let Ok(file) = object::File::parse(bytes) else { return anywhere() };
    if is_packed(bytes, &file) {
        return Located::Broken("is packed with UPX, which hides what was compiled into it");
    }
    let (data, address, is_own) = match data(&file) {
        Place::Nowhere => return Located::Nothing,
        Place::Unknown => return anywhere(),
        Place::Within { data, address, is_own } => (data, address, is_own),
    };
    let skipped = usize::try_from((ALIGNMENT - address % ALIGNMENT) % ALIGNMENT).unwrap_or(0);
    let aligned = data.get(skipped..).unwrap_or_default();
    let Some(position) = memmem::find_iter(aligned, MAGIC).find(|at| at % 16 == 0) else {
        return if is_own { Located::Broken(CUT_OFF) } else { Located::Nothing };
    };
    match read(&aligned[position..], Some(&file)) {
        Some(build) => Located::Found(build),
        None => Located::Broken(CUT_OFF),
    }
}

/// Looks for a record that begins in a window.
pub(super) fn in_window(window: &Window<'_>) -> Located {
    let mut broken = Located::Nothing;
    for position in memmem::find_iter(window.bytes, MAGIC).filter(|at| window.owns(*at)) {
        if !(window.offset + position as u64).is_multiple_of(ALIGNMENT) {
            continue;
        }
        match read(&window.bytes[position..], None) {
            Some(build) => return Located::Found(build),
            None if is_header(&window.bytes[position..]) => {
                broken = Located::Broken(
                    "the Go build information is malformed, or of before Go 1.18 in a large file",
                );
            }
            // The name of the record in a program that reads such records.
            None => {}
        }
    }
    broken
}

/// Returns whether the size of a pointer and the flags are those of a record.
fn is_header(bytes: &[u8]) -> bool {
    let byte = |at: usize| bytes.get(MAGIC.len() + at).copied().unwrap_or(u8::MAX);
    match (byte(0), byte(1)) {
        (4 | 8, 0 | BIG_ENDIAN) => true,
        (0 | 4 | 8, flags) => flags == INLINE || flags == INLINE | BIG_ENDIAN,
        _ => false,
    }
}

/// UPX leaves its name behind the program headers and no sections.
fn is_packed(bytes: &[u8], file: &object::File<'_>) -> bool {
    let head = &bytes[..bytes.len().min(1024)];
    file.sections().next().is_none() && memmem::find(head, b"UPX!").is_some()
}

/// Where the record of a file may be.
enum Place<'a> {
    /// The file would have a section for it.
    Nowhere,
    /// Neither sections nor segments tell.
    Unknown,
    /// In this data, which is the record's own section or what can be written.
    Within { data: &'a [u8], address: u64, is_own: bool },
}

fn data<'a>(file: &object::File<'a>) -> Place<'a> {
    for name in SECTIONS {
        if let Some(section) = file.section_by_name(name) {
            let data = section.data().unwrap_or_default();
            return Place::Within { data, address: section.address(), is_own: true };
        }
    }
    // ELF has had a section for it since the first record; without any sections it is in the data that can be written.
    if file.format() == object::BinaryFormat::Elf && file.sections().next().is_some() {
        return Place::Nowhere;
    }
    let of = |segment: object::Segment<'a, '_>| {
        let permissions = segment.permissions();
        let data = segment.data().ok().filter(|data| !data.is_empty())?;
        let is_data = permissions.writable() && !permissions.executable();
        is_data.then(|| Place::Within { data, address: segment.address(), is_own: false })
    };
    file.segments().find_map(of).unwrap_or(Place::Unknown)
}

/// Reads the record at the start of `bytes`.
fn read(bytes: &[u8], file: Option<&object::File<'_>>) -> Option<Build> {
    let header = bytes.get(..HEADER_BYTES)?;
    let (pointer_bytes, flags) = (header[MAGIC.len()], header[MAGIC.len() + 1]);
    let (go_version, modules) = if flags & INLINE == 0 {
        let pointers = Pointers { file: file?, bytes: pointer_bytes.into(), is_big: flags & BIG_ENDIAN != 0 };
        let modules = pointers.read(&header[16..], 1)?;
        (
            pointers.string(pointers.read(&header[16..], 0)?, VERSION_BYTES_MAX)?,
            pointers.string(modules, MODULES_BYTES_MAX),
        )
    } else {
        let (version, rest) = counted(&bytes[HEADER_BYTES..], VERSION_BYTES_MAX)?;
        (version, Some(counted(rest, MODULES_BYTES_MAX)?.0))
    };
    let go_version = std::str::from_utf8(go_version).ok()?;
    if !(go_version.starts_with("go") || go_version.starts_with("devel ")) {
        return None;
    }
    let modules = modules.map(unframed).unwrap_or_default();
    Some(Build { go_version: go_version.to_owned(), modules: String::from_utf8_lossy(modules).into_owned() })
}

/// Returns a string with its length in front, and what follows it.
fn counted(bytes: &[u8], max: usize) -> Option<(&[u8], &[u8])> {
    let (mut length, mut shift) = (0_usize, 0);
    for (index, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let rest = &bytes[index + 1..];
            return if length <= max { rest.split_at_checked(length) } else { None };
        }
    }
    None
}

/// Returns the list of modules without the marks around it.
fn unframed(text: &[u8]) -> &[u8] {
    let is_framed = text.len() > 2 * FRAME_BYTES && text[text.len() - FRAME_BYTES - 1] == b'\n';
    if is_framed { &text[FRAME_BYTES..text.len() - FRAME_BYTES] } else { b"" }
}

/// How a program before Go 1.18 points to its strings.
struct Pointers<'a, 'b> {
    file: &'b object::File<'a>,
    bytes: usize,
    is_big: bool,
}

impl<'a> Pointers<'a, '_> {
    /// Returns the pointer at `index` of a row.
    fn read(&self, row: &[u8], index: usize) -> Option<u64> {
        if !matches!(self.bytes, 4 | 8) {
            return None;
        }
        let bytes = row.get(index * self.bytes..(index + 1) * self.bytes)?.iter();
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if self.is_big { bytes.fold(0, join) } else { bytes.rev().fold(0, join) })
    }

    /// Returns the string whose address and length stand at `address`.
    fn string(&self, address: u64, max: usize) -> Option<&'a [u8]> {
        let header = self.at(address, 2 * self.bytes)?;
        let length = usize::try_from(self.read(header, 1)?).ok().filter(|length| *length <= max)?;
        self.at(self.read(header, 0)?, length)
    }

    fn at(&self, address: u64, size: usize) -> Option<&'a [u8]> {
        let size = size as u64;
        self.file.segments().find_map(|segment| segment.data_range(address, size).ok().flatten())
    }
}
