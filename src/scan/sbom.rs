//! The packages that an SBOM lists, as the scanner reads them: package URLs, one a line, sorted. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};

/// Largest SBOM in bytes: that of an image with 50,000 components and their files.
pub const SBOM_BYTES_MAX: usize = 256 << 20;
/// Deepest nesting of components in components.
const DEPTH_MAX: usize = 64;

/// CycloneDX (1.4 to 1.7) and SPDX 2.x as JSON: what either says of packages.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    packages: Vec<SpdxPackage>,
    #[serde(rename = "bomFormat")]
    bom_format: Option<String>,
    #[serde(rename = "spdxVersion")]
    spdx_version: Option<String>,
}

#[derive(Deserialize)]
struct Component {
    purl: Option<String>,
    #[serde(default, deserialize_with = "nested")]
    components: Vec<Component>,
}

/// serde_json itself stops at 128 levels; this keeps what walks them from recursing as deep.
fn nested<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Component>, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpdxPackage {
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: String,
    reference_locator: String,
}

/// Returns the packages of an SBOM as a package list, with the number of components that name none.
///
/// # Errors
/// A sentence about why it is no SBOM that is read.
pub fn packages_of_sbom(bytes: &[u8]) -> Result<(String, u64), String> {
    if bytes.len() > SBOM_BYTES_MAX {
        return Err(format!("larger than {SBOM_BYTES_MAX} bytes"));
    }
    let document: Document = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    if document.bom_format.as_deref() != Some("CycloneDX") && document.spdx_version.is_none() {
        return Err("neither CycloneDX nor SPDX 2 as JSON".to_owned());
    }
    let (mut found, mut nameless) = (BTreeSet::new(), 0);
    add(&document.components, 0, &mut found, &mut nameless)?;
    for package in &document.packages {
        let named = package.external_refs.iter().find(|reference| reference.reference_type == "purl");
        match named {
            Some(reference) => drop(found.insert(reference.reference_locator.as_str())),
            None => nameless += 1,
        }
    }
    let lines = found.into_iter().filter(|purl| !purl.contains(char::is_control));
    Ok((lines.flat_map(|purl| [purl, "\n"]).collect(), nameless))
}

fn add<'d>(
    components: &'d [Component],
    depth: usize,
    found: &mut BTreeSet<&'d str>,
    nameless: &mut u64,
) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("components nested deeper than {DEPTH_MAX}"));
    }
    for component in components {
        match &component.purl {
            Some(purl) => drop(found.insert(purl.as_str())),
            None => *nameless += 1,
        }
        add(&component.components, depth + 1, found, nameless)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_both_kinds_of_sbom() {
        let cyclonedx = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
            {"type": "library", "purl": "pkg:npm/b@1", "components": [{"purl": "pkg:npm/c@2"}]},
            {"type": "file", "name": "x"},
            {"purl": "pkg:deb/debian/a@1?distro=debian-12"}, {"purl": "pkg:npm/b@1"}]}"#;
        let expected = "pkg:deb/debian/a@1?distro=debian-12\npkg:npm/b@1\npkg:npm/c@2\n";
        assert_eq!(packages_of_sbom(cyclonedx.as_bytes()), Ok((expected.to_owned(), 1)));
        let spdx = r#"{"spdxVersion": "SPDX-2.3", "packages": [
            {"name": "a", "externalRefs": [{"referenceCategory": "SECURITY", "referenceType": "cpe23Type",
             "referenceLocator": "cpe:2.3:a:a:a:1"}, {"referenceCategory": "PACKAGE-MANAGER",
             "referenceType": "purl", "referenceLocator": "pkg:npm/b@1"}]}, {"name": "image"}]}"#;
        assert_eq!(packages_of_sbom(spdx.as_bytes()), Ok(("pkg:npm/b@1\n".to_owned(), 1)));
    }

    #[test]
    fn what_is_no_sbom_is_refused() {
        let deep = format!(
            "{{\"bomFormat\": \"CycloneDX\", \"components\": {}{}}}",
            "[{\"components\": ".repeat(60),
            "[]".to_owned() + &"}]".repeat(60)
        );
        for (bytes, why) in [
            (&b"{}"[..], "neither"),
            (b"[]", "expected"),
            (b"{\"bomFormat\": \"CycloneDX\"", "EOF"),
            (b"{\"bomFormat\": \"CycloneDX\", \"components\": 1}", "invalid type"),
            (deep.as_bytes(), ""),
        ] {
            let found = packages_of_sbom(bytes);
            assert!(why.is_empty() || found.as_ref().unwrap_err().contains(why), "{found:?}");
        }
        assert!(packages_of_sbom(&vec![b' '; SBOM_BYTES_MAX + 1]).unwrap_err().contains("larger"));
        let forged =
            "{\"bomFormat\": \"CycloneDX\", \"components\": [{\"purl\": \"pkg:npm/a@1\\npkg:npm/b@2\"}]}";
        assert_eq!(packages_of_sbom(forged.as_bytes()), Ok((String::new(), 0)), "one component is one line");
    }
}
