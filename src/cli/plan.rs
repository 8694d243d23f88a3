//! `fondaco plan`: what a run would do and why.

use std::fmt::Write as _;

use clap::Args;

use super::{Exit, Location, exit, show, trust_roots, work_tree, world};
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
    /// List what lies in quarantine or distributions and nobody asks for. Nothing is deleted.
    #[arg(long)]
    unreferenced: bool,
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
    let (world, runtime) = (world::open(&arguments.location, Progress::unseen())?, world::runtime()?);
    let commit = world.repository.resolve(&arguments.revision)?;
    let state = State::read(&world.repository, &commit)?;
    let outlook = runtime.block_on(reconcile::outlook(&world, state))?;
    let mut text = plan::explain(&outlook.plan, &outlook.cost, world.now());
    let mut json = plan::json(&outlook.plan, &outlook.cost);
    if arguments.unreferenced {
        let listed = runtime.block_on(reconcile::quarantine_tags(&world, &outlook.state));
        let found = plan::unreferenced(&outlook.state.desired, &outlook.state.evidence, &listed);
        text.push_str(&plan::explain_unreferenced(&found, &listed));
        json["unreferenced"] = plan::unreferenced_json(&found, &listed);
    }
    let warnings =
        trust_roots::warnings_of_commit(&world.repository, &commit, &outlook.state.desired, world.now());
    json["warnings"] = serde_json::json!(warnings);
    for warning in &warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    show(ui, &text, &json);
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
        let record = record.and_then(|digest| {
            let platforms = &planned.image.content.platforms;
            outlook.state.evidence.asked(&planned.image.source, digest, platforms)
        });
        planned.consumers.iter().any(|consumer| {
            let before = record.and_then(|record| plan::verdict_for(record, &consumer.name));
            let now = consumer.verdict.as_ref();
            now.is_some_and(|v| v.verdict == refused) && before.is_none_or(|v| v.verdict != refused)
        })
    })
}
