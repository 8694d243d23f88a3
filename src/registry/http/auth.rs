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
use crate::registry::{Credential, Credentials, RegistryError, asked::Asked, credentials::Account};

/// What a request needs leave for. The repository that it is about chooses the credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scopes {
    repository: String,
    /// One `repository:<name>:<actions>` an entry.
    all: BTreeSet<String>,
}

impl Scopes {
    fn new(repository: &str, actions: &str) -> Self {
        let all = BTreeSet::from([format!("repository:{repository}:{actions}")]);
        Self { repository: repository.to_owned(), all }
    }

    /// Adds what another repository is needed for. The credential stays the same.
    pub(super) fn extend(&mut self, other: Self) {
        self.all.extend(other.all);
    }
}

/// The most scopes that are taken from a registry's challenge. Ours never need more than two.
const CHALLENGE_SCOPES_MAX: usize = 8;

/// Returns what a request needs that is about no repository: a credential for the whole registry, and no scope.
pub(super) fn nothing() -> Scopes {
    Scopes { repository: String::new(), all: BTreeSet::new() }
}

/// Returns the scope to read a repository.
pub(super) fn pull(repository: &str) -> Scopes {
    Scopes::new(repository, "pull")
}

/// Returns the scope to read and write a repository.
pub(super) fn push(repository: &str) -> Scopes {
    Scopes::new(repository, "pull,push")
}

/// Returns the scope to delete in a repository.
pub(super) fn delete(repository: &str) -> Scopes {
    Scopes::new(repository, "pull,push,delete")
}

/// The state of authentication to one registry.
#[derive(Debug)]
pub(super) struct Auth {
    credentials: Credentials,
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
    scopes: BTreeSet<String>,
    token: Option<Token>,
    /// The last failure: whoever was waiting for the same token then gets the same answer.
    failed: Option<(Instant, RegistryError)>,
}

impl Auth {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, scheme: Mutex::new(Scheme::Nothing), slots: Mutex::default() }
    }

    /// Returns whether one credential serves both repositories.
    pub(super) fn same_account(&self, a: &str, b: &str) -> bool {
        self.credentials.same_account(a, b)
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
            Scheme::Basic => Ok(basic(&self.credentials.account(&scopes.repository).await?.credential)),
            Scheme::Bearer { realm, service } => {
                self.token(line, &realm, service.as_deref(), scopes, None, None).await.map(Some)
            }
        }
    }

    /// Says in a refusal with which credential was asked: which of several it was is what people have to find out.
    pub(super) async fn explained(&self, refusal: RegistryError, scopes: &Scopes) -> RegistryError {
        match (refusal, self.credentials.account(&scopes.repository).await) {
            (RegistryError::Denied { host, what, detail }, Ok(account)) => {
                RegistryError::Denied { host, what, detail: format!("{detail} ({})", told(&account)) }
            }
            (refusal, _) => refusal,
        }
    }

    /// Returns another `Authorization` than `sent`, which the registry has refused without a challenge, where one can be
    /// had: a new token, or a new credential from a program.
    pub(super) async fn renewed(
        &self,
        line: &Line,
        scopes: &Scopes,
        sent: &HeaderValue,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let scheme = self.scheme.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let header = match scheme {
            Scheme::Nothing => None,
            Scheme::Basic => self.other_basic(scopes, sent).await?,
            Scheme::Bearer { realm, service } => {
                Some(self.token(line, &realm, service.as_deref(), scopes, None, Some(sent)).await?)
            }
        };
        Ok(header.filter(|header| header != sent))
    }

    /// Returns the user name and password of now where they are not those of `sent`: another request may have renewed
    /// them already.
    async fn other_basic(
        &self,
        scopes: &Scopes,
        sent: &HeaderValue,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let known = self.credentials.account(&scopes.repository).await?.credential;
        let header = basic(&known);
        if header.as_ref() != Some(sent) {
            return Ok(header);
        }
        let renewed = self.credentials.renewed(&scopes.repository, &known).await?;
        Ok(renewed.and_then(|account| basic(&account.credential)))
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
                let account = self.credentials.account(&scopes.repository).await?;
                let header = match sent {
                    None => basic(&account.credential),
                    Some(sent) => self.other_basic(scopes, sent).await?,
                };
                let header =
                    header.ok_or_else(|| asked.denied(&format!("status 401 ({})", told(&account))))?;
                self.learn(Scheme::Basic);
                Ok(header)
            }
            Challenge::Bearer { realm, service, scope } => {
                let wanted = scope.map(|scope| union(&scopes.all, &scope));
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
        wanted: Option<BTreeSet<String>>,
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
        let asked_for = if slot.scopes.is_empty() { &scopes.all } else { &slot.scopes };
        match self.fetch(line, realm, service, &scopes.repository, asked_for).await {
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

    /// Fetches a token, once more where the credential was refused and a program has another one by now.
    async fn fetch(
        &self,
        line: &Line,
        realm: &str,
        service: Option<&str>,
        repository: &str,
        scopes: &BTreeSet<String>,
    ) -> Result<Token, RegistryError> {
        let account = self.credentials.account(repository).await?;
        let (refused, account) = match token::fetch(line, realm, service, scopes, &account.credential).await {
            Err(refused @ RegistryError::Denied { .. }) => (refused, account),
            other => return other,
        };
        let fetched = match self.credentials.renewed(repository, &account.credential).await? {
            Some(renewed) => token::fetch(line, realm, service, scopes, &renewed.credential).await,
            None => Err(refused),
        };
        fetched.map_err(|error| match error {
            RegistryError::Denied { host, what, detail } => {
                RegistryError::Denied { host, what, detail: format!("{detail} ({})", told(&account)) }
            }
            other => other,
        })
    }
}

/// Says with which credential something was asked for.
fn told(account: &Account) -> String {
    match account.credential {
        Credential::Anonymous => "asked without a credential: none is configured for it".to_owned(),
        _ => format!("asked with the credential from {}", account.place),
    }
}

/// Returns the scopes of a challenge and, where ours name several repositories, ours: a challenge to a mount may leave
/// out the repository that is mounted from.
fn union(ours: &BTreeSet<String>, challenged: &str) -> BTreeSet<String> {
    let mut scopes: BTreeSet<String> =
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
