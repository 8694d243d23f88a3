//! Credentials from Docker's `config.json` and the containers tools' `auth.json`, one format.
//!
//! Reads files, nothing else: no environment (it is passed in), no credential program. The result goes into
//! [`super::Access`].

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Path, PathBuf},
};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Credential, RegistryError, Secret, asked::Asked};

/// The largest configuration file that is read. Real ones have a few kilobytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Both padded and unpadded values are found in the wild.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys under which tools have stored the credential for `docker.io`.
const DOCKER_HUB_KEYS: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];

/// Where credentials are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lookup {
    /// The first file that has a key for the repository decides; missing files are passed over.
    pub files: Vec<PathBuf>,
}

/// Returns the files that container tools read, in their order (containers-auth.json(5)). `env` returns the value of an
/// environment variable.
pub fn candidate_files(env: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let directory = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = directory("HOME");
    let config = directory("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let docker = directory("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    [
        directory("REGISTRY_AUTH_FILE"),
        directory("XDG_RUNTIME_DIR").map(|run| run.join("containers/auth.json")),
        config.map(|config| config.join("containers/auth.json")),
        docker.map(|docker| docker.join("config.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Lookup {
    /// Returns the lookup in [`candidate_files`].
    pub fn from_environment(env: &dyn Fn(&str) -> Option<String>) -> Self {
        Self { files: candidate_files(env) }
    }

    /// Returns the credential for a repository (`""` for the host as a whole); the most specific key wins. Anonymous
    /// where no file has a key for it.
    ///
    /// # Errors
    /// `Invalid` for a file that is not such a configuration, `Denied` where a file cannot be read or leaves the host to
    /// a credential program.
    pub fn credential(&self, host: &str, repository: &str) -> Result<Credential, RegistryError> {
        for file in &self.files {
            let asked = Asked::new(host, format!("the credential from `{}`", file.display()));
            let Some(text) = read(file, &asked)? else { continue };
            if let Some(credential) = select(&text, host, repository, &asked)? {
                return Ok(credential);
            }
        }
        Ok(Credential::Anonymous)
    }
}

fn read(file: &Path, asked: &Asked) -> Result<Option<Zeroizing<Vec<u8>>>, RegistryError> {
    let opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(asked.denied(&e.to_string())),
    };
    let mut text = Zeroizing::new(Vec::new());
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(|e| asked.denied(&e.to_string()))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(asked.invalid(format!("more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(Some(text))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
}

fn select(
    text: &[u8],
    host: &str,
    repository: &str,
    asked: &Asked,
) -> Result<Option<Credential>, RegistryError> {
    // The parser's own message may quote a value; its place in the file is enough.
    let file: File = serde_json::from_slice(text)
        .map_err(|e| asked.invalid(format!("broken JSON at line {}, column {}", e.line(), e.column())))?;
    let auths: BTreeMap<&str, &Entry> = file.auths.iter().map(|(key, entry)| (normal(key), entry)).collect();
    let helpers: BTreeMap<&str, &String> =
        file.cred_helpers.iter().map(|(key, name)| (normal(key), name)).collect();
    for key in keys(host, repository) {
        if let Some(program) = helpers.get(key.as_str()) {
            return Err(helper(asked, program));
        }
        let Some(entry) = auths.get(key.as_str()) else { continue };
        match (credential(entry, asked)?, &file.creds_store) {
            (Some(credential), _) => return Ok(Some(credential)),
            // Docker leaves an empty entry where the secret is in the store.
            (None, Some(program)) => return Err(helper(asked, program)),
            (None, None) => {}
        }
    }
    Ok(None)
}

fn helper(asked: &Asked, program: &str) -> RegistryError {
    asked.denied(&format!(
        "it is kept by `docker-credential-{program}`, and credential helpers are not read yet"
    ))
}

/// Returns a key as hosts and namespaces are written today: without scheme, and without the path of the old API.
fn normal(key: &str) -> &str {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    match bare {
        Some(bare) => bare.split('/').next().unwrap_or(bare),
        None => key.trim_end_matches('/'),
    }
}

/// Returns `host/a/b`, `host/a`, `host`, and what else Docker Hub goes by.
fn keys(host: &str, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut rest = repository.trim_matches('/');
    while !rest.is_empty() {
        keys.push(format!("{host}/{rest}"));
        rest = rest.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    keys.push(host.to_owned());
    if host == "docker.io" {
        keys.extend(DOCKER_HUB_KEYS.map(str::to_owned));
    }
    keys
}

fn credential(entry: &Entry, asked: &Asked) -> Result<Option<Credential>, RegistryError> {
    let given = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.reveal().is_empty());
    if let Some(token) = given(&entry.identitytoken) {
        return Ok(Some(Credential::IdentityToken(token)));
    }
    if let Some(auth) = given(&entry.auth) {
        return decode(&auth)
            .map(Some)
            .ok_or_else(|| asked.invalid("`auth` is not base64 of `username:password`"));
    }
    match (&entry.username, given(&entry.password)) {
        (Some(username), Some(password)) => {
            Ok(Some(Credential::Basic { username: username.clone(), password }))
        }
        _ => Ok(None),
    }
}

fn decode(auth: &Secret) -> Option<Credential> {
    let bytes = Zeroizing::new(BASE64.decode(auth.reveal().trim()).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    // Docker pads old entries with NUL.
    let password = Secret::new(password.trim_end_matches('\0'));
    (!username.is_empty()).then(|| Credential::Basic { username: username.to_owned(), password })
}
