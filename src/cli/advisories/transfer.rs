//! `fondaco advisories push` and `pull`: the bundle between the local store and the mirror.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{LOCK, pinned};
use crate::{
    advisory::Store,
    cli::{Exit, Location, env, exit, show, work_tree, world},
    manifest::{self, Desired, DesiredKey, DesiredPolicy},
    model::{Digest, Kind, Outcome, Reference, canonical},
    reconcile::{self, RunError, World},
    trust::{sign::sign_image, verify},
    ui::{Progress, Ui},
};

/// The tag of the bundle that was pushed last.
const NEWEST: &str = "newest";

#[derive(Debug, Args)]
pub(super) struct Push {
    #[command(flatten)]
    location: Location,
}

#[derive(Debug, Args)]
pub(super) struct Pull {
    /// Take the bundle that was pushed last, whatever the lock says, and pin it in the work tree.
    #[arg(long, requires = "key")]
    newest: bool,
    /// Public key (PEM) that must have signed it. What the lock pins needs none: its digest is reviewed.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    location: Location,
}

pub(super) fn push(arguments: &Push, ui: &Ui) -> Exit {
    told(&arguments.location, ui, pushed(&arguments.location))
}

pub(super) fn pull(arguments: &Pull, ui: &Ui) -> Exit {
    told(&arguments.location, ui, pulled(arguments))
}

fn told(location: &Location, ui: &Ui, done: Result<(String, Digest), RunError>) -> Exit {
    match done {
        Ok((text, digest)) => {
            show(ui, &text, &serde_json::json!({"digest": digest}));
            Exit::Done
        }
        Err(error) => {
            let files = work_tree::sources(&location.repository).unwrap_or_default();
            exit::show(ui, &error, &files)
        }
    }
}

fn desired(location: &Location) -> Result<Desired, RunError> {
    let files =
        work_tree::sources(&location.repository).map_err(|error| RunError::Task(error.to_string()))?;
    manifest::read(&files).map_err(RunError::Manifest)
}

/// Puts the pinned bundle into the mirror, signs it and moves the tag, which is written last.
fn pushed(location: &Location) -> Result<(String, Digest), RunError> {
    let (desired, lock) = (desired(location)?, pinned(&location.repository)?);
    let world = world::open(location, Progress::unseen())?;
    let at = reconcile::advisories_repository(&desired);
    world::runtime()?.block_on(async {
        let manifest = reconcile::keep_in_mirror(&world, &desired, &lock.digest).await?;
        let registry = world.registries.get(&desired, &at.host)?;
        let signer = world.signer(&desired.mirror.signing).await.map_err(RunError::Task)?;
        let (subjects, now) = (std::slice::from_ref(&manifest), world.now());
        let vouched = sign_image(registry.as_ref(), &at, subjects, signer.as_ref(), now).await;
        vouched.map_err(|error| RunError::Task(error.to_string()))?;
        let reference = Reference::Digest(manifest.digest.clone());
        let bytes = registry.get_manifest(&at.path, &reference).await?;
        let gone = || RunError::Task("the mirror has lost the manifest".to_owned());
        let found = bytes.ok_or_else(gone)?;
        let tag = Reference::tag(NEWEST);
        registry.put_manifest(&at.path, &tag, &manifest.media_type, found.bytes).await?;
        Ok((format!("{} in {at}, signed, tag {NEWEST}\n", lock.digest.short()), lock.digest.clone()))
    })
}

fn pulled(arguments: &Pull) -> Result<(String, Digest), RunError> {
    let location = &arguments.location;
    let desired = desired(location)?;
    let world = world::open(location, Progress::unseen())?;
    let runtime = world::runtime()?;
    let digest = match &arguments.key {
        Some(key) if arguments.newest => runtime.block_on(newest(&world, &desired, key))?,
        _ => pinned(&location.repository)?.digest,
    };
    let index = runtime.block_on(reconcile::fetch_bundle(&world, &desired, &digest, None))?;
    let failed = |error: &dyn std::fmt::Display, kind| RunError::Advisories {
        digest: digest.short(),
        reason: error.to_string(),
        kind,
    };
    let lock = index.lock().map_err(|error| failed(&error, error.kind()))?;
    if arguments.newest {
        let text = canonical::to_text(&lock).map_err(|error| failed(&error, Kind::Bug))?;
        let written = fs::create_dir_all(location.repository.join("lock"))
            .and_then(|()| fs::write(location.repository.join(LOCK), text));
        written.map_err(|error| failed(&error, Kind::Denied))?;
    }
    let store = Store::new(env::cache().join("advisories"));
    Ok((
        format!("{} of {} in {}\n", digest.short(), lock.as_of.date(), store.path(&digest).display()),
        digest,
    ))
}

/// Returns the digest of the bundle that was pushed last, where the key has signed it.
async fn newest(world: &World, desired: &Desired, key: &PathBuf) -> Result<Digest, RunError> {
    let pem =
        fs::read_to_string(key).map_err(|error| RunError::Task(format!("`{}`: {error}", key.display())))?;
    let at = reconcile::advisories_repository(desired);
    let registry = world.registries.get(desired, &at.host)?;
    let found = registry.get_manifest(&at.path, &Reference::tag(NEWEST)).await?;
    let fail = |reason: String, kind| RunError::Advisories { digest: format!("{at}:{NEWEST}"), reason, kind };
    let found = found.ok_or_else(|| fail("there is none".to_owned(), Kind::NotFound))?;
    let policy = DesiredPolicy {
        name: "advisories".to_owned(),
        keys: vec![DesiredKey { name: key.display().to_string(), pem, logged: false }],
        ..DesiredPolicy::default()
    };
    let verified = verify::verify(registry.as_ref(), &at.path, &found.descriptor.digest, Some(&policy)).await;
    if verified.outcome != Outcome::Verified {
        let reason = format!("its signature is {}: nothing was taken over", verified.outcome.name());
        return Err(fail(reason, Kind::Mismatch));
    }
    let manifest: crate::model::ImageManifest =
        serde_json::from_slice(&found.bytes).map_err(|error| fail(error.to_string(), Kind::Invalid))?;
    Ok(manifest.config.digest)
}
