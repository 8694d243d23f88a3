//! Single values of a registry's behaviour, stated by somebody who knows better than the table: the `Registry` document
//! (`spec.behaviour`), or the record of what `fondaco doctor` found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MountSupport, Rate};

/// Values that replace those of the table of known registries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "behaviour block")]
pub struct BehaviourOverrides {
    /// Whether and when a blob of another repository of this registry can be mounted instead of uploaded. Default: what
    /// is known of the registry; `immediate` where nothing is, because a mount that fails costs one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount: Option<MountSupport>,
    /// Whether a blob is looked for before it is mounted. Default: what is known of the registry; `true` for
    /// Artifactory, which refuses mounts and shares blobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_first: Option<bool>,
    /// Whether the registry takes an index some of whose manifests it does not have. Default `false`: most refuse it.
    /// No run writes such an index: an image with chosen `platforms` is a new index, so nothing depends on this yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparse_index: Option<bool>,
    /// Whether 403 is answered to an expired token, so that it is renewed once. Default: `true` for Amazon ECR, else
    /// `false`: elsewhere 403 says that something is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_on_forbidden: Option<bool>,
    /// Whether a blob that HEAD does not find is asked for with GET before it counts as absent. Default: `true` for
    /// Harbor, whose proxy-cache projects answer so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_blob_unreliable: Option<bool>,
    /// Whether tags cannot be written twice. Default: `true` for Amazon ECR, where each repository decides; then a tag
    /// is looked at before it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tags: Option<bool>,
    /// Bytes of one request of an upload, where the registry or a proxy before it limits requests. Default: the whole
    /// blob in one request, which every registry stores correctly.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 65_536, max = 1_073_741_824))]
    pub chunk_bytes: Option<u64>,
    /// Whether the registry loses or misplaces data of uploads in several requests, so that `chunkBytes` is an error.
    /// Default: what is known of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunks_broken: Option<bool>,
    /// Whether each upload is looked at again before it counts as done. Default: `true` for GHCR, which has confirmed
    /// blobs that it did not keep whole; uploads in chunks are looked at everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_back: Option<bool>,
    /// Whether the fallback tag is read although the registry has a referrers API. Default: `true` for Amazon ECR, which
    /// refuses some referrers; they stand in the fallback index alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_beside_api: Option<bool>,
    /// Whether missing repositories are created, below the mirror's own paths and nowhere else. Default `false`: a
    /// repository costs money and has an owner. Amazon ECR only; other registries create repositories by themselves or
    /// not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_repositories: Option<bool>,
    /// What may be asked in a time, in place of all rates known of the registry. Default: what is known of it, for the
    /// account with the least rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rates: Option<Vec<Rate>>,
}
