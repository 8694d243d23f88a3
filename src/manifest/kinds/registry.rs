//! `Registry`: how a registry is reached, and what is declared about it.

mod access;

use schemars::JsonSchema;
use serde::Deserialize;

pub use access::{PrefixCredential, RegistryAccess};

use super::LimitsSpec;
use crate::manifest::text::{Country, Date, HostName, OutsidePath, Sentence};
use crate::registry::{BehaviourOverrides, RegistryKind};

/// How a registry is reached, and the facts that somebody declares about it. Registries without a document are reached
/// by HTTPS, with every fact an open question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "registry")]
pub struct RegistrySpec {
    /// Host as image names write it. Default: the document's name.
    pub host: Option<HostName>,
    /// Directory of OCI image layouts that is read and written instead of asking the host. Default: the host is
    /// asked by HTTPS. For tests, demonstrations and air gaps.
    pub layout: Option<OutsidePath>,
    /// Whether the host is asked by HTTP without TLS. Default `false`: anybody on the way could read credentials and
    /// change answers.
    #[serde(default, rename = "plainHTTP")]
    pub plain_http: bool,
    /// Which software or service the registry is. Default: what its host shows; software that runs under its operator's
    /// own name (Harbor, Artifactory, Nexus, zot, GitLab, distribution) cannot be recognised and is then taken to do what the
    /// distribution specification demands.
    pub kind: Option<RegistryKind>,
    /// How this registry differs from what is known of its kind. Default: it does not; `fondaco doctor` finds out.
    #[serde(default)]
    pub behaviour: BehaviourOverrides,
    /// How much the registry is asked, whatever it would allow. Default: as much as is known that it allows.
    #[serde(default)]
    pub limits: LimitsSpec,
    /// Who we are to the registry, whom to trust on the way, and which way to go. Default: what container tools do.
    #[serde(default)]
    pub access: RegistryAccess,
    /// Who operates the registry. Default: an open question.
    #[serde(default)]
    pub operator: Operator,
    /// Where the bytes lie and under which law. Default: open questions.
    #[serde(default)]
    pub jurisdiction: Jurisdiction,
    /// Who declares the facts of this document, from what, and when. Default: open questions.
    #[serde(default)]
    pub declared: Declared,
}

/// Who operates the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "operator block")]
pub struct Operator {
    /// Legal name of the operator. Default: an open question.
    pub name: Option<Sentence>,
    /// Country of the operator's registered seat. Default: an open question.
    pub country: Option<Country>,
    /// The operator's ultimate parent, which may be subject to other law. Default: open questions.
    #[serde(default)]
    pub parent: Parent,
}

/// The operator's ultimate parent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "parent block")]
pub struct Parent {
    /// Legal name of the ultimate parent. Default: an open question.
    pub name: Option<Sentence>,
    /// Country of the parent's registered seat. Default: an open question.
    pub country: Option<Country>,
}

/// Where the bytes lie and under which law.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "jurisdiction block")]
pub struct Jurisdiction {
    /// Where the bytes lie: countries or regions, delivery networks included. Default: an open question.
    pub location: Option<Sentence>,
    /// The law that the contract with the operator names. Default: an open question.
    pub law: Option<Sentence>,
    /// What is known about access by authorities of other countries, with the norm. Default: an open question; it is
    /// never derived, because it is a legal assessment.
    pub third_country_access: Option<Sentence>,
    /// What happens when the registry goes away, and when that was tested. Default: an open question.
    pub exit: Option<Sentence>,
}

/// Who declares the facts, from what, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "declared block")]
pub struct Declared {
    /// Who declares the facts: a team or role. Default: an open question.
    pub by: Option<Sentence>,
    /// The day for which the facts are declared. Default: an open question.
    pub date: Option<Date>,
    /// What the facts are taken from: a contract, a page, a letter. Default: an open question.
    pub source: Option<Sentence>,
    /// Who reviewed the declaration. Default: an open question.
    pub reviewed_by: Option<Sentence>,
}
