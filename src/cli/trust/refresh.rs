//! `fondaco trust refresh`: bring a trust root up to date.

use std::{fs, path::PathBuf};

use clap::Args;

use super::super::{Exit, env, show, world};
use crate::{
    model::Kind,
    registry::{Proxy, Transport},
    trust::root::{
        FILE_ENDING, Instance, RootError,
        refresh::{self, Bootstrap, Origin, Refreshed},
    },
    ui::Ui,
};

/// Fetches a Sigstore trust root by TUF and writes it as `trust/<instance>.trusted_root.json`, with a record of what was
/// seen beside it. Contacts the TUF repository of the instance or of `--url` and nobody else; runs never do. An older root
/// never replaces a newer one. Review and commit what changed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which Sigstore instance: `public-good` (tuf-repo-cdn.sigstore.dev) or `github` (tuf-repo.github.com).
    #[arg(long, value_enum, default_value_t = Instance::PublicGood)]
    instance: Instance,
    /// Address of another TUF repository that has a target `trusted_root.json`.
    #[arg(long, requires_all = ["root", "out"], conflicts_with_all = ["offline", "instance"])]
    url: Option<String>,
    /// The TUF root (`root.json`) with which trust in that repository begins.
    #[arg(long, value_name = "FILE", requires = "url")]
    root: Option<PathBuf>,
    /// File to write. Default: `trust/<instance>.trusted_root.json` of the manifest repository.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Contact nobody: use the root that came with this program.
    #[arg(long)]
    offline: bool,
    /// Write nothing; exit with 2 where the file would change.
    #[arg(long)]
    check: bool,
    /// Work tree of the manifest repository.
    #[arg(long, default_value = ".", env = "FONDACO_REPOSITORY")]
    repository: PathBuf,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match refreshed(arguments) {
        Ok(refreshed) => {
            show(ui, &refreshed.text(), &refreshed.json());
            if refreshed.is_news() && !arguments.check {
                ui.hint("review and commit it: policies that name it trust these authorities from then on");
            }
            if arguments.check && refreshed.is_news() { Exit::ChangesPending } else { Exit::Done }
        }
        Err(error) => failed(&error, ui),
    }
}

fn refreshed(arguments: &Arguments) -> Result<Refreshed, RootError> {
    let name = format!("{}{FILE_ENDING}", arguments.instance);
    let path = arguments.out.clone().unwrap_or_else(|| arguments.repository.join("trust").join(name));
    if arguments.offline {
        return refresh::embedded(&path, arguments.instance, arguments.check);
    }
    let bootstrap = match &arguments.root {
        None => None,
        Some(file) => Some(fs::read(file).map_err(|error| RootError::Read {
            path: file.display().to_string(),
            reason: error.to_string(),
        })?),
    };
    let origin = match (&arguments.url, &bootstrap) {
        (Some(address), Some(bytes)) => Origin { address, bootstrap: Bootstrap::Root(bytes) },
        _ => Origin::of(arguments.instance),
    };
    let proxy = Proxy::from_environment(&env::credentials().environment);
    let transport = Transport { proxy, ..Transport::default() };
    let runtime = world::runtime().map_err(|error| RootError::Content(error.to_string()))?;
    runtime.block_on(refresh::fetch(&path, origin, &transport, env::now(), arguments.check))
}

fn failed(error: &RootError, ui: &Ui) -> Exit {
    ui.error(&error.to_string());
    ui.story("the file is as it was");
    match error {
        RootError::Rollback(_) => {
            ui.hint("somebody serves an old root, or the file was edited; to begin anew, delete it and its record");
            Exit::Tampered
        }
        RootError::Untrusted { .. } | RootError::Expired { .. } => Exit::Tampered,
        error if matches!(error.kind(), Kind::Unavailable | Kind::RateLimited) => {
            ui.hint(
                "the same command may succeed later; `--offline` uses the root that came with this program",
            );
            Exit::TryAgain
        }
        _ => Exit::Failed,
    }
}
