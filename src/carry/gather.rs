//! Finds the content of the selected images: in quarantine, else in a distribution; signatures and attestations at the
//! distribution. What is cleared and not promoted yet is signed for the carry, as a promotion would sign it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use tempfile::TempDir;

use super::{
    CarriedCompanion, CarriedImage, CarriedManifest, CarriedPromotion, CarryError,
    select::{Selected, SelectedTag},
};
use crate::{
    evidence::{self, PlatformRecord},
    intake::{self, IntakeError, Node, Side},
    model::{Descriptor, Digest, Document, Reference, Repository, media_type},
    reconcile::{State, World, quarantine_of},
    registry::{LayoutRegistry, Registry},
    trust::sign::{self, OrgSigner, Stored, Vouching},
};

/// How far from the image companions are looked for: the signature of the SBOM of a platform is two away.
const COMPANION_DEPTH_MAX: usize = 4;

/// The most companions of one image under one tag, a bound against floods of referrers.
const COMPANIONS_MAX: usize = 4096;

/// The ends of cosign's tags (cosign `specs/SIGNATURE_SPEC.md`; older releases stored SBOMs under the last).
const COSIGN: [&str; 3] = ["sig", "att", "sbom"];

/// Where the bytes of a content are.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Bytes(Bytes),
    File(PathBuf),
    Registry(Arc<dyn Registry>, String),
}

/// A content and where it is read from.
#[derive(Debug, Clone)]
pub(super) struct Sourced {
    pub digest: Digest,
    pub size: u64,
    pub origin: Origin,
}

/// Contents in the order in which they were first named.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub list: Vec<Sourced>,
    known: BTreeSet<Digest>,
}

impl Contents {
    pub(super) fn add(&mut self, sourced: Sourced) {
        if self.known.insert(sourced.digest.clone()) {
            self.list.push(sourced);
        }
    }
}

/// Gathers one image after the other.
#[derive(Debug)]
pub(super) struct Gatherer<'w> {
    pub world: &'w World,
    pub state: &'w State,
    pub signer: Arc<dyn OrgSigner>,
    pub contents: Contents,
    /// Signatures made for the carry lie here.
    pub scratch: TempDir,
}

impl Gatherer<'_> {
    pub(super) async fn image(&mut self, selected: &Selected<'_>) -> Result<CarriedImage, CarryError> {
        let (from, registry, nodes) = self.find(selected).await?;
        let (manifests, blobs) = self.keep(&registry, &from.path, &nodes);
        let mut promotions = vec![];
        for tag in &selected.tags {
            promotions.push(self.promotion(selected, tag, &nodes).await?);
        }
        let (source, digest) = (selected.source.clone(), selected.digest.clone());
        Ok(CarriedImage { source, digest, from, manifests, blobs, promotions })
    }

    fn open(&self, host: &str) -> Result<Arc<dyn Registry>, CarryError> {
        Ok(self.world.registries.get(&self.state.desired, host)?)
    }

    /// Finds the manifests in quarantine, or in a distribution that holds the image.
    async fn find(
        &self,
        selected: &Selected<'_>,
    ) -> Result<(Repository, Arc<dyn Registry>, Vec<Node>), CarryError> {
        let quarantine = quarantine_of(&self.state.desired, selected.source);
        let promoted = selected.tags.iter().filter(|tag| tag.promoted).map(|tag| tag.distribution.clone());
        let mut failure = None;
        for place in std::iter::once(quarantine).chain(promoted) {
            let registry = self.open(&place.host)?;
            match intake::manifests(Side { registry: registry.as_ref(), path: &place.path }, selected.digest)
                .await
            {
                Ok(nodes) => return Ok((place, registry, nodes)),
                Err(error @ IntakeError::Missing { .. }) => failure = failure.or(Some(error)),
                Err(error) => failure = Some(error),
            }
        }
        let source = failure.unwrap_or(IntakeError::Stopped);
        Err(CarryError::Image { digest: selected.digest.clone(), source: Box::new(source) })
    }

    /// Notes the contents of manifests and returns what the index says of them.
    fn keep(
        &mut self,
        registry: &Arc<dyn Registry>,
        path: &str,
        nodes: &[Node],
    ) -> (Vec<CarriedManifest>, Vec<Digest>) {
        let mut blobs = BTreeMap::new();
        let mut manifests = vec![];
        for node in nodes {
            let Descriptor { digest, media_type, size, .. } = node.raw.descriptor.clone();
            let origin = Origin::Bytes(node.raw.bytes.clone());
            self.contents.add(Sourced { digest: digest.clone(), size, origin });
            manifests.push(CarriedManifest { digest, media_type });
            blobs.extend(node.entries().iter().map(|blob| (blob.digest.clone(), blob.size)));
            if let Document::Image(image) = &node.document {
                // Foreign layers (`urls`) are not held by registries.
                let held = image.layers.iter().filter(|layer| layer.urls.is_empty());
                blobs.extend(held.chain([&image.config]).map(|blob| (blob.digest.clone(), blob.size)));
            }
        }
        for (digest, size) in &blobs {
            let origin = Origin::Registry(Arc::clone(registry), path.to_owned());
            self.contents.add(Sourced { digest: digest.clone(), size: *size, origin });
        }
        (manifests, blobs.into_keys().collect())
    }

    async fn promotion(
        &mut self,
        selected: &Selected<'_>,
        tag: &SelectedTag<'_>,
        nodes: &[Node],
    ) -> Result<CarriedPromotion, CarryError> {
        let path = &tag.distribution.path;
        let registry = if tag.promoted {
            self.open(&tag.distribution.host)?
        } else {
            self.vouch(selected, &tag.distribution).await?
        };
        let subjects: Vec<Digest> =
            nodes.iter().rev().map(|node| node.raw.descriptor.digest.clone()).collect();
        let companions = self.companions(&registry, path, subjects).await?;
        Ok(CarriedPromotion {
            consumer: tag.consumer.to_owned(),
            tag: tag.tag.to_owned(),
            from: tag.distribution.clone(),
            promoted: tag.promoted,
            companions,
        })
    }

    /// Finds what belongs to the subjects: referrers and cosign's tags, and what belongs to those.
    async fn companions(
        &mut self,
        registry: &Arc<dyn Registry>,
        path: &str,
        subjects: Vec<Digest>,
    ) -> Result<Vec<CarriedCompanion>, CarryError> {
        let mut seen: BTreeSet<Digest> = subjects.iter().cloned().collect();
        let mut found = vec![];
        let mut level = subjects;
        for _ in 0..COMPANION_DEPTH_MAX {
            let mut next = vec![];
            for subject in &level {
                let mut referrers = registry.referrers(path, subject).await?;
                referrers.sort_by(|a, b| a.digest.cmp(&b.digest));
                for referrer in referrers.into_iter().filter(|referrer| seen.insert(referrer.digest.clone()))
                {
                    let companion = self.companion(registry, path, &referrer.digest).await?;
                    found.push(CarriedCompanion { subject: Some(subject.clone()), ..companion });
                    next.push(referrer.digest);
                }
                for tag in COSIGN.map(|ending| format!("{}.{ending}", subject.dashed())) {
                    if !Reference::is_tag(&tag) {
                        continue;
                    }
                    let Some(held) = registry.head_manifest(path, &Reference::tag(&tag)).await? else {
                        continue;
                    };
                    let companion = self.companion(registry, path, &held.digest).await?;
                    found.push(CarriedCompanion { tag: Some(tag), ..companion });
                    if seen.insert(held.digest.clone()) {
                        next.push(held.digest);
                    }
                }
                if found.len() > COMPANIONS_MAX {
                    let reason = format!("more than {COMPANIONS_MAX} companions in `{path}`");
                    return Err(CarryError::Task(reason));
                }
            }
            level = next;
        }
        Ok(found)
    }

    async fn companion(
        &mut self,
        registry: &Arc<dyn Registry>,
        path: &str,
        digest: &Digest,
    ) -> Result<CarriedCompanion, CarryError> {
        let side = Side { registry: registry.as_ref(), path };
        let read = intake::manifests(side, digest).await;
        let nodes =
            read.map_err(|source| CarryError::Image { digest: digest.clone(), source: Box::new(source) })?;
        let (manifests, blobs) = self.keep(registry, path, &nodes);
        Ok(CarriedCompanion { subject: None, tag: None, manifests, blobs })
    }

    /// Signs an image that is not promoted yet, and attaches its SBOMs, in a layout of this carry alone. The times in
    /// them are those of the verdict, so that the same set gives the same bytes.
    async fn vouch(
        &self,
        selected: &Selected<'_>,
        distribution: &Repository,
    ) -> Result<Arc<dyn Registry>, CarryError> {
        let root = self.scratch.path().join(distribution.host_segment());
        let registry = LayoutRegistry::new(&distribution.host, &root);
        let (record, at) = (selected.record, selected.record.verdicts.judged_at);
        let subject = &record.custody.subject;
        let top = Descriptor::new(subject.media_type.clone(), subject.digest.clone(), subject.size);
        let platforms = subject.platforms.iter().map(evidence::descriptor);
        let others = platforms.filter(|platform| platform.digest != top.digest);
        let subjects: Vec<Descriptor> = std::iter::once(top.clone()).chain(others).collect();
        sign::sign_image(&registry, distribution, &subjects, self.signer.as_ref(), at).await?;
        let (signer, stored) = (self.signer.as_ref(), &Stored::default());
        let vouching = Vouching { registry: &registry, repository: distribution, signer, at, stored };
        for platform in &subject.platforms {
            let document = self.sbom(selected, distribution, platform).await?;
            let about = evidence::descriptor(platform);
            sign::attach(&vouching, &about, media_type::CYCLONEDX, document).await?;
        }
        Ok(Arc::new(registry))
    }

    async fn sbom(
        &self,
        selected: &Selected<'_>,
        distribution: &Repository,
        platform: &PlatformRecord,
    ) -> Result<Vec<u8>, CarryError> {
        let quarantine = quarantine_of(&self.state.desired, selected.source);
        let (held, promoted) = (self.open(&quarantine.host)?, self.open(&distribution.host)?);
        let places = [(held.as_ref(), &quarantine), (promoted.as_ref(), distribution)];
        let digest = &platform.digest;
        let mut kept = sign::documents(selected.record, std::iter::once(digest), &places).await?;
        if let Some(document) = kept.remove(digest) {
            return Ok(document);
        }
        let made = sign::attest::of_list(selected.record, platform, distribution, &self.world.tool);
        made.map_err(CarryError::Task)
    }
}
