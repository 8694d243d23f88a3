//! What each platform of an image holds, and the package lists that follow from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::blobs::{Transfer, is_foreign, layer_key};
use super::manifests::Node;
use super::{IntakeError, inside, rootfs};
use crate::catalogue::{Contents, LayerFacts, merge, packages_text};
use crate::evidence::{
    LayerRecord, NotLookedAt, PlatformContents, PlatformRecord, SbomRecord, Unread, packages_file,
};
use crate::model::{Descriptor, Digest, ImageConfig, ImageManifest, Package, Platform};

/// The largest image configuration that is read; real ones have some ten KB, and build histories grow them.
const CONFIG_BYTES_MAX: u64 = 8 << 20;

/// The longest name of a system, architecture or variant; the registered ones stay below ten.
const PLATFORM_BYTES_MAX: usize = 64;

/// One platform, catalogued.
pub(super) struct Catalogued {
    pub platform: Platform,
    pub manifest: Descriptor,
    /// Of its manifest.
    pub annotations: BTreeMap<String, String>,
    pub config: ImageConfig,
    pub layers: Vec<LayerRecord>,
    pub contents: Contents,
    /// Layers that were not read.
    pub unread: Vec<Unread>,
}

/// Catalogues the image of one manifest, whose blobs are in the target. `None` where its configuration is none of an
/// image: some artifacts borrow the media type and leave the configuration empty.
pub(super) async fn catalogue(
    transfer: &Transfer<'_>,
    node: &Node,
    image: &ImageManifest,
) -> Result<Option<Catalogued>, IntakeError> {
    let Some(config) = config(transfer, image).await? else { return Ok(None) };
    let platform = platform(node, image, &config)?;
    let pairs = || image.layers.iter().zip(&config.rootfs.diff_ids);
    let record = |(layer, diff_id): (&Descriptor, &Digest)| LayerRecord {
        digest: layer.digest.clone(),
        diff_id: diff_id.clone(),
        size: layer.size,
    };
    let layers = pairs().map(record).collect();
    let unreadable = |layer: &&Descriptor| is_foreign(layer) || layer_key(layer).is_none();
    let unread_layers: Vec<Unread> = image.layers.iter().filter(unreadable).map(unread).collect();
    let reads: Vec<_> = pairs().map(|(layer, promised)| facts_of(transfer, layer, promised)).collect();
    let facts = stream::iter(reads).buffered(transfer.intake.parallel_blobs);
    let facts: Vec<Option<Arc<LayerFacts>>> = facts.try_collect().await?;
    // A layer that is not read keeps its place, so that layers are counted as the manifest does.
    let facts: Vec<Arc<LayerFacts>> = facts.into_iter().map(Option::unwrap_or_default).collect();
    let mut contents = transfer.intake.cpu.run(move || merge(&facts)).await?;
    contents.gaps.extend(unread_layers.iter().map(gap));
    let manifest = node.raw.descriptor.clone();
    let annotations = image.annotations.clone();
    Ok(Some(Catalogued { platform, manifest, annotations, config, layers, contents, unread: unread_layers }))
}

/// Returns the facts of a layer that is what the configuration promises; `None` where it cannot be read.
async fn facts_of(
    transfer: &Transfer<'_>,
    layer: &Descriptor,
    promised: &Digest,
) -> Result<Option<Arc<LayerFacts>>, IntakeError> {
    let Some(key) = layer_key(layer).filter(|_| !is_foreign(layer)) else { return Ok(None) };
    let known = transfer.layer(&key, layer).await?;
    if known.diff_id == *promised {
        return Ok(Some(known.facts));
    }
    let (layer, promised) = (layer.digest.clone(), promised.clone());
    Err(IntakeError::DiffId { layer, promised, found: known.diff_id })
}

fn unread(layer: &Descriptor) -> Unread {
    let reason = if is_foreign(layer) {
        "its bytes are kept elsewhere and were not fetched".to_owned()
    } else {
        format!("`{}` is no archive that this version reads", shown(&layer.media_type))
    };
    Unread { what: format!("layer `{}`", layer.digest), reason }
}

/// Returns a foreign media type as records name it.
pub(super) fn shown(media_type: &str) -> String {
    media_type.chars().filter(char::is_ascii_graphic).take(80).collect()
}

fn gap(unread: &Unread) -> NotLookedAt {
    NotLookedAt { what: unread.what.clone(), reason: unread.reason.clone(), packages: 0 }
}

/// Returns the configuration, or `None` where it describes no image at all: cosign's signatures have one without a
/// platform, and list documents as layers.
async fn config(transfer: &Transfer<'_>, image: &ImageManifest) -> Result<Option<ImageConfig>, IntakeError> {
    let digest = &image.config.digest;
    let broken = |detail: String| IntakeError::Config { digest: digest.clone(), detail };
    let bytes = transfer.small(&image.config, CONFIG_BYTES_MAX).await?;
    let config: ImageConfig = serde_json::from_slice(&bytes).map_err(|e| broken(e.to_string()))?;
    let described = !config.rootfs.diff_ids.is_empty() && rootfs::has_layers(image);
    if config.os.is_empty() && config.architecture.is_empty() && !described {
        return Ok(None);
    }
    let (layers, promised) = (image.layers.len(), config.rootfs.diff_ids.len());
    if layers != promised {
        return Err(broken(format!("promises {promised} layers, but the manifest has {layers}")));
    }
    Ok(Some(config))
}

/// Returns the platform as the index names it where the configuration agrees, because only the index is sure to tell
/// the variant; else as the configuration does.
fn platform(node: &Node, image: &ImageManifest, config: &ImageConfig) -> Result<Platform, IntakeError> {
    let own = config.platform();
    let agrees = |named: &&Platform| (&named.os, &named.architecture) == (&own.os, &own.architecture);
    let platform = node.platform().filter(agrees).cloned().unwrap_or_else(|| own.clone());
    let plain = |text: &str| text.len() <= PLATFORM_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    let parts = [&platform.os, &platform.architecture].into_iter().chain(&platform.variant);
    if !parts.into_iter().all(|part| plain(part))
        || platform.os.is_empty()
        || platform.architecture.is_empty()
    {
        let detail = "names no usable platform".to_owned();
        return Err(IntakeError::Config { digest: image.config.digest.clone(), detail });
    }
    Ok(platform)
}

/// What all platforms together come to.
pub(super) struct Lists {
    pub platforms: Vec<PlatformRecord>,
    pub packages: BTreeMap<String, String>,
    pub contents: Vec<PlatformContents>,
    pub gaps: Vec<NotLookedAt>,
    pub unread: Vec<Unread>,
}

/// Returns records, package lists by file name and gaps of all platforms. `unread` are whole manifests; `sboms` are by the
/// manifest of a platform.
pub(super) fn lists(
    catalogued: Vec<Catalogued>,
    mut unread: Vec<Unread>,
    mut sboms: BTreeMap<Digest, SbomRecord>,
) -> Lists {
    let alone = catalogued.len() == 1;
    let mut packages = BTreeMap::new();
    let mut union: BTreeSet<Package> = BTreeSet::new();
    let mut gaps: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut platforms = vec![];
    if catalogued.is_empty() {
        let what = "installed packages".to_owned();
        gaps.insert((what, "nothing in this image has a root file system".to_owned()), 0);
    }
    gaps.extend(unread.iter().map(|unread| ((unread.what.clone(), unread.reason.clone()), 0)));
    let contents = catalogued.iter().map(inside::record).collect();
    for one in catalogued {
        let mut file = packages_file(&one.platform, alone);
        if packages.contains_key(&file) {
            file = format!("packages.{}.{}.txt", one.platform.dashed(), &one.manifest.digest.hex()[..12]);
        }
        packages.insert(file.clone(), packages_text(&one.contents.packages()));
        for gap in &one.contents.gaps {
            *gaps.entry((gap.what.clone(), gap.reason.clone())).or_default() += gap.packages;
        }
        let sbom = sboms.remove(&one.manifest.digest);
        platforms.push(PlatformRecord { sbom, ..record(&one, file) });
        unread.extend(one.unread);
        union.extend(one.contents.packages());
    }
    if !alone {
        let all: Vec<Package> = union.into_iter().collect();
        packages.insert("packages.txt".to_owned(), packages_text(&all));
    }
    let gaps =
        gaps.into_iter().map(|((what, reason), packages)| NotLookedAt { what, reason, packages }).collect();
    unread.sort();
    unread.dedup();
    Lists { platforms, packages, contents, gaps, unread }
}

fn record(one: &Catalogued, file: String) -> PlatformRecord {
    PlatformRecord {
        platform: one.platform.to_string(),
        digest: one.manifest.digest.clone(),
        media_type: one.manifest.media_type.clone(),
        size: one.manifest.size,
        packages: file,
        system: one.contents.system.as_ref().and_then(|system| system.pretty_name.clone()),
        package_count: one.contents.components.len() as u64,
        layers: one.layers.clone(),
        sbom: None,
    }
}
