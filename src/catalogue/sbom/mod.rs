//! The software bill of materials of one platform: CycloneDX 1.6, an analysed SBOM without vulnerability
//! information, built and validated as 1.5 with `cyclonedx-bom` and lifted by [`lift`].

pub mod check;
mod lift;

use cyclonedx_bom::models::bom::BomReference;
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::composition::{AggregateType, Composition, Compositions};
use cyclonedx_bom::models::lifecycle::{Lifecycle, Lifecycles, Phase};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::tool::Tools;
use cyclonedx_bom::prelude::{Bom, DateTime, NormalizedString, Purl, SpecVersion, UrnUuid, Validate};

use crate::model::{Digest, Instant, Kind, Package, PackageError, canonical};

/// What the SBOM is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomSubject {
    /// Host and path, as people pull it.
    pub repository: String,
    /// Of the platform's manifest.
    pub digest: Digest,
    /// `linux/amd64`.
    pub platform: String,
    /// `PRETTY_NAME` of os-release.
    pub system: Option<String>,
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

const SYSTEM_REFERENCE: &str = "operating-system";

/// Returns the SBOM as canonical JSON. Equal arguments give equal bytes: the serial number is derived from the image
/// and the tool's version, and `at` is the time of an event, or absent.
///
/// # Errors
/// [`SbomError`] where a package has no package URL or the model does not hold.
pub fn cyclonedx(
    image: &SbomSubject,
    packages: &[Package],
    at: Option<Instant>,
    tool_version: &str,
) -> Result<Vec<u8>, SbomError> {
    let mut components = packages.iter().map(component).collect::<Result<Vec<_>, _>>()?;
    components.extend(system(image, packages));
    components.sort_by(|a, b| a.bom_ref.cmp(&b.bom_ref));
    components.dedup_by(|a, b| a.bom_ref == b.bom_ref);
    let bom = Bom {
        spec_version: SpecVersion::V1_5,
        version: 1,
        serial_number: Some(serial(image, tool_version)?),
        metadata: Some(metadata(image, at, tool_version)?),
        components: Some(Components(components)),
        compositions: Some(incomplete(image)),
        ..Bom::default()
    };
    let validation = bom.validate();
    if !validation.passed() {
        return Err(SbomError::Model(format!("{validation:?}").chars().take(400).collect()));
    }
    let lifted = lift::to_1_6(bom).map_err(SbomError::Json)?;
    canonical::to_text(&lifted).map(String::into_bytes).map_err(|e| SbomError::Json(e.to_string()))
}

fn component(package: &Package) -> Result<Component, SbomError> {
    let purl = package.purl()?;
    let kind = Classification::Library;
    let mut component = Component::new(kind, &package.name, &package.version, Some(purl.clone()));
    component.group = Some(NormalizedString::new(&package.namespace));
    component.purl = Some(to_purl(&purl));
    Ok(component)
}

fn to_purl(text: &str) -> Purl {
    text.parse().expect("the parser of this type accepts any text; `validate` checks it")
}

/// Returns the distribution, where packages or os-release tell one.
fn system(image: &SbomSubject, packages: &[Package]) -> Option<Component> {
    let told =
        packages.iter().find_map(|package| Some((package.namespace.as_str(), package.distro.as_deref()?)));
    let pretty = image.system.as_deref();
    let name = told.map(|(id, _)| id).or(pretty)?;
    let version = told.and_then(|(id, distro)| distro.strip_prefix(id)?.strip_prefix('-'));
    let reference = Some(SYSTEM_REFERENCE.to_owned());
    let mut component = Component::new(Classification::OperatingSystem, name, "", reference);
    component.version = version.map(NormalizedString::new);
    component.description = pretty.map(NormalizedString::new);
    Some(component)
}

fn metadata(image: &SbomSubject, at: Option<Instant>, tool_version: &str) -> Result<Metadata, SbomError> {
    let timestamp = at.map(|at| DateTime::try_from(at.to_string())).transpose();
    let tool = Component::new(Classification::Application, "fondaco", tool_version, None);
    let version = image.digest.to_string();
    let mut container =
        Component::new(Classification::Container, &image.repository, &version, Some(version.clone()));
    container.description = Some(NormalizedString::new(&image.platform));
    Ok(Metadata {
        timestamp: timestamp.map_err(|e| SbomError::Model(e.to_string()))?,
        tools: Some(Tools::Object { services: None, components: Some(Components(vec![tool])) }),
        component: Some(container),
        lifecycles: Some(Lifecycles(vec![Lifecycle::Phase(Phase::PostBuild)])),
        ..Metadata::default()
    })
}

/// Says that the list is not everything: language packages are not catalogued in this version.
fn incomplete(image: &SbomSubject) -> Compositions {
    Compositions(vec![Composition {
        bom_ref: None,
        aggregate: AggregateType::Incomplete,
        assemblies: Some(vec![BomReference::new(&image.digest)]),
        dependencies: None,
        vulnerabilities: None,
        signature: None,
    }])
}

/// Returns a UUID of version 8 (RFC 9562, section 5.8) from the SHA-256 of what the SBOM is about.
fn serial(image: &SbomSubject, tool_version: &str) -> Result<UrnUuid, SbomError> {
    let named =
        ["fondaco/sbom/1", &image.repository, &image.digest.to_string(), &image.platform, tool_version];
    let hex = Digest::sha256(named.join("\n")).hex().to_owned();
    // The variant is the two bits `10`: one of the digits 8, 9, a and b.
    let variant = char::from(b"89ab"[usize::from(hex.as_bytes()[16] % 4)]);
    let (time, middle, third, sequence, node) =
        (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]);
    let urn = format!("urn:uuid:{time}-{middle}-8{third}-{variant}{sequence}-{node}");
    UrnUuid::new(urn).map_err(|error| SbomError::Model(format!("{error:?}")))
}

#[cfg(test)]
mod tests;
