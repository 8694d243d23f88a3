//! Manifests, indexes and image configurations, for reading only: what is copied is always the raw bytes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Descriptor, Digest, Platform, descriptor::null_as_default, media_type};

/// The largest manifest or index that is read: the specification's advice to registries ("Pushing Manifests").
pub const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The most descriptors one manifest or index may carry. Real indexes hold tens; the limit stops a flood.
pub const DESCRIPTORS_MAX: usize = 1024;

/// A parsed manifest: an image (or artifact) or an index of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    Image(Box<ImageManifest>),
    Index(ImageIndex),
}

/// An image or artifact manifest (`manifest.md`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    pub config: Descriptor,
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: Vec<Descriptor>,
    #[serde(default)]
    pub subject: Option<Descriptor>,
    #[serde(default)]
    pub artifact_type: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
}

/// An image index or Docker manifest list (`image-index.md`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    #[serde(default, deserialize_with = "null_as_default")]
    pub manifests: Vec<Descriptor>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
}

/// The parts of an image configuration that facts are read from (`config.md`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ImageConfig {
    #[serde(default)]
    pub os: String,
    #[serde(default)]
    pub architecture: String,
    #[serde(default)]
    pub variant: Option<String>,
    #[serde(default)]
    pub rootfs: RootFs,
    /// How it is run.
    #[serde(default, deserialize_with = "lenient")]
    pub config: Execution,
    /// What built it, bottom first; entries without a layer among them.
    #[serde(default, deserialize_with = "lenient")]
    pub history: Vec<HistoryEntry>,
    #[serde(default, deserialize_with = "lenient")]
    pub created: Option<String>,
}

/// How containers of an image are run, as far as it says so (`config.md`, "config"). A field that is not what the
/// specification makes it counts as absent: it says nothing, and hides nothing that runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Execution {
    #[serde(default, deserialize_with = "lenient")]
    pub user: String,
    #[serde(default, deserialize_with = "lenient")]
    pub entrypoint: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub cmd: Vec<String>,
    /// `NAME=value`.
    #[serde(default, deserialize_with = "lenient")]
    pub env: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub working_dir: String,
    /// `80/tcp`.
    #[serde(default, deserialize_with = "lenient")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub volumes: BTreeMap<String, serde_json::Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "lenient")]
    pub stop_signal: String,
}

/// One step of a build (`config.md`, "history").
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct HistoryEntry {
    #[serde(default, deserialize_with = "lenient")]
    pub created_by: String,
    /// Whether the step made no layer.
    #[serde(default, deserialize_with = "lenient")]
    pub empty_layer: bool,
}

/// Reads a value, or the default where it is not of the type.
fn lenient<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// The uncompressed layers of an image, bottom first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct RootFs {
    #[serde(default)]
    pub diff_ids: Vec<Digest>,
}

impl ImageConfig {
    pub fn platform(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone(),
            os_version: None,
        }
    }
}

/// Says why bytes are not a manifest this program accepts.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("manifest is not valid: {0}")]
    Json(#[from] serde_json::Error),
    #[error(
        "Docker schema 1 manifests carry no verifiable layer list and are refused; ask the publisher for a newer image"
    )]
    Schema1,
    #[error("manifest media type `{0}` is not supported")]
    MediaType(String),
    #[error("manifest carries {0} descriptors, more than {DESCRIPTORS_MAX}")]
    TooMany(usize),
}

impl Document {
    /// Returns the manifest, unless this is an index.
    pub const fn image(&self) -> Option<&ImageManifest> {
        match self {
            Self::Image(image) => Some(image),
            Self::Index(_) => None,
        }
    }

    /// Parses `bytes` of the given media type.
    ///
    /// # Errors
    /// [`DocumentError`] for other media types, broken JSON, malformed digests and floods of descriptors.
    pub fn parse(media_type: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        match media_type {
            media_type::DOCKER_SCHEMA1 | media_type::DOCKER_SCHEMA1_SIGNED => Err(DocumentError::Schema1),
            t if media_type::is_index(t) => {
                let index: ImageIndex = serde_json::from_slice(bytes)?;
                limit(index.manifests.len()).map(|()| Self::Index(index))
            }
            t if media_type::is_manifest(t) => {
                let manifest: Box<ImageManifest> = serde_json::from_slice(bytes)?;
                limit(manifest.layers.len()).map(|()| Self::Image(manifest))
            }
            other => Err(DocumentError::MediaType(other.chars().take(120).collect())),
        }
    }
}

const fn limit(count: usize) -> Result<(), DocumentError> {
    if count > DESCRIPTORS_MAX { Err(DocumentError::TooMany(count)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_descriptors_is_refused() {
        let one = format!(r#"{{"mediaType":"x","digest":"{}","size":1}}"#, Digest::sha256(b"x"));
        let many = vec![one; DESCRIPTORS_MAX + 1].join(",");
        let bytes = format!(r#"{{"schemaVersion":2,"manifests":[{many}]}}"#);
        let error = Document::parse(media_type::OCI_INDEX, bytes.as_bytes()).unwrap_err();
        assert!(matches!(error, DocumentError::TooMany(1025)), "{error}");
    }

    #[test]
    fn lists_that_are_null_are_empty() {
        let bytes = br#"{"schemaVersion":2,"manifests":null,"annotations":null}"#;
        let Ok(Document::Index(index)) = Document::parse(media_type::OCI_INDEX, bytes) else { panic!() };
        assert!(index.manifests.is_empty() && index.annotations.is_empty());
        let config =
            format!(r#"{{"mediaType":"x","digest":"{}","size":1,"urls":null}}"#, Digest::sha256(b"x"));
        let bytes = format!(r#"{{"schemaVersion":2,"config":{config},"layers":null,"annotations":null}}"#);
        let Ok(Document::Image(image)) = Document::parse(media_type::OCI_MANIFEST, bytes.as_bytes()) else {
            panic!()
        };
        assert!(image.layers.is_empty() && image.annotations.is_empty() && image.config.urls.is_empty());
        for wrong in ["0", "{}", r#""""#] {
            let bytes = format!(r#"{{"schemaVersion":2,"manifests":{wrong}}}"#);
            assert!(Document::parse(media_type::OCI_INDEX, bytes.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn schema_1_is_refused_with_its_reason() {
        let error = Document::parse(media_type::DOCKER_SCHEMA1_SIGNED, b"{}").unwrap_err();
        assert!(error.to_string().contains("schema 1"), "{error}");
    }
}
