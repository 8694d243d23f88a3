//! Who we are to one registry: learnt from its challenges, never by a ping.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::{challenge::Challenge, token, token::Token, wire::Line};
use crate::registry::{Credential, RegistryError, asked::Asked};

/// What a token must allow, one `repository:<name>:<actions>` an entry.
pub(super) type Scopes = BTreeSet<String>;

/// The most scopes that are taken from a registry's challenge. Ours never need more than two.
const CHALLENGE_SCOPES_MAX: usize = 8;

/// Returns the scope to read a repository.
pub(super) fn pull(repository: &str) -> Scopes {
    Scopes::from([format!("repository:{repository}:pull")])
}

/// Returns the scope to read and write a repository.
pub(super) fn push(repository: &str) -> Scopes {
    Scopes::from([format!("repository:{repository}:pull,push")])
}

/// Returns the scope to delete in a repository.
pub(super) fn delete(repository: &str) -> Scopes {
    Scopes::from([format!("repository:{repository}:pull,push,delete")])
}

/// The state of authentication to one registry.
#[derive(Debug)]
pub(super) struct Auth {
    credential: Credential,
    scheme: Mutex<Scheme>,
    /// One slot for each set of scopes; whoever finds it stale fetches, the others wait for its lock.
    slots: Mutex<BTreeMap<Scopes, Arc<tokio::sync::Mutex<Slot>>>>,
}

/// What the registry has asked for so far.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scheme {
    Nothing,
    Basic,
    Bearer { realm: String, service: Option<String> },
}

#[derive(Debug, Default)]
struct Slot {
    /// What the registry's own challenge asked for; where empty, what we computed.
    scopes: Scopes,
    token: Option<Token>,
    /// The last failure: whoever was waiting for the same token then gets the same answer.
    failed: Option<(Instant, RegistryError)>,
}

impl Auth {
    pub(super) fn new(credential: Credential) -> Self {
        Self { credential, scheme: Mutex::new(Scheme::Nothing), slots: Mutex::default() }
    }

    /// Returns the `Authorization` to send, or `None` where the registry has asked for none so far.
    pub(super) async fn header(
        &self,
        line: &Line,
        scopes: &Scopes,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let scheme = self.scheme.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match scheme {
            Scheme::Nothing => Ok(None),
            Scheme::Basic => Ok(basic(&self.credential)),
            Scheme::Bearer { realm, service } => {
                self.token(line, &realm, service.as_deref(), scopes, None, None).await.map(Some)
            }
        }
    }

    /// Answers a challenge to a request that was sent with `sent`.
    ///
    /// # Errors
    /// `Denied` where there is nothing (more) to answer with; what [`token::fetch`] says otherwise.
    pub(super) async fn answer(
        &self,
        line: &Line,
        challenge: Challenge,
        scopes: &Scopes,
        sent: Option<&HeaderValue>,
        asked: &Asked,
    ) -> Result<HeaderValue, RegistryError> {
        match challenge {
            Challenge::Basic => {
                let header = basic(&self.credential).ok_or_else(|| asked.denied("it wants a user name"))?;
                if sent == Some(&header) {
                    return Err(asked.denied("user name or password are wrong"));
                }
                self.learn(Scheme::Basic);
                Ok(header)
            }
            Challenge::Bearer { realm, service, scope } => {
                let wanted = scope.map(|scope| union(scopes, &scope));
                let header = self.token(line, &realm, service.as_deref(), scopes, wanted, sent).await?;
                self.learn(Scheme::Bearer { realm, service });
                Ok(header)
            }
        }
    }

    fn learn(&self, scheme: Scheme) {
        *self.scheme.lock().unwrap_or_else(PoisonError::into_inner) = scheme;
    }

    /// Returns a token for `scopes` that is not `stale`: from the slot, or fetched while others wait.
    async fn token(
        &self,
        line: &Line,
        realm: &str,
        service: Option<&str>,
        scopes: &Scopes,
        wanted: Option<Scopes>,
        stale: Option<&HeaderValue>,
    ) -> Result<HeaderValue, RegistryError> {
        let since = Instant::now();
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(scopes.clone()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(token) = &slot.token
            && token.until > Instant::now()
            && stale != Some(&token.header)
        {
            return Ok(token.header.clone());
        }
        if let Some((at, error)) = &slot.failed
            && *at >= since
        {
            return Err(error.clone());
        }
        if let Some(wanted) = wanted {
            slot.scopes = wanted;
        }
        let asked_for = if slot.scopes.is_empty() { scopes } else { &slot.scopes };
        match token::fetch(line, realm, service, asked_for, &self.credential).await {
            Ok(token) => {
                let header = token.header.clone();
                (slot.token, slot.failed) = (Some(token), None);
                Ok(header)
            }
            Err(error) => {
                (slot.token, slot.failed) = (None, Some((Instant::now(), error.clone())));
                Err(error)
            }
        }
    }
}

/// Returns the scopes of a challenge and, where ours name several repositories, ours: a challenge to a mount may leave
/// out the repository that is mounted from.
fn union(ours: &Scopes, challenged: &str) -> Scopes {
    let mut scopes: Scopes =
        challenged.split_ascii_whitespace().take(CHALLENGE_SCOPES_MAX).map(str::to_owned).collect();
    if ours.len() > 1 {
        scopes.extend(ours.iter().cloned());
    }
    scopes
}

fn basic(credential: &Credential) -> Option<HeaderValue> {
    let pair = match credential {
        Credential::Anonymous => return None,
        Credential::Basic { username, password } => {
            Zeroizing::new(format!("{username}:{}", password.reveal()))
        }
        Credential::IdentityToken(token) => Zeroizing::new(format!("<token>:{}", token.reveal())),
    };
    let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair.as_bytes()))).ok()?;
    header.set_sensitive(true);
    Some(header)
}
