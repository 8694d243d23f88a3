//! Which manifest of a layout a name means, for layouts that other tools have made.
//!
//! Tools differ in what they write into `org.opencontainers.image.ref.name`: skopeo and umoci the tag, podman and
//! buildah the whole reference, BuildKit and `docker save` a tag below an index of their own. A name is looked for in
//! that order, and a name that means two manifests means none.

use serde::Deserialize;

use super::{
    index::{Index, name},
    reading::manifest,
    stored::Stored,
};
use crate::{
    model::{Descriptor, Digest, Document, Reference, media_type},
    registry::{RegistryError, asked::Asked},
};

/// How deep indexes are searched for a name: a tool's own index, and one below it.
const DEPTH_MAX: usize = 2;

/// How many indexes are read in search of a name.
const INDEXES_MAX: usize = 64;

/// How many names an error message lists.
const SHOWN_MAX: usize = 8;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: Option<String>,
}

/// Returns the digest of the image that `wanted` means; without it, the only image.
///
/// # Errors
/// `NotFound` where there is no layout or no such image, `Invalid` where the layout is of another version or the name
/// is ambiguous.
pub(in crate::registry) fn image(
    stored: &dyn Stored,
    wanted: Option<&Reference>,
    asked: &Asked,
) -> Result<Digest, RegistryError> {
    check_version(stored, asked)?;
    if stored.read_index(asked)?.is_none() {
        let what = format!("{}: an image layout (`index.json`)", asked.what);
        return Err(Asked::new(&asked.host, what).not_found());
    }
    match wanted {
        Some(Reference::Digest(digest)) => match manifest(stored, &Reference::from(digest), asked)? {
            Some(found) => Ok(found.descriptor.digest),
            None => Err(asked.not_found()),
        },
        Some(Reference::Tag(tag)) => named(stored, tag, asked),
        None => only(stored, asked),
    }
}

/// A layout without `oci-layout` or version is read: older tools leave it out, and its files say what they are.
fn check_version(stored: &dyn Stored, asked: &Asked) -> Result<(), RegistryError> {
    let Some(bytes) = stored.read_marker(asked)? else { return Ok(()) };
    let read = serde_json::from_slice::<Marker>(&bytes);
    let marker = read.map_err(|e| asked.invalid(format!("broken `oci-layout`: {e}")))?;
    match marker.image_layout_version {
        Some(version) if !version.starts_with("1.") => {
            Err(asked.invalid(format!("image layout of version `{version}`, of which only 1 is known")))
        }
        _ => Ok(()),
    }
}

/// Entries that name images; referrers and cosign's tags only accompany them.
fn images(index: &Index) -> Vec<Descriptor> {
    let is_image = |entry: &&Descriptor| {
        let companion =
            name(entry).is_some_and(|name| name.starts_with("sha256-") || name.starts_with("sha512-"));
        !companion && entry.artifact_type.is_none() && is_manifest(entry)
    };
    index.entries().filter(is_image).cloned().collect()
}

fn is_manifest(entry: &Descriptor) -> bool {
    media_type::is_index(&entry.media_type) || media_type::is_manifest(&entry.media_type)
}

fn only(stored: &dyn Stored, asked: &Asked) -> Result<Digest, RegistryError> {
    let found = images(&Index::read(stored, asked)?);
    let digests: std::collections::BTreeSet<&Digest> = found.iter().map(|entry| &entry.digest).collect();
    match digests.first() {
        Some(only) if digests.len() == 1 => Ok((*only).clone()),
        None => Err(asked.not_found()),
        Some(_) => {
            let names: Vec<&str> = found.iter().filter_map(name).take(SHOWN_MAX).collect();
            let shown = if names.is_empty() { "none has a name".to_owned() } else { names.join(", ") };
            Err(asked.invalid(format!("{} images and no word which is meant: {shown}", digests.len())))
        }
    }
}

fn named(stored: &dyn Stored, wanted: &str, asked: &Asked) -> Result<Digest, RegistryError> {
    let top: Vec<Descriptor> = Index::read(stored, asked)?.entries().cloned().collect();
    let tail = format!(":{wanted}");
    let exact = |entry: &Descriptor| name(entry) == Some(wanted);
    let full = |entry: &Descriptor| name(entry).is_some_and(|name| name.ends_with(&tail));
    for rule in [&exact as &dyn Fn(&Descriptor) -> bool, &full] {
        if let Some(found) = one(&top, rule, asked)? {
            return Ok(found);
        }
    }
    let below = below(stored, &top, asked)?;
    for rule in [&exact as &dyn Fn(&Descriptor) -> bool, &full] {
        if let Some(found) = one(&below, rule, asked)? {
            return Ok(found);
        }
    }
    Err(asked.not_found())
}

fn one(
    entries: &[Descriptor],
    rule: &dyn Fn(&Descriptor) -> bool,
    asked: &Asked,
) -> Result<Option<Digest>, RegistryError> {
    let mut matching = entries.iter().filter(|entry| rule(entry));
    let Some(first) = matching.next() else { return Ok(None) };
    if matching.any(|other| other.digest != first.digest) {
        return Err(asked.invalid("two manifests have this name"));
    }
    Ok(Some(first.digest.clone()))
}

/// Returns the entries of the indexes below `index.json`, nearest first.
fn below(stored: &dyn Stored, top: &[Descriptor], asked: &Asked) -> Result<Vec<Descriptor>, RegistryError> {
    let mut found: Vec<Descriptor> = vec![];
    let mut level: Vec<Descriptor> = top.to_vec();
    let mut read = 0;
    for _ in 0..DEPTH_MAX {
        let mut next = vec![];
        for entry in level.iter().filter(|entry| media_type::is_index(&entry.media_type)) {
            read += 1;
            if read > INDEXES_MAX {
                return Err(asked.invalid(format!("more than {INDEXES_MAX} indexes to search for a name")));
            }
            let held = manifest(stored, &Reference::from(&entry.digest), asked)?;
            let Some(held) = held else { continue };
            if let Ok(Document::Index(index)) = Document::parse(&held.descriptor.media_type, &held.bytes) {
                next.extend(index.manifests.into_iter().filter(is_manifest));
            }
        }
        found.extend(next.iter().cloned());
        level = next;
    }
    Ok(found)
}
