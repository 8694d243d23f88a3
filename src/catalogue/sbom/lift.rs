//! CycloneDX 1.5 as `cyclonedx-bom` writes it becomes 1.6.
//!
//! Everything used here means the same in both versions, so only the version changes. To be dropped when a release
//! of the crate writes 1.6 (CycloneDX/cyclonedx-rust-cargo#872).

use cyclonedx_bom::prelude::Bom;
use serde_json::Value;

/// Returns the document of a valid model.
pub(super) fn to_1_6(bom: Bom) -> Result<Value, String> {
    let mut bytes = vec![];
    bom.output_as_json_v1_5(&mut bytes).map_err(|e| e.to_string())?;
    let mut document: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
    document["specVersion"] = "1.6".into();
    document["$schema"] = "http://cyclonedx.org/schema/bom-1.6.schema.json".into();
    Ok(document)
}
