//! `Consumer`: a team or environment that pulls images.

use schemars::JsonSchema;
use serde::Deserialize;

use super::GateSpec;
use crate::manifest::text::{GateName, ImageName, ImageSetName};

/// A team or environment with a repository of its own, a selection of images and a gate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "consumer")]
pub struct ConsumerSpec {
    /// The repository below which cleared images are put. Everything in it has been cleared for this consumer.
    pub target: ImageName,
    /// Names of the `ImageSet`s that are wanted. At least one.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub images: Vec<ImageSetName>,
    /// Name of a `Gate`, or the keys of a gate written here. Default: every threshold of a gate at its default, which
    /// refuses critical findings.
    pub gate: Option<GateChoice>,
}

/// Name of a `Gate`, or the keys of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum GateChoice {
    Name(GateName),
    Inline(GateSpec),
}
