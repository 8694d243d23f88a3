//! How registries differ from each other, as values: what a copy has to know before it writes.
//!
//! A value comes from the table of known registries, or from what `fondaco doctor` found and Git records, or from the
//! `Registry` document; the later wins. Whoever moves bytes reads it through [`super::Registry::behaviour`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How one registry behaves. The default is what the distribution specification demands, plus the caution that costs
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a behaviour of its own")]
pub struct Behaviour {
    /// Whether and when a blob of another repository can be mounted.
    pub mount: MountSupport,
    /// Whether to look for a blob before trying to mount it: registries that refuse mounts but share blobs
    /// (Artifactory).
    pub head_first: bool,
    /// Whether an index is accepted some of whose manifests are not there.
    pub sparse_index: bool,
    /// Whether 403 may mean an expired token (ECR).
    pub renew_on_forbidden: bool,
    /// Whether HEAD of a blob may answer 404 although GET finds it (Harbor's proxy-cache projects).
    pub head_blob_unreliable: bool,
    /// Whether a tag cannot be written twice, not even with the same digest (ECR with immutable tags).
    pub immutable_tags: bool,
    /// Bytes of one PATCH, where blobs can only be uploaded in chunks. Absent: one PUT, which everything but a size limit
    /// speaks for (ECR and GHCR lose data of chunked uploads).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_bytes: Option<u64>,
    /// Which programming interface creates a missing repository, where the manifests allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_repository: Option<CreateRepository>,
    /// What may be asked in a time; requests are spread so that it is kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<Rate>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            mount: MountSupport::Immediate,
            head_first: false,
            sparse_index: false,
            renew_on_forbidden: false,
            head_blob_unreliable: false,
            immutable_tags: false,
            chunk_bytes: None,
            create_repository: None,
            rates: vec![],
        }
    }
}

/// Whether and when a blob of another repository can be mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MountSupport {
    /// As soon as the blob is in the other repository.
    Immediate,
    /// Once a manifest of the other repository refers to the blob (ECR).
    AfterManifest,
    /// Never; asking costs a request and is left out.
    Never,
}

/// A programming interface that creates repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CreateRepository {
    /// `CreateRepository` of Amazon ECR.
    Ecr,
}

/// At most so many requests of some actions in so many seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// The group of requests that share the limit.
    pub group: ActionGroup,
    pub requests: u32,
    /// Length of the window, in seconds.
    pub seconds: u32,
}

/// Requests that registries count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ActionGroup {
    /// Every request, tokens included.
    All,
    /// HEAD of manifests and blobs.
    Look,
    /// GET of manifests: what Docker Hub counts as a pull.
    Pull,
    /// GET of blobs.
    Read,
    /// POST that opens an upload or mounts.
    UploadStart,
    /// PATCH and PUT of blob bytes.
    UploadBody,
    /// PUT of manifests.
    ManifestWrite,
    /// Tag lists and referrers.
    List,
}
