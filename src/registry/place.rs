//! Where an image is read from or written to, as people write it on a command line. Parsing only; [`super::Local`]
//! opens the places that are files.
//!
//! | written | means |
//! |---|---|
//! | `oci:DIR`, `oci:DIR:NAME`, `oci:DIR@DIGEST` | an OCI image-layout directory |
//! | `oci-archive:FILE`, `oci-archive:FILE:NAME`, `oci-archive:FILE@DIGEST` | a tar archive of one |
//! | `HOST/REPOSITORY[:TAG][@DIGEST]` | an image in a registry |
//!
//! The words before the first colon are those of skopeo, podman and buildah (`containers-transports(5)`).

use std::{fmt, path::PathBuf, str::FromStr};

use crate::model::{Digest, Reference, Repository, foreign};

/// The transport of image-layout directories.
const LAYOUT: &str = "oci:";

/// The transport of archives of image layouts.
const ARCHIVE: &str = "oci-archive:";

/// The longest name inside a layout. The image specification sets no bound; names of images are shorter.
const NAME_BYTES_MAX: usize = 512;

/// A place on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An image-layout directory.
    Layout {
        directory: PathBuf,
        /// `None` means the only image of a source, and no name for a target. A tag may be any name that
        /// `org.opencontainers.image.ref.name` may hold, such as `docker.io/library/nginx:1.28`.
        reference: Option<Reference>,
    },
    /// A tar archive of an image layout.
    Archive {
        file: PathBuf,
        /// As in [`Place::Layout`].
        reference: Option<Reference>,
    },
    /// An image in a registry.
    Image {
        repository: Repository,
        /// Where both a tag and a digest are written, the digest: it says more.
        reference: Option<Reference>,
    },
}

/// Says why a text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error("`{0}` names no file: write `oci:DIR[:NAME]` or `oci-archive:FILE[:NAME]`")]
    NoPath(String),
    #[error("`{0}` is no name of an image in a layout")]
    Name(String),
    #[error("`{0}` is no tag")]
    Tag(String),
    #[error("`{0}` names no image: {1}")]
    Image(String, String),
}

impl Place {
    /// Returns the place with another reference.
    #[must_use]
    pub fn with_reference(self, reference: Option<Reference>) -> Self {
        match self {
            Self::Layout { directory, .. } => Self::Layout { directory, reference },
            Self::Archive { file, .. } => Self::Archive { file, reference },
            Self::Image { repository, .. } => Self::Image { repository, reference },
        }
    }

    /// Returns which image of the place is meant, where that is written.
    pub const fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Layout { reference, .. }
            | Self::Archive { reference, .. }
            | Self::Image { reference, .. } => reference.as_ref(),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if let Some(rest) = text.strip_prefix(ARCHIVE) {
            let (file, reference) = file(text, rest)?;
            return Ok(Self::Archive { file, reference });
        }
        if let Some(rest) = text.strip_prefix(LAYOUT) {
            let (directory, reference) = file(text, rest)?;
            return Ok(Self::Layout { directory, reference });
        }
        image(text)
    }
}

/// Splits `PATH[:NAME|@DIGEST]`. The first colon ends the path, as in skopeo: names may hold colons themselves.
fn file(text: &str, rest: &str) -> Result<(PathBuf, Option<Reference>), PlaceError> {
    let shown = || foreign::inline(text);
    let digest =
        rest.rsplit_once('@').and_then(|(path, digest)| Some((path, digest.parse::<Digest>().ok()?)));
    let (path, reference) = match (digest, rest.split_once(':')) {
        (Some((path, digest)), _) => {
            (path.strip_suffix(':').unwrap_or(path), Some(Reference::Digest(digest)))
        }
        (None, Some((path, name))) if is_name(name) => (path, Some(Reference::tag(name))),
        (None, Some((_, name))) => return Err(PlaceError::Name(foreign::inline(name))),
        (None, None) => (rest, None),
    };
    if path.is_empty() || path.contains('\0') {
        return Err(PlaceError::NoPath(shown()));
    }
    Ok((PathBuf::from(path), reference))
}

/// Returns whether a text can be a value of `org.opencontainers.image.ref.name` (image specification,
/// `annotations.md`): letters, digits and separators.
fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:@/+".contains(&b);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(fits)
}

fn image(text: &str) -> Result<Place, PlaceError> {
    let wrong = |reason: String| PlaceError::Image(foreign::inline(text), reason);
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|e| wrong(e.to_string()))?)),
        None => (text, None),
    };
    let (repository, tag) = match rest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (rest, None),
    };
    if let Some(tag) = tag.filter(|tag| !Reference::is_tag(tag)) {
        return Err(PlaceError::Tag(foreign::inline(tag)));
    }
    let repository = repository.parse::<Repository>().map_err(|e| wrong(e.to_string()))?;
    let reference = digest.map(Reference::Digest).or_else(|| tag.map(Reference::tag));
    Ok(Place::Image { repository, reference })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout { directory, .. } => write!(f, "{LAYOUT}{}", directory.display())?,
            Self::Archive { file, .. } => write!(f, "{ARCHIVE}{}", file.display())?,
            Self::Image { repository, .. } => write!(f, "{repository}")?,
        }
        match self.reference() {
            Some(Reference::Tag(tag)) => write!(f, ":{tag}"),
            Some(Reference::Digest(digest)) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let cases = [
            ("oci:layout", "oci:layout"),
            ("oci:/srv/layout:v1", "oci:/srv/layout:v1"),
            ("oci:l:docker.io/library/nginx:1.28", "oci:l:docker.io/library/nginx:1.28"),
            (&format!("oci:l@{digest}"), &format!("oci:l@{digest}")),
            (&format!("oci:l:@{digest}"), &format!("oci:l@{digest}")),
            ("oci-archive:a b.tar", "oci-archive:a b.tar"),
            ("oci-archive:x/a.tar.gz:v1", "oci-archive:x/a.tar.gz:v1"),
            ("nginx", "docker.io/library/nginx"),
            ("127.0.0.1:5000/a/b:v1", "127.0.0.1:5000/a/b:v1"),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b"),
            (&format!("quay.io/a/b:v1@{digest}"), &format!("quay.io/a/b@{digest}")),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_names_no_place_is_refused() {
        let cases = [
            "",
            "oci:",
            "oci::v1",
            "oci-archive:",
            "oci:l:",
            "oci:l:a b",
            "oci:l:\u{1b}[2J",
            "nginx:a/b@sha256:00",
            "nginx:-x",
            "host.example/UPPER",
            "nginx@sha256:00",
        ];
        for text in cases {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }
}
