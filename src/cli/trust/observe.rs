//! `fondaco trust observe`: what a publisher publishes, and the policy that would accept it.

mod given;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::super::{Exit, env, exit, show, work_tree, world};
use crate::{
    manifest::{self, Desired, DesiredFile},
    model::{Reference, foreign::inline},
    reconcile::Registries,
    registry::{Place, Registry, RegistryError},
    trust::observe::{self, Claimed, Given, Observation, Report, Subject},
    ui::Ui,
};
use given::Stores;

/// The tag that is meant where none is written, as container tools have it.
const DEFAULT_TAG: &str = "latest";

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
    /// Root certificate, as PEM, that the publisher's Notary Project signatures end in. May be repeated. Get it from the
    /// publisher: what a signature carries proves nothing.
    #[arg(long, value_name = "FILE")]
    trust_store: Vec<PathBuf>,
    /// Root certificates, as PEM, of the timestamp authorities that the publisher uses.
    #[arg(long, value_name = "FILE", requires = "trust_store")]
    timestamp_store: Option<PathBuf>,
    /// Write the root certificate that a Notary Project signature carries to a file, which must not exist: trust on first
    /// use. Compare its SHA-256 with what the publisher says by another way before it goes into `trust/`.
    #[arg(long, value_name = "PATH")]
    save_root: Option<PathBuf>,
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
    asked.stores.name_missing(&arguments.repository, &report, ui);
    if let Some(exit) = write(arguments, &report, ui).or_else(|| save_root(arguments, &report, ui)) {
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
    let (path, policy) = (arguments.out.as_ref()?, report.policy.as_ref()?);
    write_new(path, policy, ui)
}

/// Writes the root certificate that the signatures carry where it is wanted; returns how the program ends where it could
/// not.
fn save_root(arguments: &Arguments, report: &Report, ui: &Ui) -> Option<Exit> {
    let path = arguments.save_root.as_ref()?;
    let roots = claimed_roots(report);
    let [root] = roots.as_slice() else {
        ui.error(&match roots.len() {
            0 => "no Notary Project signature was found whose certificates can be read: there is no root to save".to_owned(),
            more => format!("the signatures carry {more} different root certificates, and nobody here can tell which is the publisher's"),
        });
        return Some(Exit::Failed);
    };
    let ended = write_new(path, &root.root_pem, ui);
    if ended.is_none() {
        ui.warning(&format!(
            "`{}` comes from the signature itself, so whoever made the signature chose it: {}, SHA-256 {}. Compare that with what the publisher says by another way than the registry before you trust it",
            inline(&path.display().to_string()),
            root.root,
            root.fingerprint()
        ));
    }
    ended
}

/// Returns the different roots that signatures carry: of those that would hold with theirs, where there are any.
fn claimed_roots(report: &Report) -> Vec<&Claimed> {
    let read = report.seen.iter().flat_map(|one| one.claims.values()).filter_map(|read| read.as_ref().ok());
    let (whole, flawed): (Vec<&Claimed>, Vec<&Claimed>) = read.partition(|claimed| claimed.flaw.is_none());
    let mut roots = if whole.is_empty() { flawed } else { whole };
    roots.sort_by(|a, b| a.root_digest.cmp(&b.root_digest));
    roots.dedup_by(|a, b| a.root_digest == b.root_digest);
    roots
}

/// Writes a file that is not there yet; returns how the program ends where it could not.
fn write_new(path: &Path, text: &str, ui: &Ui) -> Option<Exit> {
    use io::Write as _;
    let written = fs::OpenOptions::new().write(true).create_new(true).open(path);
    match written.and_then(|mut file| file.write_all(text.as_bytes())) {
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
    given: Given,
    stores: Stores,
    plain_http: Vec<String>,
    desired: Option<Desired>,
    registries: Registries,
}

impl Asked {
    fn new(arguments: &Arguments) -> Result<Self, String> {
        let subjects: Vec<Subject> = arguments.images.iter().map(subject).collect::<Result<_, _>>()?;
        let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let name = arguments.name.clone().or_else(|| subjects.first().map(|one| last(&one.repository.path)));
        let stores = Stores::read(arguments)?;
        Ok(Self {
            subjects,
            name: observe::name(&name.unwrap_or_default()),
            given: Given {
                roots: given::roots(arguments)?,
                keys: arguments.key.iter().map(|path| given::key(path)).collect::<Result<_, _>>()?,
                stores: stores.desired.clone(),
                at: env::now(),
            },
            stores,
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
        observe::observe(registry.as_ref(), subject, &self.given).await
    }

    /// Proposes, and tries what is proposed.
    async fn conclude(&self, seen: Vec<Observation>, failed: Vec<(String, String)>) -> Report {
        let proposal = observe::propose(&seen, &self.given);
        let root = self.root_of(&seen);
        let policy = observe::policy_text(&self.name, &seen, &proposal, &root.path);
        let mut trials = vec![];
        if let Some(text) = &policy {
            let files = std::iter::once(&root).chain(self.stores.files());
            let read = observe::read(&self.name, text, files);
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
            Ok(registry) => observe::attempt(registry.as_ref(), seen, policy, self.given.at).await,
            Err(error) => observe::Trial::failed(&seen.image, &error),
        }
    }

    /// Returns the root by which the observations were verified, the first one where they say none.
    fn root_of(&self, seen: &[Observation]) -> DesiredFile {
        let used = seen.iter().find_map(|one| one.record.root.as_ref());
        let root = self.given.roots.iter().find(|root| used.is_some_and(|used| used.path == root.path));
        root.or_else(|| self.given.roots.first()).cloned().expect("there is at least the embedded root")
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
