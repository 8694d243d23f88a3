//! The image that a platform was built on: what is stated, what layers show, and what the history hints at.

use serde::Serialize;

use super::Image;
use crate::evidence::{Base, BaseRecord, PlatformContents, PlatformRecord, image_directory};
use crate::model::Digest;
use crate::render::link::Link;

/// The most equal bases that are named.
const NAMED_MAX: usize = 5;

/// One way to know a base.
#[derive(Serialize)]
pub(super) struct Row {
    base: Link,
    known_by: String,
    /// Layers of it, where they are known.
    layers: Option<usize>,
    from_base: Option<u64>,
    own: Option<u64>,
}

/// Returns what is known, the surest first; empty where nothing is.
pub(super) fn rows(
    image: Image<'_>,
    platform: &PlatformRecord,
    contents: Option<&PlatformContents>,
) -> Vec<Row> {
    let (count, equal) = image.bases.nearest(platform);
    let packages = |layers: usize| {
        let all = &contents?.layers;
        let sum =
            |part: &[crate::evidence::LayerContents]| part.iter().map(|layer| layer.packages).sum::<u64>();
        let (base, own) = all.split_at_checked(layers)?;
        Some((sum(base), sum(own)))
    };
    let row = |base: Link, known_by: String, layers: Option<usize>| {
        let packages = layers.and_then(packages);
        Row {
            base,
            known_by,
            layers,
            from_base: packages.map(|(base, _)| base),
            own: packages.map(|(_, own)| own),
        }
    };
    let mut rows: Vec<Row> = equal
        .iter()
        .take(NAMED_MAX)
        .map(|base| row(link(image, base), shared(count, base), Some(count)))
        .collect();
    let more = equal.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        rows.push(row(Link::none(format!("{more} more")), "have the same layers".to_owned(), None));
    }
    let Some(record) = contents.and_then(|contents| contents.base.as_ref()) else { return rows };
    let stated = stated(image, record, platform);
    rows.extend(stated.map(|(name, known_by, shared)| row(Link::none(name), known_by, shared)));
    let hinted = record.history_layers.and_then(|layers| usize::try_from(layers).ok());
    // Where layers tell the same, the hint says nothing more.
    if let Some(layers) = hinted.filter(|layers| *layers != count) {
        let known_by = "a hint only: the history sets a command or entry point there".to_owned();
        rows.push(row(Link::none("not named"), known_by, Some(layers)));
    }
    rows
}

fn link(image: Image<'_>, base: &Base) -> Link {
    let page = format!("{}/README.md", image_directory(&base.repository, &base.digest));
    Link::to(image.page, &page, format!("{}@{} {}", base.repository, base.digest.short(), base.platform))
}

fn shared(count: usize, base: &Base) -> String {
    let since = base.since.map_or_else(String::new, |at| format!(", recorded since {}", at.date()));
    let noun = if count == 1 { "layer" } else { "layers" };
    format!("shares all {count} {noun} of it{since}")
}

/// Returns what the publisher states, how it stands to what is recorded, and the layers that are shared with it.
fn stated(
    image: Image<'_>,
    record: &BaseRecord,
    platform: &PlatformRecord,
) -> Option<(String, String, Option<usize>)> {
    let stated = record.stated.as_ref()?;
    let digest = stated.digest.as_ref();
    let name = stated.name.iter().cloned().chain(digest.map(Digest::short)).collect::<Vec<_>>().join(" ");
    let shared = digest.and_then(|digest| image.bases.shared(platform, digest));
    let checked = match digest {
        Some(_) if shared.is_some() => "an image of that digest is recorded, and shares all its layers",
        Some(digest) if image.bases.knows(digest) => {
            "contradicted: an image of that digest is recorded, and its layers are not the lowest ones here"
        }
        Some(_) => "not checked: no image of that digest is recorded",
        None => "not checked: it names no digest",
    };
    Some((name, format!("stated by the publisher ({}); {checked}", stated.by), shared))
}
