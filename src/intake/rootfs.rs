//! Whether a manifest holds a root file system, whatever it calls itself.
//!
//! Container runtimes run by digest whatever unpacks: a mark such as `vnd.docker.reference.type` or `artifactType` does
//! not stop them, and some tell an archive by its first bytes alone. So marks are believed only where no layer is an
//! archive, neither by its media type nor by its bytes.

use futures_util::TryStreamExt;

use super::{IntakeError, Side};
use crate::catalogue::Compression;
use crate::model::{Descriptor, ImageManifest, media_type};

/// A tar header, whose checksum tells it from other bytes.
const HEADER_BYTES: usize = 512;

/// What the media types of layers begin with that runtimes unpack, or unpack after they have decrypted them.
const LAYER_PREFIXES: [&str; 2] =
    ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/// Returns whether the media type is that of a layer of a root file system.
pub(super) fn is_layer(media_type: &str) -> bool {
    Compression::of(media_type).is_some()
        || LAYER_PREFIXES.iter().any(|prefix| media_type.starts_with(prefix))
}

/// Returns whether a layer calls itself one of a root file system.
pub(super) fn has_layers(image: &ImageManifest) -> bool {
    image.layers.iter().any(|layer| is_layer(&layer.media_type))
}

/// Says why a manifest that nobody catalogued may hold a root file system, or `None` where it holds none. `side` has
/// its blobs.
pub(super) async fn hidden(side: Side<'_>, image: &ImageManifest) -> Result<Option<String>, IntakeError> {
    if let Some(layer) = image.layers.iter().find(|layer| is_layer(&layer.media_type)) {
        return Ok(Some(format!("its layer `{}` is one of a file system", layer.digest)));
    }
    if !media_type::is_image_config(&image.config.media_type) {
        return Ok(None);
    }
    for layer in image.layers.iter().filter(|layer| layer.urls.is_empty()) {
        if let Some(form) = archive(&beginning(side, layer).await?) {
            let detail = format!("its layer `{}` is {form}, whatever it is called", layer.digest);
            return Ok(Some(detail));
        }
    }
    Ok(None)
}

/// Reads the first bytes of a blob.
async fn beginning(side: Side<'_>, blob: &Descriptor) -> Result<Vec<u8>, IntakeError> {
    let mut stream = side.registry.get_blob(side.path, &blob.digest).await.map_err(IntakeError::Target)?;
    let mut bytes = vec![];
    while bytes.len() < HEADER_BYTES
        && let Some(frame) = stream.try_next().await.map_err(IntakeError::Target)?
    {
        bytes.extend_from_slice(&frame[..frame.len().min(HEADER_BYTES)]);
    }
    Ok(bytes)
}

/// Returns what kind of archive begins with these bytes: those that container runtimes tell by their first bytes.
fn archive(bytes: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    // RFC 8878: frames, and skippable frames, which may come first.
    let skippable = bytes.len() >= 4 && bytes[0] & 0xf0 == 0x50 && bytes[1..4] == [0x2a, 0x4d, 0x18];
    if begins(&[0x1f, 0x8b]) {
        Some("compressed by gzip")
    } else if begins(&[0x28, 0xb5, 0x2f, 0xfd]) || skippable {
        Some("compressed by zstd")
    } else if begins(b"BZh") || begins(&[0xfd, b'7', b'z', b'X', b'Z', 0]) {
        Some("compressed by bzip2 or xz")
    } else if is_tar(bytes) {
        Some("a tar archive")
    } else {
        None
    }
}

/// Returns whether the bytes begin with a tar header: the checksum at 148 is the sum of all others, with itself taken
/// as spaces (POSIX `pax`, "ustar Interchange Format"); it holds for the oldest form, which has no magic, as well.
fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..HEADER_BYTES) else { return false };
    let text = String::from_utf8_lossy(&header[148..156]);
    let Ok(said) = i64::from_str_radix(text.trim_matches([' ', '\0']), 8) else { return false };
    let sum = |value: fn(u8) -> i64| -> i64 {
        let spaced = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { value(*byte) };
        header.iter().enumerate().map(spaced).sum()
    };
    // Some old writers added bytes as signed numbers, and readers take both.
    said == sum(i64::from) || said == sum(|byte| i64::from(byte.cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_told_by_their_bytes_and_documents_are_none() {
        let mut header = tar::Header::new_old();
        header.set_path("{\"a\": 1}").unwrap();
        header.set_size(0);
        header.set_cksum();
        assert_eq!(archive(header.as_bytes()), Some("a tar archive"), "a document by its first byte");
        assert_eq!(archive(&[0x1f, 0x8b, 8]), Some("compressed by gzip"));
        assert_eq!(archive(&[0x28, 0xb5, 0x2f, 0xfd]), Some("compressed by zstd"));
        assert_eq!(archive(&[0x53, 0x2a, 0x4d, 0x18]), Some("compressed by zstd"));
        assert_eq!(archive(b"BZh9"), Some("compressed by bzip2 or xz"));
        let statement =
            format!("{{\"_type\": \"https://in-toto.io/Statement/v1\", \"x\": \"{}\"}}", "x".repeat(600));
        for document in
            [b"".as_slice(), b"{}", statement.as_bytes(), &[0; 512], "SPDXVersion: SPDX-2.3".as_bytes()]
        {
            assert_eq!(archive(document), None, "{}", String::from_utf8_lossy(document));
        }
    }

    #[test]
    fn encrypted_and_foreign_layers_are_layers() {
        for layer in [
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            media_type::OCI_LAYER_TAR,
        ] {
            assert!(is_layer(layer), "{layer}");
        }
        assert!(
            !is_layer("application/vnd.in-toto+json")
                && !is_layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip")
        );
    }
}
