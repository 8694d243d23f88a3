//! The SBOM of each platform: made once from all that the intake saw, and kept beside the platform in the target.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::blobs::Transfer;
use super::manifests::Node;
use super::platforms::Catalogued;
use super::{IntakeError, Panicked};
use crate::catalogue::{Component, SbomError, SbomSubject, cyclonedx};
use crate::evidence::SbomRecord;
use crate::model::{Algorithm, CycloneDx, Descriptor, Digest, Hasher, Instant, Kind, Reference, media_type};
use crate::registry::{EMPTY_CONFIG, artifact_manifest};

/// When the artifact was made (OCI image specification 1.1, "Pre-Defined Annotation Keys").
const CREATED: &str = "org.opencontainers.image.created";

/// The largest SBOM that is written, in bytes. Ten thousand components take some ten MB.
pub const SBOM_BYTES_MAX: u64 = 128 << 20;

/// What is written of each platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomOrder {
    pub version: CycloneDx,
    /// Host and path of the image, as manifests name it.
    pub repository: String,
    /// E-mail address or URL of who answers for it, where declared.
    pub creator: Option<String>,
    /// When the image is taken in.
    pub at: Instant,
    /// `fondaco 0.1.0`.
    pub tool: String,
}

/// Writes the SBOM of each platform as a referrer of its manifest and reads it back. Returns them by that manifest.
pub(super) async fn keep(
    transfer: &Transfer<'_>,
    order: &SbomOrder,
    catalogued: &[Catalogued],
    nodes: &[Node],
) -> Result<BTreeMap<Digest, SbomRecord>, IntakeError> {
    let mut kept = BTreeMap::new();
    if catalogued.is_empty() {
        return Ok(kept);
    }
    let to = transfer.target();
    let empty = Bytes::from_static(EMPTY_CONFIG);
    let stored = to.registry.put_small_blob(to.path, &Digest::sha256(EMPTY_CONFIG), empty).await;
    stored.map_err(IntakeError::Target)?;
    for one in catalogued {
        let document = made(transfer, order, one, nodes).await?;
        let record = attach(transfer, order, &one.manifest, document).await?;
        kept.insert(one.manifest.digest.clone(), record);
    }
    Ok(kept)
}

/// Makes the document of one platform.
async fn made(
    transfer: &Transfer<'_>,
    order: &SbomOrder,
    one: &Catalogued,
    nodes: &[Node],
) -> Result<Vec<u8>, IntakeError> {
    let platform = one.manifest.digest.clone();
    let failed = |detail: String, kind: Kind| IntakeError::Sbom { platform: platform.clone(), detail, kind };
    let subject = subject(order, one, nodes);
    let components: Vec<Component> = one.contents.components.clone();
    let (version, at, tool) = (order.version, order.at, order.tool.clone());
    let write = move || cyclonedx(version, &subject, &components, Some(at), &tool);
    let made: Result<Result<Vec<u8>, SbomError>, Panicked> = transfer.intake.cpu.run(write).await;
    let document = made?.map_err(|error| failed(error.to_string(), error.kind()))?;
    if document.len() as u64 > SBOM_BYTES_MAX {
        let detail = format!("has {} bytes, more than {SBOM_BYTES_MAX}", document.len());
        return Err(failed(detail, Kind::Invalid));
    }
    Ok(document)
}

fn subject(order: &SbomOrder, one: &Catalogued, nodes: &[Node]) -> SbomSubject {
    let node = nodes.iter().find(|node| node.raw.descriptor.digest == one.manifest.digest);
    let sha512 = node.map(|node| {
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(&node.raw.bytes);
        hasher.finish().hex().to_owned()
    });
    SbomSubject {
        repository: order.repository.clone(),
        digest: one.manifest.digest.clone(),
        platform: one.platform.to_string(),
        system: one.contents.system.as_ref().and_then(|system| system.pretty_name.clone()),
        sha512,
        creator: order.creator.clone(),
    }
}

async fn attach(
    transfer: &Transfer<'_>,
    order: &SbomOrder,
    platform: &Descriptor,
    document: Vec<u8>,
) -> Result<SbomRecord, IntakeError> {
    let to = transfer.target();
    let (digest, size) = (Digest::sha256(&document), document.len() as u64);
    let annotations = BTreeMap::from([(CREATED.to_owned(), order.at.to_string())]);
    let content = Descriptor::of(media_type::CYCLONEDX, &document);
    let manifest = artifact_manifest(platform, media_type::CYCLONEDX, &document, annotations);
    let stored = to.registry.put_small_blob(to.path, &digest, document.into()).await;
    stored.map_err(IntakeError::Target)?;
    transfer.tally.add(size + manifest.bytes.len() as u64);
    let written = to.registry.put_referrer(to.path, &platform.digest, &manifest).await;
    let referrer = written.map_err(IntakeError::Target)?.digest;
    let held = to.registry.head_manifest(to.path, &Reference::from(&referrer)).await;
    let held = held.map_err(IntakeError::Target)?.is_some_and(|held| held.digest == referrer);
    if !held || !transfer.present(&content).await? {
        let host = to.registry.host().to_owned();
        return Err(IntakeError::NotReadBack { host, what: format!("SBOM {digest}") });
    }
    Ok(SbomRecord { format: format!("CycloneDX {}", order.version.number()), digest, size, referrer })
}
