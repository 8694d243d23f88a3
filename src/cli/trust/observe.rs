//! `fondaco trust observe`: what a publisher publishes, and the policy that would accept it.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::super::{Exit, env, exit, show, work_tree, world};
use crate::{
    manifest::{self, Desired, DesiredFile, DesiredKey},
    model::Reference,
    reconcile::Registries,
    registry::{Place, Registry, RegistryError},
    trust::{
        observe::{self, Observation, Report, Subject},
        root::{FILE_ENDING, Instance},
    },
    ui::Ui,
};

/// The tag that is meant where none is written, as container tools have it.
const DEFAULT_TAG: &str = "latest";

/// The largest trust root or public key that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads registries only. Several tags of one image make a better proposal than one: what their signers have in common
/// becomes the rule. What is proposed is what was seen, not what should be.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Image to look at: `HOST/REPOSITORY[:TAG][@DIGEST]`. Several are taken for one publisher's.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<Place>,
    /// Trust root to verify with. Default: `trust/public-good.trusted_root.json` and `trust/github.trusted_root.json` of the
    /// manifest repository, or those that came with this program.
    #[arg(long, value_name = "PATH")]
    root: Option<PathBuf>,
    /// Public key that the publisher is known by. May be repeated.
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Name of the proposed policy. Default: the image's.
    #[arg(long)]
    name: Option<String>,
    /// File that the proposed policy is written to; it must not exist.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Registry that is spoken to by HTTP without TLS. May be repeated.
    #[arg(long, value_name = "HOST")]
    plain_http: Vec<String>,
    /// Manifest repository whose `Registry` documents say how registries are reached, where there is one.
    #[arg(long, default_value = ".", env = "FONDACO_REPOSITORY")]
    repository: PathBuf,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let asked = match Asked::new(arguments) {
        Ok(asked) => asked,
        Err(reason) => {
            ui.error(&reason);
            return Exit::Usage;
        }
    };
    let report = match world::runtime().map(|runtime| runtime.block_on(asked.report())) {
        Ok(report) => report,
        Err(error) => return exit::show(ui, &error, &[]),
    };
    show(ui, &report.text(), &report.json());
    name_root(arguments, &report, ui);
    if let Some(exit) = write(arguments, &report, ui) {
        return exit;
    }
    if report.is_undeterminable() {
        ui.error("not everything could be found out: a registry that does not answer says nothing about signatures");
        return Exit::Failed;
    }
    if !report.is_accepted() {
        ui.warning("the proposed policy does not accept what it was proposed from; the reasons are above it");
    }
    Exit::Done
}

/// Says where the trust root comes from that the policy names, where it is not there yet.
fn name_root(arguments: &Arguments, report: &Report, ui: &Ui) {
    let named = report.policy.as_ref().is_some_and(|policy| policy.contains("\n  root: "));
    let root = report.seen.iter().find_map(|one| one.record.root.as_ref()).filter(|_| named);
    if let Some(root) = root.filter(|root| !arguments.repository.join(&root.path).is_file()) {
        let path = &root.path;
        ui.hint(&format!(
            "the policy names `{path}`, which is not there yet; `fondaco trust refresh` writes it"
        ));
    }
}

/// Writes the policy where it is wanted; returns how the program ends where it could not.
fn write(arguments: &Arguments, report: &Report, ui: &Ui) -> Option<Exit> {
    use io::Write as _;
    let (path, policy) = (arguments.out.as_ref()?, report.policy.as_ref()?);
    let written = fs::OpenOptions::new().write(true).create_new(true).open(path);
    match written.and_then(|mut file| file.write_all(policy.as_bytes())) {
        Ok(()) => {
            ui.story(&format!("wrote {}", path.display()));
            None
        }
        Err(error) => {
            ui.error(&format!("`{}` cannot be written: {error}", path.display()));
            Some(Exit::Failed)
        }
    }
}

/// What was asked for, read and checked.
struct Asked {
    subjects: Vec<Subject>,
    name: String,
    roots: Vec<DesiredFile>,
    keys: Vec<DesiredKey>,
    plain_http: Vec<String>,
    desired: Option<Desired>,
    registries: Registries,
}

impl Asked {
    fn new(arguments: &Arguments) -> Result<Self, String> {
        let subjects: Vec<Subject> = arguments.images.iter().map(subject).collect::<Result<_, _>>()?;
        let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let name = arguments.name.clone().or_else(|| subjects.first().map(|one| last(&one.repository.path)));
        Ok(Self {
            subjects,
            name: observe::name(&name.unwrap_or_default()),
            roots: roots(arguments)?,
            keys: arguments.key.iter().map(|path| key(path)).collect::<Result<_, _>>()?,
            plain_http: arguments.plain_http.clone(),
            desired: desired(&arguments.repository)?,
            registries: Registries::new(arguments.repository.clone(), env::credentials()),
        })
    }

    fn registry(&self, host: &str) -> Result<Arc<dyn Registry>, RegistryError> {
        match &self.desired {
            Some(desired) if desired.registries.contains_key(host) => self.registries.get(desired, host),
            _ => self.registries.undeclared(host, self.plain_http.iter().any(|plain| plain == host)),
        }
    }

    async fn report(&self) -> Report {
        let (mut seen, mut failed) = (vec![], vec![]);
        for subject in &self.subjects {
            match self.observe(subject).await {
                Ok(observation) => seen.push(observation),
                Err(error) => failed.push((subject.to_string(), error.to_string())),
            }
        }
        self.conclude(seen, failed).await
    }

    async fn observe(&self, subject: &Subject) -> Result<Observation, RegistryError> {
        let registry = self.registry(&subject.repository.host)?;
        observe::observe(registry.as_ref(), subject, &self.roots, &self.keys).await
    }

    /// Proposes, and tries what is proposed.
    async fn conclude(&self, seen: Vec<Observation>, failed: Vec<(String, String)>) -> Report {
        let proposal = observe::propose(&seen, &self.keys);
        let root = self.root_of(&seen);
        let policy = observe::policy_text(&self.name, &seen, &proposal, &root.path);
        let mut trials = vec![];
        if let Some(text) = &policy {
            let read = observe::read(&self.name, text, &root);
            for one in &seen {
                trials.push(match &read {
                    Ok(policy) => self.attempt(one, policy).await,
                    Err(diagnostics) => observe::Trial::unreadable(&one.image, diagnostics),
                });
            }
        }
        Report { seen, failed, proposal, policy, trials }
    }

    async fn attempt(&self, seen: &Observation, policy: &manifest::DesiredPolicy) -> observe::Trial {
        match self.registry(&seen.repository.host) {
            Ok(registry) => observe::attempt(registry.as_ref(), seen, policy).await,
            Err(error) => observe::Trial::failed(&seen.image, &error),
        }
    }

    /// Returns the root by which the observations were verified, the first one where they say none.
    fn root_of(&self, seen: &[Observation]) -> DesiredFile {
        let used = seen.iter().find_map(|one| one.record.root.as_ref());
        let root = self.roots.iter().find(|root| used.is_some_and(|used| used.path == root.path));
        root.or_else(|| self.roots.first()).cloned().expect("there is at least the embedded root")
    }
}

fn subject(place: &Place) -> Result<Subject, String> {
    match place {
        Place::Image { repository, reference } => Ok(Subject {
            repository: repository.clone(),
            reference: reference.clone().unwrap_or_else(|| Reference::tag(DEFAULT_TAG)),
        }),
        other => Err(format!("`{other}` is not an image in a registry: signatures lie beside images there")),
    }
}

fn roots(arguments: &Arguments) -> Result<Vec<DesiredFile>, String> {
    if let Some(path) = &arguments.root {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(vec![DesiredFile { path: format!("trust/{name}"), text: read(path)? }]);
    }
    [Instance::PublicGood, Instance::Github]
        .into_iter()
        .map(|instance| {
            let path = format!("trust/{instance}{FILE_ENDING}");
            let kept = arguments.repository.join(&path);
            let text = if kept.is_file() {
                read(&kept)?
            } else {
                instance.embedded().map_err(|error| error.to_string())?.text().to_owned()
            };
            Ok(DesiredFile { path, text })
        })
        .collect()
}

fn key(path: &Path) -> Result<DesiredKey, String> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(DesiredKey { name: observe::name(&stem), pem: read(path)?, logged: false })
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
}

/// Reads the manifests of a repository, where there are any.
fn desired(root: &Path) -> Result<Option<Desired>, String> {
    if !root.join("fondaco.yaml").is_file() {
        return Ok(None);
    }
    let files =
        work_tree::sources(root).map_err(|error| format!("`{}` cannot be read: {error}", root.display()))?;
    manifest::read(&files).map(Some).map_err(|mistakes| {
        let first = mistakes.first().map_or_else(String::new, |one| format!(": {}", one.message));
        format!("the manifests in `{}` are not in order; `fondaco check` shows where{first}", root.display())
    })
}
