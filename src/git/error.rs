//! What can go wrong with Git.

use std::path::PathBuf;

use crate::model::Kind;

use super::redact::redacted;

/// A failed operation. Details come from `git` or a remote: redacted, without control characters, and cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    #[error("`{}` is not in a Git repository", path.display())]
    NoRepository { path: PathBuf },
    #[error("`{what}` names no commit")]
    NoCommit { what: String },
    #[error("`{what}` is no name Git accepts")]
    Name { what: String },
    #[error("`{path}` cannot be written to a tree: {reason}")]
    Path { path: String, reason: &'static str },
    #[error("{what} is more than the limit of {limit}")]
    Limit { what: String, limit: u64 },
    #[error("Git objects failed at {what}: {detail}")]
    Objects { what: String, detail: String },
    #[error("the `git` program does not start: {detail}")]
    Program { detail: String },
    #[error("`git {command}` gave no answer for {seconds} seconds")]
    Timeout { command: String, seconds: u64 },
    #[error("remote `{remote}` does not exist: {detail}")]
    NoRemote { remote: String, detail: String },
    #[error("remote `{remote}` denied access: {detail}")]
    Denied { remote: String, detail: String },
    #[error("remote `{remote}` failed: {detail}")]
    Unavailable { remote: String, detail: String },
    #[error("remote `{remote}` refused branch `{branch}`: {detail}")]
    Refused { remote: String, branch: String, detail: String },
    #[error("commit `{commit}` is not built on `{base}`, so pushing it would rewrite history")]
    Rewrite { commit: String, base: String },
}

impl GitError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoRepository { .. } | Self::NoCommit { .. } | Self::NoRemote { .. } => Kind::NotFound,
            Self::Name { .. } | Self::Path { .. } | Self::Limit { .. } | Self::Objects { .. } => {
                Kind::Invalid
            }
            Self::Program { .. } | Self::Timeout { .. } | Self::Unavailable { .. } => Kind::Unavailable,
            Self::Denied { .. } | Self::Refused { .. } => Kind::Denied,
            Self::Rewrite { .. } => Kind::Bug,
        }
    }

    pub(super) fn objects(what: impl Into<String>, error: &git2::Error) -> Self {
        Self::Objects { what: what.into(), detail: redacted(error.message()) }
    }
}
