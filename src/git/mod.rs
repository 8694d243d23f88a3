//! The manifest repository: reading trees, writing commits, fetching and pushing.
//!
//! Objects are read and written with libgit2 and never through a work tree, so that what somebody has checked out or
//! half edited is neither used nor touched. Fetch and push are done by the `git` program: credential helpers, SSH
//! agents, proxies and certificate authorities then work as operators expect. Every function blocks; callers on an
//! async runtime wrap them in `spawn_blocking`.
//!
//! Decides nothing: what is committed comes from [`crate::evidence`] and [`crate::render`], and a lost race is an
//! answer ([`Push::Lost`]), not something that is merged here. Next in reading order: [`crate::ui`].

mod author;
mod bundle;
mod commit;
mod error;
mod fetch;
mod history;
mod id;
mod program;
mod push;
mod read;
mod redact;
mod repository;
mod setup;
#[cfg(test)]
mod tests;

pub use author::Author;
pub use error::GitError;
pub use id::{CommitId, CommitIdError};
pub use push::Push;
pub use read::{DEPTH_MAX, ENTRIES_MAX, FILE_BYTES_MAX, TOTAL_BYTES_MAX};
pub use repository::Repository;
