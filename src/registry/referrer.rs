//! Descriptors of referrers (distribution specification, "Listing Referrers").

use crate::model::{Descriptor, Digest, media_type};

use super::{RawManifest, RegistryError, asked::Asked};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The parts of a manifest that a list of referrers repeats.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referring {
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    config: Option<Config>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    media_type: String,
}

/// Returns the subject of a manifest and the descriptor under which a list of referrers names it, or `None` where the
/// manifest has no subject.
pub(super) fn referrer(manifest: &RawManifest) -> Option<(Digest, Descriptor)> {
    let read: Referring = serde_json::from_slice(&manifest.bytes).ok()?;
    let subject = read.subject?.digest;
    let mut descriptor = Descriptor::new(
        &manifest.descriptor.media_type,
        manifest.descriptor.digest.clone(),
        manifest.descriptor.size,
    );
    // An image manifest without `artifactType` is listed under the media type of its configuration; an index is not.
    let config = read.config.filter(|_| media_type::is_manifest(&manifest.descriptor.media_type));
    descriptor.artifact_type =
        read.artifact_type.filter(|t| !t.is_empty()).or_else(|| config.map(|config| config.media_type));
    descriptor.annotations = read.annotations;
    Some((subject, descriptor))
}

/// Returns the descriptor for the list of `subject`.
///
/// # Errors
/// Kind `Invalid` where the manifest's own `subject` is another or none.
pub(super) fn referrer_of(
    asked: &Asked,
    subject: &Digest,
    manifest: &RawManifest,
) -> Result<Descriptor, RegistryError> {
    match referrer(manifest) {
        Some((found, descriptor)) if found == *subject => Ok(descriptor),
        Some((found, _)) => Err(asked.invalid(format!("its subject is {found}, not {subject}"))),
        None => Err(asked.invalid("it has no subject")),
    }
}

/// Returns the tag that stands in for the referrers API ("Referrers Tag Schema"): at most 64 hexadecimal digits.
pub(crate) fn fallback_tag(subject: &Digest) -> String {
    format!("{}-{}", subject.algorithm().name(), &subject.hex()[..64])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_tag_is_cut_as_the_specification_says() {
        let long: Digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
        assert_eq!(fallback_tag(&long), format!("sha512-{}", "ab".repeat(32)));
    }

    #[test]
    fn artifact_type_and_annotations_are_pulled_up() {
        let subject = Digest::sha256(b"subject");
        let text = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.x","digest":"{subject}","size":1}},
            "layers":[],"subject":{{"mediaType":"m","digest":"{subject}","size":1}},"annotations":{{"k":"v"}}}}"#
        );
        let descriptor = Descriptor::of(media_type::OCI_MANIFEST, text.as_bytes());
        let (found, listed) = referrer(&RawManifest { descriptor, bytes: text.into() }).unwrap();
        assert_eq!(found, subject);
        assert_eq!(listed.artifact_type.as_deref(), Some("application/vnd.x"));
        assert_eq!(listed.annotations["k"], "v");
    }
}
