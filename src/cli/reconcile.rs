//! `fondaco reconcile`: the batch run.

use clap::Args;

use super::{Exit, Location, exit, show, work_tree, world};
use crate::{
    reconcile::{self, Report, RunError},
    ui::Ui,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match reconciled(arguments, ui) {
        Ok(report) => {
            let json = serde_json::to_value(&report).unwrap_or_default();
            show(ui, &report.text(), &json);
            code(&report)
        }
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn reconciled(arguments: &Arguments, ui: &Ui) -> Result<Report, RunError> {
    world::runtime()?.block_on(async {
        let (progress, display) = ui.progress();
        let world = world::open(&arguments.location, progress)?;
        world::drain_on_interrupt(world.drain.clone(), world.progress.clone());
        let report = reconcile::reconcile(&world).await;
        display.finish().await;
        report
    })
}

/// A standing refusal was reported by the run that reached it; this run's exit code speaks of this run.
fn code(report: &Report) -> Exit {
    match () {
        () if report.interrupted => Exit::Interrupted,
        () if report.has_failures() => Exit::Partial,
        () if report.has_new_refusals() => Exit::Refused,
        () => Exit::Done,
    }
}
