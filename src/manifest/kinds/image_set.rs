//! `ImageSet`: upstream images that belong together.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::text::{ImageName, Tag, TrustPolicyName};
use crate::model::Digest;

/// Upstream images that consumers ask for together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "image set")]
pub struct ImageSetSpec {
    /// The images. At least one, because an empty set promises nothing.
    #[schemars(length(min = 1))]
    pub images: Vec<ImageEntry>,
    /// Name of the `TrustPolicy` for images that name none. Default: none; signatures are then looked for and
    /// recorded, and no key is trusted.
    pub trust: Option<TrustPolicyName>,
}

/// One upstream repository with the tags that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "image")]
pub struct ImageEntry {
    /// The upstream repository with its registry's host. Required in full, because a short name means different
    /// registries to different tools.
    pub image: ImageName,
    /// The tags that are wanted, each in quotes. At least one: consumers pull by tag.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub tags: Vec<Tag>,
    /// Pins the one tag to a digest. Default: upstream is asked what the tag means, and the lock records the answer.
    pub digest: Option<Digest>,
    /// Name of the `TrustPolicy`. Default: that of the set.
    pub trust: Option<TrustPolicyName>,
}
