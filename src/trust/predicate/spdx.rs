//! SPDX 2.x in JSON (spdx.github.io/spdx-spec/v2.3): `packages[].externalRefs` of type `purl`.

use serde_json::Value;

use super::{Content, Sbom, Told, json::Object, shown};

pub(super) fn read(predicate: Object<'_>) -> Result<Told, String> {
    let Some(version) = predicate.text("spdxVersion")? else {
        // cosign's type `spdx` wraps the tag-value form as text.
        let wrapped = predicate.get("Data")?.is_some();
        let found = if wrapped { "SPDX in tag-value form is not read" } else { "`spdxVersion` is missing" };
        return Err(found.to_owned());
    };
    if !version.starts_with("SPDX-2.") {
        return Err(format!("`{}` is not SPDX 2", shown(version)));
    }
    let mut sbom = Sbom { format: shown(version), ..Sbom::default() };
    for package in predicate.objects("packages")? {
        let mut purls = vec![];
        for reference in package?.objects("externalRefs")? {
            let reference = reference?;
            if reference.get("referenceType")?.and_then(Value::as_str) == Some("purl") {
                purls.extend(reference.get("referenceLocator")?.and_then(Value::as_str));
            }
        }
        sbom.add(purls.into_iter());
    }
    Ok(Told::only(Content::Sbom(sbom)))
}
