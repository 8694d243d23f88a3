//! Package ecosystems and what tells the distribution: one file each, `a file's bytes → packages`.
//!
//! To add one: write `ecosystem/<name>.rs` with the files it wants and its parser, then name it in [`ALL`].

mod apk;
mod bitnami;
mod chisel;
mod conda;
mod content_sets;
mod dart;
mod dotnet;
mod dotnet_pe;
mod dpkg;
mod embedded;
mod erlang;
mod go;
mod java;
mod jvm;
pub(super) mod known_binary;
mod nix;
mod npm;
pub(super) mod os_release;
mod pacman;
mod php;
mod python;
mod rpm;
mod ruby;
mod rust;
mod swift;

pub use os_release::OsRelease;

use std::io::Read;

use super::found::{File, Parsed, Window};
use crate::model::foreign::is_deceptive;

/// What one file of this folder knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cataloguer {
    /// The file's name, and the name that gaps are reported under.
    pub name: &'static str,
    /// The files it reads.
    pub wants: &'static [Wants],
    /// Total on any bytes; reads nothing but what it is handed.
    pub parse: fn(&File<'_>) -> Parsed,
}

/// Reads a file front to end, by path and bytes.
pub(super) type ReadLarge = fn(&str, u64, &mut dyn Read) -> Parsed;

/// Which files a cataloguer reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wants {
    /// A package database or system file in one of these normalised paths; one that ends in `/` means every file directly
    /// in that directory. Links to these places are followed across layers, and one that leads astray is a gap. A
    /// database that is too large to be read fails the layer.
    Places(&'static [&'static str]),
    /// Files by their path, wherever they are. The function is asked for every file of every image: no regular
    /// expressions. One that is too large to be read is a gap.
    Paths(fn(&str) -> bool),
    /// Beside [`Wants::Paths`]: what reads such a file front to end, by path and size, where it is too large to be held.
    LargePaths(ReadLarge),
    /// Executables and libraries in ELF, PE or Mach-O, told by their first bytes. Of those too large to be held there is
    /// a gap, unless [`Wants::LargeExecutables`] says what to do with them.
    Executables,
    /// Executables that are too large to be held: the function is handed one window after the other, until it finds
    /// something or the file ends.
    LargeExecutables(fn(&Window<'_>) -> Parsed),
    /// Directories by their path, handed over as files without bytes: where the name of a directory is all there is. The
    /// function is asked for every directory of every image.
    Directories(fn(&str) -> bool),
}

/// Every ecosystem, by name.
pub(super) const ALL: &[Cataloguer] = &[
    apk::CATALOGUER,
    bitnami::CATALOGUER,
    chisel::CATALOGUER,
    conda::CATALOGUER,
    content_sets::CATALOGUER,
    dart::CATALOGUER,
    dotnet::CATALOGUER,
    dotnet_pe::CATALOGUER,
    dpkg::CATALOGUER,
    embedded::CATALOGUER,
    erlang::CATALOGUER,
    go::CATALOGUER,
    java::CATALOGUER,
    jvm::CATALOGUER,
    known_binary::CATALOGUER,
    nix::CATALOGUER,
    npm::CATALOGUER,
    os_release::CATALOGUER,
    pacman::CATALOGUER,
    php::CATALOGUER,
    python::CATALOGUER,
    rpm::CATALOGUER,
    ruby::CATALOGUER,
    rust::CATALOGUER,
    swift::CATALOGUER,
];

/// The longest name, version or architecture that is accepted; real ones stay below a hundred.
const WORD_BYTES_MAX: usize = 256;

impl Cataloguer {
    /// Returns the places where its databases are.
    pub(super) fn places(&self) -> impl Iterator<Item = &'static str> {
        let of = |wants: &Wants| match wants {
            Wants::Places(places) => *places,
            Wants::Paths(_)
            | Wants::LargePaths(_)
            | Wants::Executables
            | Wants::LargeExecutables(_)
            | Wants::Directories(_) => &[],
        };
        self.wants.iter().flat_map(of).copied()
    }

    /// Returns whether the content of a file at `path` is wanted, whatever it is.
    pub(super) fn wants_path(&self, path: &str) -> bool {
        self.wants.iter().any(|wants| match wants {
            Wants::Places(places) => places.iter().any(|place| is_at(place, path)),
            Wants::Paths(wanted) => wanted(path),
            Wants::LargePaths(_)
            | Wants::Executables
            | Wants::LargeExecutables(_)
            | Wants::Directories(_) => false,
        })
    }

    /// Returns what reads files that are too large to be held.
    pub(super) fn of_large_paths(&self) -> Option<ReadLarge> {
        self.wants.iter().find_map(|wants| match wants {
            Wants::LargePaths(read) => Some(*read),
            _ => None,
        })
    }

    fn wants_directory(&self, path: &str) -> bool {
        self.wants.iter().any(|wants| matches!(wants, Wants::Directories(wanted) if wanted(path)))
    }

    fn wants_executables(&self) -> bool {
        self.wants.iter().any(|wants| matches!(wants, Wants::Executables))
    }

    /// Returns what reads executables that are too large to be held.
    pub(super) fn of_windows(&self) -> Option<fn(&Window<'_>) -> Parsed> {
        self.wants.iter().find_map(|wants| match wants {
            Wants::LargeExecutables(read) => Some(*read),
            _ => None,
        })
    }
}

/// Returns whether a path is that of a place, or directly in it.
fn is_at(place: &str, path: &str) -> bool {
    match place.strip_suffix('/') {
        Some(directory) => {
            let name = path.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/'));
            name.is_some_and(|name| !name.contains('/'))
        }
        None => place == path,
    }
}

/// Returns the cataloguers that want a file for its path.
pub(super) fn wanting(path: &str) -> impl Iterator<Item = &'static Cataloguer> {
    ALL.iter().filter(move |cataloguer| cataloguer.wants_path(path))
}

/// Returns the cataloguers that want a directory.
pub(super) fn wanting_directory(path: &str) -> impl Iterator<Item = &'static Cataloguer> {
    ALL.iter().filter(move |cataloguer| cataloguer.wants_directory(path))
}

/// Returns the cataloguers that want every executable.
pub(super) fn of_executables() -> impl Iterator<Item = &'static Cataloguer> {
    ALL.iter().filter(|cataloguer| cataloguer.wants_executables())
}

/// Returns whether a path is that of a database: one that cannot be read fails the layer.
pub(super) fn is_place(path: &str) -> bool {
    ALL.iter().flat_map(Cataloguer::places).any(|place| is_at(place, path))
}

/// Returns where a file speaks of a package of that cataloguer, if there may be a link instead of the file.
pub(super) fn beside(cataloguer: &str, package: &str) -> Option<String> {
    (cataloguer == dpkg::CATALOGUER.name).then(|| format!("usr/share/doc/{package}/copyright"))
}

/// The name of the cataloguer of .NET's assemblies.
pub(super) const ASSEMBLIES: &str = dotnet_pe::CATALOGUER.name;

/// Returns whether what that cataloguer finds is the work of a distribution's package where one owns the file, and not a
/// package of its own.
pub(super) fn yields_to_owner(cataloguer: &str) -> bool {
    [jvm::CATALOGUER.name, known_binary::NAME].contains(&cataloguer)
}

/// The bytes that tell an executable.
pub(super) const MAGIC_BYTES: usize = 8;

/// The most processors a Mach-O file is for. Java classes begin with the same four bytes, and then with their version,
/// which is 45 and more.
const MACHO_PROCESSORS_MAX: u32 = 44;

/// Returns whether a file begins like an executable or library: ELF, PE, Mach-O of either width and byte order, or a
/// Mach-O for several processors.
pub(super) fn is_executable(head: &[u8]) -> bool {
    const MAGICS: [[u8; 4]; 5] = [
        *b"\x7fELF",
        [0xfe, 0xed, 0xfa, 0xce],
        [0xfe, 0xed, 0xfa, 0xcf],
        [0xce, 0xfa, 0xed, 0xfe],
        [0xcf, 0xfa, 0xed, 0xfe],
    ];
    head.starts_with(b"MZ") || MAGICS.iter().any(|magic| head.starts_with(magic)) || is_universal(head)
}

fn is_universal(head: &[u8]) -> bool {
    let Some((magic, rest)) = head.split_first_chunk() else { return false };
    let processors = rest.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    matches!(magic, [0xca, 0xfe, 0xba, 0xbe | 0xbf]) && (1..=MACHO_PROCESSORS_MAX).contains(&processors)
}

/// Returns the value as text where it is one printable ASCII word of bearable length.
fn word(value: &[u8]) -> Option<&str> {
    let fits = (1..=WORD_BYTES_MAX).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    if fits { std::str::from_utf8(value).ok() } else { None }
}

/// Returns the value as text where it is a package name of Debian or Alpine: letters, digits and `+ - . _`.
fn package_name(value: &[u8]) -> Option<&str> {
    word(value).filter(|text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b)))
}

/// The longest free text that is kept, characters: licence expressions of whole distributions stay below it.
const PHRASE_CHARACTERS_MAX: usize = 1000;

/// Returns text for people on one line: without control, invisible and bidirectional characters.
fn phrase(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    let words: Vec<&str> = text.split_whitespace().collect();
    let shown = words.join(" ").chars().filter(|c| !is_deceptive(*c)).take(PHRASE_CHARACTERS_MAX).collect();
    Some(shown).filter(|text: &String| !text.is_empty())
}

/// Returns who `Name <address>` is: the address (an e-mail address or a URL), else the name.
fn creator(text: &str) -> Option<String> {
    let is_address =
        |part: &str| !part.contains(char::is_whitespace) && (part.contains('@') || part.contains("://"));
    let bracketed =
        text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner.trim());
    let name = text.split_once('<').map_or(text, |(name, _)| name).trim();
    let chosen = bracketed.filter(|part| is_address(part)).unwrap_or(name);
    (!chosen.is_empty()).then(|| chosen.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::found::{Found, Parsed};

    /// Returns packages of a distribution with the source they are built from, and the count of unreadable entries.
    pub(super) fn installed(parsed: &Parsed) -> (Vec<String>, u64) {
        let show = |p: &Found| {
            let architecture = p.architecture.as_deref().unwrap_or("-");
            let source = p.source.as_ref().unwrap();
            format!("{} {} {architecture} {} {}", p.name, p.version, source.name, source.version)
        };
        (parsed.packages.iter().map(show).collect(), parsed.unreadable)
    }

    #[test]
    fn every_file_in_this_folder_is_registered() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalogue/ecosystem");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        let names: Vec<&str> = ALL.iter().map(|cataloguer| cataloguer.name).collect();
        assert_eq!(names, files);
    }

    #[test]
    fn places_are_wanted_and_their_neighbours_are_not() {
        for (path, wanted, place) in [
            ("var/lib/dpkg/status", true, true),
            ("var/lib/dpkg/status.d/libc6", true, true),
            ("var/lib/dpkg/status.d/deep/er", false, false),
            ("var/lib/dpkg/status.d", false, false),
            ("lib/apk/db/installed", true, true),
            ("usr/lib/apk/db/installed", true, true),
            ("lib", false, false),
            ("", false, false),
            ("var/lib/dpkg/status-old", false, false),
            ("home/var/lib/dpkg/status", true, false),
        ] {
            assert_eq!((wanting(path).count() == 1, is_place(path)), (wanted, place), "{path}");
        }
    }

    #[test]
    fn executables_are_told_by_their_first_bytes() {
        for (head, expected) in [
            (&b"\x7fELF\x02\x01"[..], true),
            (b"MZ\x90\0", true),
            (&[0xcf, 0xfa, 0xed, 0xfe, 0, 0], true),
            (&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2], true),
            (&[0xca, 0xfe, 0xba, 0xbf, 0, 0, 0, 1], true),
            // A class of Java 1.1, and one of Java 17.
            (&[0xca, 0xfe, 0xba, 0xbe, 0, 3, 0, 45], false),
            (&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61], false),
            (&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0], false),
            (&[0xca, 0xfe, 0xba, 0xbe], false),
            (b"\x7fEL", false),
            (b"#!/bin/sh", false),
            (b"", false),
        ] {
            assert_eq!(is_executable(head), expected, "{head:?}");
        }
    }
}
