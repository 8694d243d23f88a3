//! Docker's `config.json` and the containers tools' `auth.json` (containers-auth.json(5)), one format.

use std::collections::BTreeMap;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Entry, Kept, Origin, program::Program};
use crate::registry::{Credential, RegistryError, Secret};

/// Both padded and unpadded values are found in the wild.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The names under which tools have stored the credential for `docker.io`.
const DOCKER_HUB_NAMES: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// What Docker asks a credential program for where it means Docker Hub.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Login>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Login {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
}

/// Returns what a file holds for a host, in the order in which Docker asks: the program for exactly this host, else the
/// longest key that fits, else the program for every host.
pub(super) fn entries(text: &[u8], host: &str, origin: &Origin) -> Result<Vec<Entry>, RegistryError> {
    // The parser's own message may quote a value; its place in the file is enough.
    let file: File = serde_json::from_slice(text).map_err(|e| {
        origin.invalid(host, &format!("broken JSON at line {}, column {}", e.line(), e.column()))
    })?;
    let names = names(host);
    let program = |name: &String| {
        let kept = match Program::new(name, host, servers(host), origin) {
            Ok(program) => Kept::Program(Box::new(program)),
            Err(error) => Kept::Unusable(error),
        };
        Entry { prefix: String::new(), kept }
    };
    let helper = names.iter().find_map(|name| {
        file.cred_helpers.iter().find(|(key, _)| normal(key) == *name).map(|(_, program)| program)
    });
    let mut entries: Vec<Entry> = helper.into_iter().map(program).collect();
    let mut own = vec![];
    for (key, login) in &file.auths {
        let (of, prefix) = normal(key).split_once('/').unwrap_or((normal(key), ""));
        let Some(rank) = names.iter().position(|name| *name == of) else { continue };
        let kept = match credential(login) {
            Ok(None) => continue,
            Ok(Some(credential)) => Kept::Known { credential, place: origin.place.clone() },
            Err(reason) => Kept::Unusable(origin.invalid(host, reason)),
        };
        own.push((rank, Entry { prefix: prefix.to_owned(), kept }));
    }
    own.sort_by(|(a_rank, a), (b_rank, b)| (b.prefix.len(), a_rank).cmp(&(a.prefix.len(), b_rank)));
    entries.extend(own.into_iter().map(|(_, entry)| entry));
    entries.extend(file.creds_store.as_ref().map(program));
    Ok(entries)
}

/// Returns the names under which a host is found, the preferred one first.
fn names(host: &str) -> Vec<&str> {
    if host == DOCKER_HUB_NAMES[0] { DOCKER_HUB_NAMES.to_vec() } else { vec![host] }
}

/// Returns what to ask a program for: Docker and Podman do not agree on the name of Docker Hub.
fn servers(host: &str) -> Vec<String> {
    let hub = (host == DOCKER_HUB_NAMES[0]).then_some(DOCKER_HUB_SERVER);
    hub.into_iter().chain([host]).map(str::to_owned).collect()
}

/// Returns a key as hosts and namespaces are written today: without scheme, and without the path of the old API.
fn normal(key: &str) -> &str {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    match bare {
        Some(bare) => bare.split('/').next().unwrap_or(bare),
        None => key.trim_end_matches('/'),
    }
}

fn credential(entry: &Login) -> Result<Option<Credential>, &'static str> {
    let given = |secret: &Option<Secret>| secret.clone().filter(|secret| !secret.reveal().is_empty());
    if let Some(token) = given(&entry.identitytoken) {
        return Ok(Some(Credential::IdentityToken(token)));
    }
    if let Some(auth) = given(&entry.auth) {
        return decode(&auth).map(Some).ok_or("`auth` is not base64 of `username:password`");
    }
    Ok(match (&entry.username, given(&entry.password)) {
        (Some(username), Some(password)) => Some(Credential::Basic { username: username.clone(), password }),
        _ => None,
    })
}

fn decode(auth: &Secret) -> Option<Credential> {
    let bytes = Zeroizing::new(BASE64.decode(auth.reveal().trim()).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    // Docker pads old entries with NUL.
    let password = Secret::new(password.trim_end_matches('\0'));
    (!username.is_empty()).then(|| Credential::Basic { username: username.to_owned(), password })
}
