//! The bundle as an OCI artifact (OCI image specification 1.1, "Guidance for artifact usage"): the index is its
//! configuration, and every shard a layer, compressed, that names the shard's digest in an annotation. What was moved is
//! checked by the digests of the index, so that neither registry nor compression has to be trusted.

use std::{collections::BTreeMap, io::Read};

use bytes::Bytes;

use super::{AdvisoryError, Index, ShardEntry, Store};
use crate::model::{Descriptor, Digest, ImageManifest, media_type};

/// Media type of the artifact and of its configuration.
pub const ARTIFACT_TYPE: &str = "application/vnd.fondaco.advisories.v1alpha2+json";
pub const SHARD_TYPE: &str = "application/vnd.fondaco.advisories.shard.v1alpha2+zstd";
/// Names the digest of the shard's table.
const SHARD: &str = "org.fondaco.advisories.shard";
/// Names the ecosystem, for people who look at the manifest.
const ECOSYSTEM: &str = "org.fondaco.advisories.ecosystem";
/// Most of the time of a push is compressing; higher levels save a tenth and take several times as long.
const LEVEL: i32 = 3;

/// A bundle as manifest and blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    pub manifest: Bytes,
    /// The index first.
    pub blobs: Vec<(Descriptor, Bytes)>,
}

fn wrong(reason: impl Into<String>) -> AdvisoryError {
    AdvisoryError::Bundle(reason.into())
}

/// Returns a bundle of the store as an artifact; all of its shards are there.
///
/// # Errors
/// As [`Store::index`] and [`Store::shard_bytes`].
pub fn pack(store: &Store, digest: &Digest) -> Result<Artifact, AdvisoryError> {
    let index = store.index(digest)?;
    let text = Bytes::from(store.index_bytes(digest)?);
    let mut blobs = vec![(Descriptor::of(ARTIFACT_TYPE, &text), text)];
    for entry in index.shards() {
        let raw = store.shard_bytes(entry)?;
        let packed = Bytes::from(zstd::bulk::compress(&raw, LEVEL).map_err(|e| wrong(e.to_string()))?);
        let mut layer = Descriptor::of(SHARD_TYPE, &packed);
        layer.annotations = BTreeMap::from([
            (ECOSYSTEM.to_owned(), entry.ecosystem.clone()),
            (SHARD.to_owned(), entry.digest.to_string()),
        ]);
        blobs.push((layer, packed));
    }
    let layers: Vec<&Descriptor> = blobs.iter().skip(1).map(|(layer, _)| layer).collect();
    let config = blobs.first().map(|(config, _)| config);
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": ARTIFACT_TYPE,
        "config": config, "layers": layers,
    });
    Ok(Artifact { manifest: manifest.to_string().into(), blobs })
}

/// The layers of an artifact by the shard they hold.
#[derive(Debug)]
pub struct Layers(BTreeMap<String, Descriptor>);

impl Layers {
    /// Reads the manifest of the artifact whose configuration is the index with this digest.
    ///
    /// # Errors
    /// [`AdvisoryError::Bundle`] or [`AdvisoryError::Mismatch`].
    pub fn of(manifest: &[u8], index: &Digest) -> Result<Self, AdvisoryError> {
        let manifest: ImageManifest = serde_json::from_slice(manifest).map_err(|e| wrong(e.to_string()))?;
        if manifest.config.digest != *index {
            return Err(AdvisoryError::Mismatch { expected: index.clone(), found: manifest.config.digest });
        }
        let shard = |layer: Descriptor| Some((layer.annotations.get(SHARD)?.clone(), layer));
        Ok(Self(manifest.layers.into_iter().filter_map(shard).collect()))
    }

    /// Returns the layer that holds a shard.
    ///
    /// # Errors
    /// [`AdvisoryError::Bundle`] where there is none.
    pub fn layer(&self, entry: &ShardEntry) -> Result<&Descriptor, AdvisoryError> {
        let layer = self.0.get(&entry.digest.to_string());
        layer.ok_or_else(|| wrong(format!("the artifact lacks the shard `{}`", entry.ecosystem)))
    }
}

/// Keeps a layer's shard in the store, where it is what the index says.
///
/// # Errors
/// As [`Store::put_shard`].
pub fn unpack(store: &Store, entry: &ShardEntry, layer: &[u8]) -> Result<(), AdvisoryError> {
    let fail = |e: std::io::Error| wrong(format!("`{}`: {e}", entry.ecosystem));
    let mut raw = vec![];
    let decoder = zstd::Decoder::with_buffer(layer).map_err(fail)?;
    // One byte more than promised, so that more is seen.
    decoder.take(entry.size.saturating_add(1)).read_to_end(&mut raw).map_err(fail)?;
    if raw.len() as u64 != entry.size {
        return Err(wrong(format!(
            "`{}` unpacks to more or less than {} bytes",
            entry.ecosystem, entry.size
        )));
    }
    store.put_shard(entry, &raw)
}

/// Returns whether a store has every shard of an index.
pub fn is_whole(store: &Store, index: &Index) -> bool {
    index.shards().iter().all(|entry| store.has(entry))
}

/// Keeps a whole artifact in the store, where it is the bundle that `index` pins.
///
/// # Errors
/// As [`Index::parse`], [`Layers::of`] and [`unpack`].
pub fn keep(store: &Store, index: &Digest, artifact: &Artifact) -> Result<(), AdvisoryError> {
    let text = artifact.blobs.first().map(|(_, text)| text.clone()).unwrap_or_default();
    let read = Index::parse(&text, index)?;
    let layers = Layers::of(&artifact.manifest, index)?;
    for entry in read.shards() {
        let layer = layers.layer(entry)?;
        let found = artifact.blobs.iter().find(|(blob, _)| blob.digest == layer.digest);
        let (_, bytes) = found.ok_or_else(|| wrong(format!("the shard `{}` is missing", entry.ecosystem)))?;
        unpack(store, entry, bytes)?;
    }
    store.put_index(&text).map(drop)
}

/// Returns the shards of an index that a store lacks, of those that are wanted.
pub fn missing<'i>(store: &Store, wanted: impl Iterator<Item = &'i ShardEntry>) -> Vec<ShardEntry> {
    wanted.filter(|entry| !store.has(entry)).cloned().collect()
}
