//! Directories of image layouts, as other tools see them.

use std::io::Write as _;
use std::{fs, process::Command};

use fondaco::model::{Digest, Kind, Reference, media_type};

use super::*;

async fn push_image(registry: &dyn Registry, repository: &str, tag: &str) -> RawManifest {
    let image = image(b"layer");
    push(registry, repository, b"layer").await.unwrap();
    push(registry, repository, b"{}").await.unwrap();
    let bytes = image.bytes.clone();
    registry.put_manifest(repository, &Reference::tag(tag), media_type::OCI_MANIFEST, bytes).await.unwrap();
    image
}

#[tokio::test]
async fn a_layout_is_readable_by_skopeo() {
    let root = tempfile::tempdir().unwrap();
    let image = push_image(&*directory(root.path()), "team/app", "v1").await;
    let source = format!("oci:{}:v1", root.path().join("team/app").display());
    let Ok(output) = Command::new("skopeo").args(["inspect", "--raw", &source]).output() else {
        // Past the harness, which shows nobody the words of a test that passes.
        let _ = writeln!(std::io::stderr(), "left out: skopeo is not installed");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, image.bytes);
}

#[tokio::test]
async fn a_layout_has_the_files_of_the_specification() {
    let root = tempfile::tempdir().unwrap();
    let image = push_image(&*directory(root.path()), "a", "v1").await;
    let layout = root.path().join("a");
    assert_eq!(fs::read_to_string(layout.join("oci-layout")).unwrap(), r#"{"imageLayoutVersion":"1.0.0"}"#);
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let entry = &index["manifests"][0];
    assert_eq!(entry["digest"], image.descriptor.digest.to_string());
    assert_eq!(entry["annotations"]["org.opencontainers.image.ref.name"], "v1");
    let blobs: Vec<_> = fs::read_dir(layout.join("blobs/sha256")).unwrap().collect();
    assert_eq!(blobs.len(), 3, "configuration, layer and manifest, no left-overs");
    assert_eq!(fs::read_dir(layout.join(".incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn writing_the_same_again_changes_no_byte() {
    let root = tempfile::tempdir().unwrap();
    let registry = directory(root.path());
    let index = root.path().join("a/index.json");
    push_image(&*registry, "a", "v1").await;
    let (before, written) = (fs::read(&index).unwrap(), fs::metadata(&index).unwrap().modified().unwrap());
    push_image(&*registry, "a", "v1").await;
    assert_eq!(fs::read(&index).unwrap(), before);
    assert_eq!(fs::metadata(&index).unwrap().modified().unwrap(), written, "not even rewritten");
}

#[tokio::test]
async fn a_manifest_that_only_an_index_names_is_found_and_a_layer_is_none() {
    let root = tempfile::tempdir().unwrap();
    let registry = directory(root.path());
    let child = image(b"layer");
    push(&*registry, "a", &child.bytes).await.unwrap();
    let found = registry.get_manifest("a", &Reference::from(&child.descriptor.digest)).await.unwrap();
    assert_eq!(found, Some(child), "other tools store children as blobs alone");
    let layer = push(&*registry, "a", b"layer").await.unwrap();
    assert_eq!(registry.get_manifest("a", &Reference::from(&layer)).await.unwrap(), None);
}

#[tokio::test]
async fn tampered_manifests_and_dangling_tags_are_errors() {
    let root = tempfile::tempdir().unwrap();
    let registry = directory(root.path());
    let image = push_image(&*registry, "a", "v1").await;
    let blob = root.path().join("a/blobs/sha256").join(image.descriptor.digest.hex());
    fs::write(&blob, super::image(b"other").bytes).unwrap();
    for reference in [Reference::tag("v1"), Reference::from(&image.descriptor.digest)] {
        assert_eq!(kind(registry.get_manifest("a", &reference).await), Some(Kind::Mismatch), "{reference}");
        assert_eq!(kind(registry.head_manifest("a", &reference).await), Some(Kind::Mismatch), "{reference}");
    }
    fs::remove_file(&blob).unwrap();
    assert_eq!(kind(registry.head_manifest("a", &Reference::tag("v1")).await), Some(Kind::Invalid));
    fs::write(root.path().join("a/index.json"), "{").unwrap();
    assert_eq!(kind(registry.head_manifest("a", &Reference::tag("v1")).await), Some(Kind::Invalid));
}

#[tokio::test]
async fn a_mismatched_upload_leaves_no_file() {
    let root = tempfile::tempdir().unwrap();
    let digest = Digest::sha256(b"promised");
    let result = directory(root.path()).put_blob("a", &digest, 9, frames(&[b"delivered"])).await;
    assert_eq!(kind(result), Some(Kind::Mismatch));
    assert!(!root.path().join("a/blobs").exists());
    assert_eq!(fs::read_dir(root.path().join("a/.incoming")).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_mount_moves_no_bytes() {
    use std::os::unix::fs::MetadataExt as _;
    let root = tempfile::tempdir().unwrap();
    let registry = directory(root.path());
    let digest = push(&*registry, "a", b"layer").await.unwrap();
    registry.mount_blob("b", &digest, "a").await.unwrap();
    let inode = |name: &str| {
        fs::metadata(root.path().join(name).join("blobs/sha256").join(digest.hex())).unwrap().ino()
    };
    assert_eq!(inode("a"), inode("b"));
}
