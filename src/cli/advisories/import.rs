//! `fondaco advisories import`: build the advisory bundle, keep it in the mirror, pin it in the work tree.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use tempfile::TempDir;

use super::LOCK;
use crate::{
    advisory::{self, FILE_BYTES_MAX, Import, ImportReport, Source, Store},
    cli::{Exit, Location, env, exit, show, work_tree, world},
    evidence::AdvisoriesLock,
    manifest::{self, AdvisoryPlace},
    model::{Instant, Kind, canonical, foreign::inline},
    reconcile::{self, RunError},
    registry::{Proxy, Service, Transport},
    ui::{Progress, Ui},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to import, each as `PATH` or `NAME=PATH`: a file, a folder with its folders, or an archive (`.zip`, `.tar`, `.gz`,
    /// `.bz2`, `.xz`, `.zst`). The form of each file is seen from its content. Default: the sources that the `Mirror` names,
    /// of which those with a `url` are fetched.
    #[arg(value_name = "[NAME=]PATH")]
    sources: Vec<String>,
    /// When the sources were fetched, which is the date that the gate's `maxAge` counts from. Default: now for what is
    /// fetched; else the date that each gives itself, or of its newest record.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Instant>,
    #[command(flatten)]
    location: Location,
    /// Keep the bundle in the local store only; other machines will not find it.
    #[arg(long)]
    no_push: bool,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match import(arguments, ui) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

/// Reads `NAME=PATH`; a path that has an equals sign in it is meant where a file has that name.
fn source(argument: &str, as_of: Option<Instant>) -> Source {
    let whole = PathBuf::from(argument);
    let named = argument.split_once('=').filter(|(name, _)| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !name.is_empty() && name.bytes().all(plain) && !whole.exists()
    });
    let source = match named {
        Some((name, path)) => Source { name: name.to_owned(), ..Source::of(&PathBuf::from(path)) },
        None => Source::of(&whole),
    };
    Source { as_of, ..source }
}

/// Returns what is to be imported, and the folder that holds what was fetched.
fn sources(arguments: &Arguments, ui: &Ui) -> Result<(Vec<Source>, Option<TempDir>), RunError> {
    if !arguments.sources.is_empty() {
        let named = arguments.sources.iter().map(|one| source(one, arguments.as_of));
        return Ok((named.collect(), None));
    }
    let repository = &arguments.location.repository;
    let files = work_tree::sources(repository).map_err(|error| RunError::Task(error.to_string()))?;
    let desired = manifest::read(&files).map_err(RunError::Manifest)?;
    let wanted = &desired.mirror.advisories;
    if wanted.is_empty() {
        let reason = "name files, or write `spec.advisories.sources` into the `Mirror`".to_owned();
        return Err(RunError::Advisories { digest: "import".to_owned(), reason, kind: Kind::Invalid });
    }
    let folder = tempfile::tempdir().map_err(|error| RunError::Task(error.to_string()))?;
    let mut sources = vec![];
    for of in wanted {
        let as_of = arguments.as_of;
        let (path, url, as_of) = match &of.place {
            AdvisoryPlace::Path(path) => (repository.join(path), None, as_of),
            AdvisoryPlace::Url(url) => {
                ui.hint(&format!("fetching {url}"));
                let path = fetch(url, &folder.path().join(&of.name))?;
                (path, Some(url.clone()), as_of.or_else(|| Some(env::now())))
            }
        };
        sources.push(Source { name: of.name.clone(), path, url, as_of, licence: of.licence.clone() });
    }
    Ok((sources, Some(folder)))
}

/// Fetches a file. It is held in memory on its way, as its reader holds it afterwards.
fn fetch(url: &str, to: &Path) -> Result<PathBuf, RunError> {
    let failed = |reason: String, kind| RunError::Advisories { digest: url.to_owned(), reason, kind };
    let proxy = Proxy::from_environment(&env::credentials().environment);
    let transport = Transport { proxy, ..Transport::default() };
    let service = Service::new(url, transport).map_err(|error| failed(error.to_string(), error.kind()))?;
    let fetched = world::runtime()?.block_on(service.document("", FILE_BYTES_MAX));
    let found = fetched.map_err(|error| failed(error.to_string(), error.kind()))?;
    let bytes = found.ok_or_else(|| failed("there is no such file".to_owned(), Kind::NotFound))?;
    fs::write(to, &bytes).map_err(|error| failed(error.to_string(), Kind::Denied))?;
    Ok(to.to_owned())
}

fn import(arguments: &Arguments, ui: &Ui) -> Result<(), RunError> {
    let location = &arguments.location;
    let failed = |error: &dyn std::fmt::Display, kind| RunError::Advisories {
        digest: arguments.sources.join(", "),
        reason: error.to_string(),
        kind,
    };
    // Fetched files live as long as this.
    let (sources, _fetched) = sources(arguments, ui)?;
    let Import { bundle, report } =
        advisory::import_all(&sources).map_err(|error| failed(&error, error.kind()))?;
    let lock = bundle.lock().map_err(|error| failed(&error, error.kind()))?;
    let store = Store::new(env::cache().join("advisories"));
    store.put(&bundle).map_err(|error| failed(&error, error.kind()))?;
    if !arguments.no_push {
        push(location, &lock)?;
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
    for source in &lock.sources {
        let forms = source.formats.join(", ");
        let _ = writeln!(
            text,
            "  from {} ({forms}) of {}: {} of {} records, {} not usable",
            inline(&source.name),
            source.as_of.date(),
            source.kept,
            source.read,
            source.rejected
        );
    }
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
    if report.notes > 0 {
        let _ = writeln!(text, "  known of whatever package has them: {} vulnerabilities", report.notes);
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
        "notes": report.notes,
        "leftOut": report.left_out,
        "broken": report.broken,
    })
}

fn push(location: &Location, lock: &AdvisoriesLock) -> Result<(), RunError> {
    let files =
        work_tree::sources(&location.repository).map_err(|error| RunError::Task(error.to_string()))?;
    let desired = manifest::read(&files).map_err(RunError::Manifest)?;
    let world = world::open(location, Progress::unseen())?;
    let kept = reconcile::keep_in_mirror(&world, &desired, &lock.digest);
    world::runtime()?.block_on(kept)?;
    Ok(())
}
