//! Whether blobs and manifests are stored by SHA-512 (image specification, "Registered algorithms").

use async_trait::async_trait;

use super::{Probe, Said, Site};
use crate::{
    model::{Algorithm, Digest, Hasher, Reference, media_type},
    registry::{Capabilities, Registry as _, RegistryError},
};

pub(super) struct Sha512;

#[async_trait]
impl Probe for Sha512 {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let content = b"fondaco doctor: sha512\n";
        let stored = match site.blob_under(&site.repository, &sha512(content), content).await {
            Ok(()) => site.http.head_blob(&site.repository, &sha512(content)).await?.is_some(),
            Err(
                RegistryError::Invalid { .. }
                | RegistryError::NotFound { .. }
                | RegistryError::Mismatch { .. },
            ) => false,
            Err(error) => return Err(error),
        };
        let taken = stored && manifest_taken(site).await?;
        found.sha512 = Some(taken);
        Ok(vec![if taken {
            Said::ok("content is stored by SHA-512 too")
        } else {
            Said::note("content is not stored by SHA-512; few images use it, and those cannot be kept here")
        }])
    }
}

async fn manifest_taken(site: &Site<'_>) -> Result<bool, RegistryError> {
    let bytes = Site::manifest(&Site::empty(), serde_json::json!({"annotations": {"probe": "sha512"}}));
    let reference = Reference::Digest(sha512(&bytes));
    let answer = site.write_as(&site.repository, &reference, media_type::OCI_MANIFEST, bytes).await?;
    match answer.refusal {
        None => Ok(site.http.head_manifest(&site.repository, &reference).await?.is_some()),
        Some(error @ RegistryError::Denied { .. }) => Err(error),
        Some(_) => Ok(false),
    }
}

fn sha512(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new(Algorithm::Sha512);
    hasher.update(bytes);
    hasher.finish()
}
