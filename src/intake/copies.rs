//! Copying alone: many images to many places by one plan, nothing read on the way.
//!
//! First the manifests of all images are fetched, so that it is known which registries want which blobs; then blobs
//! move, largest first, each read once for all registries; each image's manifests follow as soon as its blobs are
//! there. Every image ends with its own outcome.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt, future, stream};
use tokio::sync::SetOnce;
use tokio_util::sync::CancellationToken;

use super::blobs::{self, Blob, Transfer};
use super::manifests::{self, Node};
use super::{Intake, IntakeError, Job, OpenRepository, ProgressFn, Side, companions};
use crate::model::{Digest, Reference};
use crate::registry::{RawManifest, RegistryError, Written};

/// Images whose manifests are fetched at a time; each registry bounds its own requests.
const FETCHES_AT_ONCE: usize = 32;

/// One image to copy.
#[derive(Clone)]
pub struct Copy {
    pub from: OpenRepository,
    /// Of the manifest or index.
    pub digest: Digest,
    pub to: OpenRepository,
    /// Written last. Without it the image is there by its digest alone.
    pub tag: Option<String>,
    /// Whether to look for the manifests before they are written, and after, instead of trusting the registry's answer.
    pub look: bool,
    /// Whether to bring along what lies beside the image: signatures, attestations, SBOMs.
    pub companions: bool,
    pub progress: ProgressFn,
}

impl fmt::Debug for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}@{} to {:?}", self.from, self.digest, self.to)
    }
}

/// An image that is in its place.
#[derive(Debug, Clone)]
pub struct Copied {
    /// The manifest or index, as it was read.
    pub root: RawManifest,
    /// Bytes of blobs that were uploaded for it.
    pub bytes: u64,
    /// Hosts that served them, sorted.
    pub hosts: Vec<String>,
}

/// What became of one image.
type Outcome = Result<Copied, Arc<IntakeError>>;

/// The copies of one plan, begun by [`Copies::plan`] and carried out by [`Copies::run`].
pub struct Copies<'a> {
    ready: Vec<Option<Ready<'a>>>,
    outcomes: Vec<SetOnce<Outcome>>,
    parallel: usize,
    intake: &'a Intake,
}

impl fmt::Debug for Copies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copies").field("images", &self.outcomes.len()).finish_non_exhaustive()
    }
}

/// An image whose manifests are known and whose blobs are enlisted.
struct Ready<'a> {
    copy: Copy,
    nodes: Vec<Node>,
    blobs: Vec<Blob>,
    transfer: Transfer<'a>,
}

impl<'a> Copies<'a> {
    /// Fetches the manifests of all images and makes the plan. Nothing is written.
    pub async fn plan(intake: &'a Intake, copies: Vec<Copy>) -> Self {
        let outcomes: Vec<SetOnce<Outcome>> = copies.iter().map(|_| SetOnce::new()).collect();
        let asked = copies.into_iter().map(|copy| async move {
            let nodes = fetch(&copy).await;
            (copy, nodes)
        });
        let fetched: Vec<_> = stream::iter(asked).buffered(FETCHES_AT_ONCE).collect().await;
        let mut ready = vec![];
        for ((copy, nodes), outcome) in fetched.into_iter().zip(&outcomes) {
            let enlisted = match nodes {
                Ok(Fetched::There(root)) => Err(Ok(Copied { root: *root, bytes: 0, hosts: vec![] })),
                Ok(Fetched::Nodes(nodes)) => Ready::enlist(intake, copy, nodes).await.map_err(Err),
                Err(error) => Err(Err(error)),
            };
            ready.push(match enlisted {
                Ok(enlisted) => Some(enlisted),
                Err(known) => {
                    tell(outcome, known);
                    None
                }
            });
        }
        Self { ready, outcomes, parallel: intake.parallel_blobs, intake }
    }

    /// Moves everything. Once `stop` is cancelled no other blob is begun, and images whose blobs are not all there end
    /// with [`IntakeError::Stopped`].
    pub async fn run(&self, stop: &CancellationToken) {
        let images = self.ready.iter().zip(&self.outcomes).filter_map(|(ready, outcome)| {
            let ready = ready.as_ref()?;
            Some(async move { tell(outcome, ready.finish(stop).await) })
        });
        future::join(self.move_blobs(stop), future::join_all(images)).await;
    }

    /// Waits for the outcome of one image, by its place among the copies that were planned. It comes while
    /// [`Copies::run`] is polled.
    pub async fn copied(&self, index: usize) -> Result<Copied, Arc<IntakeError>> {
        self.outcomes[index].wait().await.clone()
    }

    /// Brings every digest to the first repository of each registry, largest first.
    async fn move_blobs(&self, stop: &CancellationToken) {
        let mut plan: BTreeMap<_, Vec<(&Ready<'_>, &Blob)>> = BTreeMap::new();
        for ready in self.ready.iter().flatten() {
            for blob in &ready.blobs {
                let (size, digest) = (blob.descriptor.size, &blob.descriptor.digest);
                let wanting = plan.entry((std::cmp::Reverse(size), digest)).or_default();
                if self.intake.plan.entry(digest).is_first(&ready.transfer.to) {
                    wanting.push((ready, blob));
                }
            }
        }
        let moves = plan.into_iter().map(|((_, digest), firsts)| async move {
            if !stop.is_cancelled() {
                // A failure is told by the image, which tries again where another repository may do.
                let _told =
                    future::join_all(firsts.iter().map(|(ready, blob)| ready.transfer.bring(blob))).await;
            }
            let _set_before = self.intake.plan.entry(digest).settled.set(());
        });
        stream::iter(moves).buffer_unordered(self.parallel).collect::<Vec<()>>().await;
    }
}

fn tell(outcome: &SetOnce<Outcome>, known: Result<Copied, IntakeError>) {
    let _told_once = outcome.set(known.map_err(Arc::new));
}

/// What the first look at an image shows.
enum Fetched {
    /// The target holds it already.
    There(Box<RawManifest>),
    Nodes(Vec<Node>),
}

async fn fetch(copy: &Copy) -> Result<Fetched, IntakeError> {
    let reference = Reference::from(&copy.digest);
    if copy.look && means(copy.to.side(), &reference, &copy.digest).await? {
        let root = copy.from.registry.get_manifest(&copy.from.path, &reference).await;
        if let Some(root) = root.map_err(IntakeError::Source)? {
            return Ok(Fetched::There(Box::new(root)));
        }
    }
    Ok(Fetched::Nodes(manifests::fetch(copy.from.side(), &copy.digest).await?))
}

/// Returns whether a repository answers a reference with the manifest of a digest.
async fn means(to: Side<'_>, reference: &Reference, digest: &Digest) -> Result<bool, IntakeError> {
    let held = to.registry.head_manifest(to.path, reference).await.map_err(IntakeError::Target)?;
    Ok(held.is_some_and(|held| held.digest == *digest))
}

impl<'a> Ready<'a> {
    async fn enlist(intake: &'a Intake, copy: Copy, nodes: Vec<Node>) -> Result<Self, IntakeError> {
        let mut blobs = blobs::of(&nodes)?;
        for blob in &mut blobs {
            blob.layer = None;
            if copy.from.host() == copy.to.host() {
                intake.known(copy.from.host(), &copy.from.path, &blob.descriptor.digest);
            }
        }
        let ends = (copy.from.clone(), copy.to.clone());
        let transfer = Transfer::enlist(intake, &intake.ticket(), ends, &blobs, copy.progress.clone()).await;
        Ok(Self { copy, nodes, blobs, transfer })
    }

    /// Brings the blobs and writes the manifests, children first.
    async fn finish(&self, stop: &CancellationToken) -> Result<Copied, IntakeError> {
        let brought = self.blobs.iter().map(|blob| self.settled(blob, stop));
        future::join_all(brought).await.into_iter().collect::<Result<Vec<()>, _>>()?;
        let Some((root, children)) = self.nodes.split_last() else { return Err(IntakeError::Stopped) };
        for child in children {
            self.write(child, &Reference::from(&child.raw.descriptor.digest)).await?;
        }
        if self.copy.companions {
            self.bring_companions().await?;
        }
        let tag = self.copy.tag.as_ref().map(Reference::tag);
        self.write(root, &tag.unwrap_or_else(|| Reference::from(&self.copy.digest))).await?;
        self.transfer.enlisted.over();
        let tally = &self.transfer.tally;
        let mut hosts = vec![];
        hosts.extend(tally.asked_source.load(Ordering::Relaxed).then(|| self.copy.from.host().to_owned()));
        hosts.extend(tally.asked_target.load(Ordering::Relaxed).then(|| self.copy.to.host().to_owned()));
        hosts.sort();
        hosts.dedup();
        Ok(Copied { root: root.raw.clone(), bytes: tally.bytes.load(Ordering::Relaxed), hosts })
    }

    async fn bring_companions(&self) -> Result<(), IntakeError> {
        let Copy { from, digest, to, progress, .. } = self.copy.clone();
        let intake = self.transfer.intake;
        let ticket = intake.ticket();
        ticket.pass();
        let job = Job {
            source: from.registry,
            source_path: from.path,
            digest,
            target: to.registry,
            target_path: to.path,
            ticket,
            platforms: vec![],
            refuse_foreign: false,
            skip_copy: false,
            sbom: None,
            progress,
        };
        let brought = companions::bring(intake, &job, &self.nodes, None).await?;
        self.transfer.tally.add(brought.bytes);
        Ok(())
    }

    /// Brings a blob once the pass over the whole plan has dealt with it.
    async fn settled(&self, blob: &Blob, stop: &CancellationToken) -> Result<(), IntakeError> {
        let entry = self.transfer.intake.plan.entry(&blob.descriptor.digest);
        entry.settled.wait().await;
        if stop.is_cancelled() && entry.outcome(self.copy.to.host()).is_none() {
            return Err(IntakeError::Stopped);
        }
        self.transfer.bring(blob).await.map(|_| ())
    }

    async fn write(&self, node: &Node, reference: &Reference) -> Result<(), IntakeError> {
        let digest = &node.raw.descriptor.digest;
        if self.copy.look && means(self.copy.to.side(), reference, digest).await? {
            return Ok(());
        }
        let written = self.transfer.put_manifest(node, reference).await?;
        if written.digest == *digest
            && (!self.copy.look || means(self.copy.to.side(), reference, digest).await?)
        {
            return Ok(());
        }
        let (host, what) = (self.copy.to.host().to_owned(), reference.to_string());
        Err(IntakeError::NotReadBack { host, what })
    }
}

impl Transfer<'_> {
    /// Writes a manifest. Where the registry does not know one of its blobs any more (collected since it was seen),
    /// the blobs are looked at again and uploaded again, once.
    pub(super) async fn put_manifest(
        &self,
        node: &Node,
        reference: &Reference,
    ) -> Result<Written, IntakeError> {
        let put = || {
            let (media_type, bytes) = (&node.raw.descriptor.media_type, node.raw.bytes.clone());
            self.to.registry.put_manifest(&self.to.path, reference, media_type, bytes)
        };
        match put().await {
            Err(RegistryError::NotFound { .. })
                if node.document.image().is_some() || !node.entries().is_empty() =>
            {
                for blob in blobs::of(std::slice::from_ref(node))? {
                    self.bring_again(&blob).await?;
                }
                put().await.map_err(IntakeError::Target)
            }
            put => put.map_err(IntakeError::Target),
        }
    }
}
