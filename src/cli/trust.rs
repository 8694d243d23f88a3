//! `fondaco trust`: what stands behind trust policies. One file a verb.

mod observe;
mod refresh;
mod verify;

use clap::{Args, Subcommand};

use super::Exit;
use crate::ui::Ui;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Verify images against their trust policies; reads registries and writes nothing.
    Verify(verify::Arguments),
    /// Look at what a publisher publishes beside an image, and propose the policy that would accept it.
    Observe(observe::Arguments),
    /// Bring a trust root in `trust/` up to date; the only command that contacts a TUF repository.
    Refresh(refresh::Arguments),
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match &arguments.verb {
        Verb::Verify(arguments) => verify::run(arguments, ui),
        Verb::Observe(arguments) => observe::run(arguments, ui),
        Verb::Refresh(arguments) => refresh::run(arguments, ui),
    }
}
