//! Pushing a commit as a fast-forward.

use super::fetch::check_names;
use super::program::{Answer, run};
use super::redact::redacted;
use super::{CommitId, GitError, Repository};

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// The branch is at the commit.
    Done,
    /// Somebody else moved the branch first: fetch, build the commit anew on the new tip, push again.
    Lost,
}

impl Repository {
    /// Moves a remote branch from `base` to `commit`, only where it still is at `base`. History is never rewritten:
    /// `commit` must be built on `base`.
    ///
    /// # Errors
    /// [`GitError::Rewrite`] where it is not, [`GitError::Refused`] where a hook or branch protection says no,
    /// [`GitError::Denied`], [`GitError::NoRemote`], [`GitError::Unavailable`], [`GitError::Timeout`].
    pub fn push(
        &self,
        remote: &str,
        branch: &str,
        commit: &CommitId,
        base: &CommitId,
    ) -> Result<Push, GitError> {
        check_names(remote, branch)?;
        if !self.is_ancestor(base, commit)? {
            return Err(GitError::Rewrite { commit: commit.to_string(), base: base.to_string() });
        }
        let target = format!("refs/heads/{branch}");
        let lease = format!("--force-with-lease={target}:{base}");
        let refspec = format!("{commit}:{target}");
        let options = ["--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", &lease];
        let arguments = [&["push"], &options[..], &["--", remote, &refspec]].concat();
        let answer = run(self, &arguments)?;
        outcome(&answer, remote, branch, &target)
    }
}

impl Repository {
    /// Asks whether the remote would take a push to `branch`, whose tip is `tip`; nothing is pushed. Only what the remote
    /// says before it gets anything: hooks and branch protection are not asked.
    ///
    /// # Errors
    /// As [`Repository::push`].
    pub fn may_push(&self, remote: &str, branch: &str, tip: &CommitId) -> Result<(), GitError> {
        check_names(remote, branch)?;
        let target = format!("refs/heads/{branch}");
        let refspec = format!("{tip}:{target}");
        let options =
            ["--dry-run", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
        let arguments = [&["push"], &options[..], &["--", remote, &refspec]].concat();
        let answer = run(self, &arguments)?;
        // That somebody else has moved the branch meanwhile says that we were let in.
        outcome(&answer, remote, branch, &target).map(|_| ())
    }
}

/// Reads the line `<flag> TAB <from>:<to> TAB <summary>` of `git-push(1)`, "OUTPUT".
fn outcome(answer: &Answer, remote: &str, branch: &str, target: &str) -> Result<Push, GitError> {
    let to = format!(":{target}");
    let line = answer.stdout.lines().find_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (flag, refs, summary) = (parts.next()?, parts.next()?, parts.next()?);
        refs.ends_with(&to).then_some((flag, summary))
    });
    match line {
        Some((" " | "=" | "*", _)) if answer.status.success() => Ok(Push::Done),
        Some(("!", summary)) if is_lost(summary) => Ok(Push::Lost),
        Some(("!", summary))
            if summary.starts_with("[remote rejected]") || summary.starts_with("[rejected]") =>
        {
            let detail = redacted(&format!("{summary}\n{}", answer.stderr));
            Err(GitError::Refused { remote: remote.to_owned(), branch: branch.to_owned(), detail })
        }
        _ => Err(answer.failure(remote)),
    }
}

/// Whether a refusal means that the branch was not where we thought. The first four are said by our side, the others
/// by the remote where two pushes arrive at the same moment.
fn is_lost(summary: &str) -> bool {
    const OURS: [&str; 4] =
        ["(stale info)", "(fetch first)", "(non-fast-forward)", "(remote ref updated since checkout)"];
    const THEIRS: [&str; 4] = [
        "cannot lock ref",
        "failed to update ref",
        "incorrect old value provided",
        "reference already exists",
    ];
    match summary.strip_prefix("[remote rejected]") {
        Some(reason) => {
            let reason = reason.trim_start().trim_start_matches('(');
            THEIRS.iter().any(|words| reason.starts_with(words))
        }
        None => summary.starts_with("[rejected]") && OURS.iter().any(|words| summary.ends_with(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(stdout: &str) -> Answer {
        Answer {
            status: std::process::ExitStatus::default(),
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    #[test]
    fn refusals_are_told_from_lost_races() {
        let cases = [
            ("[rejected] (stale info)", true),
            ("[rejected] (fetch first)", true),
            ("[remote rejected] (cannot lock ref 'refs/heads/main': is at aa but expected bb)", true),
            ("[remote rejected] (failed to update ref)", true),
            ("[remote rejected] (pre-receive hook declined)", false),
            ("[remote rejected] (hook says: cannot lock ref)", false),
            ("[remote rejected] (protected branch hook declined)", false),
        ];
        for (summary, lost) in cases {
            let line = format!("To /x\n!\t00:refs/heads/main\t{summary}\nDone\n");
            let found = outcome(&answer(&line), "origin", "main", "refs/heads/main");
            match found {
                Ok(push) => assert_eq!((push, lost), (Push::Lost, true), "{summary}"),
                Err(error) => assert!(!lost && matches!(error, GitError::Refused { .. }), "{summary}"),
            }
        }
    }

    #[test]
    fn silence_is_not_success() {
        for stdout in ["", "To /x\nDone\n", " \t00:refs/heads/other\taa..bb\nDone\n"] {
            let found = outcome(&answer(stdout), "origin", "main", "refs/heads/main");
            assert!(matches!(found, Err(GitError::Unavailable { .. })), "{found:?}");
        }
    }
}
