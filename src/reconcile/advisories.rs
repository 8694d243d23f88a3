//! Where the advisory bundle comes from: the local store by digest, else the mirror's quarantine, checked either way.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{RunError, State, World};
use crate::{
    advisory::{Bundle, Store},
    manifest::Desired,
    model::{Descriptor, Digest, Kind, Reference, Repository, media_type},
    plan::amend::Facts,
    registry::{EMPTY_CONFIG, Registry},
    scan,
};

/// The largest bundle that is read. All of Debian and Alpine compress to well under a tenth of it.
const BUNDLE_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Media type of the bundle as an OCI artifact.
const ARTIFACT_TYPE: &str = "application/vnd.fondaco.advisories.v1alpha1";

/// Returns the repository that keeps advisory bundles beside the quarantined images.
pub fn repository(desired: &Desired) -> Repository {
    desired.mirror.quarantine.join("advisories")
}

/// Reads the ecosystems that the images at hand need from the bundle `digest`.
pub(super) async fn read(
    world: &World,
    state: &State,
    digest: &Digest,
    facts: &Facts,
) -> Result<Bundle, RunError> {
    let bytes = bytes(world, &state.desired, digest).await?;
    let wanted = ecosystems(state, facts).map_err(|error| fail(digest, &error.to_string(), Kind::Invalid))?;
    let expected = digest.clone();
    let read = move || Bundle::read_pinned(&bytes, &expected, &wanted);
    let bundle =
        tokio::task::spawn_blocking(read).await.map_err(|error| RunError::Task(error.to_string()))?;
    bundle.map_err(|error| fail(digest, &error.to_string(), error.kind()))
}

fn fail(digest: &Digest, reason: &str, kind: Kind) -> RunError {
    RunError::Advisories { digest: digest.short(), reason: reason.to_owned(), kind }
}

/// Returns the bundle with this digest: from the local store, else from the mirror.
pub(crate) async fn bytes(world: &World, desired: &Desired, digest: &Digest) -> Result<Vec<u8>, RunError> {
    let store = Store::new(&world.bundles);
    if let Ok(bytes) = store.get(digest) {
        return Ok(bytes);
    }
    let repository = repository(desired);
    let registry = world.registries.get(desired, &repository.host)?;
    let mut stream = registry.get_blob(&repository.path, digest).await.map_err(|error| {
        fail(digest, &format!("neither in the local store nor in `{repository}`: {error}"), error.kind())
    })?;
    let mut bytes = Vec::new();
    while let Some(frame) = stream.next().await {
        bytes.extend_from_slice(&frame?);
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(fail(digest, "larger than the limit", Kind::Invalid));
        }
    }
    if digest.same_algorithm_of(&bytes) != *digest {
        return Err(fail(digest, "the mirror delivers other bytes", Kind::Mismatch));
    }
    store.put(&bytes).map_err(|error| fail(digest, &error.to_string(), error.kind()))?;
    Ok(bytes)
}

fn ecosystems(state: &State, facts: &Facts) -> Result<BTreeSet<String>, scan::ScanError> {
    let recorded = state.evidence.images.values().filter_map(|record| record.packages.get("packages.txt"));
    let taken = facts.values().filter_map(|g| g.taken.as_ref()?.found.packages.get("packages.txt"));
    let mut ecosystems = BTreeSet::new();
    for text in recorded.chain(taken) {
        ecosystems.extend(scan::ecosystems(text)?);
    }
    Ok(ecosystems)
}

/// Keeps a bundle in the mirror, so that a run on another machine finds it by the digest in the lock.
pub async fn push_bundle(registry: &dyn Registry, path: &str, bytes: Vec<u8>) -> Result<Digest, RunError> {
    let digest = Digest::sha256(&bytes);
    let bundle = Descriptor::new(ARTIFACT_TYPE, digest.clone(), bytes.len() as u64);
    let empty = Descriptor::of(media_type::OCI_EMPTY, EMPTY_CONFIG);
    put(registry, path, &empty, Bytes::from_static(EMPTY_CONFIG)).await?;
    put(registry, path, &bundle, Bytes::from(bytes)).await?;
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": ARTIFACT_TYPE,
        "config": empty, "layers": [bundle],
    });
    let text = Bytes::from(manifest.to_string());
    let tag = Reference::Tag(digest.keep_tag());
    registry.put_manifest(path, &tag, media_type::OCI_MANIFEST, text).await?;
    Ok(digest)
}

async fn put(registry: &dyn Registry, path: &str, what: &Descriptor, bytes: Bytes) -> Result<(), RunError> {
    if registry.head_blob(path, &what.digest).await?.is_none() {
        let body = Box::pin(stream::iter([Ok(bytes)]));
        registry.put_blob(path, &what.digest, what.size, body).await?;
    }
    Ok(())
}
