//! Running the `git` program.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::redact::redacted;
use super::{GitError, Repository};
use crate::trust::sign::SECRETS;

/// A fetch or push moves kilobytes; longer than this is a prompt nobody answers or a dead connection.
pub(super) const TIMEOUT_S: u64 = 300;
/// A remote may say anything at any length; the rest is read and thrown away, so that it does not block.
const CAPTURED_BYTES_MAX: usize = 256 << 10;
/// How often a running `git` is looked at.
const POLL: Duration = Duration::from_millis(10);
/// A helper process may keep the pipe open after `git` has ended; what it says later is not waited for.
const DRAIN: Duration = Duration::from_secs(2);

/// Variables that would make `git` work on another repository than the one opened, `git rev-parse --local-env-vars`
/// without `GIT_CONFIG_PARAMETERS` and `GIT_CONFIG_COUNT`, which carry the credentials of some CI systems.
const DROPPED: [&str; 14] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Settings that win over those of the repository: a checkout may have been prepared by somebody else, and neither a
/// hook nor a file monitor nor an `ext::` remote has anything to do in a run.
const SETTINGS: [&str; 6] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
];

/// What `git` answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs `git` in the repository and waits for it.
pub(super) fn run(repository: &Repository, arguments: &[&str]) -> Result<Answer, GitError> {
    run_within(command(repository, arguments), arguments[0], Duration::from_secs(TIMEOUT_S))
}

fn command(repository: &Repository, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // Remotes may be paths relative to the top of the work tree.
    command.current_dir(repository.root()).arg("--git-dir").arg(repository.git_directory());
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    for name in DROPPED.iter().chain(&SECRETS) {
        command.env_remove(name);
    }
    // Messages are read below, so they must be the untranslated ones.
    command.env_remove("LANGUAGE").env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run_within(mut command: Command, name: &str, timeout: Duration) -> Result<Answer, GitError> {
    let program = |e: std::io::Error| GitError::Program { detail: redacted(&e.to_string()) };
    let mut child = command.spawn().map_err(program)?;
    let stdout = capture(child.stdout.take());
    let stderr = capture(child.stderr.take());
    let Some(status) = wait(&mut child, timeout).map_err(program)? else {
        return Err(GitError::Timeout { command: name.to_owned(), seconds: timeout.as_secs() });
    };
    Ok(Answer { status, stdout: text(&stdout), stderr: text(&stderr) })
}

/// Waits for the end of the process; `None` where it had to be killed.
fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= timeout {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

/// Reads a pipe on a thread of its own: a full pipe would stop `git`.
fn capture(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut pipe) = pipe {
            let mut frame = [0_u8; 8 << 10];
            while let Ok(count @ 1..) = pipe.read(&mut frame) {
                let room = CAPTURED_BYTES_MAX - kept.len();
                kept.extend_from_slice(&frame[..count.min(room)]);
            }
        }
        // Nobody listens any more after a timeout.
        _ = sender.send(kept);
    });
    receiver
}

fn text(captured: &Receiver<Vec<u8>>) -> String {
    String::from_utf8_lossy(&captured.recv_timeout(DRAIN).unwrap_or_default()).into_owned()
}

impl Answer {
    /// Returns the lines of `git` itself: what the remote says, marked `remote:`, is not taken for `git`'s word.
    pub(super) fn own_lines(&self) -> impl Iterator<Item = &str> {
        self.stderr.lines().filter(|line| !line.starts_with("remote:"))
    }

    /// Returns the error that a failure without a more exact answer means.
    pub(super) fn failure(&self, remote: &str) -> GitError {
        const DENIED: [&str; 7] = [
            "Authentication failed",
            "Permission denied",
            "could not read Username",
            "could not read Password",
            "Host key verification failed",
            "returned error: 401",
            "returned error: 403",
        ];
        const MISSING: [&str; 4] = [
            "does not appear to be a git repository",
            "repository not found",
            "No such remote",
            "' not found",
        ];
        let says = |words: &[&str]| self.own_lines().any(|line| words.iter().any(|word| line.contains(word)));
        let (remote, detail) = (remote.to_owned(), redacted(&self.stderr));
        if says(&DENIED) {
            GitError::Denied { remote, detail }
        } else if says(&MISSING) {
            GitError::NoRemote { remote, detail }
        } else {
            GitError::Unavailable { remote, detail }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture;
    use super::*;

    #[test]
    fn the_environment_cannot_point_git_elsewhere() {
        let remote = fixture::Remote::new();
        let command = command(&remote.clone_as("a"), &["fetch"]);
        let set: Vec<_> = command.get_envs().collect();
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
            assert!(set.contains(&(name.as_ref(), None)), "{name}");
        }
        assert!(set.contains(&("LC_ALL".as_ref(), Some("C".as_ref()))));
        assert!(set.contains(&("GIT_TERMINAL_PROMPT".as_ref(), Some("0".as_ref()))));
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_one_that_floods_is_cut() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let hangs = run_within(shell("exec tail -f /dev/null"), "push", Duration::from_millis(50));
        assert!(matches!(hangs, Err(GitError::Timeout { .. })), "{hangs:?}");
        let floods = run_within(shell("head -c 1000000 /dev/zero"), "push", Duration::from_mins(1)).unwrap();
        assert_eq!(floods.stdout.len(), CAPTURED_BYTES_MAX);
        let missing = run_within(Command::new("/nonexistent/git"), "push", Duration::from_secs(1));
        assert!(matches!(missing, Err(GitError::Program { .. })), "{missing:?}");
    }

    #[test]
    fn failures_are_told_apart_and_a_remote_cannot_choose_which() {
        let answer = |stderr: &str| Answer {
            status: ExitStatus::default(),
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let cases = [
            ("fatal: Authentication failed for 'https://x:y@h/r/'", "denied"),
            ("git@h: Permission denied (publickey).", "denied"),
            ("fatal: unable to access 'https://h/r/': The requested URL returned error: 403", "denied"),
            ("fatal: '/x' does not appear to be a git repository", "missing"),
            ("remote: Not Found\nfatal: repository 'https://h/r/' not found", "missing"),
            ("fatal: unable to access 'https://h/r/': Could not resolve host: h", "unavailable"),
            ("remote: Permission denied\nfatal: the remote end hung up unexpectedly", "unavailable"),
        ];
        for (stderr, expected) in cases {
            let error = answer(stderr).failure("origin");
            let found = match &error {
                GitError::Denied { .. } => "denied",
                GitError::NoRemote { .. } => "missing",
                _ => "unavailable",
            };
            assert_eq!(found, expected, "{stderr}");
            assert!(!error.to_string().contains("x:y"));
        }
    }
}
