//! An image where it is: its manifests, configurations and layers are read once, and nothing is written anywhere.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::blobs::Transfer;
use super::manifests::{self, Node};
use super::platforms::catalogue;
use super::{Intake, IntakeError, OpenRepository, ProgressFn};
use crate::catalogue::Contents;
use crate::evidence::{LayerRecord, Unread};
use crate::model::{Descriptor, Digest, ImageConfig, Platform};

/// Images of an index that are read at once; the layers of each are read side by side.
const IMAGES_AT_ONCE: usize = 2;

/// What is in one platform of an image.
#[derive(Debug, Clone)]
pub struct Inspected {
    pub platform: Platform,
    pub manifest: Descriptor,
    pub manifest_bytes: Bytes,
    pub config: ImageConfig,
    pub layers: Vec<LayerRecord>,
    pub contents: Contents,
    /// Layers that were not read.
    pub unread: Vec<Unread>,
}

/// Reads the platforms of an image that `chosen` accepts; of an index without platforms, and of a single image, every
/// one. Returns them with all platforms there are.
///
/// # Errors
/// [`IntakeError`] as of taking it in; kind `NotFound` where there is no such image.
pub async fn inspect(
    intake: &Intake,
    at: &OpenRepository,
    digest: &Digest,
    chosen: impl Fn(&Platform) -> bool,
    progress: ProgressFn,
) -> Result<(Vec<Inspected>, Vec<Platform>), IntakeError> {
    let nodes = manifests::fetch(at.side(), digest).await?;
    let platforms: Vec<Platform> = images(&nodes).filter_map(|node| node.platform()).cloned().collect();
    let ticket = intake.ticket();
    let transfer = Transfer::enlist(intake, &ticket, (at.clone(), at.clone()), &[], progress).await;
    let accepted = |node: &&Node| node.platform().is_none_or(&chosen);
    let work: Vec<_> = images(&nodes).filter(accepted).map(|node| one(&transfer, node)).collect();
    let found: Vec<Option<Inspected>> = stream::iter(work).buffered(IMAGES_AT_ONCE).try_collect().await?;
    Ok((found.into_iter().flatten().collect(), platforms))
}

fn images(nodes: &[Node]) -> impl Iterator<Item = &Node> {
    nodes.iter().filter(|node| node.image().is_some())
}

async fn one(transfer: &Transfer<'_>, node: &Node) -> Result<Option<Inspected>, IntakeError> {
    let Some(image) = node.image() else { return Ok(None) };
    let Some(found) = catalogue(transfer, node, image).await? else { return Ok(None) };
    Ok(Some(Inspected {
        platform: found.platform,
        manifest: found.manifest,
        manifest_bytes: node.raw.bytes.clone(),
        config: found.config,
        layers: found.layers,
        contents: found.contents,
        unread: found.unread,
    }))
}
