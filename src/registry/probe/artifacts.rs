//! Which types of artifacts are taken. GitLab keeps an allow-list (ocx#480, flux2#3724); ECR answers some with 405.

use async_trait::async_trait;
use serde_json::json;

use super::{Probe, Said, Site};
use crate::{
    model::{Descriptor, media_type},
    registry::{Capabilities, RegistryError},
};

/// Artifact types that mirroring meets, and one that no registry can know.
const ARTIFACT_TYPES: [&str; 4] = [
    media_type::CYCLONEDX,
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.in-toto+json",
    "application/vnd.fondaco.probe.v1+json",
];

/// Media types of configurations that say what an artifact is.
const CONFIG_TYPES: [&str; 2] =
    ["application/vnd.cncf.helm.config.v1+json", "application/vnd.fondaco.probe.config.v1+json"];

pub(super) struct Artifacts;

#[async_trait]
impl Probe for Artifacts {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let typed = ARTIFACT_TYPES.map(|kind| (kind, json!({ "artifactType": kind })));
        let configured = CONFIG_TYPES.map(|kind| (kind, json!({ "config": Descriptor::of(kind, b"{}") })));
        let mut refused = vec![];
        for (kind, more) in typed.into_iter().chain(configured) {
            let bytes = Site::manifest(&Site::empty(), more);
            let (_, answer) = site.write(media_type::OCI_MANIFEST, bytes).await?;
            match answer.refusal {
                None => {}
                Some(error @ RegistryError::Denied { .. }) => return Err(error),
                Some(_) => refused.push(kind.to_owned()),
            }
        }
        refused.sort();
        let vouching = refused.iter().any(|kind| ARTIFACT_TYPES[..3].contains(&kind.as_str()));
        let list = refused.join(", ");
        found.refused_artifacts = Some(refused);
        Ok(vec![match (list.is_empty(), vouching) {
            (true, _) => Said::ok("artifacts of every type that was tried are taken"),
            (false, false) => Said::note(format!("artifacts of some types are refused: {list}")),
            (false, true) => Said::error(
                format!("artifacts that vouch for images are refused: {list}"),
                "have the registry's administrator allow these types, or promote to another registry",
            ),
        }])
    }
}
