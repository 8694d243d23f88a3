//! Switches for what registries do differently on purpose: limits, policies, storage. What they do wrong is beside.

use std::collections::BTreeSet;

use axum::response::Response;
use fondaco::model::{Digest, media_type};
use serde_json::Value;

use super::{Repository, Store, serve::error};

/// The default is what the specification demands, and nothing it leaves open.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each switch is a thing of its own")]
pub(crate) struct Ways {
    /// Mounts only blobs that a manifest of the other repository refers to (ECR).
    pub mount_after_manifest: bool,
    pub shared_blobs: Shared,
    /// `OCI-Chunk-Min-Length` of upload sessions; smaller chunks but the last are refused.
    pub chunk_min: Option<usize>,
    pub chunks: Chunks,
    /// Answers an upload in one POST with a session and drops its bytes (distribution).
    pub sessions_only: bool,
    /// Values of `artifactType` or `config.mediaType` that are refused (GitLab refuses all it does not know).
    pub refused_artifacts: Vec<String>,
    /// Takes an index whose manifests are not there.
    pub sparse_index: bool,
    /// Refuses an index that names an index.
    pub flat_indexes: bool,
    /// Refuses digests that are not SHA-256 (distribution 2.8).
    pub sha256_only: bool,
    pub tags: Tags,
    pub manifest_bytes_max: Option<usize>,
}

/// Whether blobs of one repository are there in the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shared {
    #[default]
    No,
    AfterManifest,
    Always,
}

/// What becomes of chunks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Chunks {
    #[default]
    Appended,
    /// Each replaces the one before (GHCR, ECR).
    LastWins,
    Refused,
}

/// What becomes of a tag that is written again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tags {
    #[default]
    Move,
    SameDigestOnly,
    Once,
}

impl Ways {
    /// Returns why a manifest is not taken.
    pub(super) fn refuse(
        &self,
        held: &Repository,
        reference: &str,
        body: &[u8],
        read: &Value,
    ) -> Option<Response> {
        let digest = Digest::sha256(body);
        if self.manifest_bytes_max.is_some_and(|max| body.len() > max) {
            return Some(error(413, "SIZE_INVALID", "manifest too large"));
        }
        if self.sha256_only && reference.starts_with("sha512:") {
            return Some(error(400, "DIGEST_INVALID", "unsupported digest algorithm"));
        }
        let kinds = [&read["artifactType"], &read["config"]["mediaType"]];
        if kinds
            .iter()
            .any(|kind| kind.as_str().is_some_and(|kind| self.refused_artifacts.iter().any(|r| r == kind)))
        {
            return Some(error(400, "MANIFEST_INVALID", "unknown media type"));
        }
        let children = read["manifests"].as_array().cloned().unwrap_or_default();
        if self.flat_indexes && children.iter().any(|child| child["mediaType"] == media_type::OCI_INDEX) {
            return Some(error(400, "MANIFEST_INVALID", "an index in an index"));
        }
        match (self.tags, held.tags.get(reference)) {
            (Tags::Once, Some(_)) => Some(error(400, "TAG_INVALID", "tag is immutable")),
            (Tags::SameDigestOnly, Some(there)) if *there != digest => {
                Some(error(412, "TAG_INVALID", "tag is immutable"))
            }
            _ => None,
        }
    }

    /// Returns whether a mount from `source` is done.
    pub(super) fn mounts(&self, source: &Repository, digest: &Digest) -> bool {
        !self.mount_after_manifest || referred(source).contains(digest)
    }

    /// Returns a blob that another repository shares.
    pub(super) fn shared(&self, store: &Store, digest: &Digest) -> Option<bytes::Bytes> {
        let shares = |held: &&Repository| match self.shared_blobs {
            Shared::No => false,
            Shared::AfterManifest => referred(held).contains(digest),
            Shared::Always => true,
        };
        store.repositories.values().filter(shares).find_map(|held| held.blobs.get(digest).cloned())
    }
}

/// Returns every blob that a manifest of the repository refers to.
fn referred(held: &Repository) -> BTreeSet<Digest> {
    let manifests =
        held.manifests.values().filter_map(|(_, bytes)| serde_json::from_slice::<Value>(bytes).ok());
    let blobs = manifests.flat_map(|manifest| {
        let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
        layers.into_iter().chain([manifest["config"].clone()])
    });
    blobs.filter_map(|blob| blob["digest"].as_str()?.parse().ok()).collect()
}
