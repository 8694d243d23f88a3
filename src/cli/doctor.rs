//! `fondaco doctor`: whether a run could work, and what registries do.

use clap::Args;

use super::{Exit, Location, exit, show, work_tree, world};
use crate::{
    doctor::{self, Examination},
    reconcile::{self, RunError, State},
    ui::{Progress, Ui},
};

/// Asks only what the manifests name. Registries that the mirror writes to are probed with tiny content in the
/// repositories `<quarantine>/fondaco-doctor` and `<quarantine>/fondaco-doctor-mount`, which is removed afterwards
/// where the registry deletes; of each upstream one image is looked at.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    location: Location,
    /// Commit whose manifests are examined: a branch, a tag or an id.
    #[arg(long, default_value = "HEAD")]
    revision: String,
    /// Record what registries were found to do in `lock/registries.lock.json` on the branch; runs go by it.
    #[arg(long)]
    write: bool,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match examined(arguments) {
        Ok((found, commit, signalled)) => {
            show(ui, &found.text(), &found.json(commit.as_deref()));
            if let Some(commit) = commit {
                ui.story(&format!("recorded in {commit}"));
            }
            let code = if found.has_errors() { Exit::Failed } else { Exit::Done };
            signalled.unwrap_or(code)
        }
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

/// Returns what was found, the commit that records it, and the exit code of the signal that ended the examination early.
fn examined(arguments: &Arguments) -> Result<(Examination, Option<String>, Option<Exit>), RunError> {
    world::runtime()?.block_on(async {
        let world = world::open(&arguments.location, Progress::unseen())?;
        let commit = world.repository.resolve(&arguments.revision)?;
        let state = State::read(&world.repository, &commit)?;
        let signalled = world::drain_on_signal(world.drain.clone(), world.progress.clone());
        let found = doctor::examine(&world, &state).await;
        let recorded = if arguments.write {
            reconcile::record_capabilities(&world, &found.capabilities).await?
        } else {
            None
        };
        Ok((found, recorded, signalled.get().copied()))
    })
}
