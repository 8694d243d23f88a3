//! `fondaco trust`: what stands behind trust policies. One file a verb.

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
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match &arguments.verb {
        Verb::Verify(arguments) => verify::run(arguments, ui),
    }
}
