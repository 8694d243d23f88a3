//! The Sigstore instances that are known by name, and what came with the program about them.

use std::fmt;

use sigstore_trust_root::SigstoreInstance;

use super::{Root, RootError};

/// When the embedded roots were gathered: the release of `sigstore-trust-root` 0.15.1. A test compares the version.
pub const EMBEDDED_AS_OF: &str = "2026-10-23T00:00:00Z";

/// An instance of Sigstore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Instance {
    /// sigstore.dev, used by public repositories and by most projects.
    PublicGood,
    /// GitHub's own, used for attestations of private repositories.
    Github,
}

impl Instance {
    /// Returns its name: that of the file in `trust/`, too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PublicGood => "public-good",
            Self::Github => "github",
        }
    }

    /// Returns the address of its TUF repository.
    pub const fn address(self) -> &'static str {
        match self {
            Self::PublicGood => "https://tuf-repo-cdn.sigstore.dev",
            Self::Github => "https://tuf-repo.github.com",
        }
    }

    /// Returns where trust in that repository begins: version and SHA-256 of a TUF root, as `sigstore-trust-root` 0.15.1
    /// has it (its whole `tuf` feature is left out: it brings a licence that we do not take). Every version stays served,
    /// because clients walk from the one they know to the newest.
    pub(super) const fn bootstrap(self) -> (u64, &'static str) {
        match self {
            Self::PublicGood => (16, "27aea7e372aa7864065174f0661784fcf8b0e28b1dbfebeada31a0f1fb19167f"),
            Self::Github => (9, "eb303461e0109458144b6ebcbfd62aaa6f6d7481e9ca77504b85f17761661462"),
        }
    }

    /// Returns the trust root that came with the program.
    ///
    /// # Errors
    /// [`RootError::Content`], which the tests of this module rule out.
    pub fn embedded(self) -> Result<Root, RootError> {
        Root::read(self.known().embedded_trusted_root_json().as_bytes()).map_err(RootError::Content)
    }

    const fn known(self) -> SigstoreInstance {
        match self {
            Self::PublicGood => SigstoreInstance::PublicGood,
            Self::Github => SigstoreInstance::GitHub,
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
