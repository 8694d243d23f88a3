//! The versions of CycloneDX that are written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A released version of CycloneDX.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum CycloneDx {
    #[serde(rename = "1.5")]
    V1_5,
    /// What Trivy 0.69 reads, too: it refuses 1.7.
    #[default]
    #[serde(rename = "1.6")]
    V1_6,
    /// Alone can say concluded and declared expressions side by side, as BSI TR-03183-2 wants them.
    #[serde(rename = "1.7")]
    V1_7,
}

impl CycloneDx {
    /// Returns `1.6`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::V1_5 => "1.5",
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}
