//! The software bill of materials of one platform: an analysed SBOM without vulnerability information, and the check of
//! any SBOM against what standards ask for.
//!
//! The model is built and validated as CycloneDX 1.5 with `cyclonedx-bom` ([`model`]) and lifted to 1.6 and 1.7
//! ([`lift`]), which alone can say who made a component and which licences are concluded. SPDX says the same facts
//! ([`element`]) in its own words ([`spdx2`], [`spdx3`]). Nothing is said that the image does not tell: what is unknown
//! is said to be unknown.

pub mod check;
mod cpe;
mod declared;
mod element;
mod lift;
mod maker;
mod metadata;
mod model;
mod serial;
mod spdx2;
mod spdx3;

use cyclonedx_bom::models::bom::BomReference;
use cyclonedx_bom::models::composition::{AggregateType, Composition, Compositions};
use cyclonedx_bom::prelude::{Bom, SpecVersion, UrnUuid, Validate};

use super::Component;
use crate::model::{CycloneDx, Digest, Instant, Kind, PackageError, canonical};

/// What the SBOM is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomSubject {
    /// Host and path, as people pull it; or the path of a layout.
    pub repository: String,
    /// Of the platform's manifest.
    pub digest: Digest,
    /// `linux/amd64`.
    pub platform: String,
    /// `PRETTY_NAME` of os-release.
    pub system: Option<String>,
    /// SHA-512 of the manifest, lower-case hexadecimal, where its bytes are at hand: what is deployed is told by it.
    pub sha512: Option<String>,
    /// E-mail address or URL of who answers for the SBOM, where somebody does.
    pub creator: Option<String>,
}

/// A released version of SPDX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spdx {
    /// What most readers of SPDX take.
    V2_3,
    /// The first that BSI TR-03183-2 takes, as JSON-LD.
    V3_0_1,
}

impl Spdx {
    /// Returns `2.3`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::V2_3 => "2.3",
            Self::V3_0_1 => "3.0.1",
        }
    }
}

/// Says why there is no SBOM.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("SBOM model is not valid: {0}")]
    Model(String),
    #[error("SBOM does not serialise: {0}")]
    Json(String),
}

impl SbomError {
    /// Returns what the error means to the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Package(_) => Kind::Invalid,
            Self::Model(_) | Self::Json(_) => Kind::Bug,
        }
    }
}

/// Returns the SBOM as canonical JSON. Equal arguments give equal bytes: the serial number is derived from the image
/// and the tool's version, and `at` is the time of an event, or absent. `tool` is named as records name it,
/// `fondaco 0.1.0`.
///
/// # Errors
/// [`SbomError`] where the model does not hold.
pub fn cyclonedx(
    version: CycloneDx,
    image: &SbomSubject,
    components: &[Component],
    at: Option<Instant>,
    tool: &str,
) -> Result<Vec<u8>, SbomError> {
    let (sorted, tool_version) = (sorted(components), version_of(tool));
    let serial_number = UrnUuid::new(serial::of(image, version.number(), tool_version))
        .map_err(|error| SbomError::Model(format!("{error:?}")))?;
    let bom = Bom {
        spec_version: SpecVersion::V1_5,
        version: 1,
        serial_number: Some(serial_number),
        metadata: Some(metadata::of(image, at, tool_version)?),
        components: Some(model::components(image, &sorted)),
        dependencies: Some(model::dependencies(image, &sorted)),
        compositions: Some(compositions(image, &sorted)),
        ..Bom::default()
    };
    let validation = bom.validate();
    if !validation.passed() {
        return Err(SbomError::Model(format!("{validation:?}").chars().take(400).collect()));
    }
    let lifted = lift::to(version, bom, image, &sorted).map_err(SbomError::Json)?;
    canonical::value_to_text(&lifted).map(String::into_bytes).map_err(|e| SbomError::Json(e.to_string()))
}

/// Returns the SBOM as SPDX, canonical JSON, with the same facts. Equal arguments give equal bytes: the namespace is
/// derived as the serial number of [`cyclonedx`] is.
///
/// # Errors
/// [`SbomError::Json`] where the document does not serialise.
pub fn spdx(
    version: Spdx,
    image: &SbomSubject,
    components: &[Component],
    at: Option<Instant>,
    tool: &str,
) -> Result<Vec<u8>, SbomError> {
    let (sorted, tool_version) = (sorted(components), version_of(tool));
    let elements = element::of(image, &sorted);
    let document = match version {
        Spdx::V2_3 => spdx2::document(image, &elements, at, tool_version),
        Spdx::V3_0_1 => spdx3::document(image, &elements, at, tool_version),
    };
    canonical::value_to_text(&document).map(String::into_bytes).map_err(|e| SbomError::Json(e.to_string()))
}

/// Returns the version alone of a tool as records name it.
fn version_of(tool: &str) -> &str {
    tool.rsplit_once(' ').map_or(tool, |(_, version)| version)
}

/// Returns each component once, by package URL.
fn sorted(components: &[Component]) -> Vec<&Component> {
    let mut sorted: Vec<&Component> = components.iter().collect();
    sorted.sort_by(|a, b| a.purl.cmp(&b.purl));
    sorted.dedup_by(|a, b| a.purl == b.purl);
    sorted
}

/// Says how complete the lists are: what is in the image beside packages and known files is not listed, and what a
/// component needs is known as far as its database tells and the image holds it.
fn compositions(of: &SbomSubject, components: &[&Component]) -> Compositions {
    let composition = |aggregate, assemblies, dependencies| Composition {
        bom_ref: None,
        aggregate,
        assemblies,
        dependencies,
        vulnerabilities: None,
        signature: None,
    };
    let image = BomReference::new(&of.digest);
    let needs = components.iter().map(|one| BomReference::new(&one.purl));
    let system = model::has_system(of, components).then(|| BomReference::new(model::SYSTEM_REFERENCE));
    let needs: Vec<BomReference> = needs.chain(system).collect();
    let mut all = vec![
        composition(AggregateType::Incomplete, Some(vec![image.clone()]), None),
        composition(AggregateType::Incomplete, None, Some(vec![image])),
    ];
    if !needs.is_empty() {
        all.push(composition(AggregateType::Unknown, None, Some(needs)));
    }
    Compositions(all)
}

#[cfg(test)]
mod tests;
