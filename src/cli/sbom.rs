//! `fondaco sbom`: what is in an image, and software bills of materials on their own. One file a verb.

mod check;
mod image;

use clap::{Args, Subcommand};

use super::Exit;
use crate::ui::Ui;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    image: image::Arguments,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Name every field of an SBOM that falls short of what a standard asks for.
    ///
    /// Reads CycloneDX (JSON, 1.4 to 1.7) and SPDX (2.x JSON, 3.0 JSON-LD). Exit code 0: nothing falls short; 1: something
    /// does; 65: the file cannot be read as an SBOM. What the file declares unknown does not fall short.
    Check(check::Arguments),
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match &arguments.verb {
        Some(Verb::Check(arguments)) => check::run(arguments, ui),
        None => image::run(&arguments.image, ui),
    }
}
