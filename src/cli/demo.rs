//! `fondaco demo`: the whole job from nothing, offline, in one folder, under a fixed clock.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{Exit, exit, show, world};
use crate::{
    advisory::{self, Store},
    demo,
    evidence::Actor,
    git::{Author, Repository},
    model::{Descriptor, Instant, Kind, Reference, canonical},
    plan,
    reconcile::{self, Registries, Report, RunError, State, World},
    registry::{Access, Credential, Endpoint, Secret, credentials::Lookup, open},
    trust::sign::{self, KeyFile},
    ui::{Progress, Ui},
};

/// The demo's moment: with it, the same program writes the same evidence, byte for byte.
const NOW: &str = demo::CLOCK;

/// Encrypts a key that is worth nothing: the scalar is a constant of this program.
const PASSWORD: &[u8] = demo::ORGANISATION_PASSWORD.as_bytes();

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder to lay everything out in; must not exist. Without it, a new one in the system's temporary folder.
    folder: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    match demonstrate(arguments, ui) {
        Ok(exit) => exit,
        Err(error) => exit::show(ui, &error, &[]),
    }
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> RunError {
    RunError::Advisories { digest: what.to_owned(), reason: error.to_string(), kind: Kind::Invalid }
}

fn demonstrate(arguments: &Arguments, ui: &Ui) -> Result<Exit, RunError> {
    let folder = new_folder(arguments.folder.as_deref())?;
    let runtime = world::runtime()?;
    ui.story(&format!("laying out upstream, mirror and a manifest repository in {}\n", folder.display()));
    let published = demo::upstream(&folder.join("upstream"));
    let published = published.map_err(|error| failed("the demo's images", &error))?;
    runtime.block_on(sign_as_publisher(&folder, &published))?;
    lay_out_repository(&folder)?;
    let (planned, at, first, second) = runtime.block_on(async {
        let (progress, display) = ui.progress();
        let world = demo_world(&folder, progress)?;
        import_advisories(&world, &folder).await?;
        let state = tip(&world).await?;
        let (outlook, at) = (reconcile::outlook(&world, state).await?, world.now());
        let first = reconcile::reconcile(&world).await?;
        let second = reconcile::reconcile(&world).await?;
        display.finish().await;
        check_out(&world)?;
        Ok::<_, RunError>((outlook, at, first, second))
    })?;
    let explained = plan::explain(&planned.plan, &planned.cost, at);
    let text = told(&folder, &explained, &first, &second);
    let json = serde_json::json!({
        "folder": folder.display().to_string(), "plan": plan::json(&planned.plan, &planned.cost), "first": first, "second": second,
    });
    show(ui, &text, &json);
    Ok(if first.has_failures() || !second.is_idle() { Exit::Failed } else { Exit::Done })
}

fn told(folder: &Path, plan: &str, first: &Report, second: &Report) -> String {
    let pages = folder.join("manifests");
    format!(
        "$ fondaco plan\n{plan}\n$ fondaco reconcile\n{}\n$ fondaco reconcile\n{}\nOpen these pages:\n  {}\n  {}\n  {}\n",
        first.text(),
        second.text(),
        pages.join("evidence/README.md").display(),
        pages.join("evidence/consumers/payments/README.md").display(),
        pages.join("docs/jurisdiction.md").display(),
    )
}

fn new_folder(named: Option<&Path>) -> Result<PathBuf, RunError> {
    let Some(path) = named else {
        let made = tempfile::Builder::new().prefix("fondaco-demo-").tempdir();
        return made.map(tempfile::TempDir::keep).map_err(|error| failed("a new folder", &error));
    };
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
        .and_then(|()| fs::create_dir(path))
        .and_then(|()| path.canonicalize())
        .map_err(|error| failed(&path.display().to_string(), &error))
}

fn signer(scalar: &[u8; 32]) -> Result<KeyFile, RunError> {
    let (sealed, _) = sign::seal(scalar, PASSWORD)?;
    Ok(KeyFile::open(sealed.as_bytes(), PASSWORD)?)
}

/// Signs one image upstream as its publisher would, in both forms.
async fn sign_as_publisher(folder: &Path, images: &[demo::Published]) -> Result<(), RunError> {
    let endpoint = Endpoint::Layout(folder.join("upstream"));
    let registry = open(&Access::new(demo::UPSTREAM_HOST, endpoint, Credential::Anonymous))?;
    let publisher = signer(&demo::publisher_scalar())?;
    for image in images.iter().filter(|image| image.repository == demo::SIGNED_REPOSITORY) {
        let found = registry.head_manifest(image.repository, &Reference::tag(image.tag)).await?;
        let subject: Vec<Descriptor> = found.into_iter().collect();
        let repository = format!("{}/{}", demo::UPSTREAM_HOST, image.repository).parse();
        let repository = repository.map_err(|error| failed("the demo's publisher", &error))?;
        sign::sign_image(registry.as_ref(), &repository, &subject, &publisher, now()?).await?;
    }
    Ok(())
}

fn now() -> Result<Instant, RunError> {
    NOW.parse().map_err(|error| failed("the demo's clock", &error))
}

fn author() -> Result<Author, RunError> {
    Ok(Author { name: "Fondaco demo".into(), email: "demo@example.org".into(), at: now()? })
}

/// Commits the example's files to a repository with a bare remote beside it.
fn lay_out_repository(folder: &Path) -> Result<(), RunError> {
    let files = demo::repository_files().into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    let repository = Repository::init(&folder.join("manifests"), &folder.join("remote.git"), "main")?;
    let commit = repository.commit_root(&files.collect(), "Ask for four images\n", &author()?)?;
    repository.publish("origin", "main", &commit)?;
    repository.check_out("main", &commit)?;
    let keys = folder.join("keys");
    let (sealed, _) = sign::seal(&demo::organisation_scalar(), PASSWORD)?;
    fs::create_dir_all(&keys)
        .and_then(|()| fs::write(keys.join("acme.key"), sealed))
        .map_err(|error| failed("the demo's key", &error))
}

fn demo_world(folder: &Path, progress: Progress) -> Result<World, RunError> {
    let root = folder.join("manifests");
    let moment = now()?;
    let keys = root.clone();
    Ok(World {
        repository: Repository::open(&root)?,
        registries: Registries::new(root, Lookup::default()),
        remote: "origin".into(),
        branch: "main".into(),
        intake: world::intake(None)?,
        clock: Arc::new(move || moment),
        actor: actor(),
        author: ("Fondaco demo".into(), "demo@example.org".into()),
        tool: world::tool(),
        open_signer: world::opener(keys, |name| {
            (name == sign::PASSWORD).then(|| Secret::new(demo::ORGANISATION_PASSWORD))
        }),
        bundles: folder.join("cache"),
        progress,
        drain: CancellationToken::new(),
        parallel: 4,
        verify_again: false,
    })
}

fn actor() -> Actor {
    let unknown = || "unknown".to_owned();
    Actor {
        provider: "none".into(),
        repository: unknown(),
        workflow: unknown(),
        run: unknown(),
        started_by: unknown(),
        author: "Fondaco demo".into(),
    }
}

/// Imports the example's advisories and commits their lock, as `fondaco advisories import` and a person would.
async fn import_advisories(world: &World, folder: &Path) -> Result<(), RunError> {
    let wrong = |error: &dyn std::fmt::Display| failed("the example's advisories", error);
    let advisories = folder.join("manifests/advisories");
    let imported = advisory::import(&advisories).map_err(|error| wrong(&error))?;
    let lock = imported.bundle.lock().map_err(|error| wrong(&error))?;
    Store::new(&world.bundles).put(&imported.bundle).map_err(|error| wrong(&error))?;
    let state = tip(world).await?;
    reconcile::keep_in_mirror(world, &state.desired, &lock.digest).await?;
    let text = canonical::to_text(&lock).map_err(|error| wrong(&error))?;
    let changes = [("lock/advisories.lock.json".to_owned(), Some(text.into_bytes()))].into();
    let commit = world.repository.commit(&state.tip, &changes, "Pin the example advisories\n", &author()?)?;
    world.repository.push("origin", "main", &commit, &state.tip)?;
    Ok(())
}

async fn tip(world: &World) -> Result<State, RunError> {
    State::tip(world).await
}

fn check_out(world: &World) -> Result<(), RunError> {
    if let Some(tip) = world.repository.fetch("origin", "main")? {
        world.repository.check_out("main", &tip)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{self, SourceFile};

    #[test]
    fn the_embedded_example_is_in_order() {
        let files: Vec<SourceFile> = demo::repository_files()
            .into_iter()
            .filter(|(path, _)| manifest::is_input(path))
            .map(|(path, bytes)| SourceFile {
                path: path.to_owned(),
                text: String::from_utf8(bytes.to_vec()).unwrap(),
            })
            .collect();
        let read = manifest::read(&files);
        assert!(read.is_ok(), "{}", manifest::render(&read.unwrap_err(), &files, false));
    }
}
