//! Images as content, and content as an OCI image layout (OCI image specification, `image-layout.md`).

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    DemoError, archive,
    images::{Image, PlatformImage},
};
use crate::model::{Descriptor, Digest, canonical, media_type};

/// When the images claim to have been made: four days before the demonstration.
const CREATED: &str = "2026-11-17T00:00:00Z";

/// The annotation that carries a tag in `index.json` (OCI image specification, `annotations.md`).
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// An image as content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Built {
    /// What the tag points at.
    pub(super) root: Descriptor,
    /// All content but `index.json`, the manifest or index that `root` names among it.
    pub(super) blobs: BTreeMap<Digest, Vec<u8>>,
}

impl Built {
    fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::of(media_type, &bytes);
        self.blobs.insert(descriptor.digest.clone(), bytes);
        descriptor
    }

    fn add_json(&mut self, media_type: &str, value: &impl Serialize) -> Result<Descriptor, DemoError> {
        Ok(self.add(media_type, text(value)?.into_bytes()))
    }
}

/// Returns an image as content. An image for one platform is a manifest, for several an index.
pub(super) fn build(image: &Image) -> Result<Built, DemoError> {
    let mut built = Built { root: Descriptor::of(media_type::OCI_EMPTY, b"{}"), blobs: BTreeMap::new() };
    let mut manifests = Vec::new();
    for platform in &image.platforms {
        let mut manifest = manifest(&mut built, image, platform)?;
        manifest.platform = Some(platform.platform.clone());
        manifests.push(manifest);
    }
    built.root = if let [only] = manifests.as_slice() {
        Descriptor { platform: None, ..only.clone() }
    } else {
        let index = json!({
            "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": manifests,
            "annotations": annotations(image),
        });
        built.add_json(media_type::OCI_INDEX, &index)?
    };
    Ok(built)
}

fn manifest(built: &mut Built, image: &Image, platform: &PlatformImage) -> Result<Descriptor, DemoError> {
    let failed = |e: io::Error| DemoError::Build(e.to_string());
    let (mut layers, mut diff_ids) = (Vec::new(), Vec::new());
    for layer in &platform.layers {
        let archive = archive::tar(&layer.entries).map_err(failed)?;
        diff_ids.push(Digest::sha256(&archive));
        layers.push(built.add(layer.encoding.media_type(), layer.encoding.encode(&archive).map_err(failed)?));
    }
    let config = built.add_json(media_type::OCI_CONFIG, &config(image, platform, &diff_ids))?;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": config, "layers": layers,
        "annotations": annotations(image),
    });
    built.add_json(media_type::OCI_MANIFEST, &manifest)
}

fn config(image: &Image, platform: &PlatformImage, diff_ids: &[Digest]) -> Value {
    let history: Vec<_> = platform
        .layers
        .iter()
        .map(|layer| json!({"created": CREATED, "created_by": layer.made_by, "comment": "demonstration"}))
        .collect();
    json!({
        "created": CREATED,
        "os": platform.platform.os,
        "architecture": platform.platform.architecture,
        "config": {
            "User": image.user,
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": image.entrypoint,
            "ExposedPorts": image.ports.iter().map(|port| (*port, json!({}))).collect::<BTreeMap<_, _>>(),
            "Labels": annotations(image),
        },
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    })
}

fn annotations(image: &Image) -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("org.opencontainers.image.created", CREATED),
        ("org.opencontainers.image.description", "Demonstration image of Fondaco; it holds no software."),
        ("org.opencontainers.image.title", image.title),
        ("org.opencontainers.image.version", image.tag),
    ])
}

/// Writes one image layout with one tag. `index.json` is last: until then there is no image.
pub(super) fn write(root: &Path, tag: &str, built: &Built) -> Result<(), DemoError> {
    let blobs = root.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(|source| DemoError::Write { path: blobs.clone(), source })?;
    for (digest, bytes) in &built.blobs {
        write_file(blobs.join(digest.hex()), bytes)?;
    }
    write_file(root.join("oci-layout"), text(&json!({"imageLayoutVersion": "1.0.0"}))?.as_bytes())?;
    let mut tagged = built.root.clone();
    tagged.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [tagged]});
    write_file(root.join("index.json"), text(&index)?.as_bytes())
}

fn write_file(path: PathBuf, bytes: &[u8]) -> Result<(), DemoError> {
    fs::write(&path, bytes).map_err(|source| DemoError::Write { path, source })
}

fn text(value: &impl Serialize) -> Result<String, DemoError> {
    canonical::to_text(value).map_err(|e| DemoError::Build(e.to_string()))
}
