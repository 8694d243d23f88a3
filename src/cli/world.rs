//! Makes the world a run acts on from arguments and environment.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use tokio::{runtime::Runtime, sync::Mutex};
use tokio_util::sync::CancellationToken;

use super::{Exit, Location, env};
use crate::{
    git::Repository,
    intake::{Cpu, Intake, LayerStore},
    manifest::DesiredSigning,
    reconcile::{OpenSigner, Registries, RunError, World},
    registry::Secret,
    trust::sign::{self, OrgSigner},
    ui::{Event, Progress},
};

/// Images in work at once. Each registry bounds its own requests; this bounds the work beside them.
const IMAGES_AT_ONCE: usize = 6;

/// Bytes of layers that wait for their cataloguer, over all images; this and not the size of images bounds memory.
const INTAKE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Blobs in flight at once, over all images.
const BLOBS_AT_ONCE: usize = 8;

/// Opens the repository and everything beside it; contacts nobody.
pub(super) fn open(location: &Location, progress: Progress) -> Result<World, RunError> {
    let repository = Repository::open(&location.repository)?;
    let root = repository.root().to_owned();
    let author = repository.head().and_then(|head| repository.author_of(&head));
    let author = author.map_or_else(|_| "unknown".to_owned(), |author| author.name);
    Ok(World {
        registries: Registries::new(root.clone(), env::credentials()).with_aws(env::aws_keys()),
        repository,
        remote: location.remote.clone(),
        branch: location.branch.clone(),
        intake: intake(Some(env::cache().join("layers")))?,
        clock: Arc::new(env::now),
        actor: env::actor(&author),
        author: committer(),
        tool: tool(),
        open_signer: opener(root, env::secret),
        bundles: env::cache().join("advisories"),
        progress,
        drain: CancellationToken::new(),
        parallel: IMAGES_AT_ONCE,
        verify_again: false,
    })
}

/// Returns an intake that keeps layer facts in `cache`, with the bounds of a run.
pub(super) fn intake(cache: Option<PathBuf>) -> Result<Intake, RunError> {
    let cpu = Cpu::new(0).map_err(|error| RunError::Task(error.to_string()))?;
    Ok(Intake::new(cpu, LayerStore::new(cache), INTAKE_BYTES_MAX, BLOBS_AT_ONCE))
}

/// Returns the name that records carry, `fondaco 0.1.0`.
pub(super) fn tool() -> String {
    format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

fn committer() -> (String, String) {
    let name = env::variable("GIT_AUTHOR_NAME").unwrap_or_else(|| "fondaco".into());
    let email = env::variable("GIT_AUTHOR_EMAIL").unwrap_or_else(|| "fondaco@localhost".into());
    (name, email)
}

/// An opened key, or why it does not open.
type Opened = Result<Arc<dyn OrgSigner>, String>;

/// Returns what opens the organisation's key when it is needed; `secret` returns the secret under a name of
/// [`sign::SECRETS`]. A key is tried once in a run, whether it opens or not: devices lock after a few wrong PINs.
pub(super) fn opener(root: PathBuf, secret: fn(&str) -> Option<Secret>) -> OpenSigner {
    let tried: Arc<Mutex<Option<(DesiredSigning, Opened)>>> = Arc::default();
    Arc::new(move |signing| {
        let (root, tried) = (root.clone(), Arc::clone(&tried));
        Box::pin(async move {
            let mut tried = tried.lock().await;
            if let Some((_, opened)) = tried.as_ref().filter(|(of, _)| *of == signing) {
                return opened.clone();
            }
            let opened = sign::open(&signing, &root, &secret).await;
            let opened = opened.map_err(|error| format!("key `{}`: {error}", signing.key.place()));
            *tried = Some((signing, opened.clone()));
            opened
        })
    })
}

pub(super) fn runtime() -> Result<Runtime, RunError> {
    Runtime::new().map_err(|error| RunError::Task(format!("no runtime: {error}")))
}

/// First signal: drain. Second: abort, as an impatient person expects. Returns the exit code of the first signal, which
/// is there once the run has been asked to drain.
pub(super) fn drain_on_signal(drain: CancellationToken, progress: Progress) -> Arc<OnceLock<Exit>> {
    let ends_with = Arc::new(OnceLock::new());
    let told = Arc::clone(&ends_with);
    tokio::spawn(async move {
        let exit = signalled().await;
        let _ = told.set(exit);
        drain.cancel();
        progress.tell(Event::Draining { uploads: 0 }).await;
        signalled().await;
        std::process::abort();
    });
    ends_with
}

async fn signalled() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Terminated,
    }
}
