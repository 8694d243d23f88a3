//! Which licences a gate lets pass.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::text::LicenceName;
use crate::model::Verdict;

/// The licences that packages may have. Of `MIT OR AGPL-3.0-only` one side may be chosen, `MIT AND AGPL-3.0-only` needs
/// both, and `GPL-2.0-or-later` leaves the choice among version 2.0 and the later ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "rule for licences")]
pub struct LicencesSpec {
    /// Licences that refuse the image, such as `AGPL-1.0-or-later`, which means every version of it. A licence means
    /// itself with an exception, too, unless `allow` names that. Default: none.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub deny: Option<Vec<LicenceName>>,
    /// The only licences that are let pass; any other refuses the image. Default: every licence that is not denied.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub allow: Option<Vec<LicenceName>>,
    /// What a package leads to whose licence nothing in the image declares, or declares in words that name no licence of
    /// SPDX's list. Default `hold`: what nobody can read nobody can agree to.
    pub unknown: UnknownLicence,
    /// Whose licences count. Default `all`: a licence binds whoever passes the software on, whoever packaged it. The
    /// packages of a distribution declare the licence of every file of their sources, the GPL nearly always among them.
    pub of: Licensed,
}

impl Default for LicencesSpec {
    fn default() -> Self {
        Self { deny: None, allow: None, unknown: UnknownLicence::Hold, of: Licensed::All }
    }
}

/// What a licence leads to that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UnknownLicence {
    /// The image waits in quarantine.
    Hold,
    /// The package passes.
    Accept,
}

impl UnknownLicence {
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Hold => Verdict::Held,
            Self::Accept => Verdict::Cleared,
        }
    }
}

/// Whose licences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Licensed {
    /// Those of every package.
    All,
    /// Those of packages that are not the distribution's: of languages, and files that no package manager put there.
    Languages,
}
