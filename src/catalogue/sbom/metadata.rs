//! What the SBOM says of itself and of the image.

use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::lifecycle::{Lifecycle, Lifecycles, Phase};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::Tools;
use cyclonedx_bom::prelude::{DateTime, NormalizedString};

use super::{SbomError, SbomSubject};
use crate::model::Instant;

/// Returns the metadata.
pub(super) fn of(
    image: &SbomSubject,
    at: Option<Instant>,
    tool_version: &str,
) -> Result<Metadata, SbomError> {
    let timestamp = at.map(|at| DateTime::try_from(at.to_string())).transpose();
    let tool = Component::new(Classification::Application, "fondaco", tool_version, None);
    let version = image.digest.to_string();
    let mut container =
        Component::new(Classification::Container, &image.repository, &version, Some(version.clone()));
    container.description = Some(NormalizedString::new(&image.platform));
    // Of BSI's taxonomy (TR-03183-2, 8.2): an image is an archive, and the file of its manifest in an image layout is named
    // after its digest (`image-layout.md`, "Blobs").
    container.properties = Some(Properties(vec![
        Property::new("bsi:component:filename", image.digest.hex()),
        Property::new("bsi:component:executable", "non-executable"),
        Property::new("bsi:component:archive", "archive"),
        Property::new("bsi:component:structured", "structured"),
    ]));
    Ok(Metadata {
        timestamp: timestamp.map_err(|e| SbomError::Model(e.to_string()))?,
        tools: Some(Tools::Object { services: None, components: Some(Components(vec![tool])) }),
        component: Some(container),
        lifecycles: Some(Lifecycles(vec![Lifecycle::Phase(Phase::PostBuild)])),
        ..Metadata::default()
    })
}
