//! Opens images that are named on the command line for reading: in registries, layouts and archives, each opened once.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Exit, env, exit, work_tree};
use crate::{
    intake::OpenRepository,
    manifest::{self, Desired, SourceFile},
    model::{Reference, Repository},
    reconcile::{Registries, RunError},
    registry::{Local, Place, RegistryError},
    ui::Ui,
};

/// The tag that is meant where none is written, as container tools have it.
pub(super) const DEFAULT_TAG: &str = "latest";

/// Why nothing was begun.
pub(super) enum Refusal {
    Usage(String),
    Manifests(Vec<manifest::Diagnostic>, Vec<SourceFile>),
}

impl Refusal {
    /// Tells it and returns the exit code.
    pub(super) fn told(self, ui: &Ui) -> Exit {
        match self {
            Self::Usage(reason) => {
                ui.error(&reason);
                Exit::Usage
            }
            Self::Manifests(diagnostics, files) => exit::show(ui, &RunError::Manifest(diagnostics), &files),
        }
    }
}

/// Reads the manifests of a repository, where there are any.
pub(super) fn manifests(root: &Path) -> Result<Option<Desired>, Refusal> {
    if !root.join("fondaco.yaml").is_file() {
        return Ok(None);
    }
    let unreadable = |error| Refusal::Usage(format!("`{}` cannot be read: {error}", root.display()));
    let files = work_tree::sources(root).map_err(unreadable)?;
    match manifest::read(&files) {
        Ok(desired) => Ok(Some(desired)),
        Err(diagnostics) => Err(Refusal::Manifests(diagnostics, files)),
    }
}

/// Opened sources.
pub(super) struct Sources<'a> {
    manifests: Option<&'a Desired>,
    plain_http: &'a [String],
    pub(super) registries: Registries,
    local: BTreeMap<String, Local>,
}

impl<'a> Sources<'a> {
    /// Returns sources that go by what the manifests say of registries; others are spoken to by TLS unless named in
    /// `plain_http`.
    pub(super) fn new(repository: PathBuf, manifests: Option<&'a Desired>, plain_http: &'a [String]) -> Self {
        let registries = Registries::new(repository, env::credentials());
        Self { manifests, plain_http, registries, local: BTreeMap::new() }
    }

    /// Returns the repository of a place, and the image in it that is meant.
    pub(super) async fn open(&mut self, place: &Place) -> Result<(OpenRepository, Reference), RegistryError> {
        if let Place::Image { repository, reference } = place {
            let reference = reference.clone().unwrap_or_else(|| Reference::tag(DEFAULT_TAG));
            return Ok((self.image(repository)?, reference));
        }
        // The reference is part of the key: it is resolved when the place is opened.
        let key = place.to_string();
        if !self.local.contains_key(&key)
            && let Some(local) = Local::source(place).await?
        {
            self.local.insert(key.clone(), local);
        }
        let local = &self.local[&key];
        let reference = local.reference.clone().unwrap_or_else(|| Reference::tag(DEFAULT_TAG));
        Ok((opened(local), reference))
    }

    pub(super) fn image(&self, repository: &Repository) -> Result<OpenRepository, RegistryError> {
        let (host, path) = (repository.host.as_str(), repository.path.clone());
        let registry = match self.manifests {
            Some(desired) if desired.registries.contains_key(host) => self.registries.get(desired, host)?,
            _ => self.registries.undeclared(host, self.plain_http.iter().any(|plain| plain == host))?,
        };
        Ok(OpenRepository { registry, path })
    }
}

pub(super) fn opened(local: &Local) -> OpenRepository {
    OpenRepository { registry: Arc::clone(&local.registry), path: local.repository.clone() }
}
