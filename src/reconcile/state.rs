//! What one commit of the manifest repository says: manifests, lock, evidence. Read from Git objects.

use std::collections::BTreeMap;

use super::{Registries, RunError, World};
use crate::{
    evidence::{self, Evidence, RegistriesLock},
    git::{CommitId, Repository},
    manifest::{self, Desired, SourceFile},
    plan::{self, Observed, Unselected},
};

/// One commit, read.
#[derive(Debug, Clone)]
pub struct State {
    pub tip: CommitId,
    /// Everything generated that is in the commit, by path: `evidence/`, `lock/`, `docs/`.
    pub files: BTreeMap<String, Vec<u8>>,
    pub desired: Desired,
    pub evidence: Evidence,
}

const GENERATED: [&str; 3] = ["evidence/", "lock/", "docs/"];

impl State {
    /// Reads a commit.
    ///
    /// # Errors
    /// [`RunError::Manifest`] with every diagnostic; Git and evidence errors.
    pub fn read(repository: &Repository, tip: &CommitId) -> Result<Self, RunError> {
        let generated = |path: &str| GENERATED.iter().any(|folder| path.starts_with(folder));
        let wanted = |path: &str| generated(path) || manifest::is_input(path);
        let (files, inputs): (BTreeMap<_, _>, BTreeMap<_, _>) =
            repository.read(tip, &wanted)?.into_iter().partition(|(path, _)| generated(path));
        let sources: Vec<SourceFile> = inputs.into_iter().map(|(path, bytes)| source(path, &bytes)).collect();
        let desired = manifest::read(&sources).map_err(RunError::Manifest)?;
        let evidence = evidence::load(&files)?;
        Ok(Self { tip: tip.clone(), files, desired, evidence })
    }

    /// Puts what selections choose into the manifests. Returns the selections that could not be made.
    pub(super) fn expand(&mut self, observed: &Observed) -> Vec<Unselected> {
        let expanded = plan::expand(&self.desired, &self.evidence.lock, observed);
        self.desired = expanded.desired;
        expanded.failures
    }

    /// Fetches and reads the tip of the branch.
    pub async fn tip(world: &World) -> Result<Self, RunError> {
        let (remote, branch) = (world.remote.clone(), world.branch.clone());
        let state: Self = world
            .git(move |repository| {
                let tip = repository.fetch(&remote, &branch)?;
                let tip = tip.ok_or(RunError::NoBranch { remote, branch })?;
                Self::read(repository, &tip)
            })
            .await?;
        state.inform(&world.registries);
        Ok(state)
    }

    /// Tells the registries what is recorded about them.
    pub(super) fn inform(&self, registries: &Registries) {
        let recorded = self.evidence.registries.as_ref();
        registries.record(recorded.map(RegistriesLock::overrides).unwrap_or_default());
    }
}

fn source(path: String, bytes: &[u8]) -> SourceFile {
    SourceFile { path, text: String::from_utf8_lossy(bytes).into_owned() }
}
