//! Does an SBOM say what a standard asks for? Bytes of a CycloneDX or SPDX file in, findings out.
//!
//! ```text
//! bytes ─▶ cyclonedx | spdx2 | spdx3 ─▶ document ─▶ bsi | ntia | cisa ─▶ report
//! ```
//!
//! A reader knows one format and no standard, a profile knows one standard and no format. The file is foreign: it is
//! read leniently, nothing recurses but the JSON parser (which stops at 128 levels), and what is counted is limited.
//! Validity against the format's own schema is not looked at. A further profile is one file and its line in
//! [`Profile`].

mod bsi;
mod checks;
mod cisa;
mod cyclonedx;
mod document;
mod field;
mod node;
mod ntia;
mod report;
mod spdx2;
mod spdx3;
pub(super) mod words;

use serde::Serialize;
use serde_json::Value;

pub use document::{ComponentKind, Format};
pub use field::{Level, Outcome};
pub use report::{CheckedField, Components, Finding, Report};

use document::Document;
use field::Field;
use node::{Budget, Node};

/// The largest file. SBOMs of the largest images with every file listed stay below; read, one takes up to some twelve
/// times its size in memory.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// The most components of one file; more is an attempt to make the checks expensive.
const COMPONENTS_MAX: usize = 100_000;

/// What an SBOM is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Profile {
    #[serde(rename = "bsi")]
    Bsi,
    #[serde(rename = "ntia")]
    Ntia,
    #[serde(rename = "cisa-2025")]
    Cisa2025,
}

impl Profile {
    /// Returns the text that the profile is taken from.
    pub const fn standard(self) -> &'static str {
        match self {
            Self::Bsi => "BSI TR-03183-2 v2.1.0",
            Self::Ntia => "NTIA Minimum Elements 2021",
            Self::Cisa2025 => "CISA Minimum Elements 2025 (draft)",
        }
    }

    const fn fields(self) -> &'static [Field] {
        match self {
            Self::Bsi => bsi::FIELDS,
            Self::Ntia => ntia::FIELDS,
            Self::Cisa2025 => cisa::FIELDS,
        }
    }
}

/// Says why a file cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error("file has more than {FILE_BYTES_MAX} bytes")]
    Size,
    #[error("file is not JSON: {0}")]
    Json(String),
    #[error("file is neither CycloneDX JSON nor SPDX JSON")]
    Format,
    #[error("SBOM has more than {COMPONENTS_MAX} components")]
    Components,
    #[error("SBOM refers to the same values too often to be read")]
    Work,
}

impl CheckError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> crate::model::Kind {
        crate::model::Kind::Invalid
    }
}

/// Holds a CycloneDX (JSON, 1.4 to 1.7) or SPDX (2.x JSON, 3.0.x JSON-LD) file against a profile.
///
/// # Errors
/// [`CheckError`] where the file cannot be read as an SBOM, which says nothing about its fields.
pub fn check(bytes: &[u8], profile: Profile) -> Result<Report, CheckError> {
    Ok(report::report(&read(bytes)?, profile))
}

fn read(bytes: &[u8]) -> Result<Document, CheckError> {
    if u64::try_from(bytes.len()).is_ok_and(|size| size > FILE_BYTES_MAX) {
        return Err(CheckError::Size);
    }
    // Windows tools put a byte order mark before what they write.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: Value = serde_json::from_slice(bytes).map_err(|error| CheckError::Json(error.to_string()))?;
    let budget = Budget::new();
    let root = Node::root(&value, &budget);
    let document = match () {
        () if root.str("bomFormat") == Some("CycloneDX") => cyclonedx::read(&root),
        () if root.str("spdxVersion").is_some() => spdx2::read(&root),
        () if is_spdx3(&value) => spdx3::read(&root),
        () => Err(CheckError::Format),
    };
    // What was read before that is not the whole file, and so says nothing.
    if budget.is_spent() { Err(CheckError::Work) } else { document }
}

/// SPDX 3 is known by its JSON-LD context.
fn is_spdx3(value: &Value) -> bool {
    let spdx = |context: &Value| context.as_str().is_some_and(|url| url.contains("spdx.org/rdf/3"));
    match &value["@context"] {
        Value::Array(contexts) => contexts.iter().any(spdx),
        context => spdx(context),
    }
}

/// # Errors
/// [`CheckError::Components`] where there are as many components as are read.
const fn limit(components: usize) -> Result<(), CheckError> {
    if components >= COMPONENTS_MAX { Err(CheckError::Components) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
