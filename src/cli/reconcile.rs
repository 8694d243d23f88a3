//! `fondaco reconcile`: the batch run.

use clap::Args;

use super::{Exit, Location, exit, show, work_tree, world};
use crate::{
    reconcile::{self, Report, RunError, World},
    ui::Ui,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    location: Location,
    /// Look for signatures and attestations again where they are recorded: publishers add some later. Costs the requests
    /// of a first look for each image.
    #[arg(long)]
    verify_again: bool,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match reconciled(arguments, ui) {
        Ok((report, signalled)) => {
            let json = serde_json::to_value(&report).unwrap_or_default();
            show(ui, &report.text(), &json);
            signalled.unwrap_or_else(|| code(&report))
        }
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

/// Returns the report, and the exit code of the signal that made the run drain.
fn reconciled(arguments: &Arguments, ui: &Ui) -> Result<(Report, Option<Exit>), RunError> {
    world::runtime()?.block_on(async {
        let (progress, display) = ui.progress();
        let verify_again = arguments.verify_again;
        let world = World { verify_again, ..world::open(&arguments.location, progress)? };
        let signalled = world::drain_on_signal(world.drain.clone(), world.progress.clone());
        let report = reconcile::reconcile(&world).await;
        display.finish().await;
        Ok((report?, signalled.get().copied()))
    })
}

/// A standing refusal was reported by the run that reached it; this run's exit code speaks of this run.
fn code(report: &Report) -> Exit {
    match () {
        () if report.has_failures() => Exit::Partial,
        () if report.has_new_refusals() => Exit::Refused,
        () => Exit::Done,
    }
}
