//! The sending side.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    AdvisoriesCarried, CarriedImage, CarryError, CarryIndex, Content, EvidenceCarried, INDEX, OutReport,
    Part, Volume, VolumeReport, VolumeState,
    gather::{Contents, Gatherer, Origin, Sourced},
    index::{INDEX_BYTES_MAX, VOLUMES_MAX},
    seal::seal,
    select::select,
    volumes::{Piece, VOLUME_BYTES_MIN, lay_out},
    write::{Writer, Wrote, hash, read_bounded},
};
use crate::{
    advisory::artifact::Artifact,
    evidence::Document as _,
    git::Repository,
    model::Digest,
    reconcile::{State, World, packed_bundle},
    ui::Event,
};

/// What is carried, and how.
#[derive(Debug, Clone)]
pub struct OutOptions {
    /// Where the volumes are written.
    pub directory: PathBuf,
    /// Consumers whose images are carried; empty means all.
    pub consumers: Vec<String>,
    /// The largest volume in bytes.
    pub volume_bytes: u64,
}

/// Writes what the branch tip clears into volumes. The same set gives the same bytes; an interrupted carry goes on
/// where it was.
///
/// # Errors
/// [`CarryError`]; volumes that are whole stay, and nothing else has its final name.
pub async fn out(world: &World, options: &OutOptions) -> Result<OutReport, CarryError> {
    if options.volume_bytes < VOLUME_BYTES_MIN {
        return Err(CarryError::VolumeSize(options.volume_bytes, VOLUME_BYTES_MIN));
    }
    let state = State::tip(world).await?;
    let signer = world.signer(&state.desired.mirror.signing).await.map_err(CarryError::Signer)?;
    let scratch = scratch()?;
    let mut contents = Contents::default();
    let evidence = evidence(world, &state, scratch.path(), &mut contents).await?;
    let advisories = advisories(world, &state, &mut contents).await?;
    let mut gatherer = Gatherer { world, state: &state, signer: Arc::clone(&signer), contents, scratch };
    let mut images: Vec<CarriedImage> = vec![];
    for selected in select(&state, &options.consumers)? {
        interrupted(world)?;
        images.push(gatherer.image(&selected).await?);
    }
    let sources = &gatherer.contents.list;
    let plan = lay_out(sources.iter().map(|sourced| (&sourced.digest, sourced.size)), options.volume_bytes);
    let mut index = CarryIndex {
        schema: CarryIndex::SCHEMA.to_owned(),
        mirror: state.desired.mirror.name.clone(),
        key: signer.key_digest(),
        evidence,
        advisories,
        images,
        contents: contents_of(sources, &plan),
        volumes: vec![],
    };
    let before = earlier(&options.directory, &index)?;
    let written = write(world, options, &plan, sources, before.as_ref()).await?;
    index.volumes = written.volumes.iter().map(|(volume, _)| volume.clone()).collect();
    let text = index.text();
    let signature = seal(signer.as_ref(), text.as_bytes()).await?;
    written.writer.finish(&text, &signature)?;
    Ok(report(&index, &written.volumes))
}

fn scratch() -> Result<tempfile::TempDir, CarryError> {
    tempfile::tempdir().map_err(|error| CarryError::Task(format!("no temporary folder: {error}")))
}

fn interrupted(world: &World) -> Result<(), CarryError> {
    if world.drain.is_cancelled() { Err(CarryError::Interrupted("carry out")) } else { Ok(()) }
}

/// Bundles the history of the branch.
async fn evidence(
    world: &World,
    state: &State,
    scratch: &Path,
    contents: &mut Contents,
) -> Result<EvidenceCarried, CarryError> {
    let path = scratch.join("evidence.bundle");
    let (commit, branch, file) = (state.tip.clone(), world.branch.clone(), path.clone());
    if world.git(Repository::is_shallow).await? {
        return Err(CarryError::Shallow);
    }
    world.git(move |repository| repository.write_bundle(&commit, &branch, &file)).await?;
    let hashed = hash(&path)?.ok_or_else(|| CarryError::Task("the Git bundle is gone".to_owned()))?;
    let (size, digest) = hashed;
    contents.add(Sourced { digest: digest.clone(), size, origin: Origin::File(path) });
    Ok(EvidenceCarried { branch: world.branch.clone(), commit: state.tip.to_string(), bundle: digest })
}

async fn advisories(
    world: &World,
    state: &State,
    contents: &mut Contents,
) -> Result<Option<AdvisoriesCarried>, CarryError> {
    let Some(lock) = &state.evidence.advisories else { return Ok(None) };
    let Artifact { manifest, blobs } = packed_bundle(world, &state.desired, &lock.digest).await?;
    let (size, digest) = (manifest.len() as u64, Digest::sha256(&manifest));
    let layers = blobs.iter().skip(1).map(|(layer, _)| layer.digest.clone()).collect();
    contents.add(Sourced { digest: digest.clone(), size, origin: Origin::Bytes(manifest) });
    for (blob, bytes) in blobs {
        contents.add(Sourced { digest: blob.digest, size: blob.size, origin: Origin::Bytes(bytes) });
    }
    Ok(Some(AdvisoriesCarried { index: lock.digest.clone(), layers, manifest: digest }))
}

/// Returns the contents with the volumes that their parts are in.
fn contents_of(sources: &[Sourced], plan: &[Vec<Piece>]) -> Vec<Content> {
    let mut parts: BTreeMap<&Digest, Vec<Part>> = BTreeMap::new();
    for (number, pieces) in plan.iter().enumerate() {
        for piece in pieces {
            parts.entry(&piece.digest).or_default().push(Part { volume: number + 1, size: piece.size });
        }
    }
    let content = |sourced: &Sourced| Content {
        digest: sourced.digest.clone(),
        size: sourced.size,
        parts: parts.get(&sourced.digest).cloned().unwrap_or_default(),
    };
    sources.iter().map(content).collect()
}

/// Returns the index that is in the directory already, where it is of the same set.
fn earlier(directory: &Path, index: &CarryIndex) -> Result<Option<CarryIndex>, CarryError> {
    let path = directory.join(INDEX);
    let Some(bytes) = read_bounded(&path, INDEX_BYTES_MAX)? else { return Ok(None) };
    let broken = |reason| CarryError::Index { path: path.display().to_string(), reason };
    let before = CarryIndex::read(&bytes).map_err(broken)?;
    if before.unwritten() == *index {
        return Ok(Some(before));
    }
    let (directory, commit) = (directory.display().to_string(), before.evidence.commit);
    Err(CarryError::Occupied { directory, commit })
}

struct Written {
    writer: Writer,
    volumes: Vec<(Volume, Wrote)>,
}

async fn write(
    world: &World,
    options: &OutOptions,
    plan: &[Vec<Piece>],
    sources: &[Sourced],
    before: Option<&CarryIndex>,
) -> Result<Written, CarryError> {
    if plan.len() > VOLUMES_MAX {
        return Err(CarryError::VolumeSize(options.volume_bytes, options.volume_bytes.saturating_mul(2)));
    }
    let by_digest: BTreeMap<Digest, Sourced> =
        sources.iter().map(|sourced| (sourced.digest.clone(), sourced.clone())).collect();
    let mut writer = Writer::open(&options.directory, before)?;
    let mut volumes = vec![];
    world.progress.tell(Event::Planned { images: plan.len() }).await;
    for (number, pieces) in plan.iter().enumerate() {
        interrupted(world)?;
        let name: Arc<str> = super::volumes::volume_name(number + 1).into();
        world.progress.tell(Event::Started { image: Arc::clone(&name) }).await;
        let started = std::time::Instant::now();
        let (volume, wrote) = writer.volume(number + 1, pieces, &by_digest).await?;
        let outcome = match wrote {
            Wrote::Anew => "written".to_owned(),
            Wrote::Reused => "was there".to_owned(),
        };
        let seconds = started.elapsed().as_secs();
        world.progress.tell(Event::Finished { image: name, outcome, seconds }).await;
        volumes.push((volume, wrote));
    }
    Ok(Written { writer, volumes })
}

fn report(index: &CarryIndex, volumes: &[(Volume, Wrote)]) -> OutReport {
    let volume = |(volume, wrote): &(Volume, Wrote)| VolumeReport {
        name: volume.name.clone(),
        expected: volume.digest.clone(),
        found: None,
        state: match wrote {
            Wrote::Anew => VolumeState::Written,
            Wrote::Reused => VolumeState::Reused,
        },
    };
    let mut unpromoted: Vec<String> = vec![];
    for image in &index.images {
        let waiting = image.promotions.iter().filter(|promotion| !promotion.promoted);
        unpromoted.extend(waiting.map(|promotion| format!("{}:{}", promotion.from, promotion.tag)));
    }
    OutReport {
        schema: "fondaco/carry-out/v1alpha1",
        commit: index.evidence.commit.clone(),
        images: index.images.len(),
        contents: index.contents.len(),
        bytes: index.contents.iter().map(|content| content.size).sum(),
        unpromoted,
        volumes: volumes.iter().map(volume).collect(),
    }
}
