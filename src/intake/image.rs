//! One image, from its manifest to the tag that keeps it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::blobs::{Blob, Transfer};
use super::companions::{self, Brought};
use super::manifests::{self, Node};
use super::platforms::{Catalogued, Lists, catalogue, lists, shown};
use super::{Intake, IntakeError, Job, OpenRepository, TakenIn, blobs, rootfs, sbom, subset};
use crate::evidence::{ContentsRecord, Document as _, Subject, Unread};
use crate::model::{Descriptor, Digest, Reference};

/// Takes one image in: its blobs, then its manifests, children first, then the tag that keeps garbage collection
/// away; and reads back what was written. Nothing is named in the target before every layer has been catalogued and
/// found to be what its configuration promises.
///
/// # Errors
/// [`IntakeError`], of this image alone. What has been copied stays and is found by the next attempt.
pub async fn take_in(intake: &Intake, job: &Job) -> Result<TakenIn, IntakeError> {
    let from = OpenRepository { registry: job.source.clone(), path: job.source_path.clone() };
    let to = OpenRepository { registry: job.target.clone(), path: job.target_path.clone() };
    let (nodes, subset) = if job.skip_copy {
        job.ticket.pass();
        (manifests::fetch(to.side(), &job.digest).await.map_err(as_target)?, None)
    } else {
        manifests::fetch_chosen(from.side(), &job.digest, &job.platforms).await?
    };
    let blobs = blobs::of(&nodes)?;
    if job.refuse_foreign {
        blobs::none_foreign(&nodes)?;
    }
    let wanted = if job.skip_copy { &[] } else { &blobs[..] };
    let progress = job.progress.clone();
    let transfer = Transfer::enlist(intake, &job.ticket, (from, to), wanted, progress).await;
    transfer.tally.asked_source.store(!job.skip_copy, Ordering::Relaxed);
    let written = if job.skip_copy { vec![] } else { bring(&transfer, &blobs).await? };
    let catalogued = catalogue_all(&transfer, &nodes).await?;
    if subset.is_some() {
        let platforms = catalogued.iter().map(|one| &one.platform);
        subset::check(&job.digest, &job.platforms, platforms)?;
    }
    let unread = hidden(&transfer, &nodes, &catalogued).await?;
    if !job.skip_copy {
        by_digest(&transfer, &nodes).await?;
        transfer.enlisted.over();
    }
    let brought = companions::bring(intake, job, &nodes, subset.as_ref()).await?;
    let sboms = match &job.sbom {
        Some(order) => sbom::keep(&transfer, order, &catalogued, &nodes).await?,
        None => BTreeMap::new(),
    };
    if !job.skip_copy {
        name(&transfer, &nodes).await?;
        read_back(&transfer, &written).await?;
    }
    let taken = taken_in(&transfer, job, &nodes, lists(catalogued, unread, sboms), brought);
    Ok(TakenIn { subset, ..taken })
}

/// Catalogues every manifest that is an image with a root file system.
async fn catalogue_all(transfer: &Transfer<'_>, nodes: &[Node]) -> Result<Vec<Catalogued>, IntakeError> {
    let images = nodes.iter().filter_map(|node| Some((node, node.image()?)));
    let work: Vec<_> = images.map(|(node, image)| catalogue(transfer, node, image)).collect();
    let work = stream::iter(work).buffered(transfer.intake.parallel_blobs);
    let catalogued: Vec<Option<Catalogued>> = work.try_collect().await?;
    Ok(catalogued.into_iter().flatten().collect())
}

/// Returns the manifests that may hold a root file system and were not catalogued.
async fn hidden(
    transfer: &Transfer<'_>,
    nodes: &[Node],
    catalogued: &[Catalogued],
) -> Result<Vec<Unread>, IntakeError> {
    let mut unread = vec![];
    for node in nodes {
        let digest = &node.raw.descriptor.digest;
        unread.extend(node.entries().iter().map(|entry| Unread {
            what: format!("entry `{}` of an index", entry.digest),
            reason: format!("`{}` is no manifest", shown(&entry.media_type)),
        }));
        let Some(image) = node.document.image() else { continue };
        if catalogued.iter().any(|one| one.manifest.digest == *digest) {
            continue;
        }
        if let Some(reason) = rootfs::hidden(transfer.target(), image).await? {
            unread.push(Unread { what: format!("manifest `{digest}`"), reason });
        }
    }
    Ok(unread)
}

/// Says that an error of [`manifests::fetch`] is the target's.
fn as_target(error: IntakeError) -> IntakeError {
    match error {
        IntakeError::Source(error) => IntakeError::Target(error),
        other => other,
    }
}

/// Brings every blob and returns those that were written. After a failure nothing else is begun, but what is in flight
/// ends by itself: an upload that is dropped leaves its session open at the registry.
async fn bring<'b>(transfer: &Transfer<'_>, blobs: &'b [Blob]) -> Result<Vec<&'b Blob>, IntakeError> {
    let failed = AtomicBool::new(false);
    let one = async |blob| {
        if failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let brought = transfer.bring(blob).await;
        failed.fetch_or(brought.is_err(), Ordering::Relaxed);
        brought.map(|wrote| wrote.then_some(blob))
    };
    let work: Vec<_> = blobs.iter().map(one).collect();
    let work = stream::iter(work).buffer_unordered(transfer.intake.parallel_blobs);
    let done: Vec<Result<Option<&Blob>, IntakeError>> = work.collect().await;
    let written: Vec<Option<&Blob>> = done.into_iter().collect::<Result<_, _>>()?;
    Ok(written.into_iter().flatten().collect())
}

/// Writes the manifests that are not there.
async fn by_digest(transfer: &Transfer<'_>, nodes: &[Node]) -> Result<(), IntakeError> {
    for node in nodes {
        write(transfer, node, &Reference::from(&node.raw.descriptor.digest)).await?;
    }
    Ok(())
}

/// Writes the tag that keeps the image.
async fn name(transfer: &Transfer<'_>, nodes: &[Node]) -> Result<(), IntakeError> {
    match nodes.last() {
        Some(root) => write(transfer, root, &Reference::tag(root.raw.descriptor.digest.keep_tag())).await,
        None => Ok(()),
    }
}

async fn write(transfer: &Transfer<'_>, node: &Node, reference: &Reference) -> Result<(), IntakeError> {
    if means(transfer, node, reference).await? {
        return Ok(());
    }
    let digest = &node.raw.descriptor.digest;
    let written = transfer.put_manifest(node, reference).await?;
    transfer.tally.add(node.raw.bytes.len() as u64);
    // A registry that confirms nothing answers by the read below.
    let held = held(transfer, reference).await?;
    match held {
        Some(held) if written.digest == *digest && held == *digest => Ok(()),
        Some(found) if found != *digest && found == found.same_algorithm_of(&node.raw.bytes) => {
            let host = transfer.target().registry.host().to_owned();
            Err(IntakeError::AnotherDigest { host, tag: reference.to_string(), found })
        }
        _ => Err(not_read_back(transfer, reference)),
    }
}

/// Returns the digest of the manifest that the target answers `reference` with.
async fn held(transfer: &Transfer<'_>, reference: &Reference) -> Result<Option<Digest>, IntakeError> {
    let to = transfer.target();
    let held = to.registry.head_manifest(to.path, reference).await.map_err(IntakeError::Target)?;
    Ok(held.map(|held| held.digest))
}

/// Returns whether the target answers `reference` with this manifest.
async fn means(transfer: &Transfer<'_>, node: &Node, reference: &Reference) -> Result<bool, IntakeError> {
    Ok(held(transfer, reference).await?.as_ref() == Some(&node.raw.descriptor.digest))
}

async fn read_back(transfer: &Transfer<'_>, written: &[&Blob]) -> Result<(), IntakeError> {
    let one = async |blob: &Blob| {
        let there = transfer.present(&blob.descriptor).await?;
        if there { Ok(()) } else { Err(not_read_back(transfer, &Reference::from(&blob.descriptor.digest))) }
    };
    let work: Vec<_> = written.iter().map(|blob| one(blob)).collect();
    stream::iter(work).buffer_unordered(transfer.intake.parallel_blobs).try_collect().await
}

fn not_read_back(transfer: &Transfer<'_>, reference: &Reference) -> IntakeError {
    IntakeError::NotReadBack {
        host: transfer.target().registry.host().to_owned(),
        what: reference.to_string(),
    }
}

fn taken_in(transfer: &Transfer<'_>, job: &Job, nodes: &[Node], lists: Lists, brought: Brought) -> TakenIn {
    let mut hosts = vec![];
    if transfer.tally.asked_source.load(Ordering::Relaxed) {
        hosts.push(job.source.host().to_owned());
    }
    if transfer.tally.asked_target.load(Ordering::Relaxed) {
        hosts.push(job.target.host().to_owned());
    }
    hosts.sort();
    hosts.dedup();
    let missing = || Descriptor::new("", job.digest.clone(), 0);
    let root = nodes.last().map_or_else(missing, |root| root.raw.descriptor.clone());
    let subject = Subject {
        digest: root.digest,
        media_type: root.media_type,
        size: root.size,
        platforms: lists.platforms,
        total_size: total_size(nodes),
        not_catalogued: lists.gaps.clone(),
        unread: lists.unread,
    };
    let bytes_moved = transfer.tally.bytes.load(Ordering::Relaxed) + brought.bytes;
    let (packages, gaps, companions) = (lists.packages, lists.gaps, brought.companions);
    let contents = ContentsRecord {
        schema: ContentsRecord::SCHEMA.to_owned(),
        subject: subject.digest.clone(),
        platforms: lists.contents,
    };
    TakenIn { subject, subset: None, packages, contents, gaps, companions, bytes_moved, hosts }
}

/// Returns the bytes of all distinct manifests and blobs, foreign layers included.
fn total_size(nodes: &[Node]) -> u64 {
    let mut sizes = BTreeMap::new();
    for node in nodes {
        sizes.insert(&node.raw.descriptor.digest, node.raw.descriptor.size);
        sizes.extend(node.entries().iter().map(|blob| (&blob.digest, blob.size)));
        if let Some(image) = node.document.image() {
            sizes.extend(image.layers.iter().chain([&image.config]).map(|blob| (&blob.digest, blob.size)));
        }
    }
    sizes.values().fold(0, |sum, size| sum.saturating_add(*size))
}
