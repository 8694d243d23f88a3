//! Whether blobs can be mounted, and whether they are shared without ("Mounting a blob from another repository").
//!
//! ECR mounts only what a manifest refers to; Artifactory refuses mounts and shares blobs once a manifest refers to them;
//! zot shares every blob at once.

use async_trait::async_trait;

use super::{Probe, Said, Site};
use crate::{
    model::{Descriptor, Digest, Reference, media_type},
    registry::{Capabilities, MountSupport, Registry as _, RegistryError, SharedBlobs, http::MountAnswer},
};

pub(super) struct MountProbe;

#[async_trait]
impl Probe for MountProbe {
    async fn run(&self, site: &Site<'_>, found: &mut Capabilities) -> Result<Vec<Said>, RegistryError> {
        let (mounted, shared) = (site.fresh("mounts"), site.fresh("shared blobs"));
        let mounted = site.blob(&site.sibling, &mounted).await?;
        let shared = site.blob(&site.sibling, &shared).await?;
        let at_once = is_there(site, &shared.digest).await?;
        let first = site.http.ask_mount(&site.repository, &mounted.digest, &site.sibling).await?;
        if first == MountAnswer::Done && at_once {
            (found.mount, found.shared_blobs) = (Some(MountSupport::Immediate), Some(SharedBlobs::Always));
            return Ok(vec![Said::ok("blobs are mounted, and seen in every repository without it")]);
        }
        refer(site, &[&mounted, &shared]).await?;
        let later = is_there(site, &shared.digest).await?;
        found.shared_blobs = Some(match (at_once, later) {
            (true, _) => SharedBlobs::Always,
            (false, true) => SharedBlobs::AfterManifest,
            (false, false) => SharedBlobs::Never,
        });
        let second = match first {
            MountAnswer::Done => first,
            _ => site.http.ask_mount(&site.repository, &mounted.digest, &site.sibling).await?,
        };
        found.mount = Some(match (first, second) {
            (MountAnswer::Done, _) => MountSupport::Immediate,
            (_, MountAnswer::Done) => MountSupport::AfterManifest,
            _ => MountSupport::Never,
        });
        Ok(vec![said(found, second)])
    }
}

fn said(found: &Capabilities, last: MountAnswer) -> Said {
    let shared = found.shared_blobs != Some(SharedBlobs::Never);
    match (found.mount, shared) {
        (Some(MountSupport::Immediate), _) => Said::ok("blobs are mounted from other repositories"),
        (Some(MountSupport::AfterManifest), _) => {
            Said::note("blobs are mounted once a manifest refers to them; runs wait for that")
        }
        (_, true) => Said::note(format!("mounts are refused ({}), but blobs are shared", words(last))),
        (_, false) => Said::warning(
            format!("mounts are refused ({}): promotion sends every blob again", words(last)),
            "see whether the account or the project can allow mounts between its repositories",
        ),
    }
}

fn words(answer: MountAnswer) -> String {
    match answer {
        MountAnswer::Done => "status 201".to_owned(),
        MountAnswer::Status(status) => format!("status {status}"),
        MountAnswer::Denied => "no right to it".to_owned(),
    }
}

/// Writes a manifest of the second repository that refers to the blobs.
async fn refer(site: &Site<'_>, blobs: &[&Descriptor]) -> Result<(), RegistryError> {
    let config = Site::empty();
    site.blob(&site.sibling, b"{}").await?;
    let bytes = Site::manifest(&config, serde_json::json!({ "layers": blobs }));
    let reference = Reference::Digest(Digest::sha256(&bytes));
    let written = site.write_as(&site.sibling, &reference, media_type::OCI_MANIFEST, bytes).await?;
    written.refusal.map_or(Ok(()), Err)
}

async fn is_there(site: &Site<'_>, digest: &Digest) -> Result<bool, RegistryError> {
    Ok(site.http.head_blob(&site.repository, digest).await?.is_some())
}
