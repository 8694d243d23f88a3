//! Assemblies of .NET: files in PE format that hold managed code, told by their version resource.
//!
//! Programs and libraries for Windows without managed code are not looked at. What a `deps.json` says of the same
//! packages is read elsewhere.

use std::collections::BTreeMap;

use object::read::pe::{ImageNtHeaders, PeFile, ResourceDirectory, ResourceDirectoryTable};
use object::{FileKind, LittleEndian as LE, pe};

use super::{Cataloguer, Wants, word};
use crate::catalogue::found::{File, Form, Found, Parsed, Window};
use crate::model::Ecosystem;

pub(in crate::catalogue) const CATALOGUER: Cataloguer = Cataloguer {
    name: "dotnet_pe",
    wants: &[Wants::Executables, Wants::LargeExecutables(read_window)],
    parse: read,
};

/// The type of version resources.
const VERSION_TYPE: u32 = 16;

/// The longest version resource that is read: it tells its own length in 16 bits.
const RESOURCE_BYTES_MAX: usize = 0xffff;

/// The most strings of one resource; real ones have a dozen.
const STRINGS_MAX: usize = 256;

/// Levels of a version resource: itself, `StringFileInfo`, the table of a language, the string.
const DEPTH_MAX: usize = 4;

/// The longest copyright or company that is kept, characters.
const TEXT_CHARACTERS_MAX: usize = 200;

/// How many of the first bytes of a large file are looked at; headers end before.
const HEAD_BYTES: usize = 64 * 1024;

fn read(file: &File<'_>) -> Parsed {
    if !file.bytes.starts_with(b"MZ") {
        return Parsed::default();
    }
    if managed(file.bytes) != Some(true) {
        return Parsed::default();
    }
    // Without a version resource there is an assembly of that name all the same, of unknown version.
    let strings = strings(file.bytes).unwrap_or_default();
    let mut parsed = Parsed::default();
    parsed.add(found(file.name(), &strings));
    parsed
}

/// The version resource of a large file is anywhere in it.
fn read_window(window: &Window<'_>) -> Parsed {
    let head = &window.bytes[..window.bytes.len().min(HEAD_BYTES)];
    if window.offset == 0 && head.starts_with(b"MZ") && managed(head) == Some(true) {
        return Parsed::gap("an assembly, of which nothing is read in a file of this size");
    }
    Parsed::default()
}

/// Returns whether the headers name managed code; `None` where they cannot be read.
fn managed(bytes: &[u8]) -> Option<bool> {
    match FileKind::parse(bytes).ok()? {
        FileKind::Pe32 => names_managed_code::<pe::ImageNtHeaders32>(bytes),
        FileKind::Pe64 => names_managed_code::<pe::ImageNtHeaders64>(bytes),
        _ => None,
    }
}

fn names_managed_code<Pe: ImageNtHeaders>(bytes: &[u8]) -> Option<bool> {
    let header = pe::ImageDosHeader::parse(bytes).ok()?;
    let mut offset = header.nt_headers_offset().into();
    let (_, directories) = Pe::parse(bytes, &mut offset).ok()?;
    let directory = directories.get(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR);
    Some(directory.is_some_and(|directory| directory.virtual_address.get(LE) != 0))
}

/// Returns the strings of the version resource by name.
fn strings(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    match FileKind::parse(bytes).ok()? {
        FileKind::Pe32 => strings_of::<pe::ImageNtHeaders32>(bytes),
        FileKind::Pe64 => strings_of::<pe::ImageNtHeaders64>(bytes),
        _ => None,
    }
}

fn strings_of<Pe: ImageNtHeaders>(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let file = PeFile::<Pe>::parse(bytes).ok()?;
    let sections = file.section_table();
    let resources = file.data_directories().resource_directory(bytes, &sections).ok()??;
    let root = resources.root().ok()?;
    let is_version = |entry: &&pe::ImageResourceDirectoryEntry| {
        !entry.has_name() && entry.name_or_id.get(LE) == VERSION_TYPE
    };
    let entry = root.entries.iter().find(is_version)?;
    let names = entry.data(resources).ok()?.table()?;
    let leaf = first_leaf(&names, resources)?;
    let (address, size) = (leaf.offset_to_data.get(LE), leaf.size.get(LE));
    let data = sections.pe_data_at(bytes, address)?;
    let resource = data.get(..usize::try_from(size).ok()?.min(RESOURCE_BYTES_MAX))?;
    let mut strings = BTreeMap::new();
    block(resource, 0, &mut strings);
    Some(strings)
}

/// Below the type stand the names, below them the languages, and then the data.
fn first_leaf<'a>(
    names: &ResourceDirectoryTable<'a>,
    resources: ResourceDirectory<'a>,
) -> Option<&'a pe::ImageResourceDataEntry> {
    let languages = names.entries.first()?.data(resources).ok()?.table()?;
    languages.entries.first()?.data(resources).ok()?.data()
}

/// Reads a block of the resource: its length, the length of its value, its type, its key, its value and further blocks,
/// each on a multiple of four bytes (Windows, `VS_VERSIONINFO`).
fn block(bytes: &[u8], depth: usize, strings: &mut BTreeMap<String, String>) -> Option<()> {
    let value_length = usize::from(number(bytes, 2)?);
    let is_text = number(bytes, 4)? == 1;
    let (key, key_end) = text(bytes, 6)?;
    let start = key_end.next_multiple_of(4);
    if depth + 1 == DEPTH_MAX {
        // The length of a text counts characters, but not for every compiler: it ends with a zero in any case.
        let value = if value_length == 0 { String::new() } else { text(bytes, start)?.0 };
        if strings.len() < STRINGS_MAX {
            strings.entry(key).or_insert(value);
        }
        return Some(());
    }
    if depth == 1 && key != "StringFileInfo" {
        return Some(());
    }
    let value_bytes = if is_text { value_length * 2 } else { value_length };
    let mut at = (start + value_bytes).next_multiple_of(4);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = usize::from(number(rest, 0)?);
        if length < 6 {
            return None;
        }
        block(&rest[..length.min(rest.len())], depth + 1, strings);
        at = (at + length).next_multiple_of(4);
    }
    Some(())
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Returns a text in UTF-16 and where its closing zero ends.
fn text(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let pairs = bytes.get(at..)?.chunks_exact(2);
    let units = pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).take_while(|unit| *unit != 0);
    let length = units.clone().count();
    let clean = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|c| !c.is_control())
        .take(TEXT_CHARACTERS_MAX);
    Some((clean.collect::<String>().trim().to_owned(), at + 2 * (length + 1)))
}

fn found(file_name: &str, strings: &BTreeMap<String, String>) -> Option<Found> {
    let string = |key: &str| strings.get(key).map(String::as_str).filter(|value| !value.is_empty());
    // The assembly's own name is what NuGet calls the package; a product has a name for people.
    let names = [string("InternalName"), string("OriginalFilename"), Some(file_name)];
    let name = names.into_iter().flatten().map(stem).find_map(|name| word(name.as_bytes()))?;
    let versions = [string("ProductVersion"), string("FileVersion"), string("Assembly Version")];
    let version = versions.into_iter().flatten().find_map(version).unwrap_or_default();
    let mut found = Found::new(Ecosystem::Nuget, name, version);
    found.creator = string("CompanyName").map(str::to_owned);
    found.form = Form::Executable;
    Some(found)
}

/// Returns the name of an assembly without what its file adds to it.
fn stem(name: &str) -> &str {
    let cut = |suffix: &str| {
        let start = name.len().checked_sub(suffix.len())?;
        name.get(start..).filter(|end| end.eq_ignore_ascii_case(suffix)).map(|_| &name[..start])
    };
    [".dll", ".exe", ".ni.dll"].iter().find_map(|suffix| cut(suffix)).unwrap_or(name)
}

/// Returns the version at the start of a text: `8.0.3+2b5f…`, `8,0,324,11423 @Commit: …`.
fn version(text: &str) -> Option<String> {
    let first = text.split_whitespace().next()?.split('+').next()?.replace(',', ".");
    word(first.as_bytes())
        .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    /// One block of a version resource, as Windows documents it.
    fn resource(key: &str, value: &[u8], text_length: u16, children: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0, 0];
        let value_length = if text_length > 0 { text_length } else { u16::try_from(value.len()).unwrap() };
        bytes.extend(value_length.to_le_bytes());
        bytes.extend(u16::from(text_length > 0).to_le_bytes());
        bytes.extend(utf16(key));
        for part in std::iter::once(value).chain(children.iter().map(Vec::as_slice)) {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend(part);
        }
        let length = u16::try_from(bytes.len()).unwrap();
        bytes[..2].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    fn version_resource(strings: &[(&str, &str)]) -> Vec<u8> {
        let of = |(key, value): &(&str, &str)| {
            resource(key, &utf16(value), u16::try_from(value.encode_utf16().count() + 1).unwrap(), &[])
        };
        let table = resource("000004b0", &[], 0, &strings.iter().map(of).collect::<Vec<_>>());
        let var = resource("VarFileInfo", &[], 0, &[resource("Translation", &[0, 0, 0xb0, 4], 0, &[])]);
        resource("VS_VERSION_INFO", &[7; 52], 0, &[var, resource("StringFileInfo", &[], 0, &[table])])
    }

    /// A PE file for 32 bits with one section at 0x1000 that holds its resources, managed or not.
    fn pe(resource: &[u8], is_managed: bool) -> Vec<u8> {
        let mut section = vec![];
        // Type, name and language, each a table of one entry, and then the place of the data.
        for (id, offset) in [(16_u32, 0x8000_0018_u32), (1, 0x8000_0030), (0, 0x48)] {
            section.extend([0; 14]);
            section.extend([1, 0]);
            section.extend([id, offset].map(u32::to_le_bytes).concat());
        }
        let size = u32::try_from(resource.len()).unwrap();
        section.extend([0x1058, size, 0, 0].map(u32::to_le_bytes).concat());
        section.extend(resource);
        let section_size = u32::try_from(section.len()).unwrap();
        let mut bytes = b"MZ".to_vec();
        bytes.resize(60, 0);
        bytes.extend([64, 0, 0, 0]);
        bytes.extend(b"PE\0\0");
        bytes.extend([0x4c, 1, 1, 0]);
        bytes.extend([0; 12]);
        bytes.extend([224, 0, 2, 0x21]);
        let optional = bytes.len();
        bytes.extend([0x0b, 1]);
        bytes.resize(optional + 92, 0);
        bytes.extend(16_u32.to_le_bytes());
        for index in 0..16 {
            let directory = match index {
                2 => [0x1000, section_size],
                14 if is_managed => [0x1000, 72],
                _ => [0, 0],
            };
            bytes.extend(directory.map(u32::to_le_bytes).concat());
        }
        bytes.extend(b".rsrc\0\0\0");
        for word in [section_size, 0x1000, section_size, 0x200, 0, 0, 0, 0x4000_0040] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.resize(0x200, 0);
        bytes.extend(section);
        bytes
    }

    fn parse(bytes: &[u8]) -> Parsed {
        (CATALOGUER.parse)(&File { path: "app/Lib.File.dll", bytes })
    }

    fn shown(strings: &[(&str, &str)]) -> String {
        let parsed = parse(&pe(&version_resource(strings), true));
        let [found] = parsed.packages.as_slice() else { return format!("{parsed:?}") };
        format!("{} {} {}", found.name, found.version, found.creator.as_deref().unwrap_or("-"))
    }

    #[test]
    fn assemblies_are_told_by_their_version_resource() {
        for (strings, expected) in [
            (
                &[
                    ("CompanyName", "Newtonsoft"),
                    ("ProductName", "Json.NET"),
                    ("FileVersion", "13.0.3.27908"),
                    ("InternalName", "Newtonsoft.Json.dll"),
                    ("ProductVersion", "13.0.3+0a2e291c0d9c0c7675d445703e51750363a549ef"),
                ][..],
                "Newtonsoft.Json 13.0.3 Newtonsoft",
            ),
            (
                &[("InternalName", "System.Runtime.dll"), ("ProductVersion", "8,0,324,11423 @Commit: 9f4")],
                "System.Runtime 8.0.324.11423 -",
            ),
            (&[("ProductVersion", "unknown"), ("FileVersion", "1.2.0.0")], "Lib.File 1.2.0.0 -"),
            (&[("OriginalFilename", "Tool.EXE"), ("ProductVersion", "")], "Tool  -"),
        ] {
            assert_eq!(shown(strings), expected);
        }
    }

    #[test]
    fn only_managed_code_is_looked_at() {
        let strings = version_resource(&[("InternalName", "a.dll"), ("ProductVersion", "1.0")]);
        assert!(parse(&pe(&strings, false)).is_empty());
        assert!(parse(b"MZ").is_empty());
        assert!(parse(b"\x7fELF").is_empty());
        let bare = parse(&pe(&[], true));
        assert_eq!((bare.packages[0].name.as_str(), bare.packages[0].version.as_str()), ("Lib.File", ""));
        let bytes = pe(&strings, true);
        let window = Window { path: "a", bytes: &bytes, offset: 0, piece: (0, bytes.len()) };
        assert_eq!(read_window(&window).gaps.len(), 1);
        assert!(read_window(&Window { offset: 4096, ..window }).is_empty());
    }

    #[test]
    fn truncation_and_wild_offsets_are_survived() {
        let whole = pe(&version_resource(&[("InternalName", "a.dll"), ("ProductVersion", "1.0")]), true);
        for length in 0..whole.len() {
            let parsed = parse(&whole[..length]);
            assert!(parsed.packages.len() <= 1, "{length}");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut wild = whole.clone();
                wild[at] = value;
                assert!(parse(&wild).packages.len() <= 1);
            }
        }
    }

    #[test]
    fn control_characters_and_floods_name_nothing() {
        assert_eq!(shown(&[("InternalName", "a\u{1b}[2Jb"), ("ProductVersion", "1\u{0}2")]), "a[2Jb 1 -");
        assert_eq!(shown(&[("InternalName", "../a b"), ("ProductVersion", "x")]), "Lib.File  -");
        let many: Vec<(String, String)> = (0..1000).map(|n| (format!("K{n}"), "v".to_owned())).collect();
        let strings: Vec<(&str, &str)> =
            many.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut into = BTreeMap::new();
        block(&version_resource(&strings), 0, &mut into);
        assert_eq!(into.len(), STRINGS_MAX);
    }
}
