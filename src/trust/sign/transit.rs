//! A key of the Transit engine of HashiCorp Vault or OpenBao. The private half never leaves the server, and what is
//! signed does not go there: only its SHA-256 does.
//!
//! Two calls of the documented HTTP API, over the client that registries use. `vaultrs` 0.8 was looked at: it follows
//! redirects with the token, reads answers of any length and takes settings from the environment by itself.

use std::{collections::BTreeMap, path::Path};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{OrgSigner, SignError, open::Secrets, public::PublicHalf};
use crate::{
    manifest::{DesiredTransit, PublishedKey},
    registry::{Question, Secret, Service, Transport},
};

/// The token, as Vault's own tools read it.
pub const VAULT_TOKEN: &str = "VAULT_TOKEN";

/// The token, as OpenBao's own tools read it.
pub const BAO_TOKEN: &str = "BAO_TOKEN";

/// Path of a file with the token, such as an agent of Vault or OpenBao keeps fresh.
pub const VAULT_TOKEN_FILE: &str = "VAULT_TOKEN_FILE";

/// The largest token file. Tokens of Vault have about 100 bytes, those with everything inside some thousand.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;

/// The only type of key that signs for us.
const TYPE: &str = "ecdsa-p256";

/// An opened key: one version of it.
pub(super) struct Transit {
    service: Service,
    headers: Vec<(&'static str, Secret)>,
    /// Where it signs, `v1/transit/sign/images`.
    path: String,
    /// For messages, `transit/images`.
    name: String,
    version: u32,
    public: PublicHalf,
}

impl std::fmt::Debug for Transit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transit")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What every answer is wrapped in.
#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

/// The answer of `GET transit/keys/:name`. Other types of keys have numbers where `keys` has maps here.
#[derive(Deserialize)]
struct Key {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    keys: BTreeMap<u32, serde_json::Value>,
}

/// The answer of `POST transit/sign/:name`.
#[derive(Deserialize)]
struct Signed {
    signature: String,
}

impl Transit {
    /// Asks for the public halves of the key and settles on the version of the published one.
    pub(super) async fn open(
        desired: &DesiredTransit,
        published: Option<&PublishedKey>,
        transport: Transport,
        secrets: Secrets<'_>,
    ) -> Result<Self, SignError> {
        let service = Service::new(&desired.address, transport)?;
        let mut headers = vec![("x-vault-token", token(secrets)?), ("x-vault-request", Secret::new("true"))];
        headers
            .extend(desired.namespace.as_ref().map(|name| ("x-vault-namespace", Secret::new(name.as_str()))));
        let name = format!("{}/{}", desired.mount, desired.key);
        let question = Question {
            what: &format!("the key `{name}`"),
            path: &format!("v1/{}/keys/{}", desired.mount, desired.key),
            headers: headers.clone(),
            body: None,
        };
        let key: Key = answer(&service.ask(&question).await?, &name)?;
        let (version, public) = choose(&key, desired.version, published, &name)?;
        let path = format!("v1/{}/sign/{}", desired.mount, desired.key);
        Ok(Self { service, headers, path, name, version, public })
    }
}

#[async_trait]
impl OrgSigner for Transit {
    fn spki_der(&self) -> &[u8] {
        self.public.spki_der()
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let body = json!({
            "input": STANDARD.encode(Sha256::digest(message)),
            "prehashed": true,
            "hash_algorithm": "sha2-256",
            "marshaling_algorithm": "asn1",
            "key_version": self.version,
        });
        let question = Question {
            what: &format!("a signature by `{}`", self.name),
            path: &self.path,
            headers: self.headers.clone(),
            body: Some(("application/json", body.to_string().into_bytes())),
        };
        let signed: Signed = answer(&self.service.ask(&question).await?, &self.name)?;
        let by = format!("{} version {}", self.name, self.version);
        let text = signed.signature.strip_prefix(&format!("vault:v{}:", self.version));
        let bytes = text.and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.ok_or_else(|| SignError::Forged { by: by.clone() })?;
        self.public.verified(&by, message, &bytes)
    }
}

/// Returns the version whose public half is the published one, or the one that is asked for, or the latest.
fn choose(
    key: &Key,
    wanted: Option<u32>,
    published: Option<&PublishedKey>,
    name: &str,
) -> Result<(u32, PublicHalf), SignError> {
    let unusable = |reason: String| SignError::Key(format!("`{name}` {reason}"));
    if key.kind != TYPE {
        let kind: String = key.kind.chars().take(40).filter(char::is_ascii_graphic).collect();
        return Err(unusable(format!("is of type `{kind}`, and only `{TYPE}` is taken")));
    }
    let halves: BTreeMap<u32, PublicHalf> = key.keys.iter().filter_map(half).collect();
    let is_published = |half: &PublicHalf| {
        published.is_none_or(|key| key.fingerprint == crate::model::Digest::sha256(half.spki_der()))
    };
    let of_published = halves.iter().rfind(|(_, half)| is_published(half));
    let (version, half) = match (wanted, of_published, published) {
        (None, Some(found), _) => found,
        (None, None, None) => return Err(unusable("has no version".to_owned())),
        (None, None, Some(public)) => {
            return Err(unusable(format!("has no version whose public half is `{}`", public.path)));
        }
        (Some(wanted), at, public) => match (halves.get_key_value(&wanted), at, public) {
            (Some((version, half)), _, _) if is_published(half) => (version, half),
            (None, _, _) => return Err(unusable(format!("has no version {wanted}"))),
            (Some(_), Some((version, _)), Some(public)) => {
                let path = &public.path;
                return Err(unusable(format!(
                    "version {wanted} is not the key `{path}`; version {version} is"
                )));
            }
            (Some(_), _, _) => return Err(unusable(format!("version {wanted} is not the published key"))),
        },
    };
    Ok((*version, half.clone()))
}

fn half((version, value): (&u32, &serde_json::Value)) -> Option<(u32, PublicHalf)> {
    Some((*version, PublicHalf::of_pem(value["public_key"].as_str()?)?))
}

fn answer<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, SignError> {
    let read = serde_json::from_slice::<Answer<T>>(bytes);
    // The words of the parser could hold what the server sent.
    read.map(|answer| answer.data)
        .map_err(|_| SignError::Signer(format!("the answer about `{name}` is not one of Transit")))
}

/// Returns the token: from the environment, or from the file that it names.
fn token(secrets: Secrets<'_>) -> Result<Secret, SignError> {
    if let Some(token) = secrets(VAULT_TOKEN).or_else(|| secrets(BAO_TOKEN)) {
        return Ok(token);
    }
    let missing = SignError::NoSecret { what: "token", variable: VAULT_TOKEN };
    let path = secrets(VAULT_TOKEN_FILE).ok_or(missing)?;
    let path = Path::new(path.reveal());
    let failed = |reason: &str| SignError::Key(format!("token file `{}`: {reason}", path.display()));
    let bytes = super::bounded(path, TOKEN_BYTES_MAX).map_err(|reason| failed(&reason))?;
    let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(failed("it holds no token"));
    }
    Ok(Secret::new(text))
}
