//! `fondaco advisories`: build the advisory bundle, move it, and look into it.

mod diff;
mod import;
mod show;
mod transfer;

use std::{fs, path::Path};

use clap::{Args, Subcommand};

use super::Exit;
use crate::{
    evidence::{AdvisoriesLock, Document as _},
    model::Kind,
    reconcile::RunError,
    ui::Ui,
};

/// Where the bundle's digest is pinned.
pub(super) const LOCK: &str = "lock/advisories.lock.json";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build the bundle from published advisories and pin it in `lock/advisories.lock.json`.
    Import(import::Arguments),
    /// Put the pinned bundle into the mirror, signed, for every runner and site.
    Push(transfer::Push),
    /// Bring the pinned bundle, or the newest, from the mirror.
    Pull(transfer::Pull),
    /// Print all that is known of one vulnerability, with its sources.
    Show(show::Arguments),
    /// Tell what another bundle says of the images that are held.
    Diff(diff::Arguments),
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match &arguments.verb {
        Verb::Import(arguments) => import::run(arguments, ui),
        Verb::Push(arguments) => transfer::push(arguments, ui),
        Verb::Pull(arguments) => transfer::pull(arguments, ui),
        Verb::Show(arguments) => show::run(arguments, ui),
        Verb::Diff(arguments) => diff::run(arguments, ui),
    }
}

/// Reads what the work tree pins.
pub(super) fn pinned(repository: &Path) -> Result<AdvisoriesLock, RunError> {
    let path = repository.join(LOCK);
    let fail =
        |reason: String, kind| RunError::Advisories { digest: path.display().to_string(), reason, kind };
    let bytes = fs::read(&path).map_err(|_| {
        fail("none is pinned here: `fondaco advisories import` one".to_owned(), Kind::NotFound)
    })?;
    AdvisoriesLock::parse(&bytes).map_err(|reason| fail(reason, Kind::Invalid))
}
