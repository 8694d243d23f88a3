//! The receiving side, in the order that keeps evidence before availability: check, import into quarantine, push the
//! sender's history and the records, tag, push the receipts.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    AdvisoriesCarried, CarriedImage, CarryError, InReport, VolumeState,
    import::Filling,
    medium::{Medium, PublicKey},
    records::{Moved, amend},
    seal::KEY_BYTES_MAX,
    tag::Tagging,
    write::read_bounded,
};
use crate::{
    advisory::{
        INDEX_BYTES_MAX, Store,
        artifact::{self, Artifact},
    },
    evidence::{self, Certainty, Evidence, Hop, HopKind},
    git::{CommitId, Push},
    manifest::Desired,
    model::{Descriptor, MANIFEST_BYTES_MAX, Reference, Repository},
    reconcile::{self, PUSHES_MAX, RunError, State, World, commit_and_push},
    render,
    ui::Event,
};

/// The branches that hold the history of sending sides: `carried/<mirror>`.
const CARRIED: &str = "carried";

/// The largest compressed shard of an advisory bundle; it is held in memory.
const LAYER_BYTES_MAX: u64 = 1 << 30;

/// From where and to where is imported.
#[derive(Debug, Clone)]
pub struct InOptions {
    pub directory: PathBuf,
    /// Below which quarantine and consumers lie, instead of where the manifests say.
    pub to: Option<Repository>,
    /// Public key file in PEM; without it, the one beside the mirror's signing key.
    pub key: Option<PathBuf>,
}

/// Where images go.
#[derive(Debug)]
pub(super) struct Destination {
    quarantine: Repository,
    to: Option<Repository>,
}

impl Destination {
    fn new(desired: &Desired, to: Option<&Repository>) -> Self {
        let quarantine = to.map_or_else(|| desired.mirror.quarantine.clone(), |to| to.join("quarantine"));
        Self { quarantine, to: to.cloned() }
    }

    pub(super) fn quarantine_of(&self, source: &Repository) -> Repository {
        self.quarantine.join(&format!("{}/{}", source.host_segment(), source.path))
    }

    /// Returns the repository for a consumer; `None` where no consumer of that name is defined here.
    pub(super) fn distribution(
        &self,
        desired: &Desired,
        consumer: &str,
        source: &Repository,
    ) -> Option<Repository> {
        if let Some(to) = &self.to {
            return Some(to.join(&format!("{consumer}/{}", source.path_without_library())));
        }
        let mut defined = desired.consumers.iter().filter(|defined| defined.name == consumer);
        defined.next().map(|defined| defined.distribution(source))
    }
}

/// Imports what the volumes in a directory hold. Importing again changes nothing.
///
/// # Errors
/// [`CarryError`] where nothing can be believed or the history does not fit; what is wrong with single volumes and
/// images is in the report. What has been imported stays, and nothing is tagged that is not complete.
pub async fn receive(world: &World, options: &InOptions) -> Result<InReport, CarryError> {
    let state = State::tip(world).await?;
    let key = public_key(world, &state, options.key.as_deref())?;
    let (directory, own) = (options.directory.clone(), key.clone());
    let opened = tokio::task::spawn_blocking(move || Medium::open(&directory, &own)).await;
    let medium = opened.map_err(|error| CarryError::Task(error.to_string()))??;
    let destination = Destination::new(&state.desired, options.to.as_ref());
    let mut receiving = Receiving { world, medium: &medium, destination, key, report: first_report(&medium) };
    receiving.run(state).await?;
    Ok(receiving.report)
}

fn first_report(medium: &Medium) -> InReport {
    InReport {
        schema: "fondaco/carry-in/v1alpha1",
        carried: medium.index.evidence.commit.clone(),
        images: medium.index.images.len(),
        volumes: medium.volumes.clone(),
        ..InReport::default()
    }
}

/// Reads the key that vouches for what comes in: named, or beside the signing key that the manifests name.
fn public_key(world: &World, state: &State, named: Option<&Path>) -> Result<PublicKey, CarryError> {
    let own = || world.repository.root().join(state.desired.mirror.signing.public_path());
    let path = named.map_or_else(own, Path::to_owned);
    let shown = path.display().to_string();
    let read = read_bounded(&path, KEY_BYTES_MAX)?;
    let bytes =
        read.ok_or_else(|| CarryError::Key { path: shown.clone(), reason: "it does not exist".into() })?;
    let pem = String::from_utf8(bytes);
    let pem = pem.map_err(|_| CarryError::Key { path: shown.clone(), reason: "it is not PEM".into() })?;
    Ok(PublicKey { path: shown, pem })
}

struct Receiving<'a> {
    world: &'a World,
    medium: &'a Medium,
    destination: Destination,
    key: PublicKey,
    report: InReport,
}

impl<'a> Receiving<'a> {
    async fn run(&mut self, state: State) -> Result<(), CarryError> {
        let medium: &'a Medium = self.medium;
        // Where the history does not fit nothing else is done: its verdicts would be of another world.
        let carried = self.history().await?;
        let mut complete: Vec<&'a CarriedImage> = vec![];
        let mut moved = vec![];
        for image in &medium.index.images {
            self.interrupted()?;
            match self.import(&state, image).await {
                Ok(Some(hop)) if carried.is_some() => {
                    complete.push(image);
                    moved.push(hop);
                }
                Ok(Some(_)) => {}
                Ok(None) => self.report.incomplete.push(format!("{}@{}", image.source, image.digest)),
                Err(error) => {
                    self.report.failures.push(format!("{}@{}: {error}", image.source, image.digest));
                }
            }
        }
        self.advisories(&state).await?;
        let Some((commit, carried)) = carried else { return Ok(()) };
        for hop in &mut moved {
            hop.hop.cleared_by = Some(commit.to_string());
        }
        let state = self.record(&carried, &complete, &moved, false).await?;
        let receipts = self.tags(&state, &complete).await?;
        self.record(&carried, &complete, &receipts, true).await?;
        Ok(())
    }

    fn interrupted(&self) -> Result<(), CarryError> {
        if self.world.drain.is_cancelled() { Err(CarryError::Interrupted("carry in")) } else { Ok(()) }
    }

    /// Brings the sender's history into its branch at the remote and reads the evidence of its tip. `None` where its
    /// volume is not there.
    async fn history(&mut self) -> Result<Option<(CommitId, Evidence)>, CarryError> {
        let carried = &self.medium.index.evidence;
        if !self.medium.has(&carried.bundle) {
            return Ok(None);
        }
        let scratch = tempfile::tempdir().map_err(|error| CarryError::Task(error.to_string()))?;
        let path = scratch.path().join("evidence.bundle");
        self.spill(&carried.bundle, &path).await?;
        let branch = carried.branch.clone();
        let found = self.world.git(move |repository| repository.read_bundle(&path, &branch)).await?;
        if found.to_string() != carried.commit {
            let (expected, found) = (carried.commit.clone(), found.to_string());
            return Err(CarryError::History { expected, found });
        }
        self.forward(&found).await?;
        let commit = found.clone();
        let files = self.world.git(move |repository| repository.read(&commit, &evidence::is_record)).await?;
        Ok(Some((found, evidence::load(&files)?)))
    }

    /// Moves `carried/<mirror>` at the remote to a commit, as a fast-forward or not at all.
    async fn forward(&mut self, commit: &CommitId) -> Result<(), CarryError> {
        let (remote, branch) = (self.world.remote.clone(), format!("{CARRIED}/{}", self.medium.index.mirror));
        let target = commit.clone();
        let (at, name) = (remote.clone(), branch.clone());
        let moved = self.world.git(move |repository| {
            let Some(tip) = repository.fetch(&at, &name)? else {
                repository.publish(&at, &name, &target)?;
                return Ok::<_, RunError>(Ok(true));
            };
            if tip == target {
                return Ok(Ok(false));
            }
            if !repository.is_ancestor(&tip, &target)? {
                return Ok(Err(tip));
            }
            match repository.push(&at, &name, &target, &tip)? {
                Push::Done => Ok(Ok(true)),
                Push::Lost => Err(RunError::PushLost(1)),
            }
        });
        match moved.await? {
            Ok(pushed) => {
                self.report.commits.extend(pushed.then(|| commit.to_string()));
                Ok(())
            }
            Err(tip) => {
                let (tip, commit) = (tip.to_string(), commit.to_string());
                Err(CarryError::NotForward { remote, branch, tip, commit })
            }
        }
    }

    async fn spill(&self, digest: &crate::model::Digest, path: &Path) -> Result<(), CarryError> {
        use futures_util::StreamExt as _;
        use tokio::io::AsyncWriteExt as _;
        let failed = CarryError::file(path);
        let mut file = tokio::fs::File::create(path).await.map_err(&failed)?;
        let (mut stream, ..) = self.medium.open_content(digest)?;
        while let Some(frame) = stream.next().await {
            file.write_all(&frame?).await.map_err(&failed)?;
        }
        file.flush().await.map_err(&failed)
    }

    /// Imports an image into quarantine. `None` where contents are missing; then its blobs are imported and nothing
    /// names them.
    async fn import(&mut self, state: &State, image: &CarriedImage) -> Result<Option<Moved>, CarryError> {
        let place = self.destination.quarantine_of(&image.source);
        let name: Arc<str> = format!("{}@{}", image.source, image.digest.short()).into();
        self.world.progress.tell(Event::Started { image: Arc::clone(&name) }).await;
        let started = std::time::Instant::now();
        let registry = self.world.registries.get(&state.desired, &place.host)?;
        let mut filling =
            Filling { medium: self.medium, registry, repository: place, quarantine: None, bytes: 0 };
        let done = fill(&mut filling, image).await;
        self.report.bytes += filling.bytes;
        let outcome = match &done {
            Ok(true) => "imported".to_owned(),
            Ok(false) => "waits for volumes".to_owned(),
            Err(error) => format!("failed: {error}"),
        };
        let seconds = started.elapsed().as_secs();
        self.world.progress.tell(Event::Finished { image: name, outcome, seconds }).await;
        Ok(done?.then(|| self.moved(image, &filling)))
    }

    fn moved(&self, image: &CarriedImage, filling: &Filling<'_>) -> Moved {
        let certainty = if filling.bytes > 0 { Certainty::Performed } else { Certainty::Observed };
        let hop = Hop {
            kind: HopKind::Carry,
            from: image.from.clone(),
            to: filling.repository.clone(),
            tag: None,
            consumer: None,
            hosts: vec![filling.repository.host.clone()],
            volumes: self.medium.volumes_of(image.everything().into_iter()),
            at: self.world.now(),
            bytes: filling.bytes,
            actor: self.world.actor.clone(),
            tool: self.world.tool.clone(),
            certainty,
            cleared_by: None,
            vouched: vec![],
        };
        Moved { source: image.source.clone(), digest: image.digest.clone(), hop }
    }

    /// Puts the advisory bundle into the local store and beside the quarantined images.
    async fn advisories(&mut self, state: &State) -> Result<(), CarryError> {
        let carried = self.medium.index.advisories.clone();
        let Some(carried) = carried.filter(|carried| self.medium.has(&carried.manifest)) else {
            return Ok(());
        };
        let place = self.destination.quarantine.join("advisories");
        let registry = self.world.registries.get(&state.desired, &place.host)?;
        let store = Store::new(&self.world.bundles);
        let keep = Reference::tag(carried.index.keep_tag());
        let pushed = registry.head_manifest(&place.path, &keep).await?.is_some();
        let whole = store.index(&carried.index).is_ok_and(|index| artifact::is_whole(&store, &index));
        if pushed && whole {
            return Ok(());
        }
        let artifact = self.bundle(&carried).await?;
        let kept = artifact::keep(&store, &carried.index, &artifact);
        kept.map_err(|error| CarryError::Task(error.to_string()))?;
        if !pushed {
            self.report.bytes += artifact.blobs.iter().map(|(blob, _)| blob.size).sum::<u64>();
            reconcile::push_bundle(registry.as_ref(), &place.path, &carried.index, &artifact).await?;
        }
        Ok(())
    }

    /// Reads the advisory bundle from the medium.
    async fn bundle(&self, carried: &AdvisoriesCarried) -> Result<Artifact, CarryError> {
        let manifest = self.medium.read(&carried.manifest, MANIFEST_BYTES_MAX).await?;
        let index = self.medium.read(&carried.index, INDEX_BYTES_MAX).await?;
        let mut blobs = vec![(Descriptor::of(artifact::ARTIFACT_TYPE, &index), index)];
        for layer in &carried.layers {
            let bytes = self.medium.read(layer, LAYER_BYTES_MAX).await?;
            blobs.push((Descriptor::of(artifact::SHARD_TYPE, &bytes), bytes));
        }
        Ok(Artifact { manifest, blobs })
    }

    /// Commits and pushes records on the newest tip until the push is through, and returns the tip that holds them.
    async fn record(
        &mut self,
        carried: &Evidence,
        complete: &[&CarriedImage],
        moved: &[Moved],
        pages: bool,
    ) -> Result<State, CarryError> {
        for _ in 0..PUSHES_MAX {
            let state = State::tip(self.world).await?;
            let amended = amend(&state.evidence, carried, complete, &self.medium.index, moved);
            let mut files = evidence::files(&amended.evidence);
            files.extend(evidence::append(&state.files, &amended.events));
            if pages {
                files.extend(render::pages(&amended.evidence, &state.desired).map_err(RunError::from)?);
            } else {
                // Pages follow with the receipts; until then the old ones stand.
                let old = state.files.iter().filter(|(path, _)| evidence::is_page(path));
                files.extend(old.map(|(path, bytes)| (path.clone(), bytes.clone())));
            }
            let changes: BTreeMap<_, _> = evidence::changes(&state.files, &files);
            let message = self.message(&state, complete.len(), pages);
            if let Some(tip) = commit_and_push(self.world, &state, changes, message).await? {
                self.report.commits.extend((tip != state.tip).then(|| tip.to_string()));
                return Ok(State { tip, evidence: amended.evidence, ..state });
            }
        }
        Err(RunError::PushLost(PUSHES_MAX).into())
    }

    fn message(&self, state: &State, images: usize, pages: bool) -> String {
        let what = if pages { "Record the tags and render the pages" } else { "Record what was carried in" };
        let (from, commit) = (&self.medium.index.mirror, &self.medium.index.evidence.commit);
        let mirror = &state.desired.mirror.name;
        format!(
            "{what}\n\n{images} images of {from}.\n\nFondaco-Carried-Commit: {commit}\nFondaco-Mirror: {mirror}\n"
        )
    }

    async fn tags(&mut self, state: &State, complete: &[&CarriedImage]) -> Result<Vec<Moved>, CarryError> {
        let (world, medium, key) = (self.world, self.medium, &self.key);
        let tagging = Tagging { world, medium, destination: &self.destination, key, state };
        let mut receipts = vec![];
        for image in complete {
            let companions = image.promotions.iter().map(|promotion| {
                let mut missing = promotion.companions.iter().flat_map(super::CarriedCompanion::contents);
                (promotion, missing.all(|digest| medium.has(digest)))
            });
            for (promotion, whole) in companions.collect::<Vec<_>>() {
                if self.world.drain.is_cancelled() {
                    return Ok(receipts);
                }
                if !whole {
                    self.report.incomplete.push(format!("{}@{}", image.source, image.digest));
                    continue;
                }
                let done = tagging.promote(image, promotion).await;
                self.report.bytes += done.bytes;
                receipts.extend(done.moved);
                self.report.tags.push(done.tag);
            }
        }
        Ok(receipts)
    }
}

/// Fills quarantine with one image. Returns whether it is whole there.
async fn fill(filling: &mut Filling<'_>, image: &CarriedImage) -> Result<bool, CarryError> {
    let missing = filling.missing(image).await?;
    filling.blobs(&image.blobs).await?;
    if !missing.is_empty() {
        return Ok(false);
    }
    filling.manifests(&image.manifests, Some(&image.digest.keep_tag())).await?;
    Ok(true)
}

impl InReport {
    /// Returns whether volumes have to come before everything is imported.
    pub fn waits(&self) -> bool {
        self.in_state(VolumeState::Missing).next().is_some()
    }
}
