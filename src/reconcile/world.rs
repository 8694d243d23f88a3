//! What a run acts on: everything that is not a value.

use std::{path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Registries, RunError};
use crate::{
    evidence::Actor,
    git::{Author, Repository},
    intake::Intake,
    manifest::DesiredSigning,
    model::Instant,
    trust::sign::OrgSigner,
    ui::Progress,
};

/// Tells the time; the only clock of a run, so that a run can be replayed under a fixed one.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Opens the organisation's key when the first promotion needs it: a run with nothing to do asks for no password.
pub type OpenSigner = Arc<dyn Fn(DesiredSigning) -> Opening + Send + Sync>;

/// The key, once it is open, or a sentence about why it does not open.
pub type Opening = BoxFuture<'static, Result<Arc<dyn OrgSigner>, String>>;

/// Everything a run acts on.
pub struct World {
    pub repository: Repository,
    pub remote: String,
    pub branch: String,
    pub registries: Registries,
    pub intake: Intake,
    pub clock: Clock,
    pub actor: Actor,
    /// Name and address under which evidence is committed.
    pub author: (String, String),
    /// `fondaco 0.1.0`.
    pub tool: String,
    pub open_signer: OpenSigner,
    /// Where advisory bundles are kept by digest.
    pub bundles: PathBuf,
    pub progress: Progress,
    /// Set when the run is to drain: what is begun is finished, nothing else starts.
    pub drain: CancellationToken,
    /// Images in work at once.
    pub parallel: usize,
    /// Whether signatures and attestations are looked for again where they are recorded.
    pub verify_again: bool,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("remote", &self.remote)
            .field("branch", &self.branch)
            .finish_non_exhaustive()
    }
}

impl World {
    pub fn now(&self) -> Instant {
        (self.clock)()
    }

    /// Opens the organisation's key.
    pub async fn signer(&self, signing: &DesiredSigning) -> Result<Arc<dyn OrgSigner>, String> {
        (self.open_signer)(signing.clone()).await
    }

    /// Returns the author of a commit made now.
    pub(super) fn author_now(&self) -> Author {
        Author { name: self.author.0.clone(), email: self.author.1.clone(), at: self.now() }
    }

    /// Runs Git work on a blocking thread: objects, and the `git` program.
    pub(crate) async fn git<T, E>(
        &self,
        work: impl FnOnce(&Repository) -> Result<T, E> + Send + 'static,
    ) -> Result<T, RunError>
    where
        T: Send + 'static,
        E: Into<RunError> + Send + 'static,
    {
        let repository = self.repository.clone();
        let done = tokio::task::spawn_blocking(move || work(&repository))
            .await
            .map_err(|error| RunError::Task(error.to_string()))?;
        done.map_err(Into::into)
    }
}
