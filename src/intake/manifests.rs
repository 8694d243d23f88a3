//! The manifests of an image: fetched by digest, checked, in the order in which they can be written.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{IntakeError, Side, rootfs, subset, unambiguous::unambiguous};
use crate::evidence::SubsetRecord;
use crate::model::{Descriptor, Digest, Document, ImageManifest, Platform, Reference, media_type};
use crate::registry::RawManifest;

/// How deep indexes may be nested; real images use one level, rarely two.
const DEPTH_MAX: usize = 4;

/// The most manifests of one image, and the most bytes of them together, which are all held at once.
const MANIFESTS_MAX: usize = 1024;
const TOTAL_BYTES_MAX: usize = 64 << 20;

/// Manifests asked for at a time; the registry layer has its own bound for each host.
const PARALLEL: usize = 4;

/// One manifest or index.
#[derive(Debug)]
pub(crate) struct Node {
    pub raw: RawManifest,
    pub document: Document,
    /// What the index says of it.
    platform: Option<Platform>,
    attestation: bool,
    /// See [`Node::entries`].
    entries: Vec<Descriptor>,
}

impl Node {
    /// Returns the index with other bytes, which name some of its entries.
    pub(super) fn cut(self, raw: RawManifest, document: Document) -> Self {
        let mut cut = Self { raw, document, ..self };
        if let Document::Index(index) = &cut.document {
            cut.entries.retain(|entry| index.manifests.contains(entry));
        }
        cut
    }

    /// Returns the entries of an index that are blobs and no manifests: BuildKit's caches name layers so, and the
    /// specification lets an index name what it likes (`image-index.md`, "manifests").
    pub(crate) fn entries(&self) -> &[Descriptor] {
        &self.entries
    }

    /// Returns the manifest where it is an image with a root file system. That it is marked as an attestation or
    /// artifact is believed only where no layer is one of a file system: runtimes do not ask for marks.
    pub(super) fn image(&self) -> Option<&ImageManifest> {
        match &self.document {
            Document::Image(image)
                if media_type::is_image_config(&image.config.media_type)
                    && (rootfs::has_layers(image)
                        || !(self.attestation || image.artifact_type.is_some())) =>
            {
                Some(image)
            }
            _ => None,
        }
    }

    /// Returns the platform that the index above names.
    pub(super) const fn platform(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }

    fn children(&self) -> impl Iterator<Item = &Descriptor> {
        let index = match &self.document {
            Document::Index(index) => Some(index),
            Document::Image(_) => None,
        };
        index.into_iter().flat_map(|index| &index.manifests).filter(|child| !self.entries.contains(child))
    }
}

/// Fetches the manifest `root` and everything below it. Children stand before what names them, the root last;
/// among children the order of the index holds.
pub(crate) async fn fetch(side: Side<'_>, root: &Digest) -> Result<Vec<Node>, IntakeError> {
    below(side, node(side, &Wanted { digest: root.clone(), descriptor: None }).await?).await
}

/// Fetches as [`fetch`] does, and of the index only what belongs to these platforms: what is left out is not asked for.
pub(super) async fn fetch_chosen(
    side: Side<'_>,
    root: &Digest,
    platforms: &[Platform],
) -> Result<(Vec<Node>, Option<SubsetRecord>), IntakeError> {
    if platforms.is_empty() {
        return Ok((fetch(side, root).await?, None));
    }
    let top = node(side, &Wanted { digest: root.clone(), descriptor: None }).await?;
    let (top, subset) = subset::chosen(top, platforms)?;
    Ok((below(side, top).await?, Some(subset)))
}

async fn below(side: Side<'_>, top: Node) -> Result<Vec<Node>, IntakeError> {
    let root = top.raw.descriptor.digest.clone();
    let mut found = BTreeMap::new();
    let mut bytes = 0;
    let mut nodes = vec![top];
    for _ in 0..=DEPTH_MAX {
        let mut level = vec![];
        for node in nodes {
            bytes += node.raw.bytes.len();
            level.extend(node.children().map(Wanted::child));
            found.insert(node.raw.descriptor.digest.clone(), node);
        }
        let mut new = BTreeSet::new();
        level.retain(|wanted| !found.contains_key(&wanted.digest) && new.insert(wanted.digest.clone()));
        if found.len() + level.len() > MANIFESTS_MAX || bytes > TOTAL_BYTES_MAX {
            return Err(broken(&root, "has too many manifests below it"));
        }
        if level.is_empty() {
            return in_order(&root, found);
        }
        let fetches: Vec<_> = level.iter().map(|wanted| node(side, wanted)).collect();
        nodes = stream::iter(fetches).buffered(PARALLEL).try_collect().await?;
    }
    Err(broken(&root, "has indexes nested too deeply"))
}

pub(super) fn broken(digest: &Digest, detail: impl Into<String>) -> IntakeError {
    IntakeError::Manifest { digest: digest.clone(), detail: detail.into() }
}

struct Wanted {
    digest: Digest,
    descriptor: Option<Descriptor>,
}

impl Wanted {
    fn child(descriptor: &Descriptor) -> Self {
        Self { digest: descriptor.digest.clone(), descriptor: Some(descriptor.clone()) }
    }
}

async fn node(side: Side<'_>, wanted: &Wanted) -> Result<Node, IntakeError> {
    let digest = &wanted.digest;
    let got = side.registry.get_manifest(side.path, &Reference::from(digest)).await;
    let host = side.registry.host().to_owned();
    let mut raw =
        got.map_err(IntakeError::Source)?.ok_or(IntakeError::Missing { host, digest: digest.clone() })?;
    if digest.same_algorithm_of(&raw.bytes) != *digest {
        return Err(broken(digest, "bytes do not have that digest"));
    }
    raw.descriptor.digest = digest.clone();
    raw.descriptor.size = raw.bytes.len() as u64;
    if let Some(promised) = &wanted.descriptor {
        if promised.size != raw.descriptor.size {
            return Err(broken(digest, format!("has {} bytes, not {}", raw.descriptor.size, promised.size)));
        }
        raw.descriptor.media_type.clone_from(&promised.media_type);
    }
    unambiguous(&raw).map_err(|detail| broken(digest, detail))?;
    let document = Document::parse(&raw.descriptor.media_type, &raw.bytes)
        .map_err(|error| IntakeError::Document { digest: digest.clone(), error })?;
    let attestation = wanted.descriptor.as_ref().is_some_and(Descriptor::is_attestation_manifest);
    let platform = wanted.descriptor.as_ref().and_then(|promised| promised.platform.clone());
    let entries = entries(side, &document).await?;
    Ok(Node { raw, document, platform, attestation, entries })
}

/// Returns those entries of an index that its registry holds as blobs. Only where the media type is that of no manifest
/// is the registry asked; what it does not hold so has to be a manifest.
async fn entries(side: Side<'_>, document: &Document) -> Result<Vec<Descriptor>, IntakeError> {
    let Document::Index(index) = document else { return Ok(vec![]) };
    let unknown = index.manifests.iter().filter(|entry| !media_type::is_any_manifest(&entry.media_type));
    let looks: Vec<_> = unknown
        .map(|entry| async move {
            let held =
                side.registry.head_blob(side.path, &entry.digest).await.map_err(IntakeError::Source)?;
            match held {
                Some(bytes) if bytes != entry.size => {
                    Err(broken(&entry.digest, format!("has {bytes} bytes, not {}", entry.size)))
                }
                held => Ok(held.map(|_| entry.clone())),
            }
        })
        .collect();
    let held: Vec<Option<Descriptor>> = stream::iter(looks).buffered(PARALLEL).try_collect().await?;
    Ok(held.into_iter().flatten().collect())
}

fn in_order(root: &Digest, mut found: BTreeMap<Digest, Node>) -> Result<Vec<Node>, IntakeError> {
    let mut order = vec![];
    visit(root, &mut found, &mut order, 0)?;
    Ok(order)
}

fn visit(
    digest: &Digest,
    found: &mut BTreeMap<Digest, Node>,
    order: &mut Vec<Node>,
    depth: usize,
) -> Result<(), IntakeError> {
    // Taken out while its children are visited; a digest cannot be among its own descendants.
    let Some(node) = found.remove(digest) else { return Ok(()) };
    if depth > DEPTH_MAX {
        return Err(broken(digest, "is nested too deeply"));
    }
    for child in node.children() {
        visit(&child.digest, found, order, depth + 1)?;
    }
    order.push(node);
    Ok(())
}
