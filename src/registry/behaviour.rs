//! How registries differ from each other, as values: what a copy has to know before it writes.
//!
//! A value comes from the table of known registries ([`super::quirks`]), or from what `fondaco doctor` found and Git
//! records, or from the `Registry` document; the later wins ([`Behaviour::overridden_by`]). Whoever moves bytes reads it
//! through [`super::Registry::behaviour`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BehaviourOverrides;

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
    /// Whether a tag cannot be written twice, not even with the same digest (ECR with immutable tags). Then each tag is
    /// looked at before it is written.
    pub immutable_tags: bool,
    /// Bytes of one PATCH, where blobs can only be uploaded in chunks. Absent: one PUT, which everything but a size limit
    /// speaks for (ECR and GHCR lose data of chunked uploads).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_bytes: Option<u64>,
    /// Whether uploads in chunks lose or misplace data, or are not there at all: `chunk_bytes` is then an error.
    pub chunks_broken: bool,
    /// Whether each upload is looked at again before it counts: the registry has confirmed blobs that it had not kept
    /// whole (GHCR).
    pub read_back: bool,
    /// Whether the fallback tag is read although there is a referrers API: the registry refuses some referrers, which
    /// then stand in the fallback index alone (ECR).
    pub fallback_beside_api: bool,
    /// Which programming interface creates a missing repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_repository: Option<CreateRepository>,
    /// Whether missing repositories are created, below the mirror's own paths only.
    pub create_repositories: bool,
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
            chunks_broken: false,
            read_back: false,
            fallback_beside_api: false,
            create_repository: None,
            create_repositories: false,
            rates: vec![],
        }
    }
}

impl Behaviour {
    /// Returns this behaviour with every value that `partial` states.
    #[must_use]
    pub fn overridden_by(&self, partial: &BehaviourOverrides) -> Self {
        Self {
            mount: partial.mount.unwrap_or(self.mount),
            head_first: partial.head_first.unwrap_or(self.head_first),
            sparse_index: partial.sparse_index.unwrap_or(self.sparse_index),
            renew_on_forbidden: partial.renew_on_forbidden.unwrap_or(self.renew_on_forbidden),
            head_blob_unreliable: partial.head_blob_unreliable.unwrap_or(self.head_blob_unreliable),
            immutable_tags: partial.immutable_tags.unwrap_or(self.immutable_tags),
            chunk_bytes: partial.chunk_bytes.or(self.chunk_bytes),
            chunks_broken: partial.chunks_broken.unwrap_or(self.chunks_broken),
            read_back: partial.read_back.unwrap_or(self.read_back),
            fallback_beside_api: partial.fallback_beside_api.unwrap_or(self.fallback_beside_api),
            create_repository: self.create_repository,
            create_repositories: partial.create_repositories.unwrap_or(self.create_repositories),
            rates: partial.rates.clone().unwrap_or_else(|| self.rates.clone()),
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
#[schemars(title = "rate")]
pub struct Rate {
    /// The group of requests that share the limit.
    pub group: ActionGroup,
    /// How many requests of the group, at most.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requests: u32,
    /// Length of the window, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub seconds: u32,
}

impl Rate {
    /// Returns the rate of at most `requests` of a group in `seconds` seconds.
    pub const fn new(group: ActionGroup, requests: u32, seconds: u32) -> Self {
        Self { group, requests, seconds }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_value_wins_and_an_unstated_one_stays() {
        let table = Behaviour { read_back: true, chunks_broken: true, ..Behaviour::default() };
        assert_eq!(table.overridden_by(&BehaviourOverrides::default()), table);
        let recorded = BehaviourOverrides {
            mount: Some(MountSupport::Never),
            chunks_broken: Some(false),
            ..BehaviourOverrides::default()
        };
        let declared = BehaviourOverrides {
            mount: Some(MountSupport::AfterManifest),
            rates: Some(vec![Rate::new(ActionGroup::All, 5, 1)]),
            ..BehaviourOverrides::default()
        };
        let merged = table.overridden_by(&recorded).overridden_by(&declared);
        let expected = Behaviour {
            mount: MountSupport::AfterManifest,
            read_back: true,
            rates: vec![Rate::new(ActionGroup::All, 5, 1)],
            ..Behaviour::default()
        };
        assert_eq!(merged, expected);
    }

    /// Every value can be overridden but the interface that creates repositories, which only the table knows.
    #[test]
    fn overrides_name_the_values_as_behaviours_do() {
        let all = Behaviour {
            chunk_bytes: Some(65_536),
            create_repository: Some(CreateRepository::Ecr),
            rates: vec![Rate::new(ActionGroup::All, 1, 1)],
            ..Behaviour::default()
        };
        let mut written = serde_json::to_value(&all).unwrap();
        assert!(written.as_object_mut().unwrap().remove("createRepository").is_some());
        let read: BehaviourOverrides = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), written);
        let expected = Behaviour { create_repository: None, ..all };
        assert_eq!(Behaviour::default().overridden_by(&read), expected);
    }
}
