//! The blobs of an image: which there are, and how each gets into the target.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::TryStreamExt;

use super::manifests::Node;
use super::{
    Intake, IntakeError, Job, KnownLayer, LayerKey, LayerTap, Progress, Side, Slot, Verification, relay,
    verified,
};
use crate::catalogue::{CatalogueError, Compression, LayerRead};
use crate::model::{Descriptor, Document};
use crate::registry::{Mount, RegistryError};

/// A blob of the image.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub descriptor: Descriptor,
    /// Set for layers of a root file system that are archives.
    layer: Option<LayerKey>,
}

/// Returns whether the bytes are to be fetched from elsewhere, which this program does not do (CVE-2020-15157).
pub(super) const fn is_foreign(descriptor: &Descriptor) -> bool {
    !descriptor.urls.is_empty()
}

/// Returns the key under which the facts of a layer are kept, where it is an archive.
pub(super) fn layer_key(descriptor: &Descriptor) -> Option<LayerKey> {
    let compression = Compression::of(&descriptor.media_type)?;
    Some(LayerKey { digest: descriptor.digest.clone(), compression })
}

/// Returns every distinct blob, foreign ones excepted, largest first.
pub(super) fn of(nodes: &[Node]) -> Result<Vec<Blob>, IntakeError> {
    let mut blobs: BTreeMap<_, Blob> = BTreeMap::new();
    for node in nodes {
        let Document::Image(manifest) = &node.document else { continue };
        let layers = manifest.layers.iter().map(|layer| (layer, node.image().and_then(|_| layer_key(layer))));
        for (descriptor, layer) in layers.chain([(&manifest.config, None)]) {
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
    pub job: &'a Job,
    pub bytes_moved: AtomicU64,
    pub asked_source: AtomicBool,
    pub mounted: AtomicBool,
}

impl<'a> Transfer<'a> {
    pub(super) const fn new(intake: &'a Intake, job: &'a Job) -> Self {
        Self {
            intake,
            job,
            bytes_moved: AtomicU64::new(0),
            asked_source: AtomicBool::new(false),
            mounted: AtomicBool::new(false),
        }
    }

    pub(super) fn source(&self) -> Side<'a> {
        Side { registry: &*self.job.source, path: &self.job.source_path }
    }

    pub(super) fn target(&self) -> Side<'a> {
        Side { registry: &*self.job.target, path: &self.job.target_path }
    }

    /// Makes the blob be in the target and returns whether this call wrote it: present there, or mounted, or relayed.
    pub(super) async fn bring(&self, blob: &Blob) -> Result<bool, IntakeError> {
        let to = self.target();
        let place = (to.registry.host().to_owned(), to.path.to_owned(), blob.descriptor.digest.clone());
        let wrote = AtomicBool::new(false);
        let flight = self.intake.flight(place);
        let once = flight.get_or_try_init(|| async {
            if !self.present(&blob.descriptor).await? {
                if !self.mount(&blob.descriptor).await {
                    self.relay(blob).await?;
                }
                wrote.store(true, Ordering::Relaxed);
            }
            Ok::<_, IntakeError>(())
        });
        once.await?;
        Ok(wrote.into_inner())
    }

    /// Returns whether the blob is in the target.
    pub(super) async fn present(&self, blob: &Descriptor) -> Result<bool, IntakeError> {
        let to = self.target();
        match to.registry.head_blob(to.path, &blob.digest).await.map_err(IntakeError::Target)? {
            None => Ok(false),
            Some(size) if size == blob.size => Ok(true),
            Some(found) => Err(IntakeError::Target(RegistryError::Size {
                host: to.registry.host().to_owned(),
                what: format!("blob `{}`", blob.digest),
                expected: blob.size,
                found,
            })),
        }
    }

    /// Tries to mount; a failed mount is never a failure, because an upload does the same.
    async fn mount(&self, blob: &Descriptor) -> bool {
        let to = self.target();
        for from in self.job.mount_from.iter().filter(|from| *from != to.path) {
            if matches!(to.registry.mount_blob(to.path, &blob.digest, from).await, Ok(Mount::Done)) {
                self.mounted.store(true, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// Moves the blob, and reads it on the way where it is a layer nobody has read.
    async fn relay(&self, blob: &Blob) -> Result<(), IntakeError> {
        let Some(key) = &blob.layer else { return self.move_bytes(blob, None).await };
        let moved = AtomicBool::new(false);
        let reading = || async {
            let (tap, worker) = LayerTap::start(&blob.descriptor.media_type);
            self.move_bytes(blob, Some(tap)).await?;
            moved.store(true, Ordering::Relaxed);
            self.catalogued(key, worker.finish().await)
        };
        // A layer that cannot be read is found again, and told, where its platform is catalogued.
        let _known = self.intake.store.layer(key, reading).await?;
        if moved.into_inner() { Ok(()) } else { self.move_bytes(blob, None).await }
    }

    async fn move_bytes(&self, blob: &Blob, tap: Option<LayerTap>) -> Result<(), IntakeError> {
        let _slot: Slot = self.intake.enter(blob.descriptor.size).await?;
        self.asked_source.store(true, Ordering::Relaxed);
        let progress = self.job.progress.clone();
        let bytes = relay(self.source(), self.target(), &blob.descriptor, tap, progress).await?;
        self.bytes_moved.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Tells a reading that broke off, which is to be tried again, from a layer that is broken.
    fn catalogued(
        &self,
        key: &LayerKey,
        read: Result<LayerRead, CatalogueError>,
    ) -> Result<Result<LayerRead, CatalogueError>, IntakeError> {
        match read {
            Err(error @ CatalogueError::Source(_)) => {
                Err(IntakeError::Layer { digest: key.digest.clone(), error })
            }
            read => {
                (self.job.progress)(Progress::Layer(key.digest.clone()));
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
        let _slot: Slot = self.intake.enter(blob.size).await?;
        let from = self.target();
        let inner = from.registry.get_blob(from.path, &blob.digest).await.map_err(IntakeError::Target)?;
        let progress = self.job.progress.clone();
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
