//! The bundle as a file: JSON lines, zstd-compressed in one frame for the header and one for each ecosystem.
//!
//! `zstdcat` shows the whole of it as text. The header says how many bytes each frame has, so that a reader skips
//! the ecosystems it does not want. Frames are compressed in one call by one thread at a fixed level: equal text gives
//! equal bytes with one version of zstd. The digest pins the file, not the text.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    AdvisoryError,
    bundle::{Advisory, Bundle, Packages, Section},
    versions::scheme_of,
};
use crate::model::Instant;

const SCHEMA: &str = "fondaco/advisories/v1alpha1";
/// A bundle is written once and read often; the level costs only the writer.
const LEVEL: i32 = 9;
/// Largest file: it is held in memory.
pub(super) const BUNDLE_BYTES_MAX: u64 = 512 << 20;
/// Largest header: the line with up to [`ECOSYSTEMS_MAX`] ecosystems.
const HEADER_BYTES_MAX: u64 = 1 << 20;
const ECOSYSTEMS_MAX: usize = 2_000;
/// Largest text of one ecosystem: what it unpacks to is held in memory.
const ECOSYSTEM_BYTES_MAX: u64 = 1 << 30;
/// Largest line, which is one package: 4 kB for each of 16,000 advisories about a kernel.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// The first line. Fields are in alphabetical order: the lines are canonical JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Header {
    as_of: Instant,
    ecosystems: Vec<Frame>,
    records: u64,
    schema: String,
}

/// One ecosystem in the header.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    /// Of the compressed frame.
    bytes: u64,
    ecosystem: String,
    packages: u64,
    records: u64,
    /// Of the text, in bytes.
    size: u64,
}

/// One line of an ecosystem.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    advisories: Vec<Advisory>,
    package: String,
}

fn wrong(reason: impl Into<String>) -> AdvisoryError {
    AdvisoryError::Bundle(reason.into())
}

/// Returns the file of a bundle all of whose ecosystems are decoded.
pub(super) fn encode(bundle: &Bundle) -> Result<Vec<u8>, AdvisoryError> {
    let (mut ecosystems, mut frames) = (vec![], vec![]);
    for (ecosystem, section) in &bundle.ecosystems {
        let packages =
            section.packages.as_ref().ok_or_else(|| wrong(format!("`{ecosystem}` is not decoded")))?;
        let mut text = vec![];
        for (package, advisories) in packages {
            push_line(&mut text, &LineRef { advisories, package })?;
        }
        let frame = compress(&text)?;
        ecosystems.push(Frame {
            bytes: frame.len() as u64,
            ecosystem: ecosystem.clone(),
            packages: packages.len() as u64,
            records: section.records,
            size: text.len() as u64,
        });
        frames.extend(frame);
    }
    let header =
        Header { as_of: bundle.as_of, ecosystems, records: bundle.records, schema: SCHEMA.to_owned() };
    let mut text = vec![];
    push_line(&mut text, &header)?;
    let mut file = compress(&text)?;
    file.extend(frames);
    Ok(file)
}

/// [`Line`] without owning what it writes.
#[derive(Serialize)]
struct LineRef<'b> {
    advisories: &'b [Advisory],
    package: &'b str,
}

fn push_line(text: &mut Vec<u8>, value: &impl Serialize) -> Result<(), AdvisoryError> {
    serde_json::to_writer(&mut *text, value).map_err(|e| wrong(e.to_string()))?;
    text.push(b'\n');
    Ok(())
}

fn compress(text: &[u8]) -> Result<Vec<u8>, AdvisoryError> {
    zstd::bulk::compress(text, LEVEL).map_err(|e| wrong(e.to_string()))
}

/// Reads a file and decodes the wanted ecosystems.
pub(super) fn decode(bytes: &[u8], wanted: &BTreeSet<String>) -> Result<Bundle, AdvisoryError> {
    if bytes.len() as u64 > BUNDLE_BYTES_MAX {
        return Err(wrong(format!("larger than {BUNDLE_BYTES_MAX} bytes")));
    }
    let (header, mut rest) = read_header(bytes)?;
    let mut ecosystems = BTreeMap::new();
    for frame in header.ecosystems {
        let length = usize::try_from(frame.bytes).ok().filter(|length| *length <= rest.len());
        let length = length.ok_or_else(|| wrong(format!("`{}` is cut off", frame.ecosystem)))?;
        let (compressed, remaining) = rest.split_at(length);
        rest = remaining;
        let is_wanted = wanted.contains(&frame.ecosystem);
        let packages = if is_wanted { Some(read_packages(compressed, &frame)?) } else { None };
        ecosystems.insert(frame.ecosystem, Section { records: frame.records, packages });
    }
    if !rest.is_empty() {
        return Err(wrong(format!("{} bytes after the last ecosystem", rest.len())));
    }
    Ok(Bundle { bytes: bytes.to_vec(), as_of: header.as_of, records: header.records, ecosystems })
}

fn read_header(bytes: &[u8]) -> Result<(Header, &[u8]), AdvisoryError> {
    let fail = |e: std::io::Error| wrong(format!("header: {e}"));
    let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(fail)?.single_frame();
    let mut text = vec![];
    (&mut decoder).take(HEADER_BYTES_MAX + 1).read_to_end(&mut text).map_err(fail)?;
    if text.len() as u64 > HEADER_BYTES_MAX {
        return Err(wrong(format!("header larger than {HEADER_BYTES_MAX} bytes")));
    }
    let header: Header = parse(&text)?;
    if header.schema != SCHEMA {
        return Err(wrong(format!("schema is not `{SCHEMA}`")));
    }
    if header.ecosystems.len() > ECOSYSTEMS_MAX {
        return Err(wrong(format!("more than {ECOSYSTEMS_MAX} ecosystems")));
    }
    let in_order = header.ecosystems.is_sorted_by(|a, b| a.ecosystem < b.ecosystem);
    if !in_order || header.ecosystems.iter().any(|frame| scheme_of(&frame.ecosystem).is_none()) {
        return Err(wrong("ecosystems are unknown or out of order"));
    }
    Ok((header, decoder.finish()))
}

fn read_packages(compressed: &[u8], frame: &Frame) -> Result<Packages, AdvisoryError> {
    let fail = |e: std::io::Error| wrong(format!("`{}`: {e}", frame.ecosystem));
    if frame.size > ECOSYSTEM_BYTES_MAX {
        return Err(wrong(format!("`{}` larger than {ECOSYSTEM_BYTES_MAX} bytes", frame.ecosystem)));
    }
    let decoder = zstd::Decoder::with_buffer(compressed).map_err(fail)?;
    // One byte more than promised, so that more is seen.
    let mut reader = BufReader::new(decoder.take(frame.size + 1));
    let (mut packages, mut size, mut text) = (Packages::new(), 0, vec![]);
    loop {
        text.clear();
        let read = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut text).map_err(fail)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        let line: Line = parse(&text)?;
        if packages.last_key_value().is_some_and(|(last, _)| *last >= line.package) {
            return Err(wrong(format!("packages of `{}` are out of order", frame.ecosystem)));
        }
        packages.insert(line.package, line.advisories);
    }
    if (size, packages.len() as u64) != (frame.size, frame.packages) {
        return Err(wrong(format!("`{}` has not the size its header says", frame.ecosystem)));
    }
    Ok(packages)
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, AdvisoryError> {
    serde_json::from_slice(text).map_err(|e| wrong(e.to_string().chars().take(200).collect::<String>()))
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
