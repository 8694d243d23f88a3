//! Whether tags and manifests can be deleted ("Deleting tags", "Deleting manifests").

use async_trait::async_trait;

use super::{Probe, Said, Site};
use crate::{
    model::{Reference, media_type},
    registry::{Capabilities, Deleted, Registry as _, RegistryError},
};

pub(super) struct Delete;

#[async_trait]
impl Probe for Delete {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let bytes = Site::manifest(&Site::empty(), serde_json::json!({"annotations": {"probe": "delete"}}));
        let tag = Reference::tag("delete");
        let written = site.write_as(&site.repository, &tag, media_type::OCI_MANIFEST, bytes.clone()).await?;
        if let Some(refusal) = written.refusal {
            return Err(refusal);
        }
        found.deletes_tags = deleted(site, &tag).await;
        let digest = Reference::Digest(crate::model::Digest::sha256(&bytes));
        found.deletes_manifests = deleted(site, &digest).await;
        Ok(vec![match (found.deletes_tags, found.deletes_manifests) {
            (Some(true), Some(true)) => Said::ok("tags and manifests can be deleted"),
            (_, Some(true)) => Said::note("manifests can be deleted, tags alone cannot"),
            (Some(true), _) => Said::note("tags can be deleted, manifests cannot"),
            _ => Said::warning(
                "nothing can be deleted by this credential",
                "a withdrawal will have to be finished by the registry's own means",
            ),
        }])
    }
}

/// Returns whether a deletion took effect; `None` where nobody can say.
async fn deleted(site: &Site<'_>, reference: &Reference) -> Option<bool> {
    match site.http.delete_manifest(&site.repository, reference).await {
        // An answer is believed only where the thing is gone.
        Ok(Deleted::Done) => {
            site.http.head_manifest(&site.repository, reference).await.ok().map(|found| found.is_none())
        }
        Ok(Deleted::Unsupported) | Err(RegistryError::Denied { .. } | RegistryError::Invalid { .. }) => {
            Some(false)
        }
        Ok(Deleted::Absent) | Err(_) => None,
    }
}
