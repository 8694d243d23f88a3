//! `fondaco why`: the chain from verdict to rule to fact to file.

use clap::Args;

use super::{Exit, Location, exit, show, work_tree, world};
use crate::{
    plan::{self, Chain},
    reconcile::{RunError, State},
    ui::{Progress, Ui},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An image by upstream repository or distribution, `registry.acme.example/payments/redis:7.2`, or its digest; or a
    /// vulnerability by any of its names.
    what: String,
    /// Commit whose records are read: a branch, a tag or an id.
    #[arg(long, default_value = "HEAD")]
    revision: String,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match chains(arguments) {
        Ok(chains) if chains.is_empty() => {
            let nothing = format!("nothing is recorded of `{}`", arguments.what);
            exit::show(ui, &RunError::Task(nothing), &[])
        }
        Ok(chains) => {
            let json = serde_json::json!({"schema": "fondaco/why/v1alpha1", "chains": chains});
            show(ui, &plan::explain_why(&chains), &json);
            Exit::Done
        }
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn chains(arguments: &Arguments) -> Result<Vec<Chain>, RunError> {
    let world = world::open(&arguments.location, Progress::unseen())?;
    let commit = world.repository.resolve(&arguments.revision)?;
    let state = State::read(&world.repository, &commit)?;
    Ok(plan::why(&state.desired, &state.evidence, &arguments.what))
}
