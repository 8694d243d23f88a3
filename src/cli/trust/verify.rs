//! `fondaco trust verify`: how the trust policies end for the images of the manifests.

use clap::Args;

use crate::{
    cli::{Exit, Location, exit, show, work_tree, world},
    reconcile::{self, Asked, RunError, State, Verified},
    ui::{Progress, Ui},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    location: Location,
    /// Commit whose manifests are read: a branch, a tag or an id.
    #[arg(long, default_value = "HEAD")]
    revision: String,
    /// Verify also what the evidence records already.
    #[arg(long)]
    again: bool,
    /// Images as manifests name them, with `:TAG` or `@DIGEST` or without. Default: all.
    images: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match verified(arguments) {
        Ok(Ok(verified)) => {
            show(ui, &verified.text(), &serde_json::to_value(&verified).unwrap_or_default());
            code(&verified)
        }
        Ok(Err(reason)) => {
            ui.error(&reason);
            Exit::Usage
        }
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn verified(arguments: &Arguments) -> Result<Result<Verified, String>, RunError> {
    let (world, runtime) = (world::open(&arguments.location, Progress::unseen())?, world::runtime()?);
    let commit = world.repository.resolve(&arguments.revision)?;
    let state = State::read(&world.repository, &commit)?;
    let asked = Asked { images: arguments.images.iter().cloned().collect(), again: arguments.again };
    Ok(runtime.block_on(reconcile::verify_images(&world, state, &asked)))
}

/// What a policy refuses outweighs what waits: the one needs a person.
fn code(verified: &Verified) -> Exit {
    match () {
        () if verified.refuses() => Exit::Refused,
        () if verified.is_open() => Exit::Partial,
        () => Exit::Done,
    }
}
