//! Probes: small questions to a registry whose answers are its capabilities. `fondaco doctor` asks them.
//!
//! To add a probe: write its file, name it in [`ALL`]. Probes write into two repositories of their own and nowhere
//! else; [`site`] notes everything before it is written, and removes it afterwards, whatever happened in between.
//! The steps are those of rules_img's `docs/registry-support.md` and of section 6 of the project's registry reference.

mod artifacts;
mod chunks;
mod delete;
mod indexes;
mod large;
mod mount;
mod reach;
mod referrers;
mod sha512;
mod site;
mod tags;

use async_trait::async_trait;

pub use reach::{Reached, reach, reach_manifest};

use self::site::Site;
use super::{Capabilities, Registry, RegistryError};

/// How much something found matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Good to know; nothing fails for it.
    Note,
    /// Costs time, room or safety.
    Warning,
    /// Runs will fail.
    Error,
}

/// What a check has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub level: Level,
    pub what: String,
    /// What to do about it, where there is something.
    pub todo: Option<String>,
}

impl Said {
    pub fn ok(what: impl Into<String>) -> Self {
        Self { level: Level::Ok, what: what.into(), todo: None }
    }

    pub fn note(what: impl Into<String>) -> Self {
        Self { level: Level::Note, what: what.into(), todo: None }
    }

    pub fn warning(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { level: Level::Warning, what: what.into(), todo: Some(todo.into()) }
    }

    pub fn error(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { level: Level::Error, what: what.into(), todo: Some(todo.into()) }
    }
}

/// One question.
#[async_trait]
trait Probe: Sync {
    /// Finds one thing out and says it. Removes nothing: what was written is removed after the last probe.
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError>;
}

/// Every probe, in the order in which they are asked; later ones read what earlier ones found.
const ALL: &[(&str, &dyn Probe)] = &[
    ("delete", &delete::Delete),
    ("mount", &mount::MountProbe),
    ("chunked upload", &chunks::Chunks),
    ("artifacts", &artifacts::Artifacts),
    ("referrers", &referrers::Referrers),
    ("sparse index", &indexes::Sparse),
    ("nested index", &indexes::Nested),
    ("sha512", &sha512::Sha512),
    ("tags", &tags::Tags),
    ("manifest size", &large::Large),
];

/// What the probes of one registry found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probed {
    pub capabilities: Capabilities,
    /// With the name of the probe.
    pub said: Vec<(&'static str, Said)>,
}

/// Returns the two repositories that probing below `quarantine` writes to.
pub fn repositories(quarantine: &str) -> [String; 2] {
    [format!("{quarantine}/fondaco-doctor"), format!("{quarantine}/fondaco-doctor-mount")]
}

/// Asks a registry behind HTTP everything, writing below the repository `quarantine` and removing it again. `nonce` makes
/// this run's blobs new to the registry; `stop` is asked between probes. A registry that is no server answers nothing.
pub async fn probe(
    registry: &dyn Registry,
    quarantine: &str,
    nonce: &str,
    stop: &(dyn Fn() -> bool + Sync),
) -> Probed {
    let mut probed = Probed::default();
    let Some(http) = registry.as_http() else { return probed };
    let site = Site::new(http, quarantine, nonce);
    if site.first_write(&mut probed.said).await {
        for (name, probe) in ALL {
            if stop() {
                probed.said.push((name, Said::note("not asked: interrupted")));
                break;
            }
            match probe.run(&site, &mut probed.capabilities).await {
                Ok(said) => probed.said.extend(said.into_iter().map(|said| (*name, said))),
                Err(error) => {
                    let todo = "ask again later; without an answer runs rely on the specification";
                    probed.said.push((name, Said::warning(format!("not found out: {error}"), todo)));
                }
            }
        }
    }
    probed.said.extend(site.clean_up().await.into_iter().map(|said| ("cleaning up", said)));
    probed
}
