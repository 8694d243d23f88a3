//! `Mirror`: the registry the organisation controls.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{AdvisoriesSpec, Signing};
use crate::{
    manifest::text::{Contact, ImageName, Prefix, Sentence},
    model::CycloneDx,
};

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
    /// What the advisory bundle is built from. Default: what is named on the command line.
    #[serde(default)]
    pub advisories: AdvisoriesSpec,
    /// The SBOMs that are written of what is taken in. Default: CycloneDX 1.6 in which nobody is named to answer for them.
    #[serde(default)]
    pub sbom: SbomSpec,
}

/// The SBOM of each platform, written once when it is taken in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "sbom block")]
pub struct SbomSpec {
    /// E-mail address or URL of who answers for the SBOMs, which BSI TR-03183-2 wants. Default: nobody is named, and the
    /// SBOM says so; it is a statement about the organisation, so it is never guessed.
    pub creator: Option<Contact>,
    /// Version of CycloneDX. Default `1.6`: Trivy 0.69 refuses `1.7`, which alone can say what BSI TR-03183-2 wants about
    /// licences. What was taken in before keeps the SBOM it has.
    #[serde(default)]
    pub version: CycloneDx,
}
