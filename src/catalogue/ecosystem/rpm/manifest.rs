//! `container-manifest-2`, which distroless images of Azure Linux and CBL-Mariner carry instead of a database.
//!
//! Each line is the answer to `rpm --query --all` with the format that Azure Linux's toolkit documents: name,
//! version-release, times of installation and build, vendor, epoch, size, architecture, epoch as a number, source
//! package, with tabulators in between.

use super::package::source;
use crate::catalogue::ecosystem::{creator, package_name, phrase, word};
use crate::catalogue::found::{Found, Parsed};
use crate::model::Ecosystem;

/// What RPM writes for a tag that is absent.
const NONE: &[u8] = b"(none)";

pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    for line in bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()) {
        let fields: Vec<&[u8]> = line.split(|b| *b == b'\t').take(11).collect();
        match fields.as_slice() {
            [b"gpg-pubkey", ..] => {}
            [name, version, _, _, vendor, epoch, _, architecture, _, origin] => {
                parsed.add(found([name, version, vendor, epoch, architecture, origin]));
            }
            _ => parsed.unreadable += 1,
        }
    }
    parsed
}

fn found([name, version, vendor, epoch, architecture, origin]: [&[u8]; 6]) -> Option<Found> {
    let told = |value| Some(value).filter(|value| *value != NONE);
    let version = word(version).filter(|version| version.contains('-'))?;
    let mut found = Found::new(Ecosystem::Rpm, package_name(name)?, version);
    if let Some(epoch) = told(epoch) {
        let number: u32 = word(epoch)?.parse().ok()?;
        found.qualifiers.insert("epoch".to_owned(), number.to_string());
    }
    found.architecture =
        told(architecture).map_or(Some(None), |value| word(value).map(Some))?.map(str::to_owned);
    found.source = told(origin).and_then(source);
    found.creator = told(vendor).and_then(phrase).and_then(|text| creator(&text));
    Some(found)
}
