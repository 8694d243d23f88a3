//! Exit codes, documented in the README and never renumbered.

use crate::{manifest, manifest::SourceFile, model::Kind, reconcile::RunError, ui::Ui};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    ChangesPending = 2,
    Refused = 3,
    Partial = 4,
    /// What was signed or recorded is not what is there.
    Tampered = 5,
    Usage = 64,
    /// A manifest, or a file given to be checked, is not what it should be.
    ManifestInvalid = 65,
    TryAgain = 75,
    /// Drained after an interrupt (Ctrl-C).
    Interrupted = 130,
    /// Drained after a request to terminate, as schedulers send it.
    Terminated = 143,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Prints what the argument parser has to say; help and version are results, everything else is a usage error.
pub(super) fn usage(error: &clap::Error) -> Exit {
    // A closed pipe is not worth an error of its own.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

/// Shows an error that ended a run, with the exit code that its kind stands for.
pub(super) fn show(ui: &Ui, error: &RunError, files: &[SourceFile]) -> Exit {
    if let RunError::Manifest(diagnostics) = error {
        ui.rendered(&manifest::render(diagnostics, files, ui.settings().color));
        return Exit::ManifestInvalid;
    }
    ui.error(&error.to_string());
    match error.kind() {
        Kind::RateLimited | Kind::Unavailable => {
            ui.hint("the same command may succeed later");
            Exit::TryAgain
        }
        Kind::Denied => {
            ui.hint(
                "credentials come from Docker's config file; the key's password from FONDACO_KEY_PASSWORD",
            );
            Exit::Failed
        }
        _ => Exit::Failed,
    }
}
