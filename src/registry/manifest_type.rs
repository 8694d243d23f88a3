//! The media type of a manifest, from what the registry declares and what the manifest says itself.

use serde::Deserialize;

use crate::model::media_type;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
    config: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
}

/// Returns the media type that both sides agree on.
///
/// # Errors
/// Says why there is none: a document that one reader takes for an index and another for an image (CVE-2021-41190) is
/// refused, whatever is declared.
pub(super) fn agreed(declared: Option<&str>, bytes: &[u8]) -> Result<String, String> {
    let said: Said = match serde_json::from_slice(bytes) {
        Ok(said) => said,
        Err(e) => {
            return Err(format!("not a manifest: broken JSON at line {}, column {}", e.line(), e.column()));
        }
    };
    if said.manifests.is_some() && (said.config.is_some() || said.layers.is_some()) {
        return Err("it is both an index and an image".to_owned());
    }
    match (declared.filter(|declared| media_type::is_any_manifest(declared)), said.media_type) {
        (Some(declared), Some(said)) if declared != said => {
            Err(format!("declared as `{declared}`, calls itself `{said}`"))
        }
        (Some(declared), _) => Ok(declared.to_owned()),
        (None, Some(said)) => Ok(said),
        // `mediaType` is optional in OCI documents; only OCI documents may leave it out.
        (None, None) if said.manifests.is_some() => Ok(media_type::OCI_INDEX.to_owned()),
        (None, None) if said.config.is_some() => Ok(media_type::OCI_MANIFEST.to_owned()),
        (None, None) => Err("not a manifest: neither an index nor an image".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::media_type::{OCI_INDEX, OCI_MANIFEST};

    #[test]
    fn declared_and_said_media_types_must_agree() {
        let index = format!(r#"{{"mediaType":"{OCI_INDEX}","manifests":[]}}"#);
        assert_eq!(agreed(Some(OCI_INDEX), index.as_bytes()).unwrap(), OCI_INDEX);
        assert_eq!(agreed(Some("text/plain"), index.as_bytes()).unwrap(), OCI_INDEX);
        assert_eq!(agreed(None, b"{\"config\":{}}").unwrap(), OCI_MANIFEST);
        assert_eq!(agreed(Some(OCI_MANIFEST), b"{\"config\":{}}").unwrap(), OCI_MANIFEST);
        assert!(agreed(Some(OCI_MANIFEST), index.as_bytes()).is_err());
    }

    #[test]
    fn type_confusion_between_index_and_image_is_refused() {
        let both = br#"{"manifests":[],"layers":[],"config":{}}"#;
        assert!(agreed(Some(OCI_INDEX), both).unwrap_err().contains("both"));
        assert!(agreed(None, b"{}").is_err());
        assert!(agreed(None, b"\x1f\x8b").is_err());
    }
}
