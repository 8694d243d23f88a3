//! What ends a run as a whole.

use crate::{
    evidence::EvidenceError, git::GitError, intake::IntakeError, manifest::Diagnostic, model::Kind,
    plan::amend::AmendError, registry::RegistryError, render::RenderError, trust::sign::SignError,
};

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the manifests have {} mistakes", .0.len())]
    Manifest(Vec<Diagnostic>),
    #[error("`{remote}` has no branch `{branch}`")]
    NoBranch { remote: String, branch: String },
    #[error("lost the push to another writer {0} times")]
    PushLost(usize),
    #[error("advisory bundle {digest}: {reason}")]
    Advisories { digest: String, reason: String, kind: Kind },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error(transparent)]
    Amend(#[from] AmendError),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("a task of the run ended unexpectedly: {0}")]
    Task(String),
}

impl RunError {
    /// Returns what the error means to the caller.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Manifest(_) | Self::Amend(_) => Kind::Invalid,
            Self::NoBranch { .. } => Kind::NotFound,
            Self::PushLost(_) => Kind::Unavailable,
            Self::Advisories { kind, .. } => *kind,
            Self::Git(error) => error.kind(),
            Self::Evidence(error) => error.kind(),
            Self::Registry(error) => error.kind(),
            Self::Intake(error) => error.kind(),
            Self::Sign(error) => error.kind(),
            Self::Render(_) | Self::Task(_) => Kind::Bug,
        }
    }
}
