//! What is known of the registries people use: one file each, and their table.
//!
//! A first guess and no more: what `fondaco doctor` has found and what the `Registry` document states win over it
//! ([`super::Behaviour::overridden_by`]). Pure: recognises by the host's name, asks nobody. To add a registry: its file,
//! its word in [`RegistryKind`] and its line in [`ALL`]; `tests/fondaco/quirks/` then asks for a test of each quirk.

mod acr;
mod aliyun;
mod artifactory;
mod distribution;
mod docker_hub;
mod ecr;
mod ecr_public;
mod gar;
mod ghcr;
mod gitlab;
mod harbor;
mod nexus;
mod ovhcloud;
mod quay;
mod scaleway;
#[cfg(test)]
mod tests;
mod zot;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Behaviour;

pub(super) use ecr::region as ecr_region;

/// The name of a registry that nothing is known of.
pub const UNKNOWN: &str = "unknown";

/// Which software or service a registry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RegistryKind {
    /// Docker Hub.
    DockerHub,
    /// Amazon Elastic Container Registry, private.
    Ecr,
    /// Amazon ECR Public.
    EcrPublic,
    /// GitHub Container Registry.
    Ghcr,
    /// Google Artifact Registry, and `gcr.io`.
    Gar,
    /// Azure Container Registry.
    Acr,
    /// Red Hat Quay and quay.io.
    Quay,
    /// Harbor.
    Harbor,
    /// GitLab's container registry, also where self-managed.
    Gitlab,
    /// JFrog Artifactory.
    Artifactory,
    /// zot.
    Zot,
    /// Sonatype Nexus Repository.
    Nexus,
    /// Alibaba Cloud Container Registry.
    Aliyun,
    /// Scaleway Container Registry.
    Scaleway,
    /// OVHcloud Managed Private Registry, which is Harbor.
    Ovhcloud,
    /// CNCF distribution 3.
    Distribution,
    /// CNCF distribution (Docker Registry) 2.x.
    Distribution2,
}

/// One registry: how it is recognised, and everything that is particular about it.
#[derive(Debug)]
pub struct Known {
    pub kind: RegistryKind,
    /// As `spec.kind` of a `Registry` document names it.
    pub name: &'static str,
    /// As people call it.
    pub product: &'static str,
    recognises: fn(&str) -> bool,
    behaviour: fn() -> Behaviour,
    pub quirks: &'static [Quirk],
}

impl Known {
    /// Returns how the registry behaves.
    pub fn behaviour(&self) -> Behaviour {
        (self.behaviour)()
    }
}

/// One particularity of a registry.
#[derive(Debug)]
pub struct Quirk {
    /// A name that tests and reports refer to, unique within its registry.
    pub name: &'static str,
    /// What the registry does.
    pub does: &'static str,
    /// What Fondaco does about it.
    pub rule: &'static str,
    /// The values of [`Behaviour`] that follow from it, by their names in manifests.
    pub sets: &'static [&'static str],
    /// Where that is known from: a thread `owner/repository#number`, a `repository: path`, `documentation`, or
    /// `unverified`.
    pub sources: &'static [&'static str],
}

/// All known registries. The first that recognises a host wins.
pub static ALL: [&Known; 17] = [
    &docker_hub::KNOWN,
    &ecr::KNOWN,
    &ecr_public::KNOWN,
    &ghcr::KNOWN,
    &gar::KNOWN,
    &acr::KNOWN,
    &quay::KNOWN,
    &harbor::KNOWN,
    &gitlab::KNOWN,
    &artifactory::KNOWN,
    &zot::KNOWN,
    &nexus::KNOWN,
    &aliyun::KNOWN,
    &scaleway::KNOWN,
    &ovhcloud::KNOWN,
    &distribution::KNOWN,
    &distribution::KNOWN_2,
];

/// Returns what is known of the registry at `host`: of the declared kind, else of the one its name shows.
pub fn find(host: &str, declared: Option<RegistryKind>) -> Option<&'static Known> {
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    match declared {
        Some(kind) => ALL.into_iter().find(|known| known.kind == kind),
        None => ALL.into_iter().find(|known| (known.recognises)(&host)),
    }
}

/// Returns the name and the behaviour of the registry at `host`. A registry that nothing is known of is taken to do what
/// the distribution specification demands.
pub fn of(host: &str, declared: Option<RegistryKind>) -> (&'static str, Behaviour) {
    find(host, declared)
        .map_or_else(|| (UNKNOWN, Behaviour::default()), |known| (known.name, known.behaviour()))
}

/// Recognises nothing: software that runs under its operator's own name.
const fn nowhere(_: &str) -> bool {
    false
}

/// Returns whether `host` is a name below `domain`.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}
