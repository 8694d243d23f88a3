//! Credential programs: `docker-credential-NAME get`, the server on standard input, JSON on standard output (the protocol
//! of docker-credential-helpers).
//!
//! Their output is a secret or an unknown text: it is bounded, and never shown.

use std::{
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    sync::Mutex,
};
use zeroize::Zeroizing;

use super::{Account, Environment, Origin};
use crate::registry::{Credential, RegistryError, Secret};

/// The longest wait for one answer: programs of cloud providers ask a service, key rings may ask a person who is not
/// there.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest answer that is read. Tokens have one to eight kilobytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// A program is asked again for a credential that a registry refuses, but not more often than this: a registry also
/// refuses what is not allowed, and then a new credential changes nothing.
const RENEWAL_PAUSE: Duration = Duration::from_mins(5);

/// The longest name of a program. Real ones have about ten letters.
const NAME_BYTES_MAX: usize = 64;

/// What programs print where they have nothing for a server (docker-credential-helpers, `credentials/error.go`).
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The user name with which a program marks an identity token.
const TOKEN_USERNAME: &str = "<token>";

/// A program that has the credential for one host; asked when the host first wants one.
#[derive(Debug)]
pub(super) struct Program {
    /// `docker-credential-<name>`.
    file: String,
    host: String,
    /// What to ask for, until there is an answer.
    servers: Vec<String>,
    place: String,
    environment: Environment,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The answer, which holds for the run; so does a failure.
    answer: Option<Result<Option<Credential>, RegistryError>>,
    renewed: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: Secret,
}

impl Program {
    /// Returns the program that `origin` names.
    ///
    /// # Errors
    /// `Invalid` where the name is more than a name: a path would let a file of secrets choose what is run.
    pub(super) fn new(
        name: &str,
        host: &str,
        servers: Vec<String>,
        origin: &Origin,
    ) -> Result<Self, RegistryError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
            return Err(origin.invalid(host, "it names a credential program by more than a name"));
        }
        let file = format!("docker-credential-{name}");
        let place = format!("`{file}` (named in {})", origin.place);
        let environment = origin.environment.passed_on();
        let (host, state) = (host.to_owned(), Mutex::default());
        Ok(Self { file, host, servers, place, environment, patience: PATIENCE, state })
    }

    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Returns the credential, `None` where the program has none for the host.
    pub(super) async fn account(&self) -> Result<Option<Account>, RegistryError> {
        let mut state = self.state.lock().await;
        let answer = match &state.answer {
            Some(answer) => answer.clone(),
            None => state.answer.insert(self.ask().await).clone(),
        };
        self.named(answer)
    }

    /// Returns what the program says now that a registry has `refused` one; the same again where it has been asked
    /// again lately.
    pub(super) async fn renewed(&self, refused: &Credential) -> Result<Option<Account>, RegistryError> {
        let mut state = self.state.lock().await;
        let unchanged = matches!(&state.answer, Some(Ok(Some(known))) if known == refused);
        let lately = state.renewed.is_some_and(|at| at.elapsed() < RENEWAL_PAUSE);
        if state.answer.is_none() || (unchanged && !lately) {
            state.renewed = Some(Instant::now());
            state.answer = Some(self.ask().await);
        }
        let answer = state.answer.clone().expect("set above where it was not");
        self.named(answer)
    }

    fn named(
        &self,
        answer: Result<Option<Credential>, RegistryError>,
    ) -> Result<Option<Account>, RegistryError> {
        Ok(answer?.map(|credential| Account { credential, place: self.place.clone() }))
    }

    async fn ask(&self) -> Result<Option<Credential>, RegistryError> {
        for server in &self.servers {
            let late =
                || self.failed(&format!("no answer for {} s; it has been stopped", self.patience.as_secs()));
            let (status, text) =
                tokio::time::timeout(self.patience, self.run(server)).await.map_err(|_| late())??;
            if let Some(credential) = self.read(status, &text)? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }

    /// Runs the program. Dropped before its end, the program is killed.
    async fn run(&self, server: &str) -> Result<(ExitStatus, Zeroizing<Vec<u8>>), RegistryError> {
        let mut child = self.start()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        if let Some(mut input) = input {
            // A program that does not read its input may answer all the same.
            let _ = input.write_all(server.as_bytes()).await;
        }
        let mut text = Zeroizing::new(Vec::new());
        if let Some(output) = output {
            let read = output.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut text).await;
            read.map_err(|error| self.failed(&error.to_string()))?;
        }
        if text.len() as u64 > ANSWER_BYTES_MAX {
            return Err(self.failed(&format!("more than {ANSWER_BYTES_MAX} bytes; it has been stopped")));
        }
        let status = child.wait().await.map_err(|error| self.failed(&error.to_string()))?;
        Ok((status, text))
    }

    fn start(&self) -> Result<Child, RegistryError> {
        let mut command = Command::new(&self.file);
        command.arg("get").env_clear().envs(self.environment.pairs());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => self.failed("there is no such program on the `PATH`"),
            _ => self.failed(&error.to_string()),
        })
    }

    fn read(&self, status: ExitStatus, text: &[u8]) -> Result<Option<Credential>, RegistryError> {
        if text.trim_ascii() == NOT_FOUND.as_bytes() {
            return Ok(None);
        }
        if !status.success() {
            return Err(self.failed(&format!("it failed ({status}); what it printed is not shown")));
        }
        let answer: Answer =
            serde_json::from_slice(text).map_err(|_| self.failed("its answer is not a credential"))?;
        match (answer.username.as_str(), answer.secret.reveal().is_empty()) {
            (_, true) => Err(self.failed("its answer holds no secret")),
            (TOKEN_USERNAME, _) => Ok(Some(Credential::IdentityToken(answer.secret))),
            ("", _) => Err(self.failed("its answer holds no user name")),
            _ => Ok(Some(Credential::Basic { username: answer.username, password: answer.secret })),
        }
    }

    fn failed(&self, detail: &str) -> RegistryError {
        RegistryError::no_credential(&self.host, &self.place, detail, crate::model::Kind::Denied)
    }
}
