//! `fondaco advisories diff`: what other advisories say of the images that are held.

use std::{fmt::Write as _, fs};

use clap::Args;
use serde_json::json;

use super::LOCK;
use crate::{
    advisory::{Bundle, Store, Wanted},
    cli::{Exit, Location, exit, show, work_tree, world},
    evidence::{AdvisoriesLock, Document as _, Event},
    model::{Digest, Kind, foreign::inline},
    plan,
    reconcile::{self, RunError, State, World},
    scan::{self, Difference, Line},
    ui::{Progress, Ui},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Digest of the bundle before. Default: the one that the branch pins.
    before: Option<Digest>,
    /// Digest of the bundle after. Default: the one that the work tree pins.
    after: Option<Digest>,
    #[command(flatten)]
    location: Location,
}

/// What changes for one image.
struct Changed {
    image: String,
    difference: Difference,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match compared(arguments) {
        Ok((images, changed)) => {
            show(ui, &told(images, &changed), &json(images, &changed));
            Exit::Done
        }
        Err(error) => {
            let files = work_tree::sources(&arguments.location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn compared(arguments: &Arguments) -> Result<(usize, Vec<Changed>), RunError> {
    let location = &arguments.location;
    let world = world::open(location, Progress::unseen())?;
    let runtime = world::runtime()?;
    let state = runtime.block_on(State::tip(&world))?;
    let absent = |what: &str| RunError::Advisories {
        digest: "none".to_owned(),
        reason: format!("{what} pins no bundle"),
        kind: Kind::NotFound,
    };
    let before = match &arguments.before {
        Some(digest) => digest.clone(),
        None => state.evidence.advisories.as_ref().ok_or_else(|| absent("the branch"))?.digest.clone(),
    };
    let after = if let Some(digest) = &arguments.after {
        digest.clone()
    } else {
        let bytes = fs::read(location.repository.join(LOCK)).map_err(|_| absent("the work tree"))?;
        AdvisoriesLock::parse(&bytes).map_err(RunError::Task)?.digest
    };
    let mut wanted = Wanted::new();
    for record in state.evidence.images.values() {
        let packages = record.packages.get("packages.txt").map_or("", String::as_str);
        scan::want(packages, &mut wanted).map_err(|error| RunError::Task(error.to_string()))?;
    }
    let read = |digest: &Digest| runtime.block_on(bundle(&world, &state, digest, &wanted));
    let (before, after) = (read(&before)?, read(&after)?);
    let mut changed = vec![];
    for ((source, digest), record) in &state.evidence.images {
        let scan = |bundle: &Bundle| {
            plan::amend::scan_of(record, bundle).map_err(|error| RunError::Task(error.to_string()))
        };
        let difference = Difference::between(&scan(&before)?, &scan(&after)?);
        if !difference.is_empty() {
            changed.push(Changed { image: Event::image(source, digest), difference });
        }
    }
    Ok((state.evidence.images.len(), changed))
}

async fn bundle(world: &World, state: &State, digest: &Digest, wanted: &Wanted) -> Result<Bundle, RunError> {
    reconcile::fetch_bundle(world, &state.desired, digest, Some(wanted)).await?;
    Store::new(&world.bundles).read(digest, wanted).map_err(|error| RunError::Advisories {
        digest: digest.short(),
        reason: error.to_string(),
        kind: error.kind(),
    })
}

fn told(images: usize, changed: &[Changed]) -> String {
    let mut text = String::new();
    for Changed { image, difference } in changed {
        let _ = writeln!(text, "{image}");
        for line in &difference.new {
            let _ = writeln!(text, "  + {}", finding(line));
        }
        for line in &difference.gone {
            let _ = writeln!(text, "  - {}", finding(line));
        }
        for changed in &difference.changed {
            let _ = writeln!(text, "  ~ {}: {}", finding(&changed.finding), inline(&changed.what.join(", ")));
        }
        for gap in &difference.unseen {
            let _ = writeln!(text, "  ! no longer looked at: {}", inline(gap));
        }
        for gap in &difference.seen {
            let _ = writeln!(text, "  ! looked at now: {}", inline(gap));
        }
    }
    let count = |of: fn(&Difference) -> usize| changed.iter().map(|one| of(&one.difference)).sum::<usize>();
    let _ = writeln!(
        text,
        "{} of {images} images change: {} findings new, {} gone, {} described anew",
        changed.len(),
        count(|d| d.new.len()),
        count(|d| d.gone.len()),
        count(|d| d.changed.len())
    );
    text
}

fn finding(line: &Line) -> String {
    let fixed = line.fixed.as_deref().map_or(String::new(), |fixed| format!(", fixed in {}", inline(fixed)));
    let exploited = if line.exploited { ", known to be exploited" } else { "" };
    format!(
        "{} {} in {} {}{fixed}{exploited}",
        inline(&line.id),
        line.severity,
        inline(&line.source),
        inline(&line.installed)
    )
}

fn json(images: usize, changed: &[Changed]) -> serde_json::Value {
    let one = |changed: &Changed| json!({"image": changed.image, "difference": changed.difference});
    json!({
        "schema": "fondaco/advisories-diff/v1alpha1",
        "images": images,
        "changed": changed.iter().map(one).collect::<Vec<_>>(),
    })
}
