//! Image layouts that are named on a command line, in directories and archives, as other tools make and read them.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use fondaco::{
    model::{Digest, Kind, Reference, media_type},
    registry::{ArchiveRegistry, Local, Place},
};
use serde_json::{Value, json};

use super::*;
use crate::tiny;

const REF_NAME: &str = "org.opencontainers.image.ref.name";

fn place(transport: &str, path: &Path, name: &str) -> Place {
    format!("{transport}:{}{name}", path.display()).parse().unwrap()
}

/// Puts an image with this layer into a place.
async fn write(place: &Place, layers: &[&[u8]]) -> Vec<RawManifest> {
    let target = Local::target(place).await.unwrap().unwrap();
    let (registry, repository) = (target.registry.clone(), target.repository.clone());
    let mut written = vec![];
    push(&*registry, &repository, b"{}").await.unwrap();
    for layer in layers {
        let image = image(layer);
        push(&*registry, &repository, layer).await.unwrap();
        let bytes = image.bytes.clone();
        let name = String::from_utf8_lossy(layer).into_owned();
        let tag = target.reference.clone().unwrap_or(Reference::Tag(name));
        registry.put_manifest(&repository, &tag, media_type::OCI_MANIFEST, bytes).await.unwrap();
        written.push(image);
    }
    target.finish().await.unwrap();
    written
}

async fn found(place: &Place) -> Result<Digest, RegistryError> {
    let source = Local::source(place).await?.unwrap();
    let Some(Reference::Digest(digest)) = source.reference else { panic!("a source is known by its digest") };
    let held = source.registry.get_manifest(&source.repository, &Reference::from(&digest)).await?.unwrap();
    for blob in [Digest::sha256(b"{}"), layer_of(&held)] {
        let stream = source.registry.get_blob(&source.repository, &blob).await?;
        assert_eq!(Digest::sha256(whole(stream).await?), blob);
    }
    Ok(digest)
}

fn layer_of(manifest: &RawManifest) -> Digest {
    let value: Value = serde_json::from_slice(&manifest.bytes).unwrap();
    value["layers"][0]["digest"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_written_to_a_directory_or_archive_is_read_from_it() {
    let root = tempfile::tempdir().unwrap();
    let cases =
        [("oci", "a"), ("oci-archive", "a.tar"), ("oci-archive", "a.tar.gz"), ("oci-archive", "d/a.tar.zst")];
    for (transport, name) in cases {
        let path = root.path().join(name);
        let image = write(&place(transport, &path, ":v1"), &[b"layer"]).await.remove(0);
        let digest = image.descriptor.digest.clone();
        for reference in ["", ":v1", &format!("@{digest}")] {
            assert_eq!(
                found(&place(transport, &path, reference)).await.unwrap(),
                digest,
                "{name}{reference}"
            );
        }
        for absent in [":v2".to_owned(), format!("@{}", Digest::sha256(b"absent"))] {
            let missing = found(&place(transport, &path, &absent)).await;
            assert_eq!(kind(missing), Some(Kind::NotFound), "{name}{absent}");
        }
    }
    let left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "no temporary folder stays: {left:?}");
    assert!(!root.path().join("a/.incoming").exists());
    assert_eq!(kind(found(&place("oci", &root.path().join("none"), "")).await), Some(Kind::NotFound));
    assert_eq!(kind(found(&place("oci-archive", &root.path().join("none"), "")).await), Some(Kind::NotFound));
}

#[tokio::test]
async fn archives_of_equal_content_are_equal_bytes() {
    let root = tempfile::tempdir().unwrap();
    for ending in ["tar", "tar.gz", "tar.zst"] {
        let (one, two) = (root.path().join(format!("1.{ending}")), root.path().join(format!("2.{ending}")));
        write(&place("oci-archive", &one, ""), &[b"x", b"y"]).await;
        write(&place("oci-archive", &two, ""), &[b"y"]).await;
        write(&place("oci-archive", &two, ""), &[b"x"]).await;
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap(), "{ending}");
        let before = fs::read(&one).unwrap();
        write(&place("oci-archive", &one, ""), &[b"x"]).await;
        assert_eq!(fs::read(&one).unwrap(), before, "writing the same again");
    }
    let names: Vec<String> = {
        let mut archive = tar::Archive::new(fs::File::open(root.path().join("1.tar")).unwrap());
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
            entry.path().unwrap().display().to_string()
        });
        entries.collect()
    };
    assert_eq!(&names[..4], ["oci-layout", "index.json", "blobs/", "blobs/sha256/"]);
    assert!(names[4..].is_sorted());
}

#[tokio::test]
async fn an_archive_that_is_not_finished_is_not_there() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.tar");
    let target = Local::target(&place("oci-archive", &path, ":v1")).await.unwrap().unwrap();
    push(&*target.registry, &target.repository, b"{}").await.unwrap();
    drop(target);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn skopeo_reads_what_is_written() {
    let root = tempfile::tempdir().unwrap();
    for (transport, name) in [("oci", "a"), ("oci-archive", "a.tar"), ("oci-archive", "a.tar.gz")] {
        let path = root.path().join(name);
        let image = write(&place(transport, &path, ":v1"), &[b"layer"]).await.remove(0);
        let source = format!("{transport}:{}:v1", path.display());
        let Ok(output) = Command::new("skopeo").args(["inspect", "--raw", &source]).output() else {
            let _ = writeln!(std::io::stderr(), "left out: skopeo is not installed");
            return;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, image.bytes);
    }
}

/// A layout directory of our making, to be changed into what other tools make.
struct Foreign {
    root: tempfile::TempDir,
    digest: Digest,
}

impl Foreign {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let image = write(&place("oci", root.path(), ":v1"), &[b"layer"]).await.remove(0);
        Self { root, digest: image.descriptor.digest }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn blob(&self, bytes: &[u8]) -> Descriptor {
        let descriptor = Descriptor::of(media_type::OCI_INDEX, bytes);
        fs::write(self.path("blobs/sha256").join(descriptor.digest.hex()), bytes).unwrap();
        descriptor
    }

    fn index(&self, entries: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": entries});
        fs::write(self.path("index.json"), index.to_string()).unwrap();
    }

    fn entry(&self, name: Option<&str>) -> Value {
        let bytes = fs::read(self.path("blobs/sha256").join(self.digest.hex())).unwrap();
        let mut entry = serde_json::to_value(Descriptor::of(media_type::OCI_MANIFEST, &bytes)).unwrap();
        if let Some(name) = name {
            entry["annotations"] = json!({REF_NAME: name});
        }
        entry
    }

    async fn found(&self, name: &str) -> Result<Digest, RegistryError> {
        found(&place("oci", self.root.path(), name)).await
    }
}

#[tokio::test]
async fn layouts_of_other_tools_are_read() {
    let foreign = Foreign::new().await;
    // Docker 25 and newer write these beside the layout; others leave out the version or the whole file.
    fs::write(foreign.path("manifest.json"), r#"[{"Config": "blobs/sha256/00", "Layers": []}]"#).unwrap();
    fs::write(foreign.path("repositories"), "{}").unwrap();
    for marker in [Some("{}"), Some(r#"{"imageLayoutVersion": "1.0.0", "x": 1}"#), None] {
        match marker {
            Some(text) => fs::write(foreign.path("oci-layout"), text).unwrap(),
            None => fs::remove_file(foreign.path("oci-layout")).unwrap(),
        }
        assert_eq!(foreign.found(":v1").await.unwrap(), foreign.digest, "{marker:?}");
    }
    // podman and buildah write the whole reference.
    foreign.index(&[foreign.entry(Some("docker.io/library/web:1.28"))]);
    for name in ["", ":docker.io/library/web:1.28", ":1.28"] {
        assert_eq!(foreign.found(name).await.unwrap(), foreign.digest, "{name}");
    }
    // Nameless, as `skopeo copy … oci:DIR` writes it.
    foreign.index(&[foreign.entry(None)]);
    assert_eq!(foreign.found("").await.unwrap(), foreign.digest);
    // An index of the tool's own below `index.json`.
    let inner = json!({"schemaVersion": 2, "manifests": [foreign.entry(Some("v7"))]});
    let root = foreign.blob(inner.to_string().as_bytes());
    foreign.index(&[serde_json::to_value(&root).unwrap()]);
    assert_eq!(foreign.found(":v7").await.unwrap(), foreign.digest);
    let whole = Local::source(&place("oci", foreign.root.path(), "")).await.unwrap().unwrap();
    assert_eq!(whole.reference, Some(Reference::Digest(root.digest)), "without a name the root is meant");
}

#[tokio::test]
async fn a_name_that_means_two_images_means_none() {
    let foreign = Foreign::new().await;
    let other = image(b"layer two");
    fs::write(foreign.path("blobs/sha256").join(other.descriptor.digest.hex()), &other.bytes).unwrap();
    let entry = |name: &str| {
        let mut entry = serde_json::to_value(&other.descriptor).unwrap();
        entry["annotations"] = json!({REF_NAME: name});
        entry
    };
    foreign.index(&[foreign.entry(Some("v1")), entry("v1")]);
    assert_eq!(kind(foreign.found(":v1").await), Some(Kind::Invalid));
    foreign.index(&[foreign.entry(Some("a/web:1")), entry("b/web:1")]);
    assert_eq!(kind(foreign.found(":1").await), Some(Kind::Invalid));
    assert_eq!(foreign.found(":a/web:1").await.unwrap(), foreign.digest);
    let error = foreign.found("").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("a/web:1, b/web:1"), "{error}");
}

#[tokio::test]
async fn layouts_that_cannot_be_meant_are_refused() {
    let foreign = Foreign::new().await;
    fs::write(foreign.path("oci-layout"), r#"{"imageLayoutVersion": "2.0.0"}"#).unwrap();
    assert!(foreign.found(":v1").await.unwrap_err().to_string().contains("version `2.0.0`"));
    fs::write(foreign.path("oci-layout"), "{}").unwrap();
    // An index that contains itself cannot exist by digest; one that names many others can.
    let many: Vec<Value> = (0..100)
        .map(|n| {
            let inner = json!({"schemaVersion": 2, "manifests": [], "annotations": {"n": n.to_string()}});
            serde_json::to_value(foreign.blob(inner.to_string().as_bytes())).unwrap()
        })
        .collect();
    foreign.index(&many);
    assert!(foreign.found(":v9").await.unwrap_err().to_string().contains("more than 64 indexes"));
    fs::write(foreign.path("index.json"), vec![b' '; (16 << 20) + 1]).unwrap();
    assert!(foreign.found(":v1").await.unwrap_err().to_string().contains("more than"), "huge index.json");
}

/// Names and contents.
type Files<'f> = &'f [(&'f str, &'f [u8])];

fn archive(root: &Path, files: Files<'_>) -> PathBuf {
    let path = root.join("hostile.tar");
    fs::write(&path, tiny::tar(files)).unwrap();
    path
}

#[tokio::test]
async fn hostile_archives_are_refused_and_unpack_nothing() {
    let root = tempfile::tempdir().unwrap();
    let image = image(b"layer");
    let index = json!({"manifests": [image.descriptor]}).to_string();
    let blob = format!("blobs/sha256/{}", image.descriptor.digest.hex());
    let docker = archive(root.path(), &[("manifest.json", b"[]"), ("abc/layer.tar", b"x")]);
    let error = found(&place("oci-archive", &docker, "")).await.unwrap_err();
    assert!(error.to_string().contains("docker save"), "{error}");
    let huge = vec![b' '; (16 << 20) + 1];
    let cases: [(&str, Files<'_>, Kind); 4] = [
        ("huge-index", &[("index.json", &huge)], Kind::Invalid),
        ("missing-blob", &[("index.json", index.as_bytes())], Kind::Invalid),
        ("forged-blob", &[("index.json", index.as_bytes()), (&blob, b"{}")], Kind::Mismatch),
        ("no-layout", &[("readme", b"x")], Kind::NotFound),
    ];
    for (attack, files, expected) in cases {
        let path = archive(root.path(), files);
        assert_eq!(kind(found(&place("oci-archive", &path, "")).await), Some(expected), "{attack}");
        let adding = Local::target(&place("oci-archive", &path, ":v1")).await;
        let is_forged = attack == "forged-blob" || attack == "huge-index";
        assert_eq!(adding.is_err(), is_forged, "{attack}: nothing forged is taken over");
    }
    fs::write(
        root.path().join("hostile.tar"),
        b"not an archive at all, but longer than one block".repeat(20),
    )
    .unwrap();
    let error = ArchiveRegistry::open("h", &root.path().join("hostile.tar")).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_archive_from_a_pipe_is_read() {
    let root = tempfile::tempdir().unwrap();
    let (path, pipe) = (root.path().join("a.tar"), root.path().join("pipe"));
    let image = write(&place("oci-archive", &path, ":v1"), &[b"layer"]).await.remove(0);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (from, to) = (path.clone(), pipe.clone());
    let writer = std::thread::spawn(move || fs::copy(from, to));
    assert_eq!(found(&place("oci-archive", &pipe, ":v1")).await.unwrap(), image.descriptor.digest);
    assert_eq!(writer.join().unwrap().unwrap(), fs::metadata(&path).unwrap().len());
}
