//! The copy plan of a run: which digests are wanted in which registries, which are there, and where they can be mounted
//! from.
//!
//! Holds what is known and moves nothing; [`super::bring`] does. Images enlist what they want before they bring it, so
//! that the first one to want a digest in a registry is the one whose repository it is uploaded to, whoever comes by
//! first: what a run moves for whom does not depend on timing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, SetOnce, watch};

use super::{RelayError, Side};
use crate::model::{Digest, Kind};
use crate::registry::Registry;

/// A repository of an opened registry.
#[derive(Clone)]
pub struct OpenRepository {
    pub registry: Arc<dyn Registry>,
    pub path: String,
}

impl OpenRepository {
    pub fn host(&self) -> &str {
        self.registry.host()
    }

    pub fn side(&self) -> Side<'_> {
        Side { registry: &*self.registry, path: &self.path }
    }
}

impl fmt::Debug for OpenRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host(), self.path)
    }
}

/// What was done for one image, by its own task or by another one.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Bytes that were uploaded.
    pub bytes: AtomicU64,
    pub asked_source: AtomicBool,
    /// Whether bytes came from the target registry itself.
    pub asked_target: AtomicBool,
}

impl Tally {
    pub(super) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A place in the line in which images enlist. Dropped, it lets the next one pass.
#[derive(Debug)]
pub struct Ticket {
    number: u64,
    line: Arc<Line>,
}

impl Ticket {
    /// Waits until every image that was begun earlier has enlisted or ended.
    async fn turn(&self) {
        let mut next = self.line.next.subscribe();
        // The sender lives as long as the line, which this ticket holds.
        let _ours = next.wait_for(|next| *next >= self.number).await;
    }

    /// Lets the next one pass, for an image that wants nothing more.
    pub(super) fn pass(&self) {
        let mut passed = self.line.passed.lock().unwrap_or_else(PoisonError::into_inner);
        self.line.next.send_modify(|next| {
            if self.number >= *next {
                passed.insert(self.number);
            }
            while passed.remove(next) {
                *next += 1;
            }
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.pass();
    }
}

#[derive(Debug)]
struct Line {
    issued: AtomicU64,
    passed: Mutex<BTreeSet<u64>>,
    next: watch::Sender<u64>,
}

/// One image that wants a digest in a registry.
#[derive(Debug, Clone)]
pub(super) struct Wanting {
    pub at: OpenRepository,
    pub tally: Arc<Tally>,
    /// Lower for images that were begun earlier.
    number: u64,
    /// Set when the manifests of the image are written, or its task has ended without.
    over: Arc<SetOnce<()>>,
}

/// An image's part in the plan. Dropped, nobody waits for its manifests any more.
#[derive(Debug)]
pub(super) struct Enlisted {
    wanting: Wanting,
}

impl Enlisted {
    /// Says that manifests refer to all that the image wanted.
    pub(super) fn over(&self) {
        let _set_before = self.wanting.over.set(());
    }

    pub(super) const fn number(&self) -> u64 {
        self.wanting.number
    }
}

impl Drop for Enlisted {
    fn drop(&mut self) {
        self.over();
    }
}

/// A repository that a digest can be mounted from.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub path: String,
    over: Option<Arc<SetOnce<()>>>,
}

impl Holder {
    /// Waits until a manifest in that repository refers to the digest, or none will.
    pub(super) async fn named(&self) {
        if let Some(over) = &self.over {
            over.wait().await;
        }
    }
}

/// How far a digest is in one registry.
#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Unknown,
    /// It is in the first image's repository.
    Held {
        uploaded: bool,
    },
    Failed(RelayError),
}

#[derive(Debug, Default)]
struct AtHost {
    first: Option<Wanting>,
    state: State,
    /// Repositories whose manifests refer to the digest, as records of earlier runs say.
    recorded: Vec<String>,
    cells: HashMap<String, Arc<OnceCell<()>>>,
}

/// What a run knows of one digest.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Held by whoever reads the digest from upstream.
    pub turn: tokio::sync::Mutex<()>,
    /// Set once the pass over the whole plan, largest first, has dealt with the digest.
    pub settled: SetOnce<()>,
    hosts: Mutex<BTreeMap<String, AtHost>>,
}

impl Entry {
    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, AtHost>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the cell in which the digest gets into one repository once per run.
    pub(super) fn cell(&self, to: &OpenRepository) -> Arc<OnceCell<()>> {
        let mut hosts = self.hosts();
        let at = hosts.entry(to.host().to_owned()).or_default();
        at.cells.entry(to.path.clone()).or_default().clone()
    }

    /// Returns whether records say that the repository holds the digest.
    pub(super) fn recorded_in(&self, to: &OpenRepository) -> bool {
        self.hosts().get(to.host()).is_some_and(|at| at.recorded.contains(&to.path))
    }

    /// Returns the repositories of the registry that the digest can be mounted from, those of records first. Only those
    /// are waited for that were begun before the image with `number`, so that no two images wait for each other.
    pub(super) fn holders(&self, to: &OpenRepository, number: u64) -> Vec<Holder> {
        let hosts = self.hosts();
        let Some(at) = hosts.get(to.host()) else { return vec![] };
        let recorded = at.recorded.iter().map(|path| Holder { path: path.clone(), over: None });
        let first = at.first.as_ref().filter(|_| matches!(at.state, State::Held { .. }));
        let first = first.map(|first| Holder {
            path: first.at.path.clone(),
            over: (first.number < number).then(|| first.over.clone()),
        });
        recorded.chain(first).filter(|holder| holder.path != to.path).collect()
    }

    /// Returns the images whose repositories are to get the digest from upstream: that of the registry `own`, and those
    /// of all other registries that nothing can be mounted in.
    pub(super) fn missing(&self, own: &OpenRepository) -> Vec<Wanting> {
        let hosts = self.hosts();
        let wanted = hosts.iter().filter(|(host, at)| {
            let anew = *host == own.host() || at.recorded.iter().all(|path| Some(path) == at.first_path());
            anew && matches!(at.state, State::Unknown)
        });
        wanted.filter_map(|(_, at)| at.first.clone()).collect()
    }

    /// Returns what became of the digest in a registry: whether it was uploaded, or the last failure, or `None` where
    /// nobody has tried.
    pub(super) fn outcome(&self, host: &str) -> Option<Result<bool, RelayError>> {
        match &self.hosts().get(host)?.state {
            State::Unknown => None,
            State::Held { uploaded } => Some(Ok(*uploaded)),
            State::Failed(error) => Some(Err(error.clone())),
        }
    }

    pub(super) fn held(&self, host: &str, uploaded: bool) {
        self.hosts().entry(host.to_owned()).or_default().state = State::Held { uploaded };
    }

    pub(super) fn failed(&self, host: &str, error: RelayError) {
        self.hosts().entry(host.to_owned()).or_default().state = State::Failed(error);
    }

    /// Returns whether the repository is the one of its registry that gets the digest from upstream.
    pub(super) fn is_first(&self, to: &OpenRepository) -> bool {
        self.hosts().get(to.host()).is_some_and(|at| at.first_path() == Some(&to.path))
    }

    /// Makes the image the first one, where the upload to the first one's repository has failed. Returns whether there
    /// was anything to change.
    pub(super) fn succeed(&self, enlisted: &Enlisted) -> bool {
        let mut hosts = self.hosts();
        let Some(at) = hosts.get_mut(enlisted.wanting.at.host()) else { return false };
        let refused = matches!(&at.state, State::Failed(RelayError::Target(_)));
        if !refused || at.first_path() == Some(&enlisted.wanting.at.path) {
            return false;
        }
        at.first = Some(enlisted.wanting.clone());
        at.state = State::Unknown;
        true
    }

    /// Forgets that a repository holds the digest: the registry says otherwise.
    pub(super) fn forget(&self, host: &str, path: &str) {
        if let Some(at) = self.hosts().get_mut(host) {
            at.recorded.retain(|recorded| recorded != path);
        }
    }
}

impl AtHost {
    fn first_path(&self) -> Option<&String> {
        self.first.as_ref().map(|first| &first.at.path)
    }

    fn want(&mut self, wanting: &Wanting) {
        self.first.get_or_insert_with(|| wanting.clone());
        // What may have been a passing failure is worth another attempt for another image.
        if matches!(&self.state, State::Failed(error) if passing(error.kind())) {
            self.state = State::Unknown;
        }
    }
}

/// Returns whether the same may succeed in a moment.
pub(super) const fn passing(kind: Kind) -> bool {
    matches!(kind, Kind::Unavailable | Kind::RateLimited)
}

/// The plan.
#[derive(Debug)]
pub(super) struct CopyPlan {
    entries: Mutex<HashMap<Digest, Arc<Entry>>>,
    line: Arc<Line>,
}

impl Default for CopyPlan {
    fn default() -> Self {
        let line = Line { issued: AtomicU64::new(0), passed: Mutex::default(), next: watch::Sender::new(0) };
        Self { entries: Mutex::default(), line: Arc::new(line) }
    }
}

impl CopyPlan {
    /// Returns the next place in the line.
    pub(super) fn ticket(&self) -> Ticket {
        let number = self.line.issued.fetch_add(1, Ordering::Relaxed);
        Ticket { number, line: self.line.clone() }
    }

    pub(super) fn entry(&self, digest: &Digest) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.entry(digest.clone()).or_default().clone()
    }

    /// Notes that an image wants digests in a repository, once every image that was begun before it has done so.
    pub(super) async fn enlist<'d>(
        &self,
        ticket: &Ticket,
        digests: impl Iterator<Item = &'d Digest>,
        at: OpenRepository,
        tally: Arc<Tally>,
    ) -> Enlisted {
        ticket.turn().await;
        let wanting = Wanting { at, tally, number: ticket.number, over: Arc::default() };
        for digest in digests {
            let entry = self.entry(digest);
            entry.hosts().entry(wanting.at.host().to_owned()).or_default().want(&wanting);
        }
        ticket.pass();
        Enlisted { wanting }
    }

    /// Notes that a manifest in a repository refers to a digest, as a record says.
    pub(super) fn record(&self, host: &str, path: &str, digest: &Digest) {
        let entry = self.entry(digest);
        let mut hosts = entry.hosts();
        let recorded = &mut hosts.entry(host.to_owned()).or_default().recorded;
        if !recorded.iter().any(|known| known == path) {
            recorded.push(path.to_owned());
        }
    }
}
