//! Alpine's database of installed packages (apk-tools, `lib/apk/db/installed`; `usr/lib` since /usr is merged), which
//! versions 2 and 3 of apk write alike.
//!
//! One entry is a run of lines `<letter>:<value>`, ended by an empty line: `P` name, `V` version, `A` architecture, `o`
//! origin (the source package), `L` licence, `U` page, `m` maintainer, `D` dependencies, `p` what is provided; then, as
//! often as needed, `F` a directory and `R` a file in it.

use std::collections::BTreeSet;

use super::{Cataloguer, Wants, creator, package_name, phrase, word};
use crate::{
    catalogue::found::{File, Found, LISTED_MAX, Need, Parsed, PathKey},
    catalogue::path::PATH_BYTES_MAX,
    model::{Ecosystem, Source},
};

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "apk",
    wants: &[
        Wants::Places(&["lib/apk/db/installed", "usr/lib/apk/db/installed"]),
        Wants::Paths(|path| path.ends_with("/lib/apk/db/installed")),
    ],
    parse: read,
};

/// The binary format of version 3, for packages and indexes (apk-tools, `src/adb.h`): plain, deflated, or compressed
/// as further bytes say. No version has been seen to write the database of installed packages in it.
const BINARY: [&[u8]; 3] = [b"ADB.", b"ADBd", b"ADBc"];

fn read(file: &File<'_>) -> Parsed {
    if BINARY.iter().any(|magic| file.bytes.starts_with(magic)) {
        return Parsed::gap("in the binary format of apk 3, which is not read");
    }
    parse(file.bytes)
}

#[derive(Default)]
struct Entry<'a> {
    started: bool,
    name: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
    architecture: Option<&'a [u8]>,
    origin: Option<&'a [u8]>,
    licence: Option<&'a [u8]>,
    page: Option<&'a [u8]>,
    maintainer: Option<&'a [u8]>,
    needs: &'a [u8],
    provides: &'a [u8],
    directory: &'a [u8],
    owns: Vec<PathKey>,
}

impl<'a> Entry<'a> {
    fn line(&mut self, line: &'a [u8]) {
        self.started = true;
        let [letter, b':', value @ ..] = line else { return };
        match letter {
            b'P' => self.name = Some(value),
            b'V' => self.version = Some(value),
            b'A' => self.architecture = Some(value),
            b'o' => self.origin = Some(value),
            b'L' => self.licence = Some(value),
            b'U' => self.page = Some(value),
            b'm' => self.maintainer = Some(value),
            b'D' => self.needs = value,
            b'p' => self.provides = value,
            b'F' => self.directory = value,
            b'R' => self.own(value),
            _ => {}
        }
    }

    fn own(&mut self, file: &[u8]) {
        let fits = self.owns.len() < LISTED_MAX && self.directory.len() + file.len() < PATH_BYTES_MAX;
        let directory = std::str::from_utf8(self.directory).ok().filter(|_| fits);
        if let (Some(directory), Ok(file)) = (directory, std::str::from_utf8(file)) {
            self.owns.push(PathKey::of(&crate::catalogue::path::join(directory, file)));
        }
    }

    fn found(self) -> Option<Found> {
        let name = package_name(self.name?)?;
        let version = word(self.version?)?;
        let architecture = self.architecture.map_or(Some(None), |value| word(value).map(Some))?;
        let origin = self.origin.filter(|value| !value.is_empty()).map_or(Some(name), origin)?;
        Some(Found {
            architecture: architecture.map(str::to_owned),
            source: Some(Source { name: origin.to_owned(), version: version.to_owned() }),
            licences: self.licence.and_then(phrase).into_iter().collect(),
            website: self.page.and_then(phrase),
            creator: self.maintainer.and_then(phrase).and_then(|text| creator(&text)),
            needs: names(self.needs).into_iter().map(Need::any).collect(),
            provides: names(self.provides).into_iter().map(str::to_owned).collect(),
            owns: self.owns,
            ..Found::new(Ecosystem::Apk, name, version)
        })
    }
}

/// Returns the name of a source package; OpenWrt's is a path, `feeds/base/libs/openssl`.
fn origin(value: &[u8]) -> Option<&str> {
    let is_path = value.split(|b| *b == b'/').all(|segment| package_name(segment).is_some());
    word(value).filter(|_| is_path)
}

/// Returns the names in a list of dependencies: `so:libc.so.1`, `cmd:sh`, `pc:zlib`, `/bin/sh` or a package, without
/// `>=1.2` and `@edge`, and without what must not be there, `!name`.
fn names(list: &[u8]) -> BTreeSet<&str> {
    let terms = list.split(u8::is_ascii_whitespace).filter(|term| !term.starts_with(b"!"));
    let bare = terms.map(|term| {
        let is_end = |b: &u8| b"<>=~@".contains(b);
        &term[..term.iter().position(is_end).unwrap_or(term.len())]
    });
    bare.filter_map(word).take(LISTED_MAX).collect()
}

/// Returns every entry; total on any bytes.
fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut entry = Entry::default();
    for line in bytes.split(|b| *b == b'\n').chain([&b""[..]]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            entry.line(line);
            continue;
        }
        let entry = std::mem::take(&mut entry);
        if entry.started {
            parsed.add(entry.found());
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, u64) {
        crate::catalogue::ecosystem::tests::installed(&parse(text.as_bytes()))
    }

    #[test]
    fn entries_are_read_whatever_their_order_and_end() {
        for (text, expected, unreadable) in [
            ("", vec![], 0),
            ("\n\n\n", vec![], 0),
            (
                "C:Q1x=\nP:musl\nV:1.1.22-r3\nA:x86_64\no:musl\n\n",
                vec!["musl 1.1.22-r3 x86_64 musl 1.1.22-r3"],
                0,
            ),
            // No final newline, origin before name, a file list whose lines look like nothing in particular.
            (
                "o:openssl\nA:aarch64\nV:3.1.4-r5\nP:libssl3\nF:lib\nR:libssl.so.3",
                vec!["libssl3 3.1.4-r5 aarch64 openssl 3.1.4-r5"],
                0,
            ),
            // A virtual package as `apk add --virtual .build-deps` makes it: no origin.
            (
                "P:.build-deps\nV:20240101.120000\nA:noarch\n",
                vec![".build-deps 20240101.120000 noarch .build-deps 20240101.120000"],
                0,
            ),
            ("P:a\r\nV:1-r0\r\n\r\nP:b\r\nV:2-r0\r\n", vec!["a 1-r0 - a 1-r0", "b 2-r0 - b 2-r0"], 0),
            // As OpenWrt writes it, with empty fields.
            ("P:a\nV:1-r0\nm:\nU:\no:feeds/base/libs/a\n", vec!["a 1-r0 - feeds/base/libs/a 1-r0"], 0),
            ("P:no-version\n\nP:b\nV:2-r0\n", vec!["b 2-r0 - b 2-r0"], 1),
        ] {
            assert_eq!(
                shown(text),
                (expected.into_iter().map(str::to_owned).collect(), unreadable),
                "{text:?}"
            );
        }
    }

    /// `busybox` of Alpine 3.10, shortened, with terms of apk-world(5).
    #[test]
    fn what_describes_a_package_is_read() {
        let text = "\
P:busybox
V:1.30.1-r2
o:busybox
L:GPL-2.0-only AND MIT
U:https://busybox.net/
m:Natanael Copa <ncopa@alpinelinux.org>
D:so:libc.musl-x86_64.so.1 musl>=1.2 !old-busybox zlib~1.2 tool@edge /bin/sh
p:/bin/sh cmd:busybox=1.30.1-r2
r:busybox-initscripts
F:
F:bin
M:0:0:755
R:busybox
a:0:0:755
R:sh
F:etc/network/if-up.d
R:dad
";
        let parsed = parse(text.as_bytes());
        let found = &parsed.packages[0];
        assert_eq!(found.licences, ["GPL-2.0-only AND MIT"]);
        assert_eq!(found.website.as_deref(), Some("https://busybox.net/"));
        assert_eq!(found.creator.as_deref(), Some("ncopa@alpinelinux.org"));
        assert_eq!(
            found.needs,
            ["/bin/sh", "musl", "so:libc.musl-x86_64.so.1", "tool", "zlib"].map(Need::any)
        );
        assert_eq!(found.provides, ["/bin/sh", "cmd:busybox"]);
        assert_eq!(found.owns, ["bin/busybox", "bin/sh", "etc/network/if-up.d/dad"].map(PathKey::of));
    }

    #[test]
    fn the_binary_format_is_a_gap() {
        for magic in ["ADB.", "ADBd", "ADBc"] {
            let bytes = format!("{magic}pckg\0\0");
            let parsed = read(&File { path: "usr/lib/apk/db/installed", bytes: bytes.as_bytes() });
            assert_eq!((parsed.packages.len(), parsed.gaps.len()), (0, 1), "{magic}");
        }
    }

    #[test]
    fn a_flood_of_files_and_endless_paths_are_cut() {
        let flood = format!("P:a\nV:1\nF:d\n{}", "R:f\n".repeat(LISTED_MAX + 5));
        assert_eq!(parse(flood.as_bytes()).packages[0].owns.len(), LISTED_MAX);
        let long = format!("P:a\nV:1\nF:{}\nR:f\n", "d".repeat(PATH_BYTES_MAX));
        assert_eq!(parse(long.as_bytes()).packages[0].owns, []);
    }

    #[test]
    fn hostile_entries_are_counted_and_never_listed() {
        let long = format!("P:{}\nV:1\n", "a".repeat(300));
        for text in [
            "P:a b\nV:1\n",
            "P:a\nV:1 2\n",
            "P:a\u{1b}[2J\nV:1\n",
            "P:a/../b\nV:1\n",
            "P:a\nV:1\no:b@9\n",
            "P:a\nV:1\no:feeds//b\n",
            "P:a\nV:1\nA:x\u{202e}y\n",
            "P:\nV:1\n",
            "garbage\n",
            &long,
        ] {
            assert_eq!(shown(text), (vec![], 1), "{text:?}");
        }
        assert_eq!(parse(b"P:\xff\xfe\nV:1\n").unreadable, 1);
    }

    #[test]
    fn a_flood_of_packages_is_cut_and_counted() {
        let text = "P:p\nV:1\n\n".repeat(crate::catalogue::found::PACKAGES_MAX + 7);
        let parsed = parse(text.as_bytes());
        assert_eq!((parsed.packages.len(), parsed.unreadable), (100_000, 7));
    }
}
