//! An OCI registry in this process, with switches for everything that real registries do wrong.
//!
//! Blobs are visible in the repository they were pushed or mounted to and nowhere else. Every request is logged. The
//! registry runs on a thread of its own and ends with the value.

mod content;
mod quirks;
mod serve;
mod tls;
mod tokens;
mod ways;

pub(crate) use quirks::{Quirks, Subjects};
pub(crate) use ways::{Chunks, Shared, Tags, Ways};

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

pub(crate) use self::tls::{Authority, Tls};

use bytes::Bytes;
use fondaco::model::Digest;

/// How a registry wants to be authenticated to.
#[derive(Debug, Clone, Default)]
pub(crate) enum Auth {
    #[default]
    None,
    /// `username` and `password` with every request.
    Basic { username: String, password: String },
    /// Tokens from `/token`, for the same user or the refresh token `identity`; scopes are enforced.
    Bearer { username: String, password: String, identity: String, anonymous_pull: bool },
}

/// An account that is only for the repositories below a prefix, as Harbor's robots are for a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Robot {
    pub username: String,
    pub password: String,
    pub prefix: String,
}

impl Robot {
    /// Returns the robot of a prefix, whose name and password follow from it.
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            username: format!("robot${prefix}"),
            password: format!("password of {prefix}"),
            prefix: prefix.to_owned(),
        }
    }
}

/// What a registry answers to a mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mounts {
    /// 201 where the blob is in the other repository and the token lets the client read it, else a session.
    #[default]
    Honest,
    /// Always 202 and a session.
    Session,
    /// Always this status.
    Status(u16),
}

/// Whether a registry has a referrers API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Referrers {
    #[default]
    On,
    Off,
    Status(u16),
}

/// What goes wrong with the body of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlobFault {
    /// One bit is wrong; the length is right.
    Corrupt,
    /// The answer announces and delivers this many bytes.
    Truncated(usize),
    /// The connection breaks after this many bytes of each answer.
    Dropped(usize),
}

/// The body of an answer given instead of the real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultBody {
    Error,
    /// The page of a proxy or a sign-in form.
    Html,
    /// Spaces, for ever, of no announced length.
    Endless,
}

/// An answer given instead of the real one.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// As requests are counted: `GET manifest`, `POST upload`, `GET token`.
    pub action: String,
    /// Only where the path ends with this.
    pub path_end: String,
    pub status: u16,
    pub retry_after: Option<u64>,
    /// What is sent instead of an error in JSON.
    pub body: FaultBody,
    /// How many requests get it.
    pub times: usize,
}

impl Fault {
    /// Returns a fault for the next `times` requests of an action.
    pub(crate) fn new(action: &str, status: u16, times: usize) -> Self {
        Self {
            action: action.to_owned(),
            path_end: String::new(),
            status,
            retry_after: None,
            body: FaultBody::Error,
            times,
        }
    }
}

/// The switches. The default is a registry without faults and without authentication.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each switch is a thing of its own")]
pub(crate) struct Options {
    pub auth: Auth,
    /// Accounts beside that of `auth`.
    pub robots: Vec<Robot>,
    /// What is answered to a token or password that is wrong or has expired: 401 with a challenge, or 403 as by ECR.
    pub refusal: u16,
    /// Named in challenges instead of our own `/token`.
    pub realm: Option<String>,
    /// The status of POST to the token endpoint, where it is not supported.
    pub token_post_status: Option<u16>,
    /// `expires_in` of tokens; `None` leaves it out.
    pub expires_in: Option<u64>,
    /// Repositories for which the token endpoint refuses a whole request.
    pub refused_scopes: Vec<String>,
    pub mounts: Mounts,
    pub referrers: Referrers,
    /// Referrers a page.
    pub page: Option<usize>,
    /// Body and `Link` of every tag listing, instead of the real ones.
    pub tag_list: Option<(String, Option<String>)>,
    /// Whether `OCI-Subject` is answered (only with the referrers API).
    pub oci_subject: bool,
    /// Whether manifest PUT answers a `Location`.
    pub manifest_location: bool,
    /// Whether `Docker-Content-Digest` is answered to HEAD and GET.
    pub content_digest: bool,
    pub blob_fault: Option<BlobFault>,
    /// Whether `Range` is honoured.
    pub range: bool,
    /// Whether blobs are stored under any digest the client names.
    pub accept_any_digest: bool,
    /// Blob GETs are redirected to `<this>/storage/<digest>`; every registry serves `/storage/` without authentication.
    pub redirect_blobs: Option<String>,
    /// Whether the `Location` of an upload is an absolute address.
    pub absolute_location: bool,
    /// Fields of every answer, such as those that say how much may still be asked.
    pub headers: Vec<(&'static str, String)>,
    /// Referrers that the list leaves out: they were written before the registry had one.
    pub hidden_referrers: Vec<Digest>,
    pub ways: Ways,
    pub quirks: Quirks,
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            auth: Auth::None,
            robots: vec![],
            refusal: 401,
            realm: None,
            token_post_status: None,
            expires_in: Some(300),
            refused_scopes: vec![],
            mounts: Mounts::Honest,
            referrers: Referrers::On,
            page: None,
            tag_list: None,
            oci_subject: true,
            manifest_location: true,
            content_digest: true,
            blob_fault: None,
            range: true,
            accept_any_digest: false,
            redirect_blobs: None,
            absolute_location: false,
            headers: vec![],
            hidden_referrers: vec![],
            ways: Ways::default(),
            quirks: Quirks::default(),
            faults: vec![],
        }
    }
}

/// One request and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    /// `HEAD manifest`, `POST mount`, as clients count.
    pub action: String,
    pub path: String,
    pub query: String,
    /// The first word of the `Authorization`, if there was one.
    pub authorization: Option<String>,
    pub body_bytes: usize,
    pub status: u16,
}

/// What a mutating request writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteKind {
    Tag,
    Digest,
    Blob,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Before,
    After,
}

/// One mutating request, before it takes effect and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WriteEvent {
    pub method: String,
    pub repository: String,
    pub kind: WriteKind,
    /// Tag or digest; of an upload session that has no digest yet, the session.
    pub reference: String,
    pub phase: Phase,
}

type Hook = Arc<dyn Fn(&WriteEvent) + Send + Sync>;

#[derive(Debug, Default)]
struct Repository {
    blobs: BTreeMap<Digest, Bytes>,
    manifests: BTreeMap<Digest, (String, Bytes)>,
    tags: BTreeMap<String, Digest>,
}

#[derive(Debug, Default)]
struct Store {
    repositories: BTreeMap<String, Repository>,
    /// Open upload sessions: repository and what has been sent.
    sessions: BTreeMap<String, (String, Vec<u8>)>,
    sessions_opened: u64,
}

struct State {
    address: SocketAddr,
    /// `http` or `https`.
    scheme: &'static str,
    options: Mutex<Options>,
    store: Mutex<Store>,
    tokens: Mutex<tokens::Tokens>,
    log: Mutex<Vec<Logged>>,
    hook: Mutex<Option<Hook>>,
}

/// A running registry.
pub(crate) struct Fake {
    /// `127.0.0.1:<port>`.
    pub address: String,
    state: Arc<State>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Starts a registry on a free loopback port.
    pub(crate) fn start(options: Options) -> Self {
        Self::serve(options, None)
    }

    /// Starts a registry that speaks TLS.
    pub(crate) fn start_tls(options: Options, tls: Tls) -> Self {
        Self::serve(options, Some(tls))
    }

    fn serve(options: Options, tls: Option<Tls>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            address,
            scheme: if tls.is_some() { "https" } else { "http" },
            options: Mutex::new(options),
            store: Mutex::default(),
            tokens: Mutex::default(),
            log: Mutex::default(),
            hook: Mutex::default(),
        });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve::serve(listener, tls, served, stopped));
        });
        Self { address: address.to_string(), state, stop: Some(stop), thread: Some(thread) }
    }

    /// Changes switches while the registry runs.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.state.options.lock().unwrap());
    }

    /// Stores a blob.
    pub(crate) fn blob(&self, repository: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        self.repository(repository, |held| held.blobs.insert(digest.clone(), bytes));
        digest
    }

    /// Stores a manifest under a tag or, where `reference` is a digest or empty, by digest alone; nothing is checked.
    pub(crate) fn manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        self.repository(repository, |held| {
            held.manifests.insert(digest.clone(), (media_type.to_owned(), bytes));
            if !reference.is_empty() && !reference.contains(':') {
                held.tags.insert(reference.to_owned(), digest.clone());
            }
        });
        digest
    }

    /// Stores a manifest under a digest that is not its own.
    pub(crate) fn forge(&self, repository: &str, digest: &Digest, media_type: &str, bytes: impl Into<Bytes>) {
        let entry = (media_type.to_owned(), bytes.into());
        self.repository(repository, |held| held.manifests.insert(digest.clone(), entry));
    }

    /// Returns what a tag points to.
    pub(crate) fn tag(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.repository(repository, |held| held.tags.get(tag).cloned())
    }

    /// Returns the manifests whose subject is `digest`.
    pub(crate) fn referrers(&self, repository: &str, digest: &Digest) -> Vec<Bytes> {
        let refers = |bytes: &&Bytes| {
            let read: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
            read["subject"]["digest"] == digest.to_string()
        };
        self.repository(repository, |held| {
            held.manifests.values().map(|(_, bytes)| bytes).filter(refers).cloned().collect()
        })
    }

    /// Returns all tags of a repository.
    pub(crate) fn tags(&self, repository: &str) -> BTreeMap<String, Digest> {
        self.repository(repository, |held| held.tags.clone())
    }

    /// Returns the bytes of a blob or manifest of a repository.
    pub(crate) fn stored(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        self.repository(repository, |held| {
            held.blobs.get(digest).or_else(|| held.manifests.get(digest).map(|(_, bytes)| bytes)).cloned()
        })
    }

    /// Removes a blob, as a garbage collection does.
    pub(crate) fn collect(&self, repository: &str, digest: &Digest) {
        self.repository(repository, |held| held.blobs.remove(digest));
    }

    /// Returns the names of all repositories that hold something.
    pub(crate) fn repositories(&self) -> Vec<String> {
        self.state.store.lock().unwrap().repositories.keys().cloned().collect()
    }

    /// Creates a repository that holds nothing.
    pub(crate) fn create(&self, repository: &str) {
        self.repository(repository, |_| ());
    }

    /// Returns the manifests and tags of every repository that has some.
    pub(crate) fn named(&self) -> BTreeMap<String, (Vec<Digest>, BTreeMap<String, Digest>)> {
        let store = self.state.store.lock().unwrap();
        let held =
            store.repositories.iter().filter(|(_, held)| !held.manifests.is_empty() || !held.tags.is_empty());
        held.map(|(name, held)| (name.clone(), (held.manifests.keys().cloned().collect(), held.tags.clone())))
            .collect()
    }

    /// Returns how many upload sessions are open.
    pub(crate) fn open_sessions(&self) -> usize {
        self.state.store.lock().unwrap().sessions.len()
    }

    /// Makes every token that was given out worthless.
    pub(crate) fn expire_tokens(&self) {
        self.state.tokens.lock().unwrap().expire();
    }

    /// Returns all requests so far.
    pub(crate) fn log(&self) -> Vec<Logged> {
        self.state.log.lock().unwrap().clone()
    }

    /// Forgets the requests so far.
    pub(crate) fn clear_log(&self) {
        self.state.log.lock().unwrap().clear();
    }

    /// Returns how often each action was requested.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for logged in self.log() {
            *counts.entry(logged.action).or_default() += 1;
        }
        counts
    }

    /// Calls `hook` before and after each mutating request, on the registry's thread: the client waits meanwhile.
    pub(crate) fn on_write(&self, hook: impl Fn(&WriteEvent) + Send + Sync + 'static) {
        *self.state.hook.lock().unwrap() = Some(Arc::new(hook));
    }

    /// Returns every stored blob with its repository.
    pub(crate) fn blobs(&self) -> Vec<(String, Digest)> {
        let store = self.state.store.lock().unwrap();
        let blobs = store.repositories.iter();
        blobs
            .flat_map(|(name, held)| held.blobs.keys().map(move |digest| (name.clone(), digest.clone())))
            .collect()
    }

    fn repository<T>(&self, name: &str, with: impl FnOnce(&mut Repository) -> T) -> T {
        with(self.state.store.lock().unwrap().repositories.entry(name.to_owned()).or_default())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
