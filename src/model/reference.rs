//! Repository names and references (OCI distribution specification, "Pulling manifests").

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Digest;

/// A repository on a host: `docker.io/library/nginx` is host `docker.io`, path `library/nginx`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    /// The registry's host as manifests name it, with its port if there is one.
    pub host: String,
    /// The `<name>` of the distribution specification: lower-case segments joined by `/`.
    pub path: String,
}

/// Says why a string does not name a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryError {
    #[error("`{0}` does not name a repository: {1}")]
    Malformed(String, String),
    #[error("`{0}` has a tag or digest; name the repository alone")]
    HasReference(String),
}

impl Repository {
    /// Returns the repository `path` below this one on the same host.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        Self { host: self.host.clone(), path: format!("{}/{path}", self.path) }
    }

    /// Returns the path without the `library/` that Docker Hub puts before official images.
    pub fn path_without_library(&self) -> &str {
        self.path.strip_prefix("library/").unwrap_or(&self.path)
    }

    /// Returns the host as a path segment: the colon of a port is no file name on every system.
    pub fn host_segment(&self) -> String {
        self.host.replace(':', "_")
    }
}

impl FromStr for Repository {
    type Err = RepositoryError;

    /// Parses and normalises as container tools do: `nginx` is `docker.io/library/nginx`.
    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        if let Some(plain) = plain(text) {
            return Ok(plain);
        }
        let parsed: oci_client::Reference = text.parse().map_err(|e: oci_client::ParseError| {
            RepositoryError::Malformed(text.to_owned(), e.to_string())
        })?;
        let last = text.rsplit('/').next().unwrap_or(text);
        if last.contains(':') || text.contains('@') {
            return Err(RepositoryError::HasReference(text.to_owned()));
        }
        // `E/b` has no host that is one, and is read as a path of Docker Hub; written out, nobody reads it back.
        if parsed.repository().bytes().any(|b| b.is_ascii_uppercase()) {
            let why = "repository name must be lower-case".to_owned();
            return Err(RepositoryError::Malformed(text.to_owned(), why));
        }
        Ok(Self { host: parsed.registry().to_owned(), path: parsed.repository().to_owned() })
    }
}

/// The longest text that is read plainly; what is longer may be longer than names may be.
const PLAIN_CHARS_MAX: usize = 200;

/// Reads `host/path` where both are written out and nothing has to be normalised; `None` means that `oci-client` has to
/// say what the text means. Nearly every name of a run is of this kind, and the regular expression behind `oci-client`
/// takes 18 MB and 50 ms to compile.
fn plain(text: &str) -> Option<Repository> {
    let (host, path) = text.split_once('/')?;
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        label.bytes().all(inner) && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    // Runs of letters and digits with `.`, `_`, `__` or any number of `-` between them.
    let segment = |segment: &str| {
        let between = segment.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let ends = !segment.starts_with(['.', '_', '-']) && !segment.ends_with(['.', '_', '-']);
        let joined = |run: &str| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-');
        !segment.is_empty() && ends && between.into_iter().all(joined)
    };
    let whole = text.len() <= PLAIN_CHARS_MAX
        && (name.contains('.') || name.len() < host.len())
        && name.split('.').all(label)
        && !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && path.split('/').all(segment);
    // Docker Hub has other names, and official images a path that is left out.
    let hub = name.ends_with("docker.io") && (name != "docker.io" || !path.contains('/'));
    (whole && !hub).then(|| Repository { host: host.to_owned(), path: path.to_owned() })
}

impl TryFrom<String> for Repository {
    type Error = RepositoryError;
    fn try_from(text: String) -> Result<Self, RepositoryError> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl schemars::JsonSchema for Repository {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Repository".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A repository: host, slash, path; for instance `docker.io/library/nginx`."
        })
    }
}

/// The `<reference>` of the distribution specification: a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    Tag(String),
    Digest(Digest),
}

impl Reference {
    pub fn tag(text: impl Into<String>) -> Self {
        Self::Tag(text.into())
    }

    /// Returns whether `text` is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    pub fn is_tag(text: &str) -> bool {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let bytes = text.as_bytes();
        (1..=128).contains(&bytes.len())
            && word(bytes[0])
            && bytes.iter().all(|&b| word(b) || b == b'.' || b == b'-')
    }
}

impl From<&Digest> for Reference {
    fn from(digest: &Digest) -> Self {
        Self::Digest(digest.clone())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_normalised_as_container_tools_do() {
        let cases = [
            ("nginx", "docker.io/library/nginx"),
            ("bitnami/redis", "docker.io/bitnami/redis"),
            ("quay.io/a/b/c", "quay.io/a/b/c"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Repository>().unwrap().to_string(), expected);
        }
    }

    /// What `oci-client` makes of a text without tag and digest.
    fn judged(text: &str) -> Option<Repository> {
        let parsed: oci_client::Reference = text.parse().ok()?;
        let last = text.rsplit('/').next().unwrap();
        (!last.contains(':') && !text.contains('@'))
            .then(|| Repository { host: parsed.registry().into(), path: parsed.repository().into() })
    }

    #[test]
    fn what_is_read_plainly_is_what_oci_client_reads() {
        let mut texts = vec![String::new()];
        let mut all = vec![];
        for _ in 0..5 {
            texts =
                texts.iter().flat_map(|text| "a0Z.-_/:".chars().map(move |c| format!("{text}{c}"))).collect();
            all.extend(texts.iter().map(|text| format!("h.x{text}")));
            all.extend(texts.iter().map(|text| format!("h.x/b{text}")));
        }
        all.extend(
            [
                "docker.io/a",
                "docker.io/a/b",
                "index.docker.io/a",
                "registry-1.docker.io/a/b",
                "localhost/a",
                "a/b",
            ]
            .map(str::to_owned),
        );
        let mut plainly = 0;
        for text in &all {
            let Some(read) = plain(text) else { continue };
            plainly += 1;
            assert_eq!(Some(read), judged(text), "{text}");
        }
        assert!(plainly > 1000, "{plainly} of {}", all.len());
        for text in ["quay.io/a/b", "127.0.0.1:5000/x", "docker.io/library/nginx", "r.example/a__b/c--d.e_f"]
        {
            assert!(plain(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_reference_or_a_path_out_of_the_registry_is_no_repository() {
        for text in ["nginx:1", "a/b@sha256:00", "", "a/../b", "host.example/UPPER", "host/a//b", "E/b"] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }
}
