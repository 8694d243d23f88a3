//! What the organisation writes beside a promoted image, as manifests choose it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of attestation by the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AttestationKind {
    /// The packages of each platform, as CycloneDX.
    Sbom,
    /// What the advisories say of the packages.
    Scan,
    /// That the consumer's gate was passed, or not: SLSA's verification summary.
    Summary,
    /// Where the bytes came from and who moved them, until the promotion.
    Custody,
}

impl AttestationKind {
    /// Every kind, in order.
    pub const ALL: [Self; 4] = [Self::Sbom, Self::Scan, Self::Summary, Self::Custody];

    /// Returns the name that manifests and plans use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sbom => "sbom",
            Self::Scan => "scan",
            Self::Summary => "summary",
            Self::Custody => "custody",
        }
    }
}

/// What the simple signing payload names as `docker-reference`, which containers/image compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DockerReference {
    /// The distribution repository: consumers write `matchRepository`.
    #[default]
    Repository,
    /// The repository and its tag: consumers keep the default, `matchRepoDigestOrExact`.
    RepositoryAndTag,
}
