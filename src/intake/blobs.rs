//! The blobs of an image: which there are, and how each gets into the target.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;

use super::bring::present;
use super::manifests::Node;
use super::plan::{Enlisted, Tally};
use super::{
    Intake, IntakeError, KnownLayer, LayerKey, LayerTap, OpenRepository, Progress, ProgressFn, Side, Slot,
    Ticket, Verification, verified,
};
use crate::catalogue::{CatalogueError, Compression, LayerRead};
use crate::model::{Descriptor, Document};

/// A blob of the image.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub descriptor: Descriptor,
    /// Set for layers of a root file system that are archives.
    pub layer: Option<LayerKey>,
}

/// Returns whether the bytes are to be fetched from elsewhere, which this program does not do (CVE-2020-15157).
pub(super) const fn is_foreign(descriptor: &Descriptor) -> bool {
    !descriptor.urls.is_empty()
}

/// Returns an error where a layer is to be fetched from elsewhere.
pub(super) fn none_foreign(nodes: &[Node]) -> Result<(), IntakeError> {
    for node in nodes {
        let Document::Image(image) = &node.document else { continue };
        if let Some(layer) = image.layers.iter().find(|layer| is_foreign(layer)) {
            let detail = format!(
                "layer `{}` is kept elsewhere, and the manifest says `foreignLayers: refuse`",
                layer.digest
            );
            return Err(IntakeError::Manifest { digest: node.raw.descriptor.digest.clone(), detail });
        }
    }
    Ok(())
}

/// Returns the key under which the facts of a layer are kept, where it is an archive.
pub(super) fn layer_key(descriptor: &Descriptor) -> Option<LayerKey> {
    let compression = Compression::of(&descriptor.media_type)?;
    Some(LayerKey { digest: descriptor.digest.clone(), compression })
}

/// Returns every blob that a manifest or index names, layers that can be read with their key.
fn named(node: &Node) -> impl Iterator<Item = (&Descriptor, Option<LayerKey>)> {
    let (image, readable) = (node.document.image(), node.image().is_some());
    let key = move |layer| layer_key(layer).filter(|_| readable);
    let layers = image.into_iter().flat_map(|image| &image.layers).map(move |layer| (layer, key(layer)));
    let others = image.map(|image| &image.config).into_iter().chain(node.entries());
    layers.chain(others.map(|blob| (blob, None)))
}

/// Returns every distinct blob, foreign ones excepted, largest first.
pub(super) fn of(nodes: &[Node]) -> Result<Vec<Blob>, IntakeError> {
    let mut blobs: BTreeMap<_, Blob> = BTreeMap::new();
    for node in nodes {
        for (descriptor, layer) in named(node) {
            if is_foreign(descriptor) {
                continue;
            }
            match blobs.entry(descriptor.digest.clone()) {
                Entry::Vacant(place) => {
                    place.insert(Blob { descriptor: descriptor.clone(), layer });
                }
                Entry::Occupied(mut known) if known.get().descriptor.size == descriptor.size => {
                    let known = known.get_mut();
                    known.layer = known.layer.take().or(layer);
                }
                Entry::Occupied(_) => {
                    let detail = format!("names blob `{}` with two sizes", descriptor.digest);
                    return Err(IntakeError::Manifest { digest: node.raw.descriptor.digest.clone(), detail });
                }
            }
        }
    }
    let mut blobs: Vec<Blob> = blobs.into_values().collect();
    blobs.sort_by_key(|blob| std::cmp::Reverse(blob.descriptor.size));
    Ok(blobs)
}

/// One image on its way.
pub(super) struct Transfer<'a> {
    pub intake: &'a Intake,
    pub from: OpenRepository,
    pub to: OpenRepository,
    pub progress: ProgressFn,
    pub tally: Arc<Tally>,
    /// Its part in the plan of the whole run.
    pub enlisted: Enlisted,
}

impl<'a> Transfer<'a> {
    /// Enlists the image's blobs and returns the transfer that can bring them.
    pub(super) async fn enlist(
        intake: &'a Intake,
        ticket: &Ticket,
        (from, to): (OpenRepository, OpenRepository),
        blobs: &[Blob],
        progress: ProgressFn,
    ) -> Self {
        let tally = Arc::new(Tally::default());
        let digests = blobs.iter().map(|blob| &blob.descriptor.digest);
        let enlisted = intake.plan.enlist(ticket, digests, to.clone(), tally.clone()).await;
        Self { intake, from, to, progress, tally, enlisted }
    }

    pub(super) fn target(&self) -> Side<'_> {
        self.to.side()
    }

    /// Returns whether the blob is in the target.
    pub(super) async fn present(&self, blob: &Descriptor) -> Result<bool, IntakeError> {
        present(&self.to, blob).await
    }

    /// Tells a reading that broke off, which is to be tried again, from a layer that is broken.
    pub(super) fn catalogued(
        &self,
        key: &LayerKey,
        read: Result<LayerRead, CatalogueError>,
    ) -> Result<Result<LayerRead, CatalogueError>, IntakeError> {
        match read {
            Err(error @ CatalogueError::Source(_)) => {
                Err(IntakeError::Layer { digest: key.digest.clone(), error })
            }
            read => {
                (self.progress)(Progress::Layer(key.digest.clone()));
                Ok(read)
            }
        }
    }

    /// Returns the facts of a layer that is in the target, reading it there where nobody has.
    pub(super) async fn layer(&self, key: &LayerKey, layer: &Descriptor) -> Result<KnownLayer, IntakeError> {
        let reading = || async {
            let (tap, worker) = LayerTap::start(&layer.media_type);
            self.read_from_target(layer, Some(tap), |_| {}).await?;
            self.catalogued(key, worker.finish().await)
        };
        let known = self.intake.store.layer(key, reading).await?;
        known.map_err(|error| IntakeError::Layer { digest: key.digest.clone(), error })
    }

    /// Returns a small blob of the target whole.
    pub(super) async fn small(&self, blob: &Descriptor, bytes_max: u64) -> Result<Vec<u8>, IntakeError> {
        if blob.size > bytes_max {
            let detail = format!("has {} bytes, more than {bytes_max}", blob.size);
            return Err(IntakeError::Config { digest: blob.digest.clone(), detail });
        }
        let mut bytes = vec![];
        self.read_from_target(blob, None, |frame| bytes.extend_from_slice(frame)).await?;
        Ok(bytes)
    }

    async fn read_from_target(
        &self,
        blob: &Descriptor,
        tap: Option<LayerTap>,
        mut each: impl FnMut(&Bytes) + Send,
    ) -> Result<(), IntakeError> {
        let _slot: Slot = self.intake.enter(blob.size, tap.is_some()).await?;
        let from = self.target();
        let inner = from.registry.get_blob(from.path, &blob.digest).await.map_err(IntakeError::Target)?;
        let progress = self.progress.clone();
        let (mut stream, outcome) = verified(inner, from.registry.host(), blob, tap, progress);
        while let Some(frame) = stream.try_next().await.map_err(IntakeError::Target)? {
            each(&frame);
        }
        match outcome() {
            Verification::Complete => Ok(()),
            Verification::Failed(error) => Err(IntakeError::Target(error)),
            Verification::Unfinished => Err(IntakeError::Stopped),
        }
    }
}
