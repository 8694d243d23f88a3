//! Alpine's database of installed packages (apk-tools, `lib/apk/db/installed`; `usr/lib` since /usr is merged).
//!
//! One entry is a run of lines `<letter>:<value>`, ended by an empty line. Read are `P` name, `V` version,
//! `A` architecture and `o` origin, the source package; the rest lists dependencies and files.

use super::{Cataloguer, Wants, package_name, word};
use crate::{
    catalogue::found::{File, Found, Parsed},
    model::{Ecosystem, Source},
};

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "apk",
    wants: &[Wants::Places(&["lib/apk/db/installed", "usr/lib/apk/db/installed"])],
    parse: |file: &File<'_>| parse(file.bytes),
};

#[derive(Default)]
struct Entry<'a> {
    started: bool,
    name: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
    architecture: Option<&'a [u8]>,
    origin: Option<&'a [u8]>,
}

impl Entry<'_> {
    fn found(&self) -> Option<Found> {
        let name = package_name(self.name?)?;
        let version = word(self.version?)?;
        let architecture = self.architecture.map_or(Some(None), |value| word(value).map(Some))?;
        let origin = self.origin.filter(|value| !value.is_empty()).map_or(Some(name), package_name)?;
        Some(Found {
            architecture: architecture.map(str::to_owned),
            source: Some(Source { name: origin.to_owned(), version: version.to_owned() }),
            ..Found::new(Ecosystem::Apk, name, version)
        })
    }
}

/// Returns every entry; total on any bytes.
fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut entry = Entry::default();
    for line in bytes.split(|b| *b == b'\n').chain([&b""[..]]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if entry.started {
                parsed.add(entry.found());
            }
            entry = Entry::default();
            continue;
        }
        entry.started = true;
        match line {
            [b'P', b':', value @ ..] => entry.name = Some(value),
            [b'V', b':', value @ ..] => entry.version = Some(value),
            [b'A', b':', value @ ..] => entry.architecture = Some(value),
            [b'o', b':', value @ ..] => entry.origin = Some(value),
            _ => {}
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, u64) {
        let parsed = parse(text.as_bytes());
        let show = |p: &Found| {
            let architecture = p.architecture.as_deref().unwrap_or("-");
            let source = p.source.as_ref().unwrap();
            format!("{} {} {architecture} {} {}", p.name, p.version, source.name, source.version)
        };
        (parsed.packages.iter().map(show).collect(), parsed.unreadable)
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
            ("P:no-version\n\nP:b\nV:2-r0\n", vec!["b 2-r0 - b 2-r0"], 1),
        ] {
            assert_eq!(
                shown(text),
                (expected.into_iter().map(str::to_owned).collect(), unreadable),
                "{text:?}"
            );
        }
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
