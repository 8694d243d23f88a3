//! `fondaco plan`: what a run would do and why.

use clap::Args;

use super::{Exit, Location, exit, show, work_tree, world};
use crate::{
    plan,
    reconcile::{self, RunError, State},
    ui::{Progress, Ui},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    location: Location,
    /// Commit whose manifests are planned for: a branch, a tag or an id.
    #[arg(long, default_value = "HEAD")]
    revision: String,
    /// Exit with 2 where something is to be done.
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match planned(arguments, ui) {
        Ok(exit) => exit,
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn planned(arguments: &Arguments, ui: &Ui) -> Result<Exit, RunError> {
    let world = world::open(&arguments.location, Progress::unseen())?;
    let commit = world.repository.resolve(&arguments.revision)?;
    let state = State::read(&world.repository, &commit)?;
    let outlook = world::runtime()?.block_on(reconcile::outlook(&world, state))?;
    let text = plan::explain(&outlook.plan, &outlook.cost, world.now());
    show(ui, &text, &plan::json(&outlook.plan, &outlook.cost));
    let refused = newly_refused(&outlook);
    Ok(match (arguments.detailed_exitcode && !outlook.plan.is_empty(), refused) {
        (true, _) => Exit::ChangesPending,
        (false, true) => Exit::Refused,
        (false, false) => Exit::Done,
    })
}

/// Returns whether the plan refuses what the recorded verdicts do not refuse yet.
fn newly_refused(outlook: &reconcile::Outlook) -> bool {
    let refused = crate::model::Verdict::Refused;
    outlook.plan.images.iter().any(|planned| {
        let record = planned.digest.as_ref();
        let record = record.and_then(|digest| outlook.state.evidence.image(&planned.image.source, digest));
        planned.consumers.iter().any(|consumer| {
            let before = record.and_then(|record| plan::verdict_for(record, &consumer.name));
            let now = consumer.verdict.as_ref();
            now.is_some_and(|v| v.verdict == refused) && before.is_none_or(|v| v.verdict != refused)
        })
    })
}
