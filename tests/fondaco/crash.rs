//! Rule 1: the program is killed at every one of its effects, and at no moment is there a tag in a distribution without
//! pushed evidence; the run after that finishes, and the one after that finds nothing to do.
//!
//! The killing is real: a `SIGKILL` to the process, sent by the registry while it serves a write, or by a Git hook of
//! the remote while it receives a push.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use fondaco::{git::Repository, model::Digest, trust::sign};

use crate::{
    fake::{Fake, Options, Phase, Referrers, WriteEvent, WriteKind},
    scenario::author,
    tiny,
};

const PASSWORD: &str = "crash";

struct Folder {
    path: PathBuf,
    repository: Repository,
    upstream: Fake,
    mirror: Fake,
    /// The image that is mirrored.
    digest: Digest,
}

fn manifests(upstream: &str, mirror: &str) -> String {
    format!(
        "apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {{name: upstream}}
spec: {{host: \"{upstream}\", plainHTTP: true}}
---
apiVersion: fondaco/v1alpha1
kind: Registry
metadata: {{name: mirror}}
spec: {{host: \"{mirror}\", plainHTTP: true}}
---
apiVersion: fondaco/v1alpha1
kind: Mirror
metadata: {{name: acme}}
spec: {{registry: \"{mirror}\", signing: {{key: ../acme.key}}}}
---
apiVersion: fondaco/v1alpha1
kind: ImageSet
metadata: {{name: web}}
spec: {{images: [{{image: \"{upstream}/library/nginx\", tags: [\"1\"]}}]}}
---
apiVersion: fondaco/v1alpha1
kind: Consumer
metadata: {{name: payments}}
spec: {{target: \"{mirror}/payments\", images: [web], gate: {{maxAge: 99999d}}}}
"
    )
}

/// Lays everything out once for one killing.
fn lay_out(root: &Path, name: &str, sealed: &str, bundle: &Pinned) -> Folder {
    let path = root.join(name);
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("acme.key"), sealed).unwrap();
    let upstream = Fake::start(Options::default());
    let mirror = Fake::start(Options { referrers: Referrers::Off, ..Options::default() });
    let digest = tiny::image(&upstream, "library/nginx", "1", tiny::STATUS);
    let repository = Repository::init(&path.join("manifests"), &path.join("remote.git"), "main").unwrap();
    let files = [
        ("fondaco.yaml".to_owned(), manifests(&upstream.address, &mirror.address).into_bytes()),
        ("lock/advisories.lock.json".to_owned(), bundle.lock.clone().into_bytes()),
    ];
    let commit = repository.commit_root(&files.into(), "Ask for an image", &author()).unwrap();
    repository.publish("origin", "main", &commit).unwrap();
    for (_, bytes) in &bundle.artifact.blobs {
        mirror.blob("quarantine/advisories", bytes.to_vec());
    }
    let manifest = bundle.artifact.manifest.clone();
    mirror.manifest(
        "quarantine/advisories",
        &bundle.tag,
        "application/vnd.oci.image.manifest.v1+json",
        manifest,
    );
    Folder { path, repository, upstream, mirror, digest }
}

impl Folder {
    fn start(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_fondaco"))
            .args(["reconcile", "--output", "json", "--repository"])
            .arg(self.path.join("manifests"))
            .env("FONDACO_KEY_PASSWORD", PASSWORD)
            .env("FONDACO_CACHE", self.path.join("cache"))
            .env("HOME", &self.path)
            .env("CI", "true")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self) -> serde_json::Value {
        let output = self.start().wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}: {stderr}", self.path.display());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Checks what must hold at every moment: whoever can pull the tag can read the pushed verdict that clears it.
    fn tags_have_pushed_evidence(&self) -> Result<(), String> {
        let Some(promoted) =
            self.mirror.tag("payments/library/nginx", "1").or(self.mirror.tag("payments/nginx", "1"))
        else {
            return Ok(());
        };
        cleared(&self.path.join("remote.git"), &promoted)
    }

    fn finish(&self) {
        self.tags_have_pushed_evidence().unwrap();
        self.run();
        assert_eq!(
            self.mirror.tag("payments/nginx", "1").as_ref(),
            Some(&self.digest),
            "{}",
            self.path.display()
        );
        self.tags_have_pushed_evidence().unwrap();
        let before = (self.mirror.log().len(), self.upstream.log().len());
        let idle = self.run();
        assert_eq!(idle["commits"].as_array().unwrap().len(), 0, "{}: {idle}", self.path.display());
        let log = self.mirror.log().split_off(before.0);
        let actions: Vec<&str> = log.iter().map(|request| request.action.as_str()).collect();
        assert_eq!(actions, ["HEAD manifest"], "one HEAD for the tag at the distribution");
        let log = self.upstream.log().split_off(before.1);
        let actions: Vec<&str> = log.iter().map(|request| request.action.as_str()).collect();
        assert_eq!(actions, ["HEAD manifest"], "one HEAD for the tag upstream");
        let tip = self.repository.fetch("origin", "main").unwrap().unwrap();
        let files = self.repository.read(&tip, &|path| path.ends_with("custody.json")).unwrap();
        let custody: serde_json::Value = serde_json::from_slice(files.values().next().unwrap()).unwrap();
        let kinds: Vec<&str> =
            custody["hops"].as_array().unwrap().iter().map(|h| h["kind"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            ["intake", "promotion"],
            "{}: every movement is recorded once",
            self.path.display()
        );
    }
}

/// Reads the remote as an auditor would: the branch's verdict on a digest.
fn cleared(remote: &Path, digest: &Digest) -> Result<(), String> {
    let repository = Repository::open(remote).map_err(|error| error.to_string())?;
    let tip = repository.resolve("refs/heads/main").map_err(|error| error.to_string())?;
    let folder = digest.dashed();
    let wanted = |path: &str| path.ends_with("verdicts.json") && path.contains(&folder);
    let files = repository.read(&tip, &wanted).map_err(|error| error.to_string())?;
    let verdicts = files.values().next().ok_or_else(|| format!("no pushed verdict on {digest}"))?;
    let verdicts: serde_json::Value = serde_json::from_slice(verdicts).map_err(|error| error.to_string())?;
    let cleared = verdicts["verdicts"][0]["verdict"] == "cleared";
    if cleared { Ok(()) } else { Err(format!("pushed verdict on {digest} is not `cleared`")) }
}

/// Kills the run at the `at`th moment of the mirror's writes. Returns whether there was such a moment.
fn kill_at_write(folder: &Folder, at: usize) -> bool {
    let child = Arc::new(Mutex::new(None::<Child>));
    let moments = Arc::new(AtomicUsize::new(0));
    let broken = Arc::new(Mutex::new(vec![]));
    let (victim, counted, noted) = (Arc::clone(&child), Arc::clone(&moments), Arc::clone(&broken));
    let remote = folder.path.join("remote.git");
    folder.mirror.on_write(move |event: &WriteEvent| {
        // A tag is pullable from the moment after its PUT; what clears it must be pushed before.
        if event.kind == WriteKind::Tag
            && event.repository.starts_with("payments/")
            && event.reference == "1"
            && event.phase == Phase::Before
            && tip_clears_nothing(&remote)
        {
            noted.lock().unwrap().push(format!("{event:?} before pushed evidence"));
        }
        if counted.fetch_add(1, Ordering::SeqCst) == at
            && let Some(child) = victim.lock().unwrap().as_mut()
        {
            child.kill().unwrap();
        }
    });
    let mut guard = child.lock().unwrap();
    *guard = Some(folder.start());
    drop(guard);
    wait(&child);
    folder.mirror.on_write(|_| {});
    assert!(broken.lock().unwrap().is_empty(), "{:?}", broken.lock().unwrap());
    moments.load(Ordering::SeqCst) > at
}

fn tip_clears_nothing(remote: &Path) -> bool {
    let read = || -> Option<bool> {
        let repository = Repository::open(remote).ok()?;
        let tip = repository.resolve("refs/heads/main").ok()?;
        let files = repository.read(&tip, &|path| path.ends_with("verdicts.json")).ok()?;
        Some(files.values().any(|bytes| String::from_utf8_lossy(bytes).contains("\"verdict\": \"cleared\"")))
    };
    !read().unwrap_or(false)
}

/// Waits for the child without holding its lock, so that the registry can kill it.
fn wait(child: &Mutex<Option<Child>>) {
    loop {
        if child.lock().unwrap().as_mut().unwrap().try_wait().unwrap().is_some() {
            return;
        }
        std::thread::yield_now();
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
}

/// Returns a bundle that says nothing about the tiny image's packages but knows their distribution.
fn bundle(root: &Path) -> Pinned {
    let folder = root.join("advisories");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("EXAMPLE-2026-0001.json"), tiny::ADVISORY).unwrap();
    let bundle = fondaco::advisory::import(&folder).unwrap().bundle;
    let lock = fondaco::model::canonical::to_text(&bundle.lock().unwrap()).unwrap();
    let store = fondaco::advisory::Store::new(root.join("store"));
    let digest = store.put(&bundle).unwrap();
    let artifact = fondaco::advisory::artifact::pack(&store, &digest).unwrap();
    Pinned { artifact, tag: digest.keep_tag(), lock }
}

/// A bundle in the mirror and its lock.
struct Pinned {
    artifact: fondaco::advisory::artifact::Artifact,
    tag: String,
    lock: String,
}

#[test]
fn killed_at_any_write_to_the_mirror_the_next_run_finishes() {
    let root = tempfile::tempdir().unwrap();
    let sealed = sign::create(PASSWORD.as_bytes()).unwrap().0;
    let bundle = bundle(root.path());
    let mut at = 0;
    loop {
        let folder = lay_out(root.path(), &format!("write-{at}"), &sealed, &bundle);
        let reached = kill_at_write(&folder, at);
        folder.finish();
        if !reached {
            break;
        }
        at += 1;
    }
    assert!(at > 20, "a run has far more effects than {at}");
}

/// Ctrl-C, and the signal of schedulers: what is begun is finished, nothing else starts, and the next run goes on.
#[test]
fn a_signal_drains_the_run() {
    let root = tempfile::tempdir().unwrap();
    let sealed = sign::create(PASSWORD.as_bytes()).unwrap().0;
    let bundle = bundle(root.path());
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = lay_out(root.path(), signal, &sealed, &bundle);
        let pid = Arc::new(Mutex::new(None::<u32>));
        let (victim, once) = (Arc::clone(&pid), AtomicUsize::new(0));
        folder.mirror.on_write(move |_| {
            if once.fetch_add(1, Ordering::SeqCst) == 0 {
                let pid = victim.lock().unwrap().unwrap();
                let sent =
                    Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status().unwrap();
                assert!(sent.success());
                // The program handles the signal while this write is in flight: time for it to be delivered.
                std::thread::park_timeout(std::time::Duration::from_millis(300));
            }
        });
        let mut guard = pid.lock().unwrap();
        let child = folder.start();
        *guard = Some(child.id());
        drop(guard);
        let output = child.wait_with_output().unwrap();
        folder.mirror.on_write(|_| {});
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["interrupted"], true);
        assert_eq!(folder.mirror.tag("payments/nginx", "1"), None, "no promotion starts after the signal");
        assert_eq!(
            report["images"][0]["takenIn"], true,
            "the intake that was begun is finished and recorded"
        );
        folder.finish();
    }
}

/// Kills the run from the remote's hook, before or after the branch has moved.
fn kill_at_push(folder: &Folder, hook: &str, push: usize) {
    let hooks = folder.path.join("remote.git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    let (count, victim) = (folder.path.join("count"), folder.path.join("pid"));
    let script = format!(
        "#!/bin/sh\nn=$(cat {count} 2>/dev/null || echo 0)\necho $((n + 1)) > {count}\n\
         if [ \"$n\" = {push} ]; then kill -9 $(cat {victim}); {after}; fi\n",
        count = count.display(),
        victim = victim.display(),
        // Before the branch moves the push must fail with its client; afterwards it has happened.
        after = if hook == "pre-receive" { "exit 1" } else { "exit 0" },
    );
    let path = hooks.join(hook);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut child = folder.start();
    // The run reads manifests, copies and signs before its first push; the hook waits for nothing it does not have.
    fs::write(&victim, child.id().to_string()).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "{hook} {push}: killed by a signal");
    fs::remove_file(&path).unwrap();
}

#[test]
fn killed_at_any_push_the_next_run_finishes() {
    let root = tempfile::tempdir().unwrap();
    let sealed = sign::create(PASSWORD.as_bytes()).unwrap().0;
    let bundle = bundle(root.path());
    for hook in ["pre-receive", "post-receive"] {
        for push in 0..2 {
            let folder = lay_out(root.path(), &format!("{hook}-{push}"), &sealed, &bundle);
            kill_at_push(&folder, hook, push);
            folder.finish();
        }
    }
}
