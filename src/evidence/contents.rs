//! What is inside of an image, as it is written to Git: counts and settings for people and gates. The packages themselves
//! stand in the package lists, everything about them in the SBOM beside the image.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Digest;

/// `contents.json`: what the catalogue tells of an image beside its packages. Written once, at intake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentsRecord {
    /// `fondaco/contents/v1alpha1`.
    pub schema: String,
    pub subject: Digest,
    /// In the order of `custody.json`.
    pub platforms: Vec<PlatformContents>,
}

/// What is inside of one platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlatformContents {
    /// Of its manifest.
    pub digest: Digest,
    /// Bottom first.
    pub layers: Vec<LayerContents>,
    /// Packages by package URL type, sorted.
    pub kinds: Vec<Counted>,
    /// Packages by declared licence, sorted by expression.
    pub licences: Vec<LicenceFound>,
    /// Packages of languages whose files a package of the distribution owns, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owned: Vec<Owned>,
    /// Candidates for container runtimes and hypervisors among the packages (Regulation (EU) 2024/2847, Annex III, class
    /// II, point 1), sorted. What a product is only its maker can say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runtimes: Vec<RuntimeFound>,
    /// SBOMs that the image carries itself, by path: their format.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<String, String>,
    /// Red Hat's repositories that packages were installed from, as the image tells. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content_sets: Vec<String>,
    /// What the image says of the image it was built on. Which image it is that the mirror holds is computed from layers
    /// when it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseRecord>,
    /// Files that look like secrets, in whatever layer: whoever pulls the image has all of them. Sorted by path; the values
    /// are not recorded. Absent, as the next one, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<SecretsFound>,
    /// Files of the root file system that give whoever runs them more: setuid, setgid, capabilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileged: Option<PrivilegedFound>,
    pub execution: ExecutionRecord,
}

/// A package that may be, or carry, a container runtime or hypervisor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuntimeFound {
    /// As its publisher writes it: `containerd`.
    pub product: String,
    pub publisher: String,
    /// The package URL it was recognised in.
    pub package: String,
    /// `package`, `main module` or `binary`.
    pub recognised_by: String,
}

/// What one layer brings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayerContents {
    pub digest: Digest,
    /// Bytes as stored.
    pub size: u64,
    /// Bytes of the archive.
    pub uncompressed: u64,
    /// Packages that are there since this layer.
    pub packages: u64,
    /// The step that built it, as the configuration's history tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// A number of packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counted {
    pub name: String,
    pub packages: u64,
}

/// What an image says of the image it was built on.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaseRecord {
    /// A claim: nobody but the publisher says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<BaseStated>,
    /// A hint: the number of layers below the last command or entry point that the history sets under further layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_layers: Option<u64>,
}

/// The base image as its publisher names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BaseStated {
    /// `org.opencontainers.image.base.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `org.opencontainers.image.base.digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// `annotation` of the manifest, or `label` of the configuration.
    pub by: String,
}

/// Files that look like secrets.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretsFound {
    pub files: Vec<SecretFound>,
    /// Files like secrets that packages of the distribution or of a language bring, for tests and as samples.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub of_packages: u64,
    /// Further ones, beyond what is recorded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// A file that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretFound {
    pub path: String,
    /// What it looks like: `private key`, `npm token`.
    pub kind: String,
    /// The layer that brings it.
    pub layer: Digest,
    /// The layer that deletes or replaces it. It can be read from the layer that brings it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_in: Option<Digest>,
}

/// Files that give whoever runs them more.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrivilegedFound {
    pub files: Vec<PrivilegedFile>,
    /// Further ones, beyond what is recorded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// A file that gives whoever runs it more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrivilegedFile {
    pub path: String,
    /// The number of the user that it runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setuid: Option<u64>,
    /// The number of the group that it runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setgid: Option<u64>,
    /// As `getcap` prints them, `cap_net_raw+ep`; `unreadable` where the attribute, or one beside it, is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<String>,
    /// The package URL of the package that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// The packages under one licence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LicenceFound {
    /// An SPDX expression; `NOASSERTION` where nothing in the image declares a licence. A part that names no licence of
    /// SPDX's list is a `LicenseRef-fondaco-…`.
    pub expression: String,
    /// How it is written in the image, each text that is no SPDX expression itself; the first few, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<String>,
    pub packages: u64,
    /// How many of them are the distribution's.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub of_distribution: u64,
    /// The first few of the packages, as package URLs without qualifiers: those of languages, then those of the
    /// distribution, each sorted.
    pub first: Vec<String>,
}

impl LicenceFound {
    /// What stands for a licence that nothing in the image declares.
    pub const NONE: &'static str = "NOASSERTION";

    /// What stands for expressions beyond the limits of the record.
    pub const LEFT_OUT: &'static str = "LicenseRef-fondaco-not-recorded";

    /// Returns how many of its packages are not the distribution's.
    pub const fn of_languages(&self) -> u64 {
        self.packages.saturating_sub(self.of_distribution)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A package in a file that another package owns: its distributor answers for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Owned {
    /// Its package URL.
    pub package: String,
    /// The owner's.
    pub owner: String,
}

/// How containers of the image are run, as it says. Values of variables are not recorded: some are secrets.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecutionRecord {
    /// Empty for root.
    pub user: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub working_directory: String,
    /// `80/tcp`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// Names, in the order of the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Names of variables and labels that look like secrets and have a value, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks_secret: Vec<String>,
}
