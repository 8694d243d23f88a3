//! Where the advisory bundle comes from: the local store by digest, else the mirror's quarantine, checked either way.

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{RunError, State, World};
use crate::{
    advisory::{
        AdvisoryError, Bundle, INDEX_BYTES_MAX, Index, ShardEntry, Store, Wanted,
        artifact::{self, Artifact, Layers},
    },
    manifest::Desired,
    model::{Descriptor, Digest, Kind, Reference, Repository, media_type},
    plan::amend::Facts,
    registry::Registry,
    scan,
};

/// What a compressed shard may have beyond the shard itself: bytes that do not compress take a little more.
const LAYER_OVERHEAD_BYTES: u64 = 1 << 20;

/// Returns the repository that keeps advisory bundles beside the quarantined images.
pub fn repository(desired: &Desired) -> Repository {
    desired.mirror.quarantine.join("advisories")
}

/// Reads what the images at hand need from the bundle `digest`.
pub(super) async fn read(
    world: &World,
    state: &State,
    digest: &Digest,
    facts: &Facts,
) -> Result<Bundle, RunError> {
    let wanted = wanted(state, facts).map_err(|error| fail(digest, &error.to_string(), Kind::Invalid))?;
    fetch(world, &state.desired, digest, Some(&wanted)).await?;
    let (store, digest) = (Store::new(&world.bundles), digest.clone());
    blocking(move || store.read(&digest, &wanted).map_err(|error| told(&digest, &error))).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| RunError::Task(error.to_string()))?
}

fn fail(digest: &Digest, reason: &str, kind: Kind) -> RunError {
    RunError::Advisories { digest: digest.short(), reason: reason.to_owned(), kind }
}

fn told(digest: &Digest, error: &AdvisoryError) -> RunError {
    fail(digest, &error.to_string(), error.kind())
}

/// Sees to it that the local store has a bundle's index, and the shards that are wanted or all: what it lacks is read from
/// the mirror and checked.
pub(crate) async fn fetch(
    world: &World,
    desired: &Desired,
    digest: &Digest,
    wanted: Option<&Wanted>,
) -> Result<Index, RunError> {
    let store = Store::new(&world.bundles);
    let repository = repository(desired);
    let registry = world.registries.get(desired, &repository.host)?;
    let from = Mirrored { registry: registry.as_ref(), repository: &repository, digest };
    let index = if let Ok(index) = store.index(digest) {
        index
    } else {
        let text = from.blob(digest, INDEX_BYTES_MAX).await?;
        let index = Index::parse(&text, digest).map_err(|error| told(digest, &error))?;
        store.put_index(&text).map_err(|error| told(digest, &error))?;
        index
    };
    let lacking: Vec<ShardEntry> = match wanted {
        Some(wanted) => artifact::missing(&store, index.wanted(wanted)),
        None => artifact::missing(&store, index.shards().iter()),
    };
    if lacking.is_empty() {
        return Ok(index);
    }
    let layers = Layers::of(&from.manifest().await?, digest).map_err(|error| told(digest, &error))?;
    for entry in lacking {
        let layer = layers.layer(&entry).map_err(|error| told(digest, &error))?;
        let packed = from.blob(&layer.digest, entry.size.saturating_add(LAYER_OVERHEAD_BYTES)).await?;
        let (store, digest) = (store.clone(), digest.clone());
        let unpack = move || artifact::unpack(&store, &entry, &packed).map_err(|error| told(&digest, &error));
        blocking(unpack).await?;
    }
    Ok(index)
}

/// A bundle in the mirror.
struct Mirrored<'m> {
    registry: &'m dyn Registry,
    repository: &'m Repository,
    digest: &'m Digest,
}

impl Mirrored<'_> {
    async fn manifest(&self) -> Result<Bytes, RunError> {
        let tag = Reference::Tag(self.digest.keep_tag());
        let found = self.registry.get_manifest(&self.repository.path, &tag).await?;
        let absent = || fail(self.digest, &format!("not in `{}`", self.repository), Kind::NotFound);
        found.map(|manifest| manifest.bytes).ok_or_else(absent)
    }

    /// Returns a blob of at most `limit` bytes that has this digest.
    async fn blob(&self, blob: &Digest, limit: u64) -> Result<Vec<u8>, RunError> {
        let opened = self.registry.get_blob(&self.repository.path, blob).await;
        let mut stream = opened.map_err(|error| {
            let reason = format!("neither in the local store nor in `{}`: {error}", self.repository);
            fail(self.digest, &reason, error.kind())
        })?;
        let mut bytes = Vec::new();
        while let Some(frame) = stream.next().await {
            bytes.extend_from_slice(&frame?);
            if bytes.len() as u64 > limit {
                return Err(fail(self.digest, "larger than the limit", Kind::Invalid));
            }
        }
        if blob.same_algorithm_of(&bytes) != *blob {
            return Err(fail(self.digest, "the mirror delivers other bytes", Kind::Mismatch));
        }
        Ok(bytes)
    }
}

fn wanted(state: &State, facts: &Facts) -> Result<Wanted, scan::ScanError> {
    let recorded = state.evidence.images.values().filter_map(|record| record.packages.get("packages.txt"));
    let taken = facts.values().filter_map(|g| g.taken.as_ref()?.found.packages.get("packages.txt"));
    let mut wanted = Wanted::new();
    for text in recorded.chain(taken) {
        scan::want(text, &mut wanted)?;
    }
    Ok(wanted)
}

/// Returns a bundle, all of which the store has, as manifest and blobs.
pub(crate) async fn packed(world: &World, desired: &Desired, digest: &Digest) -> Result<Artifact, RunError> {
    fetch(world, desired, digest, None).await?;
    let (store, digest) = (Store::new(&world.bundles), digest.clone());
    blocking(move || artifact::pack(&store, &digest).map_err(|error| told(&digest, &error))).await
}

/// Keeps a bundle of the local store in the mirror.
///
/// # Errors
/// [`RunError`] where the store lacks a part of it that the mirror lacks as well, or the mirror refuses.
pub async fn keep_in_mirror(
    world: &World,
    desired: &Desired,
    digest: &Digest,
) -> Result<Descriptor, RunError> {
    let artifact = packed(world, desired, digest).await?;
    let repository = repository(desired);
    let registry = world.registries.get(desired, &repository.host)?;
    push_bundle(registry.as_ref(), &repository.path, digest, &artifact).await
}

/// Keeps a bundle in the mirror, so that a run on another machine finds it by the digest in the lock. What is there is not
/// written again.
pub async fn push_bundle(
    registry: &dyn Registry,
    path: &str,
    index: &Digest,
    artifact: &Artifact,
) -> Result<Descriptor, RunError> {
    for (blob, bytes) in &artifact.blobs {
        if registry.head_blob(path, &blob.digest).await?.is_none() {
            let body = Box::pin(stream::iter([Ok(bytes.clone())]));
            registry.put_blob(path, &blob.digest, blob.size, body).await?;
        }
    }
    let manifest = Descriptor::of(media_type::OCI_MANIFEST, &artifact.manifest);
    let tag = Reference::Tag(index.keep_tag());
    let there = registry.head_manifest(path, &tag).await?;
    if there.is_none_or(|there| there.digest != manifest.digest) {
        registry.put_manifest(path, &tag, media_type::OCI_MANIFEST, artifact.manifest.clone()).await?;
    }
    Ok(manifest)
}
