//! Takes an image into quarantine in one pass over its bytes: verify, upload, decompress, catalogue.
//!
//! Decides nothing: what to take in, and where to, comes from the plan; what the facts mean is for
//! [`crate::gate`] to say. No blob is held whole in memory but configurations and manifests, and no byte of a blob
//! counts as sent before the whole blob is known to have its digest. Dropping the future stops everything.
//! Next in reading order: [`crate::trust`], which asks who made the image.

mod base;
mod blobs;
mod bring;
mod companions;
mod copies;
mod cpu;
mod error;
mod fan;
mod image;
mod inside;
mod inspect;
mod layer_store;
mod licences;
mod look;
mod manifests;
mod notable;
mod plan;
mod platforms;
mod relay;
mod rootfs;
mod sbom;
mod subset;
mod tap;
mod unambiguous;
mod verified;

pub use copies::{Copied, Copies, Copy};
pub use cpu::{Cpu, Panicked};
pub use error::IntakeError;
pub use image::take_in;
pub use inspect::{Inspected, inspect};
pub use layer_store::{KnownLayer, LayerKey, LayerStore};
pub use look::{Looked, Wish, look};
pub(crate) use manifests::{Node, fetch as manifests};
pub use plan::{OpenRepository, Ticket};
pub use relay::{RelayError, Side, relay};
pub use sbom::{SBOM_BYTES_MAX, SbomOrder};
pub use tap::{LayerTap, LayerWorker};
pub use verified::{Verification, verified};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::evidence::{Companion, ContentsRecord, NotLookedAt, Subject, SubsetRecord};
use crate::model::{Digest, Platform};
use crate::registry::Registry;

/// What happened, for whoever shows it. Called often and from many tasks, so it must return at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// So many more bytes of blobs were read.
    Bytes(u64),
    /// This layer has been catalogued.
    Layer(Digest),
}

/// Receives [`Progress`].
pub type ProgressFn = Arc<dyn Fn(Progress) + Send + Sync>;

/// One image to take in.
#[derive(Clone)]
pub struct Job {
    pub source: Arc<dyn Registry>,
    pub source_path: String,
    /// Of the manifest or index.
    pub digest: Digest,
    pub target: Arc<dyn Registry>,
    pub target_path: String,
    /// Its place in the line of the run's images, from [`Intake::ticket`].
    pub ticket: Arc<Ticket>,
    /// Platforms of the index to take in; all where there are none.
    pub platforms: Vec<Platform>,
    /// Whether a layer that is kept elsewhere fails the intake.
    pub refuse_foreign: bool,
    /// The image is in the target; only gather its facts. The source is not asked for anything.
    pub skip_copy: bool,
    /// The SBOM that is written of each platform; none where there is no order.
    pub sbom: Option<SbomOrder>,
    pub progress: ProgressFn,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.source.host(), self.source_path, self.digest)
    }
}

/// What is known of an image that has been taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    pub subject: Subject,
    /// What was chosen of upstream's index, where platforms were asked for.
    pub subset: Option<SubsetRecord>,
    /// Package lists by file name. `packages.txt` is always there: the only platform's, or the union of all.
    pub packages: BTreeMap<String, String>,
    pub contents: ContentsRecord,
    /// Sorted; what was not looked at in any platform, with the packages of all of them added up.
    pub gaps: Vec<NotLookedAt>,
    /// What belongs to the image and is not in it, each after what it speaks of.
    pub companions: Vec<Companion>,
    /// Bytes that were uploaded.
    pub bytes_moved: u64,
    /// Hosts that served them, sorted.
    pub hosts: Vec<String>,
}

/// What all intakes of a run share.
#[derive(Debug)]
pub struct Intake {
    cpu: Cpu,
    store: LayerStore,
    budget: Arc<Semaphore>,
    budget_kib: u32,
    slots: Arc<Semaphore>,
    parallel_blobs: usize,
    plan: plan::CopyPlan,
    /// See [`fan::split`].
    fan_turn: tokio::sync::Mutex<()>,
}

impl Intake {
    /// Returns an intake that holds at most about `budget_bytes` of blobs in memory and moves at most
    /// `parallel_blobs` at a time.
    pub fn new(cpu: Cpu, store: LayerStore, budget_bytes: u64, parallel_blobs: usize) -> Self {
        let budget_kib = u32::try_from(budget_bytes / 1024).unwrap_or(u32::MAX).clamp(1, BUDGET_KIB_MAX);
        let parallel_blobs = parallel_blobs.clamp(1, PARALLEL_BLOBS_MAX);
        Self {
            cpu,
            store,
            budget: Arc::new(Semaphore::new(budget_kib as usize)),
            budget_kib,
            slots: Arc::new(Semaphore::new(parallel_blobs)),
            parallel_blobs,
            plan: plan::CopyPlan::default(),
            fan_turn: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the next place in the line: of two images that want the same blob in one registry, the one with the
    /// earlier ticket gets it from upstream and the other one by mount. Images have to be begun in this order.
    pub fn ticket(&self) -> Arc<Ticket> {
        Arc::new(self.plan.ticket())
    }

    /// Notes that a manifest in a repository refers to a blob, as the record of an earlier run says: it can be mounted
    /// from there.
    pub fn known(&self, host: &str, path: &str, digest: &Digest) {
        self.plan.record(host, path, digest);
    }

    /// Waits until another blob of `size` bytes may be in flight, `tapped` where a worker reads it. Held by the one
    /// transfer only, never while waiting for another one, so that two images that share layers cannot wait for each
    /// other.
    async fn enter(&self, size: u64, tapped: bool) -> Result<Slot, IntakeError> {
        let most = if tapped { 2 * tap::QUEUE_BYTES_MAX as u64 } else { UNTAPPED_BYTES };
        let kib = u32::try_from(size.min(most) / 1024 + 1).unwrap_or(u32::MAX).min(self.budget_kib);
        let slot = self.slots.clone().acquire_owned().await.map_err(|_| IntakeError::Stopped)?;
        let budget = self.budget.clone().acquire_many_owned(kib).await.map_err(|_| IntakeError::Stopped)?;
        Ok(Slot { _slot: slot, _budget: budget })
    }
}

/// About what one transfer holds that nobody reads on the way: a few frames of some 400 KB.
const UNTAPPED_BYTES: u64 = 2 << 20;

/// A terabyte: more than any machine has, and a number a semaphore can count to.
const BUDGET_KIB_MAX: u32 = 1 << 30;

/// More transfers at once only wait for each other.
const PARALLEL_BLOBS_MAX: usize = 256;

/// The right to have one blob in flight.
struct Slot {
    _slot: OwnedSemaphorePermit,
    _budget: OwnedSemaphorePermit,
}

#[cfg(test)]
mod memory;
#[cfg(test)]
mod tests;
