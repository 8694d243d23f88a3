//! Which indexes are taken: one whose manifest is not there, and one that names an index.
//!
//! Nexus, Harbor and distribution before 3 refuse a sparse index (regclient#836, harbor#19386, distribution#3536).

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use super::{Probe, Said, Site};
use crate::{
    model::{Descriptor, media_type},
    registry::{Capabilities, RegistryError},
};

pub(super) struct Sparse;

pub(super) struct Nested;

#[async_trait]
impl Probe for Sparse {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let absent = Descriptor::of(media_type::OCI_MANIFEST, b"fondaco doctor has never written this");
        let taken = taken(site, index(&absent)).await?;
        found.sparse_index = Some(taken);
        Ok(vec![Said::ok(if taken {
            "an index some of whose platforms are left out is taken"
        } else {
            "an index is taken with all its platforms only; runs copy them all or make a new index"
        })])
    }
}

#[async_trait]
impl Probe for Nested {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let image = Site::manifest(&Site::empty(), json!({"annotations": {"probe": "nested"}}));
        let named = Descriptor::of(media_type::OCI_MANIFEST, &image);
        let (_, written) = site.write(media_type::OCI_MANIFEST, image).await?;
        written.refusal.map_or(Ok(()), Err)?;
        let inner = index(&named);
        let (_, written) = site.write(media_type::OCI_INDEX, inner.clone()).await?;
        if let Some(refusal) = written.refusal {
            return Ok(vec![Said::error(
                format!("indexes are refused: {refusal}"),
                "images of several platforms cannot be kept here",
            )]);
        }
        let taken = taken(site, index(&Descriptor::of(media_type::OCI_INDEX, &inner))).await?;
        found.nested_index = Some(taken);
        Ok(vec![if taken {
            Said::ok("an index that names an index is taken")
        } else {
            Said::note("an index that names an index is refused; few images have one")
        }])
    }
}

fn index(child: &Descriptor) -> Bytes {
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [child]});
    Bytes::from(index.to_string())
}

async fn taken(site: &Site<'_>, index: Bytes) -> Result<bool, RegistryError> {
    let (_, answer) = site.write(media_type::OCI_INDEX, index).await?;
    match answer.refusal {
        None => Ok(true),
        Some(error @ RegistryError::Denied { .. }) => Err(error),
        Some(_) => Ok(false),
    }
}
