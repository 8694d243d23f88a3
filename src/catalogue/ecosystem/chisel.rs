//! The manifest of chiselled Ubuntu images, which have parts of packages and no database of dpkg (Canonical's Chisel,
//! "Chisel manifest" and "jsonwall"): lines of JSON, compressed with zstd.
//!
//! The first line tells the format and how many lines there are; then `package` lines, and `content` lines that name a
//! path and the slice it comes from, `<package>_<slice>`. Sources are not told.

use std::{collections::BTreeMap, io::Read};

use serde::Deserialize;

use super::{Cataloguer, Wants, package_name, word};
use crate::{
    catalogue::found::{File, Found, LISTED_MAX, Parsed, PathKey},
    catalogue::path::PATH_BYTES_MAX,
    model::Ecosystem,
};

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "chisel",
    wants: &[Wants::Places(&["var/lib/chisel/manifest.wall"])],
    parse: |file: &File<'_>| read(file.bytes),
};

/// Of the manifest after decompression; one of a large image has some 5 MB.
const TEXT_BYTES_MAX: u64 = 64 << 20;

/// The largest window a frame may ask for, 2^27 bytes, as of layers.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

const VERSION: &str = "1.0";

/// Ubuntu's advisories name sources; without them some are not found.
const NO_SOURCES: &str = "names no source packages, so that advisories which name only these are not found";

#[derive(Deserialize)]
struct Head {
    jsonwall: String,
    schema: String,
    count: u64,
}

#[derive(Deserialize)]
struct Line {
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    slice: String,
    #[serde(default)]
    path: String,
}

fn read(bytes: &[u8]) -> Parsed {
    match text(bytes) {
        Ok(text) => parse(&text),
        Err(reason) => Parsed::gap(reason),
    }
}

fn text(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let broken = |_| "not sound zstd".to_owned();
    let mut decoder = zstd::stream::read::Decoder::new(bytes).map_err(broken)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(broken)?;
    let mut text = vec![];
    decoder.take(TEXT_BYTES_MAX + 1).read_to_end(&mut text).map_err(broken)?;
    if text.len() as u64 > TEXT_BYTES_MAX {
        return Err(format!("longer than {TEXT_BYTES_MAX} bytes"));
    }
    Ok(text)
}

/// Returns every package; total on any bytes.
fn parse(text: &[u8]) -> Parsed {
    let mut lines = text.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let head: Option<Head> = lines.next().and_then(|line| serde_json::from_slice(line).ok());
    let Some(head) = head.filter(|head| head.jsonwall == VERSION && head.schema == VERSION) else {
        return Parsed::gap("not a manifest of version 1.0");
    };
    let mut parsed = Parsed::default();
    let mut owned: BTreeMap<String, Vec<PathKey>> = BTreeMap::new();
    let mut count = 1;
    for line in lines {
        count += 1;
        match serde_json::from_slice::<Line>(line) {
            Ok(line) if line.kind == "package" => parsed.add(found(&line)),
            Ok(line) if line.kind == "content" => own(&mut owned, &line),
            Ok(_) => {}
            Err(_) => parsed.unreadable += 1,
        }
    }
    for found in &mut parsed.packages {
        found.owns = owned.remove(&found.name).unwrap_or_default();
    }
    if count != head.count {
        parsed.gaps.push("does not have as many lines as it says".to_owned());
    }
    if !parsed.packages.is_empty() {
        parsed.gaps.push(NO_SOURCES.to_owned());
    }
    parsed
}

fn found(line: &Line) -> Option<Found> {
    let (name, version) = (package_name(line.name.as_bytes())?, word(line.version.as_bytes())?);
    let architecture = word(line.arch.as_bytes())?;
    Some(Found { architecture: Some(architecture.to_owned()), ..Found::new(Ecosystem::Deb, name, version) })
}

/// Notes a file; directories end in a slash and belong to many.
fn own(owned: &mut BTreeMap<String, Vec<PathKey>>, line: &Line) {
    let package = line.slice.split_once('_').and_then(|(package, _)| package_name(package.as_bytes()));
    let path =
        line.path.strip_prefix('/').filter(|path| !path.ends_with('/') && path.len() <= PATH_BYTES_MAX);
    if let (Some(package), Some(path)) = (package, path) {
        let paths = owned.entry(package.to_owned()).or_default();
        if paths.len() < LISTED_MAX {
            paths.push(PathKey::of(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(lines: &[&str]) -> Vec<u8> {
        let head = format!(r#"{{"jsonwall":"1.0","schema":"1.0","count":{}}}"#, lines.len() + 1);
        zstd::encode_all([&[head.as_str()], lines].concat().join("\n").as_bytes(), 1).unwrap()
    }

    const PACKAGE: &str = r#"{"kind":"package","name":"libssl3t64","version":"3.0.13-0ubuntu3.5","sha256":"00f9","arch":"amd64"}"#;

    #[test]
    fn packages_and_their_files_are_read() {
        let parsed = read(&wall(&[
            r#"{"kind":"content","slice":"libssl3t64_libs","path":"/usr/lib/x86_64-linux-gnu/libssl.so.3"}"#,
            r#"{"kind":"content","slice":"libssl3t64_libs","path":"/usr/lib/"}"#,
            r#"{"kind":"content","slice":"other_libs","path":"/usr/lib/other"}"#,
            PACKAGE,
            r#"{"kind":"path","path":"/etc/","mode":"0755","slices":["base-files_base"]}"#,
            r#"{"kind":"slice","name":"libssl3t64_libs"}"#,
        ]));
        let [found] = parsed.packages.as_slice() else { panic!("{parsed:?}") };
        assert_eq!((found.name.as_str(), found.version.as_str()), ("libssl3t64", "3.0.13-0ubuntu3.5"));
        assert_eq!(found.architecture.as_deref(), Some("amd64"));
        assert_eq!(found.owns, [PathKey::of("usr/lib/x86_64-linux-gnu/libssl.so.3")]);
        assert_eq!((parsed.unreadable, parsed.gaps), (0, vec![NO_SOURCES.to_owned()]));
        assert_eq!(read(&wall(&[])), Parsed::default());
    }

    #[test]
    fn hostile_lines_are_counted_and_never_listed() {
        let deep = format!("{{\"kind\":{}", "[".repeat(10_000));
        for line in [
            r#"{"kind":"package","name":"a b","version":"1","arch":"all"}"#,
            r#"{"kind":"package","name":"a","version":"1\u001b[2J","arch":"all"}"#,
            r#"{"kind":"package","name":"a","arch":"all"}"#,
            r#"{"kind":"package","name":"a","version":"1"}"#,
            r#"{"kind":"package","name":{}}"#,
            "no JSON",
            &deep,
        ] {
            let parsed = read(&wall(&[line]));
            assert_eq!((parsed.packages.len(), parsed.unreadable), (0, 1), "{line:.80}");
        }
    }

    #[test]
    fn a_manifest_that_is_not_whole_is_a_gap() {
        let whole = wall(&[PACKAGE]);
        for length in 0..whole.len() {
            assert!(!read(&whole[..length]).gaps.is_empty(), "cut at {length}");
        }
        let zeros = zstd::encode_all(std::io::repeat(b' ').take(TEXT_BYTES_MAX + 9), 1).unwrap();
        let few = zstd::encode_all(&br#"{"jsonwall":"1.0","schema":"1.0","count":9}"#[..], 1).unwrap();
        let newer = zstd::encode_all(&br#"{"jsonwall":"1.0","schema":"2.0","count":1}"#[..], 1).unwrap();
        for (bytes, expected) in [
            (zeros, "longer than 67108864 bytes"),
            (few, "does not have as many lines as it says"),
            (newer, "not a manifest of version 1.0"),
        ] {
            assert_eq!(read(&bytes).gaps, [expected]);
        }
    }
}
