//! `fondaco rescan`: judge what is held against the pinned advisories, from what is recorded.

use clap::Args;

use super::{Exit, Location, exit, show, work_tree, world};
use crate::{
    reconcile::{self, RunError},
    ui::{Progress, Ui},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match rescanned(arguments) {
        Ok(report) => {
            show(ui, &report.text(), &serde_json::to_value(&report).unwrap_or_default());
            if report.needs_a_person() { Exit::Refused } else { Exit::Done }
        }
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn rescanned(arguments: &Arguments) -> Result<reconcile::RescanReport, RunError> {
    let world = world::open(&arguments.location, Progress::unseen())?;
    world::runtime()?.block_on(reconcile::rescan(&world))
}
