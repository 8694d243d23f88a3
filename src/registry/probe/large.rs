//! Whether a manifest of 4 MiB is taken, which the specification asks of registries ("Pushing Manifests"). Tried only
//! where it can be deleted again.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use super::{Probe, Said, Site};
use crate::{
    model::{MANIFEST_BYTES_MAX, media_type},
    registry::{Capabilities, RegistryError},
};

pub(super) struct Large;

#[async_trait]
impl Probe for Large {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        if found.deletes_manifests != Some(true) {
            return Ok(vec![]);
        }
        let (_, answer) = site.write(media_type::OCI_MANIFEST, padded()).await?;
        let taken = match answer.refusal {
            None => true,
            Some(error @ RegistryError::Denied { .. }) => return Err(error),
            Some(_) => false,
        };
        found.large_manifests = Some(taken);
        Ok(vec![if taken {
            Said::ok("manifests of 4 MiB are taken")
        } else {
            Said::note("manifests of 4 MiB are refused; few images have one")
        }])
    }
}

/// Returns a manifest of exactly the largest size.
fn padded() -> Bytes {
    let with = |padding: &str| Site::manifest(&Site::empty(), json!({"annotations": {"probe": padding}}));
    let room = usize::try_from(MANIFEST_BYTES_MAX).unwrap_or(usize::MAX) - with("").len();
    with(&" ".repeat(room))
}
