//! The packages of one platform: the CycloneDX document is the predicate (in-toto `predicates/cyclonedx.md`).

use serde_json::{Value, json};

use super::{Facts, is_too_large};
use crate::{
    catalogue::{self, Component, SbomSubject},
    evidence::{ImageRecord, PlatformRecord},
    model::{CycloneDx, Digest, Repository},
    trust::sign::Documents,
};

pub(super) const PREDICATE_TYPE: &str = "https://cyclonedx.org/bom";

/// The SBOMs there are, and who makes those that are not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sboms<'a> {
    pub documents: &'a Documents,
    /// `fondaco 0.1.0`.
    pub tool: &'a str,
}

/// Returns the facts behind the SBOM: the document, or packages and system without the tool's version.
pub(super) fn facts(record: &ImageRecord, platform: &PlatformRecord) -> Value {
    if let Some(sbom) = &platform.sbom {
        return json!({"document": sbom.digest, "platform": platform.platform});
    }
    let packages = record.packages.get(&platform.packages).map_or("", String::as_str);
    json!({"packages": Digest::sha256(packages), "platform": platform.platform, "system": platform.system})
}

/// Returns the document for a platform's manifest: the one that the intake wrote, where it is recorded.
pub(super) fn document(facts: &Facts<'_>, digest: &Digest, sboms: Sboms<'_>) -> Result<Vec<u8>, String> {
    let record = facts.record;
    let platform = facts.platform(digest).ok_or_else(|| format!("{digest} is no platform of the image"))?;
    match (&platform.sbom, sboms.documents.get(digest)) {
        (Some(_), Some(document)) => return Ok(document.clone()),
        (Some(sbom), None) => return Err(format!("SBOM `{}` was not read", sbom.digest)),
        (None, _) => {}
    }
    of_list(record, platform, facts.distribution, sboms.tool)
}

/// Returns the document of a platform for which the intake kept none, from its recorded list of packages.
///
/// # Errors
/// A sentence, where the list does not read back.
pub fn of_list(
    record: &ImageRecord,
    platform: &PlatformRecord,
    distribution: &Repository,
    tool: &str,
) -> Result<Vec<u8>, String> {
    let text = record.packages.get(&platform.packages).map_or("", String::as_str);
    let components: Result<Vec<Component>, _> = text.lines().map(Component::of_purl).collect();
    let subject = SbomSubject {
        repository: distribution.to_string(),
        digest: platform.digest.clone(),
        platform: platform.platform.clone(),
        system: platform.system.clone(),
        sha512: None,
        creator: None,
    };
    let components = components.map_err(|error| error.to_string())?;
    let taken_in = record.custody.hops.first().map(|hop| hop.at);
    catalogue::cyclonedx(CycloneDx::V1_6, &subject, &components, taken_in, tool)
        .map_err(|error| error.to_string())
}

/// Returns the document as predicate; where it is too large, a BOM that refers to it by digest. The document itself is
/// attached to the same manifest.
pub(super) fn predicate(facts: &Facts<'_>, digest: &Digest, sboms: Sboms<'_>) -> Result<Value, String> {
    let document = document(facts, digest, sboms)?;
    let whole: Value = serde_json::from_slice(&document).map_err(|error| error.to_string())?;
    Ok(if is_too_large(&whole) { reference(&whole, &document) } else { whole })
}

fn reference(whole: &Value, document: &[u8]) -> Value {
    let digest = Digest::sha256(document);
    json!({
        "bomFormat": whole["bomFormat"],
        "specVersion": whole["specVersion"],
        "version": whole["version"],
        "metadata": whole["metadata"],
        "externalReferences": [{
            "type": "bom",
            "url": format!("urn:fondaco:referrer:{digest}"),
            "comment": "attached to the same manifest as application/vnd.cyclonedx+json",
            "hashes": [{"alg": "SHA-256", "content": digest.hex()}],
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_document_is_named_by_its_digest() {
        let whole =
            json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [1, 2]});
        let short = reference(&whole, b"{}");
        assert_eq!(short["specVersion"], "1.6");
        assert_eq!(short["components"], Value::Null);
        let expected = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(short["externalReferences"][0]["hashes"][0]["content"], expected);
    }
}
