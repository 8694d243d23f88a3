//! What `fondaco demo` starts from: an upstream registry on disk, the manifests of `example-repo/`, two keys.
//!
//! Everything here is made up, small and the same on every computer: no clock, no randomness, no compression that
//! could differ between processors or versions. Nothing here runs the demonstration or knows of plans, gates and
//! signatures; that is the next module, [`crate::cli`].

mod archive;
mod images;
mod keys;
mod layout;
mod packages;
mod repository;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use keys::{ORGANISATION_PASSWORD, organisation_scalar, publisher_scalar};
pub use repository::repository_files;

use crate::model::{Digest, Kind};

/// The host under which the manifests of `example-repo/` name the upstream registry.
pub const UPSTREAM_HOST: &str = "upstream.example";

/// The host under which they name the mirror.
pub const MIRROR_HOST: &str = "mirror.example";

/// The repository whose image carries a publisher's signature, once the demonstration has signed it.
pub const SIGNED_REPOSITORY: &str = "library/nginx";

/// The instant at which the demonstration takes place, in RFC 3339.
pub const CLOCK: &str = "2026-11-21T00:00:00Z";

/// An image in the upstream registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    /// Path of the repository on [`UPSTREAM_HOST`].
    pub repository: &'static str,
    pub tag: &'static str,
    /// Digest of the index where there is one, else of the manifest.
    pub digest: Digest,
}

/// Says why the upstream registry could not be written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("`{}` could not be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("a demonstration image could not be built: {0}")]
    Build(String),
}

impl DemoError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Write { .. } => Kind::Unavailable,
            Self::Build(_) => Kind::Bug,
        }
    }
}

/// Writes the upstream registry below `root`, one OCI image layout for each repository, and returns what it holds,
/// sorted. Files that are there already are replaced; a layout's `index.json` is written last.
///
/// # Errors
/// [`DemoError`] where the directory cannot be written.
pub fn upstream(root: &Path) -> Result<Vec<Published>, DemoError> {
    let mut published = Vec::new();
    for image in images::all() {
        let built = layout::build(&image)?;
        layout::write(&root.join(image.repository), image.tag, &built)?;
        published.push(Published { repository: image.repository, tag: image.tag, digest: built.root.digest });
    }
    published.sort();
    Ok(published)
}
