//! How a blob gets into a repository: it is there, or it is mounted, or it is read and written.
//!
//! The order costs the fewest requests and the least upstream traffic (`HEAD` only where this run does not know): mount
//! from a repository of the same registry that holds it; look; read it from upstream once for all registries that want
//! it. Where a mount is refused, the registry's own copy is read, not upstream's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future;

use super::blobs::{Blob, Transfer};
use super::plan::{Entry, OpenRepository, Wanting, passing};
use super::relay::{Relayed, relay_to_all};
use super::{IntakeError, LayerTap, RelayError, Side, Slot, Verification};
use crate::model::Descriptor;
use crate::registry::{Mount, MountSupport, PATIENCE, RegistryError};

/// How often one digest is read from upstream, where what failed may pass. Interrupted downloads are resumed below
/// this; an interrupted upload starts again with a new session.
const ATTEMPTS_MAX: u32 = 3;

/// The wait before the second attempt; the third waits twice as long.
const PAUSE: Duration = Duration::from_millis(200);

impl Transfer<'_> {
    /// Makes the blob be in the target and returns whether this call wrote it.
    pub(super) async fn bring(&self, blob: &Blob) -> Result<bool, IntakeError> {
        let entry = self.intake.plan.entry(&blob.descriptor.digest);
        let cell = entry.cell(&self.to);
        let wrote = AtomicBool::new(false);
        let once = cell.get_or_try_init(|| async {
            wrote.store(self.arrive(&entry, blob).await?, Ordering::Relaxed);
            Ok::<_, IntakeError>(())
        });
        once.await?;
        Ok(wrote.into_inner())
    }

    /// Returns whether the blob had to be written.
    async fn arrive(&self, entry: &Entry, blob: &Blob) -> Result<bool, IntakeError> {
        if let Some(wrote) = self.within_registry(entry, blob).await? {
            return Ok(wrote);
        }
        loop {
            match self.read_upstream(entry, blob).await? {
                Ok(uploaded) if entry.is_first(&self.to) => return Ok(uploaded),
                Ok(_) => break,
                // The first one's repository may be closed to us while ours is not.
                Err(_) if entry.succeed(&self.enlisted) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(wrote) = self.within_registry(entry, blob).await? {
            return Ok(wrote);
        }
        // Neither mount nor the registry's own copy can be had.
        self.upload(blob).await.map(|()| true)
    }

    /// Uploads the blob where it is not there, whatever the plan says.
    pub(super) async fn bring_again(&self, blob: &Blob) -> Result<(), IntakeError> {
        if present(&self.to, &blob.descriptor).await? { Ok(()) } else { self.upload(blob).await }
    }

    async fn upload(&self, blob: &Blob) -> Result<(), IntakeError> {
        self.tally.asked_source.store(true, Ordering::Relaxed);
        let mut relayed = self.read_once(self.from.side(), blob, &[self.to.side()]).await?;
        self.tally.add(relayed.wrote.pop().unwrap_or(Ok(0))?);
        Ok(())
    }

    /// Finds the blob in the repository, mounts it there, or copies it within the registry. `None` where no other
    /// repository of the registry is known to hold it.
    async fn within_registry(&self, entry: &Entry, blob: &Blob) -> Result<Option<bool>, IntakeError> {
        let (host, behaviour) = (self.to.host(), self.to.registry.behaviour());
        let recorded = entry.recorded_in(&self.to);
        let holders = entry.holders(&self.to, self.enlisted.number());
        if holders.is_empty() {
            return Ok(None);
        }
        let look_first = recorded || behaviour.head_first;
        if look_first && present(&self.to, &blob.descriptor).await? {
            return Ok(Some(false));
        }
        for holder in holders.iter().filter(|_| behaviour.mount != MountSupport::Never) {
            if behaviour.mount == MountSupport::AfterManifest {
                holder.named().await;
            }
            if self.mount(&blob.descriptor, &holder.path).await {
                return Ok(Some(true));
            }
        }
        if !look_first && present(&self.to, &blob.descriptor).await? {
            return Ok(Some(false));
        }
        for holder in holders {
            let from = Side { registry: &*self.to.registry, path: &holder.path };
            match self.copy_from(from, blob).await? {
                Ok(()) => return Ok(Some(true)),
                Err(error @ RelayError::Target(_)) => return Err(error.into()),
                Err(RelayError::Source(error)) => {
                    tracing::debug!(%error, host, "a copy in the same registry could not be read");
                    entry.forget(host, &holder.path);
                }
            }
        }
        Ok(None)
    }

    /// Tries to mount; a failed mount is never a failure, because an upload does the same.
    async fn mount(&self, blob: &Descriptor, from: &str) -> bool {
        let mounted = self.to.registry.mount_blob(&self.to.path, &blob.digest, from).await;
        let done = matches!(mounted, Ok(Mount::Done));
        self.tally.asked_target.fetch_or(done, Ordering::Relaxed);
        done
    }

    /// Writes the blob from another repository of the target's registry.
    async fn copy_from(&self, from: Side<'_>, blob: &Blob) -> Result<Result<(), RelayError>, IntakeError> {
        self.tally.asked_target.store(true, Ordering::Relaxed);
        let mut relayed = self.read_once(from, blob, &[self.to.side()]).await?;
        Ok(relayed.wrote.pop().unwrap_or(Ok(0)).map(|bytes| self.tally.add(bytes)))
    }

    /// Makes the blob be in the first repository of every registry that is to get it from upstream, reading it once
    /// there. Returns what became of it in this image's registry: whether it was uploaded, or why not.
    async fn read_upstream(
        &self,
        entry: &Entry,
        blob: &Blob,
    ) -> Result<Result<bool, RelayError>, IntakeError> {
        let _turn = entry.turn.lock().await;
        let mut left = self.missing(entry, &blob.descriptor).await;
        for attempt in 1..=ATTEMPTS_MAX {
            if left.is_empty() {
                break;
            }
            let to: Vec<Side<'_>> = left.iter().map(|wanting| wanting.at.side()).collect();
            self.tally.asked_source.store(true, Ordering::Relaxed);
            let relayed = self.read_once(self.from.side(), blob, &to).await?;
            let mut again = vec![];
            let mut longest = None;
            for (wanting, wrote) in left.iter().zip(relayed.wrote) {
                let pause = wrote.as_ref().err().and_then(|error| pause(error, attempt));
                longest = longest.max(pause);
                again.extend(pause.map(|_| wanting.clone()));
                tell(entry, wanting, wrote);
            }
            left = again;
            tokio::time::sleep(longest.unwrap_or_default()).await;
        }
        Ok(entry.outcome(self.to.host()).unwrap_or(Ok(false)))
    }

    /// Returns the images whose repositories do not hold the blob, looking once in each.
    async fn missing(&self, entry: &Entry, blob: &Descriptor) -> Vec<Wanting> {
        let looks = entry.missing(&self.to).into_iter().map(|wanting| async move {
            let host = wanting.at.host().to_owned();
            match present(&wanting.at, blob).await {
                Ok(true) => entry.held(&host, false),
                Ok(false) => return Some(wanting),
                Err(IntakeError::Target(error)) => entry.failed(&host, RelayError::Target(error)),
                Err(_) => {}
            }
            None
        });
        future::join_all(looks).await.into_iter().flatten().collect()
    }

    /// Reads the blob once for several targets, and catalogues it on the way where it is a layer that nobody
    /// has read.
    async fn read_once(&self, from: Side<'_>, blob: &Blob, to: &[Side<'_>]) -> Result<Relayed, IntakeError> {
        let Some(key) = &blob.layer else { return self.move_bytes(from, &blob.descriptor, to, None).await };
        let moved = Mutex::new(None);
        let keep = |relayed| *moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(relayed);
        let reading = || async {
            let (tap, worker) = LayerTap::start(&blob.descriptor.media_type);
            let relayed = self.move_bytes(from, &blob.descriptor, to, Some(tap)).await?;
            let complete = relayed.read == Verification::Complete;
            keep(relayed);
            if !complete {
                return Err(IntakeError::Stopped);
            }
            self.catalogued(key, worker.finish().await)
        };
        // A layer that cannot be read is found again, and told, where its platform is catalogued.
        let known = self.intake.store.layer(key, reading).await;
        let moved = moved.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(relayed) = moved {
            return Ok(relayed);
        }
        let _catalogued_before = known?;
        self.move_bytes(from, &blob.descriptor, to, None).await
    }

    async fn move_bytes(
        &self,
        from: Side<'_>,
        blob: &Descriptor,
        to: &[Side<'_>],
        tap: Option<LayerTap>,
    ) -> Result<Relayed, IntakeError> {
        let _slot: Slot = self.intake.enter(blob.size, tap.is_some()).await?;
        let progress = self.progress.clone();
        Ok(relay_to_all(from, to, blob, tap, progress, &self.intake.fan_turn).await)
    }
}

/// Notes what became of an upload.
fn tell(entry: &Entry, wanting: &Wanting, wrote: Result<u64, RelayError>) {
    match wrote {
        Ok(bytes) => {
            wanting.tally.add(bytes);
            entry.held(wanting.at.host(), true);
        }
        Err(error) => entry.failed(wanting.at.host(), error),
    }
}

/// Returns how long to wait before the next attempt, or `None` where there is to be none.
fn pause(error: &RelayError, attempt: u32) -> Option<Duration> {
    let (RelayError::Source(inner) | RelayError::Target(inner)) = error;
    match inner {
        _ if attempt >= ATTEMPTS_MAX || !passing(error.kind()) => None,
        RegistryError::RateLimited { retry_after_s: Some(seconds), .. } => {
            Some(Duration::from_secs(*seconds)).filter(|wait| *wait <= PATIENCE)
        }
        _ => Some(PAUSE * attempt),
    }
}

/// Returns whether the blob is in a repository, with the size it should have.
pub(super) async fn present(to: &OpenRepository, blob: &Descriptor) -> Result<bool, IntakeError> {
    match to.registry.head_blob(&to.path, &blob.digest).await.map_err(IntakeError::Target)? {
        None => Ok(false),
        Some(size) if size == blob.size => Ok(true),
        Some(found) => Err(IntakeError::Target(RegistryError::Size {
            host: to.host().to_owned(),
            what: format!("blob `{}`", blob.digest),
            expected: blob.size,
            found,
        })),
    }
}
