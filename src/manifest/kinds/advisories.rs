//! `Mirror.spec.advisories`: what the advisory bundle is built from.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::text::{InsidePath, Name, Sentence, ServiceAddress};

/// What `fondaco advisories import` reads where it is told nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "advisories block")]
pub struct AdvisoriesSpec {
    /// The sources. Default: none, so that they are named on the command line; nothing is contacted that no manifest names.
    #[serde(default)]
    pub sources: Vec<AdvisorySourceSpec>,
}

/// One source of advisories. Its form is seen from its content.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "advisory source")]
pub struct AdvisorySourceSpec {
    /// Its name in locks and records.
    pub name: Name,
    /// Where it is published: one file or archive. Either this or `path`.
    pub url: Option<ServiceAddress>,
    /// A file, folder or archive in the manifest repository. Either this or `url`.
    pub path: Option<InsidePath>,
    /// The licence of the data, as its publisher states it. Default: unknown, and locks say so.
    pub licence: Option<Sentence>,
}
