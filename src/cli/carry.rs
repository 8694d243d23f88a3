//! `fondaco carry out` and `fondaco carry in`: a cleared set across an air gap.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};

use super::{Exit, Location, exit, show, work_tree, world};
use crate::{
    carry::{self, CarryError, InOptions, InReport, OutOptions, VOLUME_BYTES_DEFAULT, VolumeState},
    model::{Kind, Repository},
    reconcile::{RunError, World},
    ui::Ui,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write what the pushed evidence clears into volumes: images with signatures and attestations, the pinned advisory
    /// bundle, manifests and evidence as a Git bundle, and a signed index of all of it.
    ///
    /// The same set gives the same bytes. Interrupted, the same command goes on after the last whole volume.
    Out {
        /// Directory for `carry.json`, `carry.json.sig` and `volume-0001.tar` and so on.
        directory: PathBuf,
        /// Carry only what is cleared for this consumer; may be given several times. Default: all consumers.
        #[arg(long, value_name = "NAME")]
        consumer: Vec<String>,
        /// The largest volume, for instance `4GiB` or `700MB`. What is larger is split. At least 16KiB.
        #[arg(long, value_name = "SIZE", default_value_t = Size(VOLUME_BYTES_DEFAULT))]
        volume_size: Size,
        #[command(flatten)]
        location: Location,
    },
    /// Import volumes into the mirror of this manifest repository.
    ///
    /// Everything is checked against the signed index. Content goes into quarantine, the sender's history into the
    /// branch `carried/<mirror>`, its records and a receipt into this branch; tags are written last. Volumes may come in
    /// several sessions. Importing again changes nothing.
    In {
        /// Directory with `carry.json`, `carry.json.sig` and the volumes that have arrived.
        directory: PathBuf,
        /// Import below this prefix instead: quarantine to PREFIX/quarantine, tags to PREFIX/<consumer>.
        #[arg(long, value_name = "PREFIX")]
        to: Option<Repository>,
        /// Public key (PEM) that must have signed the index and the images. Default: the `.pub` file beside the
        /// mirror's signing key.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        #[command(flatten)]
        location: Location,
    },
}

/// A number of bytes as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size(u64);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            bytes if bytes % (1 << 30) == 0 => write!(f, "{}GiB", bytes >> 30),
            bytes => write!(f, "{bytes}"),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number and a unit: `4GiB`, `700MB`, `65536`".to_owned();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
        let unit = match text[digits..].trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let (location, done) = match &arguments.verb {
        Verb::Out { directory, consumer, volume_size, location } => {
            let options = OutOptions {
                directory: directory.clone(),
                consumers: consumer.clone(),
                volume_bytes: volume_size.0,
            };
            (location, out(&options, location, ui))
        }
        Verb::In { directory, to, key, location } => {
            let options = InOptions { directory: directory.clone(), to: to.clone(), key: key.clone() };
            (location, bring(&options, location, ui))
        }
    };
    done.unwrap_or_else(|error| failed(ui, error, location))
}

fn out(options: &OutOptions, location: &Location, ui: &Ui) -> Result<Exit, CarryError> {
    let (report, signal) = in_world(location, ui, async |world| carry::out(world, options).await)?;
    match report {
        Ok(report) => {
            show(ui, &report.text(), &serde_json::to_value(&report).unwrap_or_default());
            Ok(signal.unwrap_or(Exit::Done))
        }
        Err(error) => interrupted(ui, error, signal),
    }
}

fn bring(options: &InOptions, location: &Location, ui: &Ui) -> Result<Exit, CarryError> {
    let (report, signal) = in_world(location, ui, async |world| carry::receive(world, options).await)?;
    match report {
        Ok(report) => {
            show(ui, &report.text(), &serde_json::to_value(&report).unwrap_or_default());
            Ok(signal.unwrap_or_else(|| code(&report, ui)))
        }
        Err(error) => interrupted(ui, error, signal),
    }
}

/// Damage outweighs failure, and failure outweighs waiting: each needs more than another try.
fn code(report: &InReport, ui: &Ui) -> Exit {
    if report.in_state(VolumeState::Damaged).next().is_some() {
        ui.hint("copy the named volumes again; what was imported stays");
        return Exit::Tampered;
    }
    match () {
        () if report.has_failures() => Exit::Partial,
        () if report.waits() => {
            ui.hint("run the same command when the missing volumes have arrived");
            Exit::TryAgain
        }
        () => Exit::Done,
    }
}

/// Runs work in a world and returns what it returned, with the exit code of a signal that came meanwhile.
fn in_world<T>(
    location: &Location,
    ui: &Ui,
    work: impl AsyncFnOnce(&World) -> Result<T, CarryError>,
) -> Result<(Result<T, CarryError>, Option<Exit>), CarryError> {
    world::runtime()?.block_on(async {
        let (progress, display) = ui.progress();
        let world = world::open(location, progress)?;
        let signalled = world::drain_on_signal(world.drain.clone(), world.progress.clone());
        let done = work(&world).await;
        display.finish().await;
        Ok((done, Arc::clone(&signalled).get().copied()))
    })
}

fn interrupted(ui: &Ui, error: CarryError, signal: Option<Exit>) -> Result<Exit, CarryError> {
    match (error, signal) {
        (error @ CarryError::Interrupted(_), Some(exit)) => {
            ui.warning(&error.to_string());
            Ok(exit)
        }
        (error, _) => Err(error),
    }
}

fn failed(ui: &Ui, error: CarryError, location: &Location) -> Exit {
    let error = match error {
        CarryError::Run(error @ RunError::Manifest(_)) => {
            let files = work_tree::sources(&location.repository).unwrap_or_default();
            return exit::show(ui, &error, &files);
        }
        other => other,
    };
    ui.error(&error.to_string());
    match (&error, error.kind()) {
        (CarryError::Signature { .. } | CarryError::History { .. }, _) => Exit::Tampered,
        (CarryError::NoConsumer(_) | CarryError::VolumeSize(..), _) => Exit::Usage,
        (_, Kind::RateLimited | Kind::Unavailable) => {
            ui.hint("the same command may succeed later");
            Exit::TryAgain
        }
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let cases = [
            ("4GiB", 4 << 30),
            ("700MB", 700_000_000),
            ("65536", 65536),
            ("1 TiB", 1 << 40),
            ("16KiB", 16384),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "GiB", "4 Gi", "-1", "99999999999TiB", "4.5GiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
