//! `ImageSet`: upstream images that belong together.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::text::{
    CaptureName, ImageName, PlatformName, Tag, TagPattern, TrustPolicyName, VersionRange,
};
use crate::model::{Digest, Period};

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
    /// How long every image of the set waits after its digest was first seen. Default: none. Where image, set and gate
    /// say a period, the longest counts: nobody shortens what another asked for.
    pub cooldown: Option<Period>,
}

/// One upstream repository with what is wanted of it: listed tags, a digest, or a selection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "image",
    extend("dependencies" = {"select": {"not": {"anyOf": [{"required": ["tags"]}, {"required": ["digest"]}]}}}),
    extend("if" = {"not": {"anyOf": [{"required": ["digest"]}, {"required": ["select"]}]}}),
    extend("then" = {"required": ["tags"]})
)]
pub struct ImageEntry {
    /// The upstream repository with its registry's host. Required in full, because a short name means different
    /// registries to different tools.
    pub image: ImageName,
    /// The tags that are wanted, each in quotes, such as `["1.28", "1.27"]`. Needed where neither `digest` nor `select`
    /// says what is wanted.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub tags: Option<Vec<Tag>>,
    /// Pins the one tag to a digest. Default: upstream is asked what the tag means, and the lock records the answer.
    /// Without `tags` the image is wanted by its digest alone; consumers then find it by the digest, and the tag
    /// `keep-<first 32 hexadecimal digits>` keeps it from being collected as garbage.
    pub digest: Option<Digest>,
    /// Chooses tags out of what the repository lists, such as `{semver: ">=1.27, <2", newest: 3}`. Excludes `tags` and
    /// `digest`. Each run asks for the list once; a tag that is no longer chosen stays where it was promoted and is no
    /// longer updated.
    pub select: Option<Selection>,
    /// How long an image waits after its digest was first seen under the tag, such as `7d`: time in which others find
    /// what is wrong with it. Default: that of the set and the gate, the longest of all. First seen is what the lock in
    /// Git says, never a date that upstream writes; the first run starts the clock.
    pub cooldown: Option<Period>,
    /// Name of the `TrustPolicy`. Default: that of the set.
    pub trust: Option<TrustPolicyName>,
    /// The platforms that are wanted, such as `[linux/amd64, linux/arm64]`; without a variant any will do. Default: all
    /// that upstream has, which keeps upstream's digest. A choice makes a new index of upstream's entries with a digest
    /// of its own: the lock names upstream's digest, quarantine and distributions hold the new index, and signatures
    /// of upstream's index, which are verified all the same, do not vouch for it. Nothing that the index names is ever
    /// missing (no sparse index), so every registry takes it. Attestations of a chosen platform are kept. Another
    /// choice later takes the image in again. A platform that upstream does not have fails the image. One repository
    /// has one choice, selections included.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub platforms: Option<Vec<PlatformName>>,
    /// What to do with an image some of whose layers are kept elsewhere (`urls`: base layers of Windows). `skip`, the
    /// default, copies the image without them; they are not fetched in this version, from nowhere and with no
    /// credentials, so nobody has catalogued them and coverage holds the image. `refuse` fails the intake. What has
    /// been taken in before stays.
    pub foreign_layers: Option<ForeignLayers>,
}

/// What to do with an image some of whose layers are kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "treatment of foreign layers")]
pub enum ForeignLayers {
    /// Copy the image without them; coverage holds it.
    #[default]
    Skip,
    /// Fail the intake.
    Refuse,
}

/// Chooses tags out of what a repository lists. Needs `semver`, `regex` or both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(
    title = "selection",
    extend("if" = {"not": {"required": ["regex"]}}),
    extend("then" = {"required": ["semver"]}),
    extend("dependencies" = {"floating": ["semver"], "orderBy": ["regex"]})
)]
pub struct Selection {
    /// Versions that are wanted: comparisons with commas between them, such as `">=1.27, <2"`, `"^1.27"` or
    /// `"~1.27.3"`. A tag is a version where it has an optional `v`, one to three numbers and at most a prerelease
    /// (`-rc.1`, `-beta2`). Prereleases match only a range that names one of the same version. Any other suffix
    /// (`-alpine3.20`) makes a variant, which only `regex` chooses.
    pub semver: Option<VersionRange>,
    /// Whether tags match `semver` whose version lacks parts (`1.28`, `1`), the missing ones counted as zero. Default
    /// `false`: such a tag moves with every release, and the whole versions behind it are chosen anyway.
    pub floating: Option<bool>,
    /// What the whole tag has to match, such as `'v(?<major>\d+)\.(?<minor>\d+)-alpine'`. No look-around and no
    /// back-references, so that no tag takes long. With `semver` the capture `version` is compared with the range, or
    /// the whole tag where there is no such capture.
    pub regex: Option<TagPattern>,
    /// Captures of `regex` by which tags are ordered, the most significant first. Digits are compared as numbers and
    /// come before other text. Default: all named captures, in their order.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub order_by: Option<Vec<CaptureName>>,
    /// How many tags are chosen, from the highest. Default: all that match. Needs `semver` or captures: the list of a
    /// registry has no order that means anything.
    #[schemars(range(min = 1, max = 10_000))]
    pub newest: Option<u32>,
    /// Regular expressions of tags that are not wanted, wherever in the tag they match, such as `["-rc", "^1\\.27\\.3$"]`.
    /// Default: none.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub exclude: Option<Vec<TagPattern>>,
}
