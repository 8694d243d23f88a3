//! Who we are to a registry: variables that the manifests name, files of container tools, credential programs.
//!
//! [`Lookup`] says where to look, [`Credentials`] is what there is for one host. Files are read when a host is opened;
//! programs run when it first asks who we are. The environment comes in as a value. Next: [`super::Access`].

mod environment;
mod file;
mod program;
#[cfg(test)]
mod tests;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroizing;

pub use self::environment::Environment;
use self::program::Program;
use super::{Credential, RegistryError, Secret};
use crate::model::Kind;

/// The largest configuration file that is read. Real ones have a few kilobytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The variable that holds a whole `config.json` (Docker's command line, GitLab's runners).
const INLINE: &str = "DOCKER_AUTH_CONFIG";

/// Where credentials are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lookup {
    /// The first that has a credential for the repository decides; missing ones are passed over.
    pub configurations: Vec<Configuration>,
    pub environment: Environment,
}

/// A configuration in the format of Docker's `config.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configuration {
    File(PathBuf),
    /// The text of `DOCKER_AUTH_CONFIG`.
    Inline,
}

/// A credential for a part of a registry, in variables that the manifests name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The repository below which it is used; empty for the whole registry.
    pub prefix: String,
    pub variables: Variables,
}

/// The names of variables that hold a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variables {
    Password { username: String, password: String },
    IdentityToken(String),
}

/// The credentials for one host. Clones share what programs have answered.
#[derive(Debug, Clone, Default)]
pub struct Credentials(Arc<[Source]>);

/// One file or document: its entries, of which the first that fits a repository is the one.
type Source = Vec<Entry>;

/// A credential, with the place that it is from, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) credential: Credential,
    pub(super) place: String,
}

#[derive(Debug)]
struct Entry {
    prefix: String,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Known { credential: Credential, place: String },
    Program(Box<Program>),
    Unusable(RegistryError),
}

/// Where an entry is written, and what a program named there gets to see.
struct Origin {
    place: String,
    environment: Environment,
}

impl Origin {
    fn invalid(&self, host: &str, detail: &str) -> RegistryError {
        RegistryError::no_credential(host, &self.place, detail, Kind::Invalid)
    }

    fn denied(&self, host: &str, detail: &str) -> RegistryError {
        RegistryError::no_credential(host, &self.place, detail, Kind::Denied)
    }
}

/// Returns the configurations that container tools read, in their order (containers-auth.json(5), Docker's command line).
pub fn candidates(environment: &Environment) -> Vec<Configuration> {
    let directory = |name: &str| environment.get(name).map(PathBuf::from);
    let home = directory("HOME");
    let config = directory("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let docker = directory("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    let file = |path: Option<PathBuf>| path.map(Configuration::File);
    [
        file(directory("REGISTRY_AUTH_FILE")),
        file(directory("XDG_RUNTIME_DIR").map(|run| run.join("containers/auth.json"))),
        file(config.map(|config| config.join("containers/auth.json"))),
        environment.get(INLINE).map(|_| Configuration::Inline),
        file(docker.map(|docker| docker.join("config.json"))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Lookup {
    /// Returns the lookup in [`candidates`].
    pub fn from_environment(environment: Environment) -> Self {
        Self { configurations: candidates(&environment), environment }
    }

    /// Returns the credentials for a host: what the manifests declare, then what the configurations hold. Runs nothing.
    ///
    /// # Errors
    /// Kind `Invalid` for a file that is not such a configuration, `Denied` where it cannot be read. What is wrong with
    /// one credential only shows when that one is wanted.
    pub fn credentials(&self, host: &str, declared: &[Declared]) -> Result<Credentials, RegistryError> {
        let mut sources = vec![self.declared(host, declared)];
        for configuration in &self.configurations {
            let environment = self.environment.clone();
            let (place, text) = match configuration {
                Configuration::File(path) => (format!("`{}`", path.display()), None),
                Configuration::Inline => (format!("the variable `{INLINE}`"), self.environment.get(INLINE)),
            };
            let origin = Origin { place, environment };
            let text = match (configuration, text) {
                (Configuration::File(path), _) => read(path, host, &origin)?,
                (Configuration::Inline, text) => text.map(|text| Zeroizing::new(text.as_bytes().to_vec())),
            };
            if let Some(text) = text {
                sources.push(file::entries(&text, host, &origin)?);
            }
        }
        Ok(Credentials(sources.into()))
    }

    fn declared(&self, host: &str, declared: &[Declared]) -> Source {
        let mut source: Source = declared
            .iter()
            .map(|one| Entry { prefix: one.prefix.clone(), kept: self.kept(host, &one.variables) })
            .collect();
        source.sort_by_key(|entry| std::cmp::Reverse(entry.prefix.len()));
        source
    }

    fn kept(&self, host: &str, variables: &Variables) -> Kept {
        let (names, place) = match variables {
            Variables::Password { username, password } => {
                (vec![username, password], format!("the variables `{username}` and `{password}`"))
            }
            Variables::IdentityToken(token) => (vec![token], format!("the variable `{token}`")),
        };
        let origin = Origin { place, environment: Environment::default() };
        let value = |name: &&String| self.environment.get(name).map(str::to_owned);
        let Some(mut values) = names.iter().map(value).collect::<Option<Vec<_>>>() else {
            let missing = names.into_iter().find(|name| self.environment.get(name).is_none());
            let missing = missing.map_or("", String::as_str);
            let detail = format!(
                "`{missing}` is not set, and the `Registry` document says that it holds the credential"
            );
            return Kept::Unusable(origin.denied(host, &detail));
        };
        let secret = Secret::new(values.pop().unwrap_or_default());
        let credential = match values.pop() {
            Some(username) => Credential::Basic { username, password: secret },
            None => Credential::IdentityToken(secret),
        };
        Kept::Known { credential, place: origin.place }
    }
}

fn read(path: &Path, host: &str, origin: &Origin) -> Result<Option<Zeroizing<Vec<u8>>>, RegistryError> {
    let opened = match std::fs::File::open(path) {
        Ok(opened) => opened,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(origin.denied(host, &e.to_string())),
    };
    let mut text = Zeroizing::new(Vec::new());
    let read = opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut text);
    read.map_err(|e| origin.denied(host, &e.to_string()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(origin.invalid(host, &format!("more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(Some(text))
}

impl From<Credential> for Credentials {
    /// Returns one credential for everything.
    fn from(credential: Credential) -> Self {
        if credential == Credential::Anonymous {
            return Self::default();
        }
        let kept = Kept::Known { credential, place: "the caller".to_owned() };
        Self([vec![Entry { prefix: String::new(), kept }]].into())
    }
}

impl Credentials {
    /// Returns the entries that speak for a repository: one a source, up to the first that is sure to have an answer.
    fn chain(&self, repository: &str) -> Vec<&Entry> {
        let mut chain = vec![];
        for source in self.0.iter() {
            let Some(entry) = source.iter().find(|entry| covers(&entry.prefix, repository)) else { continue };
            chain.push(entry);
            if !matches!(entry.kept, Kept::Program(_)) {
                break;
            }
        }
        chain
    }

    /// Returns whether requests for both repositories are made by the same account.
    pub(super) fn same_account(&self, a: &str, b: &str) -> bool {
        let (a, b) = (self.chain(a), self.chain(b));
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| std::ptr::eq(*a, b))
    }

    /// Returns the account for a repository; the longest prefix wins. Anonymous where nobody has a credential for it.
    ///
    /// # Errors
    /// Why the one that should have it cannot give it: that is never taken as leave to go on anonymously.
    pub(super) async fn account(&self, repository: &str) -> Result<Account, RegistryError> {
        for entry in self.chain(repository) {
            match &entry.kept {
                Kept::Known { credential, place } => {
                    return Ok(Account { credential: credential.clone(), place: place.clone() });
                }
                Kept::Unusable(error) => return Err(error.clone()),
                Kept::Program(program) => {
                    if let Some(account) = program.account().await? {
                        return Ok(account);
                    }
                }
            }
        }
        Ok(Account { credential: Credential::Anonymous, place: "nowhere".to_owned() })
    }

    /// Returns another account than `stale`, which the registry has refused, where a program gives one now.
    pub(super) async fn renewed(
        &self,
        repository: &str,
        stale: &Credential,
    ) -> Result<Option<Account>, RegistryError> {
        for entry in self.chain(repository) {
            let Kept::Program(program) = &entry.kept else { return Ok(None) };
            if let Some(account) = program.renewed(stale).await? {
                return Ok(Some(account).filter(|account| account.credential != *stale));
            }
        }
        Ok(None)
    }
}

/// Returns whether a repository is `prefix` or below it.
fn covers(prefix: &str, repository: &str) -> bool {
    let rest = repository.strip_prefix(prefix);
    prefix.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
