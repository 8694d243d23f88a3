//! A TUF repository with keys of its own, and a server for it that can misbehave.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    rc::Rc,
    sync::{Arc, Mutex},
};

use fondaco::model::Digest;
use serde_json::{Value, json};
use sigstore_crypto::KeyPair;

const ROLES: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];

/// A repository with consistent snapshots, one key a role.
pub(crate) struct Tuf {
    keys: BTreeMap<&'static str, Rc<KeyPair>>,
    /// Every root so far, by version.
    roots: Vec<Vec<u8>>,
    pub timestamp: u64,
    pub snapshot: u64,
    pub targets: u64,
    pub target_name: String,
    target: String,
    expired: Vec<&'static str>,
    stranger: Option<(&'static str, Rc<KeyPair>)>,
}

fn pair() -> Rc<KeyPair> {
    Rc::new(KeyPair::generate_ecdsa_p256().unwrap())
}

fn key(pair: &KeyPair) -> (String, Value) {
    let public = pair.public_key_der().unwrap();
    let value =
        json!({"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": public.to_pem()}});
    (Digest::sha256(public.as_bytes()).hex().to_owned(), value)
}

fn sign(signed: &Value, pairs: &[(&str, &KeyPair)]) -> Vec<u8> {
    let bytes = sigstore_tuf::canonical_json::to_canonical_bytes(signed).unwrap();
    let signatures: Vec<_> = pairs
        .iter()
        .map(|(id, pair)| json!({"keyid": id, "sig": hex::encode(pair.sign(&bytes).unwrap().as_bytes())}))
        .collect();
    json!({"signed": signed, "signatures": signatures}).to_string().into_bytes()
}

fn pinned(bytes: &[u8], version: u64) -> Value {
    json!({"version": version, "length": bytes.len(), "hashes": {"sha256": Digest::sha256(bytes).hex()}})
}

impl Tuf {
    pub(crate) fn new(target: &str) -> Self {
        let mut tuf = Self {
            keys: ROLES.into_iter().map(|role| (role, pair())).collect(),
            roots: vec![],
            timestamp: 1,
            snapshot: 1,
            targets: 1,
            target_name: "trusted_root.json".to_owned(),
            target: target.to_owned(),
            expired: vec![],
            stranger: None,
        };
        let first = tuf.root(None);
        tuf.roots.push(first);
        tuf
    }

    /// The newest root: what trust begins with until there are others.
    pub(crate) fn bootstrap(&self) -> Vec<u8> {
        self.roots.last().unwrap().clone()
    }

    /// Publishes another target with the versions that this takes.
    pub(crate) fn target(&mut self, target: &str) {
        target.clone_into(&mut self.target);
        self.timestamp += 1;
        self.snapshot += 1;
        self.targets += 1;
    }

    /// Exchanges the keys of these roles in a new root, which the key of the last one signs.
    pub(crate) fn rotate(&mut self, roles: &[&'static str]) {
        let before = Rc::clone(&self.keys["root"]);
        for role in roles {
            self.keys.insert(role, pair());
        }
        let next = self.root(Some(&before));
        self.roots.push(next);
    }

    /// Lets the role's metadata end the day before the tests' clock.
    pub(crate) fn expire(&mut self, role: &'static str) {
        self.expired.push(role);
        if role == "root" {
            let next = self.root(Some(&Rc::clone(&self.keys["root"])));
            self.roots.push(next);
        }
    }

    /// Lets a key that is nobody's sign a role, under the id of the right one.
    pub(crate) fn sign_with_stranger(&mut self, role: &'static str) {
        self.stranger = Some((role, pair()));
    }

    fn expires(&self, role: &str) -> &'static str {
        if self.expired.contains(&role) { "2026-11-20T00:00:00Z" } else { "2027-11-21T00:00:00Z" }
    }

    fn root(&self, before: Option<&KeyPair>) -> Vec<u8> {
        let keys: BTreeMap<String, Value> = self.keys.values().map(|pair| key(pair)).collect();
        let roles: BTreeMap<&str, Value> = self
            .keys
            .iter()
            .map(|(role, pair)| (*role, json!({"keyids": [key(pair).0], "threshold": 1})))
            .collect();
        let signed = json!({
            "_type": "root", "spec_version": "1.0.31", "version": self.roots.len() + 1,
            "expires": self.expires("root"), "consistent_snapshot": true, "keys": keys, "roles": roles,
        });
        let own = &self.keys["root"];
        let mut signers = BTreeMap::from([(key(own).0, own.as_ref())]);
        if let Some(before) = before {
            signers.insert(key(before).0, before);
        }
        let signers: Vec<_> = signers.iter().map(|(id, pair)| (id.as_str(), *pair)).collect();
        sign(&signed, &signers)
    }

    fn role(&self, role: &'static str, version: u64, content: (&str, Value)) -> Vec<u8> {
        let mut signed = json!({
            "_type": role, "spec_version": "1.0.31", "version": version, "expires": self.expires(role),
        });
        signed[content.0] = content.1;
        let (id, own) = (key(&self.keys[role]).0, &self.keys[role]);
        let pair = self.stranger.as_ref().filter(|(of, _)| *of == role).map_or(own, |(_, pair)| pair);
        sign(&signed, &[(&id, pair)])
    }

    /// Returns every file by its path.
    pub(crate) fn publish(&self) -> BTreeMap<String, Vec<u8>> {
        let target = self.target.as_bytes();
        let hash = Digest::sha256(target).hex().to_owned();
        let listed = json!({&self.target_name: {"length": target.len(), "hashes": {"sha256": hash}}});
        let targets = self.role("targets", self.targets, ("targets", listed));
        let meta = json!({"targets.json": pinned(&targets, self.targets)});
        let snapshot = self.role("snapshot", self.snapshot, ("meta", meta));
        let meta = json!({"snapshot.json": pinned(&snapshot, self.snapshot)});
        let timestamp = self.role("timestamp", self.timestamp, ("meta", meta));
        let roots =
            self.roots.iter().zip(1..).map(|(root, version)| (format!("{version}.root.json"), root.clone()));
        roots
            .chain([
                ("timestamp.json".to_owned(), timestamp),
                (format!("{}.snapshot.json", self.snapshot), snapshot),
                (format!("{}.targets.json", self.targets), targets),
                (format!("targets/{hash}.{}", self.target_name), target.to_vec()),
            ])
            .collect()
    }
}

/// What a path is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    /// Half of what is announced; then the connection ends.
    Cut(Vec<u8>),
    /// Spaces of no announced length, until the client goes.
    Endless,
    Status(u16),
    /// A status, the first time; these bytes from then on.
    StatusOnce(u16, Vec<u8>),
    Redirect(String),
}

#[derive(Debug, Default)]
struct Served {
    answers: BTreeMap<String, Answer>,
    log: Vec<String>,
    connections: usize,
}

/// A server of files; it ends with the process.
#[derive(Debug)]
pub(crate) struct Server {
    pub address: String,
    served: Arc<Mutex<Served>>,
}

impl Server {
    pub(crate) fn start(files: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { address, served: Arc::default() };
        server.serve(files);
        let files = Arc::clone(&server.served);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let files = Arc::clone(&files);
                files.lock().unwrap().connections += 1;
                std::thread::spawn(move || answer(&stream, &files));
            }
        });
        server
    }

    /// Serves these files and nothing else.
    pub(crate) fn serve(&self, files: BTreeMap<String, Vec<u8>>) {
        let answers = files.into_iter().map(|(path, bytes)| (path, Answer::Bytes(bytes)));
        self.served.lock().unwrap().answers = answers.collect();
    }

    /// Answers a path, or the one that ends so, with something else.
    pub(crate) fn set(&self, path: &str, answer: Answer) {
        let mut served = self.served.lock().unwrap();
        let known = served.answers.keys().find(|known| known.ends_with(path)).cloned();
        served.answers.insert(known.unwrap_or_else(|| path.to_owned()), answer);
    }

    pub(crate) fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes(path);
        change(&mut bytes);
        self.set(path, Answer::Bytes(bytes));
    }

    pub(crate) fn cut(&self, path: &str) {
        self.set(path, Answer::Cut(self.bytes(path)));
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        let served = self.served.lock().unwrap();
        let found = served.answers.iter().find(|(known, _)| known.ends_with(path)).unwrap();
        let Answer::Bytes(bytes) = found.1 else { panic!("{path} has no bytes") };
        bytes.clone()
    }

    /// Returns how many connections were opened, whatever was asked on them.
    pub(crate) fn connections(&self) -> usize {
        self.served.lock().unwrap().connections
    }

    /// Answers a path with a status once.
    pub(crate) fn stumble(&self, path: &str, status: u16) {
        self.set(path, Answer::StatusOnce(status, self.bytes(path)));
    }

    /// Returns the paths that were asked for.
    pub(crate) fn log(&self) -> Vec<String> {
        self.served.lock().unwrap().log.clone()
    }
}

/// Answers one request a connection. Clients that go away early are no failure.
fn answer(mut stream: &TcpStream, served: &Mutex<Served>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let answer = {
        let mut served = served.lock().unwrap();
        served.log.push(path.clone());
        match served.answers.get(&path).cloned() {
            None => Answer::Status(404),
            Some(Answer::StatusOnce(status, bytes)) => {
                served.answers.insert(path, Answer::Bytes(bytes));
                Answer::Status(status)
            }
            Some(answer) => answer,
        }
    };
    let head = |status: u16, more: &str| {
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{more}\r\n").into_bytes()
    };
    let whole = |bytes: &[u8]| head(200, &format!("content-length: {}\r\n", bytes.len()));
    let _ = match answer {
        Answer::Bytes(bytes) => stream.write_all(&[whole(&bytes), bytes].concat()),
        Answer::Cut(bytes) => stream.write_all(&[&whole(&bytes), &bytes[..bytes.len() / 2]].concat()),
        Answer::Status(status) | Answer::StatusOnce(status, _) => {
            stream.write_all(&head(status, "content-length: 0\r\n"))
        }
        Answer::Redirect(to) => {
            stream.write_all(&head(302, &format!("location: {to}\r\ncontent-length: 0\r\n")))
        }
        Answer::Endless => {
            let spaces = vec![b' '; 64 * 1024];
            let mut sent = stream.write_all(&head(200, ""));
            while sent.is_ok() {
                sent = stream.write_all(&spaces);
            }
            sent
        }
    };
}
