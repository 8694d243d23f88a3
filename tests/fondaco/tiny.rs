//! The smallest real image: one gzip layer with os-release and a dpkg status file.

use std::io::Write as _;

use fondaco::model::{Digest, media_type};
use serde_json::json;

use crate::fake::Fake;

pub(crate) const STATUS: &str = "Package: libexample1
Status: install ok installed
Architecture: amd64
Source: example
Version: 1.2-3

";

/// An advisory for packages nobody has installed, so that the bundle knows `Debian:12` and `npm`.
pub(crate) const ADVISORY: &str = r#"{"id": "EXAMPLE-2026-0001", "modified": "2026-11-20T00:00:00Z",
 "affected": [{"package": {"ecosystem": "Debian:12", "name": "not-installed"},
  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]},
  {"package": {"ecosystem": "npm", "name": "not-installed"},
  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]}]}"#;

const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";

/// Returns a tar of these files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(vec![]);
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, path, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Puts an image with this dpkg status into a registry under a tag.
pub(crate) fn image(registry: &Fake, repository: &str, tag: &str, status: &str) -> Digest {
    let tar = tar(&[("etc/os-release", OS_RELEASE.as_bytes()), ("var/lib/dpkg/status", status.as_bytes())]);
    layer(registry, repository, tag, &tar, gzip(&tar))
}

/// Puts an image of one gzip layer into a registry under a tag; `tar` is what the layer uncompresses to.
pub(crate) fn layer(registry: &Fake, repository: &str, tag: &str, tar: &[u8], layer: Vec<u8>) -> Digest {
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(tar)]},
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": {"mediaType": media_type::OCI_CONFIG, "digest": Digest::sha256(&config), "size": config.len()},
        "layers": [{"mediaType": media_type::OCI_LAYER_GZIP, "digest": Digest::sha256(&layer), "size": layer.len()}],
    });
    registry.blob(repository, config);
    registry.blob(repository, layer);
    registry.manifest(repository, tag, media_type::OCI_MANIFEST, manifest.to_string().into_bytes())
}
