//! `fondaco advisories import`: build the advisory bundle, keep it in the mirror, pin it in the work tree.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{Exit, Location, env, exit, show, work_tree, world};
use crate::{
    advisory::{self, Import, ImportReport, Store},
    evidence::AdvisoriesLock,
    manifest,
    model::{Kind, canonical, foreign::inline},
    reconcile::{self, RunError},
    ui::{Progress, Ui},
};

/// Where the bundle's digest is pinned.
const LOCK: &str = "lock/advisories.lock.json";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Import OSV records from a directory or archive and pin the bundle in `lock/advisories.lock.json`.
    Import {
        /// Directory, `.zip`, `.tar`, `.tar.gz` or `.tar.zst` of OSV records in JSON.
        source: PathBuf,
        #[command(flatten)]
        location: Location,
        /// Keep the bundle in the local store only; other machines will not find it.
        #[arg(long)]
        no_push: bool,
    },
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let Verb::Import { source, location, no_push } = &arguments.verb;
    match import(source, location, *no_push, ui) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let files = work_tree::sources(&location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn import(source: &Path, location: &Location, no_push: bool, ui: &Ui) -> Result<(), RunError> {
    let failed = |error: &dyn std::fmt::Display, kind| RunError::Advisories {
        digest: source.display().to_string(),
        reason: error.to_string(),
        kind,
    };
    let Import { bundle, report } = advisory::import(source).map_err(|error| failed(&error, error.kind()))?;
    let (bytes, lock) = (bundle.to_bytes(), bundle.lock());
    let store = Store::new(env::cache().join("advisories"));
    store.put(bytes).map_err(|error| failed(&error, error.kind()))?;
    if !no_push {
        push(location, bytes.to_vec())?;
    }
    let text = canonical::to_text(&lock).map_err(|error| failed(&error, Kind::Bug))?;
    let path = location.repository.join(LOCK);
    let written = fs::create_dir_all(location.repository.join("lock")).and_then(|()| fs::write(&path, text));
    written.map_err(|error| failed(&error, Kind::Denied))?;
    show(ui, &told(&report, &lock), &json(&report, &lock));
    ui.hint(&format!("review and commit `{LOCK}`; runs use the bundle from then on"));
    Ok(())
}

fn told(report: &ImportReport, lock: &AdvisoriesLock) -> String {
    let mut text = format!(
        "{} of {} records as of {} in bundle {}; {} withdrawn\n",
        report.kept,
        report.read,
        lock.as_of,
        lock.digest.short(),
        report.withdrawn
    );
    for used in &lock.ecosystems {
        let _ = writeln!(text, "  {}: {} records", inline(&used.ecosystem), used.records);
    }
    let left_out: u64 = report.left_out.values().sum();
    if left_out > 0 {
        let names: Vec<&str> = report.left_out.keys().take(8).map(String::as_str).collect();
        let _ = writeln!(
            text,
            "  left out, not matched in this version: {left_out} ({})",
            inline(&names.join(", "))
        );
    }
    if report.no_vulnerability > 0 {
        let _ = writeln!(text, "  left out, about no vulnerability: {}", report.no_vulnerability);
    }
    for (name, why) in report.broken.iter().take(8) {
        let _ = writeln!(text, "  not usable: {}: {}", inline(name), inline(why));
    }
    text
}

fn json(report: &ImportReport, lock: &AdvisoriesLock) -> serde_json::Value {
    serde_json::json!({
        "lock": lock,
        "read": report.read,
        "kept": report.kept,
        "withdrawn": report.withdrawn,
        "noVulnerability": report.no_vulnerability,
        "leftOut": report.left_out,
        "broken": report.broken,
    })
}

fn push(location: &Location, bytes: Vec<u8>) -> Result<(), RunError> {
    let files =
        work_tree::sources(&location.repository).map_err(|error| RunError::Task(error.to_string()))?;
    let desired = manifest::read(&files).map_err(RunError::Manifest)?;
    let world = world::open(location, Progress::unseen())?;
    let repository = reconcile::advisories_repository(&desired);
    let registry = world.registries.get(&desired, &repository.host)?;
    let pushed = reconcile::push_bundle(registry.as_ref(), &repository.path, bytes);
    world::runtime()?.block_on(pushed)?;
    Ok(())
}
