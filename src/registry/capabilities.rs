//! What a registry was found to do, as Git records it. Pure; [`super::probe`] finds it out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BehaviourOverrides, MountSupport};

/// What probing a registry found. What is absent was not found out: not asked, not allowed, or failed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Capabilities {
    /// How referrers are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referrers: Option<ReferrersSupport>,
    /// Whether and when a blob of another repository can be mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<MountSupport>,
    /// Whether a blob of another repository is there without a mount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_blobs: Option<SharedBlobs>,
    /// What becomes of a blob that is uploaded in several chunks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunked_upload: Option<ChunkedUpload>,
    /// `OCI-Chunk-Min-Length`, where the registry states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk_min_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletes_tags: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletes_manifests: Option<bool>,
    /// Types of artifacts that are refused, of those that were tried, sorted; empty where all are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_artifacts: Option<Vec<String>>,
    /// Whether an index is taken some of whose manifests are not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_index: Option<bool>,
    /// Whether an index is taken that names an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nested_index: Option<bool>,
    /// Whether blobs and manifests can be stored by SHA-512.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha512: Option<bool>,
    /// What becomes of a tag that is written again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagWrites>,
    /// Whether a manifest of 4 MiB is taken, as the distribution specification asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_manifests: Option<bool>,
}

/// How a registry lists what refers to a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReferrersSupport {
    /// By the referrers API, and it confirms a subject with `OCI-Subject`.
    Api,
    /// By the referrers API; a subject is not confirmed, so that the fallback tag is written too.
    ApiUnconfirmed,
    /// Not at all: the fallback tag stands in.
    FallbackTag,
}

/// Whether a blob that is in one repository can be seen in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SharedBlobs {
    Never,
    /// Once a manifest of its repository refers to it (Artifactory).
    AfterManifest,
    /// From the moment it is stored (zot).
    Always,
}

/// What becomes of a blob that is uploaded in several chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChunkedUpload {
    Works,
    Refused,
    /// Chunks were taken, and other bytes stored (GHCR) or none (ECR).
    Corrupts,
}

/// What becomes of a tag that is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TagWrites {
    /// It moves.
    Move,
    /// The same digest is taken, another refused.
    SameDigestOnly,
    /// Even the same digest is refused (ECR with immutable tags).
    Once,
}

impl Capabilities {
    /// Returns what is known after a probe: its findings, and what an earlier one found where this one found nothing.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self {
            referrers: self.referrers.or(before.referrers),
            mount: self.mount.or(before.mount),
            shared_blobs: self.shared_blobs.or(before.shared_blobs),
            // A minimum is stated or not by the same answer that shows what chunks are worth.
            chunk_min_bytes: match self.chunked_upload {
                Some(_) => self.chunk_min_bytes,
                None => self.chunk_min_bytes.or(before.chunk_min_bytes),
            },
            chunked_upload: self.chunked_upload.or(before.chunked_upload),
            deletes_tags: self.deletes_tags.or(before.deletes_tags),
            deletes_manifests: self.deletes_manifests.or(before.deletes_manifests),
            refused_artifacts: self.refused_artifacts.or(before.refused_artifacts),
            sparse_index: self.sparse_index.or(before.sparse_index),
            nested_index: self.nested_index.or(before.nested_index),
            sha512: self.sha512.or(before.sha512),
            tags: self.tags.or(before.tags),
            large_manifests: self.large_manifests.or(before.large_manifests),
        }
    }

    /// Returns what this says about how the registry behaves, in place of the first guess.
    pub fn overrides(&self) -> BehaviourOverrides {
        let never = self.mount == Some(MountSupport::Never);
        let shares = matches!(self.shared_blobs, Some(SharedBlobs::AfterManifest | SharedBlobs::Always));
        BehaviourOverrides {
            mount: self.mount,
            head_first: self.mount.map(|_| never && shares),
            sparse_index: self.sparse_index,
            immutable_tags: self.tags.map(|tags| tags == TagWrites::Once),
            chunks_broken: self.chunked_upload.map(|chunks| chunks != ChunkedUpload::Works),
            ..BehaviourOverrides::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Behaviour;

    #[test]
    fn what_was_found_replaces_the_first_guess_and_nothing_else_does() {
        let guess = Behaviour { renew_on_forbidden: true, chunks_broken: true, ..Behaviour::default() };
        let after = |found: &Capabilities| guess.overridden_by(&found.overrides());
        assert_eq!(after(&Capabilities::default()), guess);
        let found = Capabilities {
            mount: Some(MountSupport::Never),
            shared_blobs: Some(SharedBlobs::AfterManifest),
            sparse_index: Some(true),
            tags: Some(TagWrites::Once),
            chunked_upload: Some(ChunkedUpload::Works),
            ..Capabilities::default()
        };
        let expected = Behaviour {
            mount: MountSupport::Never,
            head_first: true,
            sparse_index: true,
            immutable_tags: true,
            chunks_broken: false,
            ..guess.clone()
        };
        assert_eq!(after(&found), expected);
        let moves = Capabilities { tags: Some(TagWrites::Move), ..Capabilities::default() };
        let wrong = Behaviour { immutable_tags: true, ..guess.clone() };
        assert_eq!(wrong.overridden_by(&moves.overrides()), guess);
    }

    #[test]
    fn a_probe_that_failed_forgets_nothing() {
        let before = Capabilities {
            sha512: Some(true),
            chunked_upload: Some(ChunkedUpload::Works),
            chunk_min_bytes: Some(9),
            ..Capabilities::default()
        };
        assert_eq!(Capabilities::default().or(before.clone()), before);
        let now = Capabilities {
            sha512: Some(false),
            chunked_upload: Some(ChunkedUpload::Refused),
            ..Capabilities::default()
        };
        assert_eq!(now.clone().or(before), now);
    }
}
