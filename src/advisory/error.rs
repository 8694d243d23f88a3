//! What can go wrong between published advisories and a bundle.

use std::io;

use crate::model::{Digest, Kind};

/// An error of import, bundle or store.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryError {
    #[error("cannot read `{path}`: {source}")]
    Read { path: String, source: io::Error },
    #[error("cannot write `{path}`: {source}")]
    Write { path: String, source: io::Error },
    /// The archive breaks off or contradicts itself; a part of it would be missed advisories.
    #[error("archive `{path}` is damaged: {reason}")]
    Archive { path: String, reason: String },
    #[error("`{path}` exceeds the limit of {limit} {what}")]
    Limit { path: String, what: &'static str, limit: u64 },
    #[error("`{path}` holds no advisories (files in a published form, such as OSV records named `*.json`)")]
    Empty { path: String },
    #[error("two sources have the name `{name}`")]
    Twice { name: String },
    /// The source is not what it was; a part of it would be missed advisories.
    #[error("{rejected} of {read} records of `{path}` are not usable; the first: `{name}`: {reason}")]
    TooManyRejected { path: String, read: u64, rejected: u64, name: String, reason: String },
    #[error("none of the {read} records of `{path}` is usable; the first: `{name}`: {reason}")]
    NothingUsable { path: String, read: u64, name: String, reason: String },
    #[error("not an advisory bundle: {0}")]
    Bundle(String),
    #[error("advisory bundle has digest `{found}` where `{expected}` is pinned")]
    Mismatch { expected: Digest, found: Digest },
    #[error("no advisory bundle `{0}` in the store")]
    NotFound(Digest),
}

impl AdvisoryError {
    /// Returns what the error means to the caller.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Kind::NotFound,
                io::ErrorKind::PermissionDenied => Kind::Denied,
                _ => Kind::Unavailable,
            },
            Self::NotFound(_) => Kind::NotFound,
            Self::Mismatch { .. } => Kind::Mismatch,
            Self::Archive { .. }
            | Self::Limit { .. }
            | Self::Empty { .. }
            | Self::NothingUsable { .. }
            | Self::TooManyRejected { .. }
            | Self::Twice { .. }
            | Self::Bundle(_) => Kind::Invalid,
        }
    }
}
