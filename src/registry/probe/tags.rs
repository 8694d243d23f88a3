//! What becomes of a tag that is written again. ECR with immutable tags refuses even the digest that the tag has
//! (containers-roadmap#2380).

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use super::{Probe, Said, Site};
use crate::{
    model::{Reference, media_type},
    registry::{Capabilities, Registry as _, RegistryError, TagWrites},
};

pub(super) struct Tags;

#[async_trait]
impl Probe for Tags {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let tag = Reference::tag("again");
        let of = |name: &str| Site::manifest(&Site::empty(), json!({"annotations": {"probe": name}}));
        // A registry that does not delete has the tag of an earlier probe; then its first write is the second.
        let known = site.http.head_manifest(&site.repository, &tag).await?.is_some();
        let first = write(site, &tag, of("tag")).await?;
        if !known {
            first.clone().map_or(Ok(()), Err)?;
        }
        let same = write(site, &tag, of("tag")).await?;
        let other = write(site, &tag, of("moved tag")).await?;
        let writes = match (same, other) {
            (None, None) => TagWrites::Move,
            (None, Some(_)) => TagWrites::SameDigestOnly,
            (Some(_), _) => TagWrites::Once,
        };
        found.tags = Some(writes);
        Ok(vec![match writes {
            TagWrites::Move => Said::ok("a tag can be moved"),
            TagWrites::SameDigestOnly | TagWrites::Once => Said::warning(
                "a tag cannot be moved: an upstream tag that moves cannot be promoted again",
                "make the tags of the distributions mutable, or ask for tags that do not move",
            ),
        }])
    }
}

/// Returns the refusal of a write, if it was refused.
async fn write(
    site: &Site<'_>,
    tag: &Reference,
    bytes: Bytes,
) -> Result<Option<RegistryError>, RegistryError> {
    let written = site.write_as(&site.repository, tag, media_type::OCI_MANIFEST, bytes).await?;
    match written.refusal {
        Some(error @ RegistryError::Denied { .. }) => Err(error),
        refusal => Ok(refusal),
    }
}
