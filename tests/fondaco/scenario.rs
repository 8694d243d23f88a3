//! A manifest repository with a bare remote, image layouts as upstream and mirror, and a run under a fixed clock.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use fondaco::{
    demo,
    evidence::Actor,
    git::{Author, CommitId, Repository},
    intake::{Cpu, Intake, LayerStore},
    model::Instant,
    reconcile::{self, Registries, Report, RunError, State, World},
    registry::credentials::Lookup,
    trust::sign::{self, KeyFile, OrgSigner},
    ui::Progress,
};
use tokio_util::sync::CancellationToken;

/// One person's folder: `upstream/`, `mirror/`, `remote.git/`, `manifests/`.
pub(crate) struct Scenario {
    pub folder: tempfile::TempDir,
    pub repository: Repository,
}

pub(crate) fn now() -> Instant {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

pub(crate) fn author() -> Author {
    Author { name: "Ada".into(), email: "ada@example.org".into(), at: now() }
}

fn actor() -> Actor {
    let none = || "none".to_owned();
    Actor {
        provider: none(),
        repository: none(),
        workflow: none(),
        run: none(),
        started_by: none(),
        author: none(),
    }
}

const REGISTRIES: &str = "
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: upstream}
spec: {host: upstream.example, layout: ../upstream}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {name: mirror}
spec: {host: mirror.example, layout: ../mirror}
---
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {name: acme}
spec: {registry: mirror.example, signing: {key: keys/acme.key}}
";

/// Returns the documents of one consumer that asks for these images of the demo's upstream, each `repository tag`.
pub(crate) fn manifests(images: &[(&str, &str)], gate: &str) -> String {
    let lines = images
        .iter()
        .map(|(image, tag)| format!("    - {{image: upstream.example/{image}, tags: [\"{tag}\"]}}\n"));
    format!(
        "{REGISTRIES}---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec:
  images:
{}---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: payments}}
spec: {{target: mirror.example/payments, images: [web], gate: {{{gate}}}}}
",
        lines.collect::<String>()
    )
}

impl Scenario {
    /// Lays out the demo's upstream and a manifest repository with this `fondaco.yaml`, without advisories.
    pub(crate) fn new(manifests: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        demo::upstream(&folder.path().join("upstream")).unwrap();
        let (work, bare) = (folder.path().join("manifests"), folder.path().join("remote.git"));
        let repository = Repository::init(&work, &bare, "main").unwrap();
        let files = [("fondaco.yaml".to_owned(), manifests.as_bytes().to_vec())].into();
        let commit = repository.commit_root(&files, "Ask for images", &author()).unwrap();
        repository.publish("origin", "main", &commit).unwrap();
        Self { folder, repository }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Commits changed files on the remote's tip and pushes, as a colleague would.
    pub(crate) fn push(&self, changes: &[(&str, &str)]) -> CommitId {
        let tip = self.tip();
        let changes =
            changes.iter().map(|(path, text)| ((*path).to_owned(), Some(text.as_bytes().to_vec()))).collect();
        let commit = self.repository.commit(&tip, &changes, "Change", &author()).unwrap();
        self.repository.push("origin", "main", &commit, &tip).unwrap();
        commit
    }

    pub(crate) fn tip(&self) -> CommitId {
        self.repository.fetch("origin", "main").unwrap().unwrap()
    }

    pub(crate) fn state(&self) -> State {
        State::read(&self.repository, &self.tip()).unwrap()
    }

    /// Returns every file of the remote's tip.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.repository.read(&self.tip(), &|_| true).unwrap()
    }

    pub(crate) fn world(&self, parallel: usize) -> World {
        World {
            repository: self.repository.clone(),
            remote: "origin".into(),
            branch: "main".into(),
            registries: Registries::new(self.path("manifests"), Lookup::default()),
            intake: Intake::new(Cpu::new(0).unwrap(), LayerStore::new(None), 32 << 20, 8),
            clock: Arc::new(now),
            actor: actor(),
            author: ("fondaco".into(), "fondaco@localhost".into()),
            tool: "fondaco test".into(),
            open_signer: Arc::new(|_| Box::pin(async { Ok(Arc::new(signer()) as Arc<dyn OrgSigner>) })),
            bundles: self.path("bundles"),
            progress: Progress::unseen(),
            drain: CancellationToken::new(),
            parallel,
            verify_again: false,
        }
    }

    pub(crate) fn run(&self) -> Result<Report, RunError> {
        self.run_with(&self.world(4))
    }

    pub(crate) fn run_with(&self, world: &World) -> Result<Report, RunError> {
        assert!(self.folder.path().exists());
        tokio::runtime::Runtime::new().unwrap().block_on(reconcile::reconcile(world))
    }

    /// Imports advisories from JSON texts, keeps the bundle in the mirror and pins it.
    pub(crate) fn import(&self, records: &[&str]) {
        let folder = self.path("advisories");
        fs::create_dir_all(&folder).unwrap();
        for (number, record) in records.iter().enumerate() {
            fs::write(folder.join(format!("{number}.json")), record).unwrap();
        }
        self.import_from(&folder);
    }

    pub(crate) fn import_from(&self, folder: &Path) {
        self.import_by(&self.world(1), folder);
    }

    /// Imports advisories with the access to registries that this world has.
    pub(crate) fn import_by(&self, world: &World, folder: &Path) {
        let bundle = fondaco::advisory::import(folder).unwrap().bundle;
        let digest = fondaco::advisory::Store::new(&world.bundles).put(&bundle).unwrap();
        let lock = fondaco::model::canonical::to_text(&bundle.lock().unwrap()).unwrap();
        let state = self.state();
        let pushed = reconcile::keep_in_mirror(world, &state.desired, &digest);
        tokio::runtime::Runtime::new().unwrap().block_on(pushed).unwrap();
        self.push(&[("lock/advisories.lock.json", &lock)]);
    }
}

/// The organisation's key of the tests, opened once: the key derivation is slow on purpose.
pub(crate) fn signer() -> KeyFile {
    use std::sync::OnceLock;
    static SEALED: OnceLock<String> = OnceLock::new();
    let sealed = SEALED.get_or_init(|| sign::seal(&demo::organisation_scalar(), b"test").unwrap().0);
    KeyFile::open(sealed.as_bytes(), b"test").unwrap()
}
