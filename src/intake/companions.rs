//! What belongs to an image and is not in it: signatures, attestations and SBOMs, found beside it and brought along.
//!
//! Looked for at the index and at each of its manifests, and at what is found there, because an SBOM is signed too:
//! referrers by the registry's list and by the tag `sha256-<hex>`, cosign's tags `sha256-<hex>.{sig,att,sbom}`. A
//! registry's error while looking is never "none": the image fails. What a companion says is not read here; whether
//! it may follow the image into distributions is, because a companion must not carry a root file system past the gate.
//!
//! Costs for each manifest one list and four HEADs: a HEAD of a tag costs the same however many tags there are, and is
//! no pull to any registry; a list of all tags is cheaper only in repositories of a few images.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;

use super::manifests::{self, Node};
use super::{Intake, IntakeError, Job, Side, relay, rootfs};
use crate::evidence::{Companion, FoundAt, SubsetRecord};
use crate::model::foreign::cut;
use crate::model::{Descriptor, Digest, Document, Kind, Reference, media_type};
use crate::registry::{RawManifest, RegistryError, fallback_tag};

/// How far from the image companions are looked for: the signature of the SBOM of a platform is two away.
const DEPTH_MAX: usize = 4;

/// The most companions of one manifest. Images that are attested every night gather some hundred; who verifies a
/// signature looks at 256 referrers, and ours has to be among them.
const PER_SUBJECT_MAX: usize = 200;

/// The most companions of one image with everything below it.
const TOTAL_MAX: usize = 4096;

/// The most bytes of them together: SBOMs of large images have some ten MB, and ten platforms have one each.
const TOTAL_BYTES_MAX: u64 = 4 << 30;

/// Manifests in work at a time; the registry layer has its own bound for each host.
const PARALLEL: usize = 4;

/// The ends of cosign's tags (cosign `specs/SIGNATURE_SPEC.md`; older releases stored SBOMs under the last).
const COSIGN: [&str; 3] = ["sig", "att", "sbom"];

/// The most signatures under one tag of cosign's: readers look at 64, and ours is added to them.
const SIGNATURES_MAX: usize = 63;

/// Said of a ring: what is named as a companion is what it belongs to.
const REPEATED: &str = "it is the image itself, or a companion nearer to it";

/// The longest media type that is recorded; registered ones stay below (RFC 6838, section 4.2).
const MEDIA_TYPE_CHARS_MAX: usize = 255;

/// What was found and brought.
#[derive(Debug, Default)]
pub(super) struct Brought {
    /// Each after what it speaks of.
    pub companions: Vec<Companion>,
    /// Bytes that were uploaded.
    pub bytes: u64,
}

/// Looks for everything that belongs to the manifests of an image, and brings it into the target. Where the job copies
/// nothing, the target is looked at and only told of.
///
/// Of a `subset` upstream's index is looked at instead of the new one, which upstream does not know; what speaks of it
/// stays in quarantine.
pub(super) async fn bring(
    intake: &Intake,
    job: &Job,
    image: &[Node],
    subset: Option<&SubsetRecord>,
) -> Result<Brought, IntakeError> {
    let mut known: BTreeSet<Digest> = image.iter().map(|node| node.raw.descriptor.digest.clone()).collect();
    let mut withheld = BTreeSet::new();
    if let (Some(subset), Some(root)) = (subset, image.last())
        && subset.upstream != root.raw.descriptor.digest
    {
        known.remove(&root.raw.descriptor.digest);
        known.insert(subset.upstream.clone());
        withheld.insert(subset.upstream.clone());
    }
    let mut subjects: Vec<Digest> = known.iter().cloned().collect();
    let mut search = Search { intake, job, known, withheld, size: 0, brought: Brought::default() };
    for _ in 0..DEPTH_MAX {
        let seen = search.look_at(&subjects).await?;
        subjects = search.take(seen).await?;
        if subjects.is_empty() {
            return Ok(search.brought);
        }
    }
    match search.look_at(&subjects).await?.first() {
        None => Ok(search.brought),
        Some(deeper) => {
            Err(flood(&deeper.subject, format!("companions refer to each other more than {DEPTH_MAX} deep")))
        }
    }
}

fn flood(subject: &Digest, detail: String) -> IntakeError {
    IntakeError::Manifest { digest: subject.clone(), detail }
}

/// A companion as it was listed, before it is fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sighting {
    subject: Digest,
    found: FoundAt,
    tag: Option<String>,
    digest: Digest,
    listed: Descriptor,
}

struct Search<'a> {
    intake: &'a Intake,
    job: &'a Job,
    /// The image's manifests, and the companions that have been found.
    known: BTreeSet<Digest>,
    /// Companions that stay in quarantine.
    withheld: BTreeSet<Digest>,
    size: u64,
    brought: Brought,
}

impl<'a> Search<'a> {
    fn source(&self) -> Side<'a> {
        if self.job.skip_copy {
            return self.target();
        }
        Side { registry: &*self.job.source, path: &self.job.source_path }
    }

    fn target(&self) -> Side<'a> {
        Side { registry: &*self.job.target, path: &self.job.target_path }
    }

    /// Returns what is beside these manifests, sorted.
    async fn look_at(&self, subjects: &[Digest]) -> Result<Vec<Sighting>, IntakeError> {
        let side = self.source();
        let undeterminable = |subject: &Digest| {
            let subject = subject.clone();
            move |error| IntakeError::Companions { subject, error: Box::new(error) }
        };
        let looks: Vec<_> = subjects
            .iter()
            .map(|subject| async { look(side, subject).await.map_err(undeterminable(subject)) })
            .collect();
        let seen: Vec<Vec<Sighting>> = stream::iter(looks).buffered(PARALLEL).try_collect().await?;
        let total = self.brought.companions.len() + seen.iter().map(Vec::len).sum::<usize>();
        if let Some(many) = seen.iter().find(|seen| seen.len() > PER_SUBJECT_MAX) {
            return Err(flood(
                &many[0].subject,
                format!("has {} companions, more than {PER_SUBJECT_MAX}", many.len()),
            ));
        }
        let mut seen: Vec<Sighting> = seen.into_iter().flatten().collect();
        if total > TOTAL_MAX {
            return Err(flood(
                &self.job.digest,
                format!("has {total} companions in all, more than {TOTAL_MAX}"),
            ));
        }
        seen.sort();
        Ok(seen)
    }

    /// Brings what was seen and records it. Returns the companions that nobody has looked at yet.
    async fn take(&mut self, seen: Vec<Sighting>) -> Result<Vec<Digest>, IntakeError> {
        let mut by_digest: BTreeMap<Digest, Vec<Sighting>> = BTreeMap::new();
        for sighting in seen {
            by_digest.entry(sighting.digest.clone()).or_default().push(sighting);
        }
        let (side, known) = (self.source(), self.known.clone());
        let loads = by_digest.into_iter().map(|(digest, sightings)| {
            let repeated = known.contains(&digest);
            async move {
                let loaded = if repeated { Ok(Err(REPEATED.to_owned())) } else { load(side, &digest).await };
                loaded.map(|loaded| (sightings, loaded))
            }
        });
        let (mut follow, mut companions) = (vec![], vec![]);
        let mut loads = stream::iter(loads).buffered(PARALLEL);
        while let Some((sightings, loaded)) = loads.try_next().await? {
            for sighting in sightings {
                let (companion, whole) = match &loaded {
                    Ok(nodes) => self.one(&sighting, nodes).await?,
                    Err(reason) => (recorded(&sighting, None, Some(reason.clone())), false),
                };
                if whole && self.known.insert(sighting.digest.clone()) {
                    follow.push(sighting.digest);
                }
                companions.push(companion);
            }
        }
        companions.sort();
        self.brought.companions.extend(companions);
        Ok(follow)
    }

    /// Brings one companion. Returns its record, and whether it was brought whole.
    async fn one(&mut self, sighting: &Sighting, nodes: &[Node]) -> Result<(Companion, bool), IntakeError> {
        let Some(root) = nodes.last() else { return Ok((recorded(sighting, None, None), false)) };
        let subject = subject(&root.raw);
        if sighting.tag.is_none() && subject.as_ref() != Some(&sighting.subject) {
            let reason = "listed there, but it speaks of something else".to_owned();
            return Ok((recorded(sighting, Some(root), Some(reason)), false));
        }
        if !self.known.contains(&sighting.digest) {
            self.size = nodes.iter().fold(self.size, |sum, node| sum.saturating_add(size(node)));
        }
        if self.size > TOTAL_BYTES_MAX {
            let detail = format!("has companions of more than {TOTAL_BYTES_MAX} bytes in all");
            return Err(flood(&self.job.digest, detail));
        }
        if !self.job.skip_copy {
            match self.copy(sighting, nodes).await {
                Err(IntakeError::Target(error)) if error.kind() == Kind::Invalid => {
                    return Ok((recorded(sighting, Some(root), Some(format!("not kept: {error}"))), false));
                }
                copied => copied?,
            }
        }
        let withheld = if self.withheld.contains(&sighting.subject) {
            Some("what it speaks of is not carried".to_owned())
        } else {
            withheld(self.target(), sighting, root).await?
        };
        if withheld.is_some() {
            self.withheld.insert(sighting.digest.clone());
        }
        Ok((recorded(sighting, Some(root), withheld), true))
    }

    /// Writes a companion: what it points to, itself, and the name under which it was found; then reads it back.
    async fn copy(&mut self, sighting: &Sighting, nodes: &[Node]) -> Result<(), IntakeError> {
        for blob in nodes.iter().flat_map(blobs) {
            self.blob(blob).await?;
        }
        let Some((root, below)) = nodes.split_last() else { return Ok(()) };
        for node in below {
            self.manifest(node, &Reference::from(&node.raw.descriptor.digest)).await?;
        }
        let digest = &root.raw.descriptor.digest;
        match &sighting.tag {
            None => {
                let to = self.target();
                to.registry
                    .put_referrer(to.path, &sighting.subject, &root.raw)
                    .await
                    .map_err(IntakeError::Target)?;
                self.brought.bytes += root.raw.bytes.len() as u64;
                self.means(root, &Reference::from(digest))
                    .await?
                    .then_some(())
                    .ok_or_else(|| self.lost(digest))
            }
            Some(tag) => {
                self.manifest(root, &Reference::from(digest)).await?;
                self.manifest(root, &Reference::tag(tag.as_str())).await
            }
        }
    }

    async fn blob(&mut self, blob: &Descriptor) -> Result<(), IntakeError> {
        let _slot = self.intake.enter(blob.size, false).await?;
        let (from, to) = (self.source(), self.target());
        let there = |held: Option<u64>| held == Some(blob.size);
        let head =
            || async { to.registry.head_blob(to.path, &blob.digest).await.map_err(IntakeError::Target) };
        if there(head().await?) {
            return Ok(());
        }
        let moved = relay(from, to, blob, None, self.job.progress.clone()).await?;
        if !there(head().await?) {
            return Err(self.lost(&blob.digest));
        }
        self.brought.bytes += moved;
        Ok(())
    }

    async fn manifest(&mut self, node: &Node, reference: &Reference) -> Result<(), IntakeError> {
        if self.means(node, reference).await? {
            return Ok(());
        }
        let to = self.target();
        let (media_type, bytes) = (&node.raw.descriptor.media_type, node.raw.bytes.clone());
        to.registry.put_manifest(to.path, reference, media_type, bytes).await.map_err(IntakeError::Target)?;
        if !self.means(node, reference).await? {
            return Err(self.lost(&node.raw.descriptor.digest));
        }
        self.brought.bytes += node.raw.bytes.len() as u64;
        Ok(())
    }

    async fn means(&self, node: &Node, reference: &Reference) -> Result<bool, IntakeError> {
        let to = self.target();
        let held = to.registry.head_manifest(to.path, reference).await.map_err(IntakeError::Target)?;
        Ok(held.is_some_and(|held| held.digest == node.raw.descriptor.digest))
    }

    fn lost(&self, digest: &Digest) -> IntakeError {
        IntakeError::NotReadBack { host: self.job.target.host().to_owned(), what: digest.to_string() }
    }
}

/// Looks in every place where companions of one manifest may be.
async fn look(side: Side<'_>, subject: &Digest) -> Result<Vec<Sighting>, RegistryError> {
    let sighting = |found, tag, listed: Descriptor| Sighting {
        subject: subject.clone(),
        found,
        tag,
        digest: listed.digest.clone(),
        listed,
    };
    let listed = side.registry.referrers(side.path, subject).await?;
    let mut referrers: BTreeMap<Digest, Sighting> =
        listed.into_iter().map(|d| (d.digest.clone(), sighting(FoundAt::Referrers, None, d))).collect();
    let named = fallback(side, subject).await?;
    referrers.extend(named.into_iter().map(|d| (d.digest.clone(), sighting(FoundAt::FallbackTag, None, d))));
    let mut seen: Vec<Sighting> = referrers.into_values().collect();
    for end in COSIGN {
        if let Some(tag) = cosign_tag(subject, end)
            && let Some(held) = side.registry.head_manifest(side.path, &Reference::tag(tag.as_str())).await?
        {
            seen.push(sighting(FoundAt::CosignTag, Some(tag), held));
        }
    }
    Ok(seen)
}

/// Returns a tag of cosign's, or `None` where SHA-512 leaves no room for its end; cosign has no such tags then.
fn cosign_tag(subject: &Digest, end: &str) -> Option<String> {
    Some(format!("{}.{end}", subject.dashed())).filter(|tag| Reference::is_tag(tag))
}

/// Returns what the fallback tag names, which a registry that has grown a referrers API may not list there.
async fn fallback(side: Side<'_>, subject: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
    let tag = fallback_tag(subject);
    let Some(named) = side.registry.head_manifest(side.path, &Reference::tag(tag.as_str())).await? else {
        return Ok(vec![]);
    };
    let held = side.registry.get_manifest(side.path, &Reference::from(&named.digest)).await?;
    let document = held.map(|held| Document::parse(&held.descriptor.media_type, &held.bytes));
    match document {
        Some(Ok(Document::Index(index))) => Ok(index.manifests),
        other => Err(RegistryError::Invalid {
            host: side.registry.host().to_owned(),
            what: format!("the referrers at `{}:{tag}`", side.path),
            detail: match other {
                Some(Err(error)) => error.to_string(),
                Some(Ok(_)) => "not an index".to_owned(),
                None => "gone between two requests".to_owned(),
            },
        }),
    }
}

/// Fetches a companion's manifests, or says why they cannot be had for good: the registry does not have what it lists,
/// or bytes with the right digest are no manifest that may be kept.
async fn load(side: Side<'_>, digest: &Digest) -> Result<Result<Vec<Node>, String>, IntakeError> {
    match manifests::fetch(side, digest).await {
        Ok(nodes) => Ok(Ok(nodes)),
        Err(
            error @ (IntakeError::Missing { .. }
            | IntakeError::Document { .. }
            | IntakeError::Manifest { .. }),
        ) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

fn blobs(node: &Node) -> impl Iterator<Item = &Descriptor> {
    let image = node.document.image();
    let all = image.into_iter().flat_map(|image| image.layers.iter().chain([&image.config]));
    all.chain(node.entries()).filter(|blob| blob.urls.is_empty())
}

fn size(node: &Node) -> u64 {
    blobs(node).fold(node.raw.descriptor.size, |sum, blob| sum.saturating_add(blob.size))
}

/// Returns the subject that a manifest or index names.
fn subject(raw: &RawManifest) -> Option<Digest> {
    #[derive(Deserialize)]
    struct Referring {
        subject: Option<Descriptor>,
    }
    serde_json::from_slice::<Referring>(&raw.bytes).ok()?.subject.map(|subject| subject.digest)
}

/// Says why a companion stays in quarantine: it could be run, and no gate has judged it.
async fn withheld(side: Side<'_>, sighting: &Sighting, root: &Node) -> Result<Option<String>, IntakeError> {
    let signatures = sighting.tag.is_some() && sighting.tag == cosign_tag(&sighting.subject, COSIGN[0]);
    let crowded = |count| signatures && count > SIGNATURES_MAX;
    match &root.document {
        Document::Index(_) => Ok(Some("it is an index, which may name images".to_owned())),
        Document::Image(image) if crowded(image.layers.len()) => {
            Ok(Some(format!("it holds {} signatures, more than {SIGNATURES_MAX}", image.layers.len())))
        }
        Document::Image(image) => rootfs::hidden(side, image).await,
    }
}

fn recorded(sighting: &Sighting, root: Option<&Node>, not_carried: Option<String>) -> Companion {
    let declared = sighting.listed.artifact_type.clone();
    let own = root.and_then(|root| match &root.document {
        Document::Image(image) => {
            let config = Some(&image.config.media_type).filter(|t| *t != media_type::OCI_EMPTY);
            image.artifact_type.clone().filter(|t| !t.is_empty()).or_else(|| config.cloned())
        }
        Document::Index(_) => None,
    });
    let descriptor = root.map_or(&sighting.listed, |root| &root.raw.descriptor);
    Companion {
        subject: sighting.subject.clone(),
        found: sighting.found,
        tag: sighting.tag.clone(),
        digest: sighting.digest.clone(),
        media_type: cut(&descriptor.media_type, MEDIA_TYPE_CHARS_MAX),
        artifact_type: own.or(declared).map(|text| cut(&text, MEDIA_TYPE_CHARS_MAX)),
        size: descriptor.size,
        not_carried,
    }
}
