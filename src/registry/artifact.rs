//! Artifact manifests (OCI image specification 1.1, "Guidance for artifact usage").

use std::collections::BTreeMap;

use serde_json::json;

use super::RawManifest;
use crate::model::{Descriptor, media_type};

/// The configuration of an artifact that has none.
pub const EMPTY_CONFIG: &[u8] = b"{}";

/// Returns an artifact manifest with one layer of the artifact's own type that refers to `subject`. Its configuration is
/// [`EMPTY_CONFIG`].
pub fn artifact_manifest(
    subject: &Descriptor,
    artifact_type: &str,
    content: &[u8],
    annotations: BTreeMap<String, String>,
) -> RawManifest {
    let target = Descriptor::new(subject.media_type.clone(), subject.digest.clone(), subject.size);
    let bytes = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": Descriptor::of(media_type::OCI_EMPTY, EMPTY_CONFIG),
        "layers": [Descriptor::of(artifact_type, content)],
        "subject": target,
        "annotations": annotations,
    })
    .to_string();
    let mut descriptor = Descriptor::of(media_type::OCI_MANIFEST, bytes.as_bytes());
    descriptor.artifact_type = Some(artifact_type.to_owned());
    descriptor.annotations = annotations;
    RawManifest { descriptor, bytes: bytes.into() }
}
