//! Some platforms of an image: a new index of upstream's bytes.
//!
//! Every byte of the chosen descriptors, their order and whatever stands around the list stay as upstream wrote them, so
//! equal choices give equal bytes. Attestation manifests go with what they speak of. The new index has a digest of its
//! own: signatures of upstream's cannot vouch for it, and the record names both.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::IntakeError;
use super::manifests::{Node, broken};
use crate::evidence::{LeftOut, SubsetRecord};
use crate::model::foreign::cut;
use crate::model::{Descriptor, Digest, Document, ImageIndex, Platform, media_type};
use crate::registry::RawManifest;

/// What an index says a manifest speaks of, where that is an attestation (BuildKit, `attestation-storage.md`).
const REFERENCE: &str = "vnd.docker.reference.digest";

/// The most platforms that an error names; real indexes have about ten.
const NAMED_MAX: usize = 20;

/// The most characters of a platform's name; the registered parts stay below ten each.
const NAME_CHARS_MAX: usize = 80;

/// Returns the manifest with only the wanted platforms below it, and what was left out. An image without an index, and
/// an index of nothing else, stay as they are.
pub(super) fn chosen(top: Node, wanted: &[Platform]) -> Result<(Node, SubsetRecord), IntakeError> {
    let digest = top.raw.descriptor.digest.clone();
    let subset = |left_out| SubsetRecord {
        upstream: digest.clone(),
        platforms: wanted.iter().map(Platform::to_string).collect(),
        left_out,
    };
    let Document::Index(index) = &top.document else { return Ok((top, subset(vec![]))) };
    let keep = choice(&digest, index, wanted)?;
    let left_out: Vec<LeftOut> = index
        .manifests
        .iter()
        .zip(&keep)
        .filter(|(_, kept)| !**kept)
        .map(|(entry, _)| left_out(entry))
        .collect();
    if left_out.is_empty() {
        return Ok((top, subset(left_out)));
    }
    let bytes =
        rewritten(&top.raw.bytes, &keep).ok_or_else(|| broken(&digest, "has a list that cannot be cut"))?;
    let descriptor =
        Descriptor::new(&top.raw.descriptor.media_type, digest.same_algorithm_of(&bytes), bytes.len() as u64);
    let document = Document::parse(&descriptor.media_type, &bytes)
        .map_err(|error| IntakeError::Document { digest: descriptor.digest.clone(), error })?;
    let raw = RawManifest { descriptor, bytes: bytes.into() };
    Ok((top.cut(raw, document), subset(left_out)))
}

/// Returns for each entry of an index whether it is kept.
fn choice(digest: &Digest, index: &ImageIndex, wanted: &[Platform]) -> Result<Vec<bool>, IntakeError> {
    let platforms = |entry: &Descriptor| entry.platform.clone().filter(|_| !entry.is_attestation_manifest());
    if index.manifests.iter().any(|entry| media_type::is_index(&entry.media_type) && entry.platform.is_none())
    {
        return Err(broken(digest, "names an index without its platform, so platforms cannot be chosen"));
    }
    for asked in wanted {
        if !index.manifests.iter().filter_map(platforms).any(|found| asked.covers(&found)) {
            let there = names(index.manifests.iter().filter_map(platforms));
            return Err(broken(digest, format!("has no platform `{asked}`, only {there}")));
        }
    }
    let image = |entry: &Descriptor| {
        platforms(entry).is_some_and(|found| wanted.iter().any(|asked| asked.covers(&found)))
    };
    let images: Vec<String> =
        index.manifests.iter().filter(|entry| image(entry)).map(|entry| entry.digest.to_string()).collect();
    let attestation = |entry: &Descriptor| {
        entry.is_attestation_manifest()
            && entry.annotations.get(REFERENCE).is_some_and(|of| images.contains(of))
    };
    Ok(index.manifests.iter().map(|entry| image(entry) || attestation(entry)).collect())
}

/// Returns an error where a wanted platform is none of those that were catalogued: configurations say what an image
/// is, and an index may say anything.
pub(super) fn check<'p>(
    digest: &Digest,
    wanted: &[Platform],
    catalogued: impl Iterator<Item = &'p Platform> + Clone,
) -> Result<(), IntakeError> {
    match wanted.iter().find(|asked| !catalogued.clone().any(|found| asked.covers(found))) {
        None => Ok(()),
        Some(asked) => {
            let there = names(catalogued.cloned());
            Err(broken(digest, format!("has no platform `{asked}`, only {there}")))
        }
    }
}

fn names(platforms: impl Iterator<Item = Platform>) -> String {
    let mut names: Vec<String> =
        platforms.map(|platform| format!("`{}`", cut(&platform.to_string(), NAME_CHARS_MAX))).collect();
    names.dedup();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    match (names.is_empty(), more) {
        (true, _) => "manifests without a platform".to_owned(),
        (false, 0) => names.join(", "),
        (false, more) => format!("{} and {more} more", names.join(", ")),
    }
}

fn left_out(entry: &Descriptor) -> LeftOut {
    let platform = entry.platform.as_ref().map(|platform| cut(&platform.to_string(), NAME_CHARS_MAX));
    LeftOut { digest: entry.digest.clone(), platform }
}

/// Returns the bytes of an index with only the entries that are kept.
fn rewritten(bytes: &[u8], keep: &[bool]) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct Top<'a> {
        #[serde(borrow)]
        manifests: &'a RawValue,
    }
    let list = serde_json::from_slice::<Top<'_>>(bytes).ok()?.manifests.get();
    let entries: Vec<&RawValue> = serde_json::from_str(list).ok()?;
    // Borrowed from `bytes`, so its place is the distance between the two.
    let start = list.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
    let kept: Vec<&str> =
        entries.iter().zip(keep).filter(|(_, kept)| **kept).map(|(entry, _)| entry.get()).collect();
    let mut out = bytes.get(..start)?.to_vec();
    out.push(b'[');
    out.extend_from_slice(kept.join(",").as_bytes());
    out.push(b']');
    out.extend_from_slice(bytes.get(start + list.len()..)?);
    (entries.len() == keep.len()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_what_is_kept_stays() {
        let text = "{ \"schemaVersion\":2,\n \"manifests\" : [ {\"a\" : 1}, {\"b\":[2,  3]},{\"c\":\"]\"} ] , \"x\":\"manifests\"}\n";
        let cut = rewritten(text.as_bytes(), &[true, false, true]).unwrap();
        let expected =
            "{ \"schemaVersion\":2,\n \"manifests\" : [{\"a\" : 1},{\"c\":\"]\"}] , \"x\":\"manifests\"}\n";
        assert_eq!(String::from_utf8(cut).unwrap(), expected);
        assert_eq!(rewritten(text.as_bytes(), &[true]), None, "not as many as there are");
        let twice = br#"{"manifests":[1],"manifests":[2]}"#;
        assert_eq!(rewritten(twice, &[true]), None, "one reader would take the first, another the second");
    }
}
