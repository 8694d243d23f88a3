use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use serde_json::Value;

use super::*;
use crate::model::{Descriptor, Document, ImageConfig, ImageIndex, ImageManifest, Instant, media_type};

struct Upstream {
    directory: tempfile::TempDir,
    published: Vec<Published>,
}

fn written() -> Upstream {
    let directory = tempfile::tempdir().unwrap();
    let published = upstream(directory.path()).unwrap();
    Upstream { directory, published }
}

impl Upstream {
    fn layout(&self, repository: &str) -> PathBuf {
        self.directory.path().join(repository)
    }

    fn blob(&self, repository: &str, descriptor: &Descriptor) -> Vec<u8> {
        let bytes =
            fs::read(self.layout(repository).join("blobs/sha256").join(descriptor.digest.hex())).unwrap();
        assert_eq!(Descriptor::of(&*descriptor.media_type, &bytes).digest, descriptor.digest);
        assert_eq!(bytes.len() as u64, descriptor.size);
        bytes
    }

    fn manifests(&self, repository: &str) -> Vec<ImageManifest> {
        let index = fs::read(self.layout(repository).join("index.json")).unwrap();
        let index: ImageIndex = serde_json::from_slice(&index).unwrap();
        self.images(repository, &index.manifests)
    }

    fn images(&self, repository: &str, descriptors: &[Descriptor]) -> Vec<ImageManifest> {
        let read = |descriptor: &Descriptor| match Document::parse(
            &descriptor.media_type,
            &self.blob(repository, descriptor),
        )
        .unwrap()
        {
            Document::Image(image) => vec![*image],
            Document::Index(index) => self.images(repository, &index.manifests),
        };
        descriptors.iter().flat_map(read).collect()
    }
}

fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let parts: Vec<_> =
                    path.strip_prefix(root).unwrap().iter().map(|p| p.to_str().unwrap()).collect();
                found.insert(parts.join("/"), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Decodes with the libraries, not with the code that encoded.
fn decoded(layer: &Descriptor, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match layer.media_type.as_str() {
        media_type::OCI_LAYER_GZIP => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
        media_type::OCI_LAYER_ZSTD => zstd::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap(),
        _ => (&mut &*bytes).read_to_end(&mut out).unwrap(),
    };
    out
}

#[test]
fn two_writings_are_equal_and_a_second_changes_nothing() {
    let (one, two) = (written(), written());
    assert_eq!(one.published, two.published);
    let before = files(one.directory.path());
    assert_eq!(before, files(two.directory.path()));
    upstream(one.directory.path()).unwrap();
    assert_eq!(files(one.directory.path()), before);
}

#[test]
fn every_descriptor_and_diff_id_holds() {
    let upstream = written();
    let mut media_types = BTreeSet::new();
    for published in &upstream.published {
        for manifest in upstream.manifests(published.repository) {
            let config = upstream.blob(published.repository, &manifest.config);
            let config: ImageConfig = serde_json::from_slice(&config).unwrap();
            assert_eq!(config.rootfs.diff_ids.len(), manifest.layers.len());
            for (layer, diff_id) in manifest.layers.iter().zip(&config.rootfs.diff_ids) {
                let archive = decoded(layer, &upstream.blob(published.repository, layer));
                assert_eq!(&Digest::sha256(&archive), diff_id, "{}", published.repository);
                media_types.insert(layer.media_type.clone());
            }
        }
    }
    let all = [media_type::OCI_LAYER_TAR, media_type::OCI_LAYER_GZIP, media_type::OCI_LAYER_ZSTD];
    assert_eq!(media_types, all.map(str::to_owned).into());
}

#[test]
fn layouts_carry_the_tag_and_the_published_digest() {
    let upstream = written();
    let expected = [
        ("distroless/static", "latest", 1),
        ("library/nginx", "1.28", 2),
        ("library/postgres", "17", 1),
        ("library/redis", "7.2", 1),
    ];
    assert_eq!(upstream.published.len(), expected.len());
    for (published, (repository, tag, platforms)) in upstream.published.iter().zip(expected) {
        assert_eq!((published.repository, published.tag), (repository, tag));
        let version: Value =
            serde_json::from_slice(&fs::read(upstream.layout(repository).join("oci-layout")).unwrap())
                .unwrap();
        assert_eq!(version["imageLayoutVersion"], "1.0.0");
        let index: ImageIndex =
            serde_json::from_slice(&fs::read(upstream.layout(repository).join("index.json")).unwrap())
                .unwrap();
        let [root] = index.manifests.as_slice() else { panic!("{repository} has not one entry") };
        assert_eq!(root.digest, published.digest);
        assert_eq!(root.annotations["org.opencontainers.image.ref.name"], tag);
        assert_eq!(upstream.manifests(repository).len(), platforms);
    }
}

#[test]
fn archives_hold_no_time_and_no_owner() {
    let upstream = written();
    for published in &upstream.published {
        for manifest in upstream.manifests(published.repository) {
            for layer in &manifest.layers {
                let bytes = decoded(layer, &upstream.blob(published.repository, layer));
                let mut archive = tar::Archive::new(bytes.as_slice());
                for entry in archive.entries().unwrap() {
                    let entry = entry.unwrap();
                    let header = entry.header();
                    let facts = (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap());
                    assert_eq!(facts, (0, 0, 0), "{:?}", entry.path());
                }
            }
        }
    }
}

#[test]
fn a_zstandard_frame_longer_than_a_block_decodes() {
    for length in [0, 1, 128 * 1024, 128 * 1024 + 1, 300_000] {
        let bytes: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let frame = archive::Encoding::Zstd.encode(&bytes).unwrap();
        assert_eq!(zstd::decode_all(frame.as_slice()).unwrap(), bytes, "{length} bytes");
    }
}

#[test]
fn every_hand_written_file_of_the_example_is_carried() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
    let mut found = files(&root);
    found.retain(|path, _| !["lock/", "evidence/", "docs/"].iter().any(|folder| path.starts_with(folder)));
    let carried = repository_files();
    assert_eq!(
        carried.keys().copied().collect::<Vec<_>>(),
        found.keys().map(String::as_str).collect::<Vec<_>>()
    );
    for (path, bytes) in found {
        assert_eq!(carried[path.as_str()], bytes, "{path}");
    }
}

#[test]
fn no_private_key_is_carried() {
    for (path, bytes) in repository_files() {
        assert!(!String::from_utf8_lossy(bytes).contains("PRIVATE KEY"), "{path}");
    }
}

#[test]
fn the_trusted_key_is_the_publishers() {
    let pem = |scalar: [u8; 32]| {
        let key = p256::SecretKey::from_slice(&scalar).unwrap().public_key();
        key.to_public_key_pem(LineEnding::LF).unwrap()
    };
    let trusted = std::str::from_utf8(repository_files()["trust/publisher.pub"]).unwrap();
    assert_eq!(pem(publisher_scalar()), trusted);
    assert_ne!(pem(organisation_scalar()), trusted);
}

/// A reader must never take an example for a statement about real software.
#[test]
fn advisories_are_marked_as_examples_and_known_at_the_demonstrations_clock() {
    let clock: Instant = CLOCK.parse().unwrap();
    let mut newest = Instant::from_unix(0);
    for (path, bytes) in repository_files() {
        let Some(name) = path.strip_prefix("advisories/").and_then(|name| name.strip_suffix(".json")) else {
            continue;
        };
        let record: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(record["id"], name, "{path}");
        assert!(name.starts_with("EXAMPLE-2026-"), "{path}");
        assert!(!String::from_utf8_lossy(bytes).contains("CVE-"), "{path}");
        assert!(record["summary"].as_str().unwrap().starts_with("Example: "), "{path}");
        let modified: Instant = record["modified"].as_str().unwrap().parse().unwrap();
        assert!(modified < clock, "{path}");
        newest = newest.max(modified);
    }
    assert!(
        clock.since(newest).seconds <= 24 * 60 * 60,
        "the strictest gate of the example allows three days"
    );
}

/// Otherwise the demonstration would show fewer verdicts than its README promises.
#[test]
fn advisories_speak_of_packages_that_are_in_the_images() {
    let upstream = written();
    let mut text = String::new();
    for published in &upstream.published {
        for manifest in upstream.manifests(published.repository) {
            for layer in &manifest.layers {
                let bytes = decoded(layer, &upstream.blob(published.repository, layer));
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
    let lines: BTreeSet<&str> = text.lines().collect();
    for (path, bytes) in repository_files().into_iter().filter(|(path, _)| path.starts_with("advisories/")) {
        let record: Value = serde_json::from_slice(bytes).unwrap();
        let name = record["affected"][0]["package"]["name"].as_str().unwrap();
        let forms = [format!("Package: {name}"), format!("Source: {name}"), format!("o:{name}")];
        assert!(forms.iter().any(|form| lines.contains(form.as_str())), "{path}: {name}");
    }
}

#[test]
fn an_unwritable_directory_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = upstream(&file).unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("file"), "{error}");
}
