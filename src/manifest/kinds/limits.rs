//! `Registry.spec.limits`: how much a registry is asked.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::registry::Limits;

/// How much a registry is asked, whatever it would allow. A registry that asks for patience is given it in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "limits block")]
pub struct LimitsSpec {
    /// At most so many requests begin in a second, of all groups together. Default: no limit of this kind beside the
    /// rates known of the registry (`behaviour.rates`), because few registries publish one; it helps where a registry, or
    /// a proxy before it, counts by address.
    #[schemars(range(min = 1, max = 10_000))]
    pub requests_per_second: Option<u32>,
    /// At most so many requests wait for their answer at a time; half as many blobs are read and half as many written.
    /// Default `16`: hides the latency of a distant registry, and more gain nothing.
    #[schemars(range(min = 1, max = 256))]
    pub concurrent: Option<u32>,
}

impl LimitsSpec {
    pub(in crate::manifest) const fn limits(&self) -> Limits {
        Limits { concurrent: self.concurrent, requests_per_second: self.requests_per_second }
    }
}
