//! `Mirror`: the registry the organisation controls.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Signing;
use crate::manifest::text::{ImageName, Prefix, Sentence};

/// The registry the organisation controls: one quarantine, and the key that vouches for what leaves it.
/// A manifest repository has exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "mirror")]
pub struct MirrorSpec {
    /// Host of the mirror's registry, with a path where only a part of it is the mirror's. Required: nothing is
    /// contacted that no manifest names.
    pub registry: Prefix,
    /// Where images wait until they are cleared: a repository below which each image lies under its upstream host.
    /// Default `<registry>/quarantine`, so that one access rule keeps every consumer out.
    pub quarantine: Option<ImageName>,
    /// The key that signs what is promoted. Required: what no one vouches for is not promoted.
    pub signing: Signing,
    /// Legal name of the organisation that operates the mirror. Default: unknown, and pages say so.
    pub operator: Option<Sentence>,
    /// The legal role in which the operator declares to act, in its own words. Default: unknown; it is never derived,
    /// because it is a legal statement.
    pub role: Option<Sentence>,
}
