//! Carries what belongs to an image into a distribution: the companions that the pushed record names, by their recorded
//! digests, read back, before the image's tag.
//!
//! Looks for nothing: what quarantine or distribution hold besides is not touched. Indexes are not carried, and what
//! else could be run is marked in the record by the intake.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    evidence::Companion,
    intake::{self, Side},
    model::{Descriptor, Digest, Document, ImageManifest, Reference},
    registry::{Mount, RawManifest},
};

/// Carries companions from quarantine to a distribution and returns the bytes that were moved. What is there already is
/// not written again.
pub(super) async fn carry(from: Side<'_>, to: Side<'_>, companions: &[Companion]) -> Result<u64, String> {
    let mut way = Way { from, to, listed: BTreeMap::new(), bytes: 0 };
    for companion in companions.iter().filter(|companion| companion.not_carried.is_none()) {
        let carried = match &companion.tag {
            None => way.referrer(companion).await,
            Some(tag) => way.tagged(companion, tag).await,
        };
        carried.map_err(|error| format!("companion {}: {error}", companion.digest))?;
    }
    Ok(way.bytes)
}

struct Way<'a> {
    from: Side<'a>,
    to: Side<'a>,
    /// What the distribution lists, by subject.
    listed: BTreeMap<Digest, BTreeSet<Digest>>,
    bytes: u64,
}

impl Way<'_> {
    async fn referrer(&mut self, companion: &Companion) -> Result<(), String> {
        let reference = Reference::from(&companion.digest);
        if self.lists(companion).await? && self.means(&reference, &companion.digest).await? {
            return Ok(());
        }
        let (manifest, image) = self.read(&companion.digest).await?;
        self.blobs(&image).await?;
        let put = self.to.registry.put_referrer(self.to.path, &companion.subject, &manifest).await;
        put.map_err(|error| error.to_string())?;
        self.read_back(&reference, &companion.digest).await
    }

    async fn tagged(&mut self, companion: &Companion, tag: &str) -> Result<(), String> {
        let (to, tag) = (self.to, Reference::tag(tag));
        let there = to.registry.head_manifest(to.path, &tag).await.map_err(|error| error.to_string())?;
        if there.as_ref().is_some_and(|there| there.digest == companion.digest) {
            return Ok(());
        }
        let (manifest, image) = self.read(&companion.digest).await?;
        if let Some(there) = there {
            return self.contained(&there.digest, &image, &tag).await;
        }
        self.blobs(&image).await?;
        for reference in [Reference::from(&companion.digest), tag] {
            let (media_type, bytes) = (&manifest.descriptor.media_type, manifest.bytes.clone());
            to.registry
                .put_manifest(to.path, &reference, media_type, bytes)
                .await
                .map_err(|error| error.to_string())?;
            self.read_back(&reference, &companion.digest).await?;
        }
        Ok(())
    }

    /// Accepts a tag that holds more than the companion: our own signature was added to the publisher's. Anything else
    /// there is somebody's, and is not overwritten.
    async fn contained(&self, there: &Digest, wanted: &ImageManifest, tag: &Reference) -> Result<(), String> {
        let to = self.to;
        let held = to
            .registry
            .get_manifest(to.path, &Reference::from(there))
            .await
            .map_err(|error| error.to_string())?;
        let held = held.ok_or_else(|| format!("`{}` no longer holds {there}", to.path))?;
        let has = |image: &ImageManifest, layer: &Descriptor| image.layers.contains(layer);
        match Document::parse(&held.descriptor.media_type, &held.bytes) {
            Ok(Document::Image(image)) if wanted.layers.iter().all(|layer| has(&image, layer)) => Ok(()),
            _ => Err(format!("`{}:{tag}` holds something else, which is not overwritten", to.path)),
        }
    }

    /// Reads a companion as it was judged to be fit to carry.
    async fn read(&self, digest: &Digest) -> Result<(RawManifest, ImageManifest), String> {
        let from = self.from;
        let held = from
            .registry
            .get_manifest(from.path, &Reference::from(digest))
            .await
            .map_err(|error| error.to_string())?;
        let held = held.ok_or_else(|| format!("`{}` no longer holds it", from.path))?;
        match Document::parse(&held.descriptor.media_type, &held.bytes).map_err(|error| error.to_string())? {
            Document::Image(image) => Ok((held, *image)),
            Document::Index(_) => Err("it is an index, which is never carried".to_owned()),
        }
    }

    async fn blobs(&mut self, image: &ImageManifest) -> Result<(), String> {
        let (from, to) = (self.from, self.to);
        for blob in image.layers.iter().chain([&image.config]).filter(|blob| blob.urls.is_empty()) {
            if to
                .registry
                .head_blob(to.path, &blob.digest)
                .await
                .map_err(|error| error.to_string())?
                .is_some()
            {
                continue;
            }
            if from.registry.host() == to.registry.host()
                && to
                    .registry
                    .mount_blob(to.path, &blob.digest, from.path)
                    .await
                    .map_err(|error| error.to_string())?
                    == Mount::Done
            {
                continue;
            }
            let moved = intake::relay(from, to, blob, None, std::sync::Arc::new(|_| {})).await;
            self.bytes += moved.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Returns whether the distribution lists the companion; asks once for each subject.
    async fn lists(&mut self, companion: &Companion) -> Result<bool, String> {
        if !self.listed.contains_key(&companion.subject) {
            let listed = self
                .to
                .registry
                .referrers(self.to.path, &companion.subject)
                .await
                .map_err(|error| error.to_string())?;
            let digests = listed.into_iter().map(|listed| listed.digest).collect();
            self.listed.insert(companion.subject.clone(), digests);
        }
        Ok(self.listed.get(&companion.subject).is_some_and(|listed| listed.contains(&companion.digest)))
    }

    async fn means(&self, reference: &Reference, digest: &Digest) -> Result<bool, String> {
        let held = self
            .to
            .registry
            .head_manifest(self.to.path, reference)
            .await
            .map_err(|error| error.to_string())?;
        Ok(held.is_some_and(|held| held.digest == *digest))
    }

    async fn read_back(&self, reference: &Reference, digest: &Digest) -> Result<(), String> {
        if self.means(reference, digest).await? {
            return Ok(());
        }
        Err(format!("`{}` does not hold it under `{reference}` after it was written", self.to.path))
    }
}
