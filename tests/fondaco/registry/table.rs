//! What every registry does: one table, run against the fake, a directory and, where there is one, a real registry.

use fondaco::{
    model::{Digest, Kind, Reference, media_type},
    registry::{Mount, Registry},
};
use std::io::Write as _;

use super::*;
use crate::fake::{Fake, Options, Referrers};

async fn absence(registry: &dyn Registry, repository: &str) {
    let digest = Digest::sha256(b"nobody has this");
    for reference in [Reference::tag("none"), Reference::from(&digest)] {
        assert_eq!(registry.head_manifest(repository, &reference).await.unwrap(), None);
        assert_eq!(registry.get_manifest(repository, &reference).await.unwrap(), None);
    }
    assert_eq!(registry.head_blob(repository, &digest).await.unwrap(), None);
    assert_eq!(kind(registry.get_blob(repository, &digest).await), Some(Kind::NotFound));
    assert_eq!(registry.referrers(repository, &digest).await.unwrap(), []);
    assert_eq!(kind(registry.tags(repository).await), Some(Kind::NotFound), "nothing was ever pushed there");
    assert_eq!(
        registry.mount_blob(repository, &digest, &format!("{repository}/other")).await,
        Ok(Mount::Refused)
    );
}

async fn hostile_names(registry: &dyn Registry) {
    let digest = Digest::sha256(b"x");
    for name in ["", "../up", "a/../../b", "/etc", "a?x=1", "A"] {
        assert_eq!(kind(registry.head_blob(name, &digest).await), Some(Kind::Invalid), "{name}");
        assert_eq!(kind(registry.mount_blob("a", &digest, name).await), Some(Kind::Invalid), "{name}");
        assert_eq!(kind(registry.tags(name).await), Some(Kind::Invalid), "{name}");
    }
    let tag = Reference::tag("../../a");
    assert_eq!(kind(registry.get_manifest("a", &tag).await), Some(Kind::Invalid));
}

async fn blobs(registry: &dyn Registry, repository: &str) {
    let digest = Digest::sha256(b"hello world");
    registry.put_blob(repository, &digest, 11, frames(&[b"hello", b" ", b"world"])).await.unwrap();
    assert_eq!(registry.head_blob(repository, &digest).await.unwrap(), Some(11));
    let stream = registry.get_blob(repository, &digest).await.unwrap();
    assert_eq!(whole(stream).await.unwrap(), b"hello world");

    let empty = push(registry, repository, b"").await.unwrap();
    assert_eq!(registry.head_blob(repository, &empty).await.unwrap(), Some(0));
    let sha512: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
    let wrong = registry.put_blob(repository, &sha512, 0, frames(&[])).await;
    assert_eq!(kind(wrong), Some(Kind::Mismatch), "an empty blob under a wrong digest");

    let second = format!("{repository}/second");
    assert_eq!(registry.mount_blob(&second, &digest, repository).await, Ok(Mount::Done));
    assert_eq!(registry.head_blob(&second, &digest).await.unwrap(), Some(11));
}

async fn broken_uploads(registry: &dyn Registry, repository: &str) {
    let digest = Digest::sha256(b"hello moon!");
    let result = registry.put_blob(repository, &digest, 11, broken_off(b"hello")).await;
    assert_eq!(result, Err(source_error()), "the source's own error is reported");
    let short = registry.put_blob(repository, &digest, 11, frames(&[b"hello"])).await;
    assert_eq!(kind(short), Some(Kind::Mismatch));
    let long = registry.put_blob(repository, &digest, 11, frames(&[b"hello moon", b"!!!!!"])).await;
    assert_eq!(kind(long), Some(Kind::Mismatch));
    let not_empty = registry.put_blob(repository, &Digest::sha256(b""), 0, frames(&[b"x"])).await;
    assert_eq!(kind(not_empty), Some(Kind::Mismatch));
    assert_eq!(registry.head_blob(repository, &digest).await.unwrap(), None, "nothing is stored");
}

async fn manifests(registry: &dyn Registry, repository: &str) {
    let image = image(b"layer");
    let digest = image.descriptor.digest.clone();
    let put = async |reference: Reference| {
        registry.put_manifest(repository, &reference, media_type::OCI_MANIFEST, image.bytes.clone()).await
    };
    let too_early = put(Reference::tag("v1")).await;
    assert_eq!(kind(too_early), Some(Kind::NotFound), "a manifest without its blobs");
    assert_eq!(registry.head_manifest(repository, &Reference::tag("v1")).await.unwrap(), None);

    push(registry, repository, b"layer").await.unwrap();
    push(registry, repository, b"{}").await.unwrap();
    assert_eq!(kind(put(Reference::from(&Digest::sha256(b"other"))).await), Some(Kind::Mismatch));
    for reference in
        [Reference::from(&digest), Reference::tag("v1"), Reference::tag("v1"), Reference::tag("v2")]
    {
        assert_eq!(put(reference.clone()).await.unwrap().digest, digest);
        let head = registry.head_manifest(repository, &reference).await.unwrap().unwrap();
        assert_eq!(head, image.descriptor, "{reference}");
        assert_eq!(
            registry.get_manifest(repository, &reference).await.unwrap().unwrap(),
            image,
            "{reference}"
        );
    }
}

async fn tags(registry: &dyn Registry, repository: &str) {
    assert_eq!(registry.tags(repository).await.unwrap(), ["v1", "v2"]);
}

async fn referrers(registry: &dyn Registry, repository: &str) {
    let image = image(b"layer");
    let subject = &image.descriptor.digest;
    let mut expected: Vec<Digest> = vec![];
    for note in ["one", "two", "one"] {
        let artifact = artifact(&image, note);
        let written = registry.put_referrer(repository, subject, &artifact).await.unwrap();
        assert_eq!(written.digest, artifact.descriptor.digest);
        expected.push(written.digest);
    }
    expected.sort();
    expected.dedup();
    let found = registry.referrers(repository, subject).await.unwrap();
    assert_eq!(found.iter().map(|d| d.digest.clone()).collect::<Vec<_>>(), expected);
    for descriptor in &found {
        assert_eq!(descriptor.artifact_type.as_deref(), Some("application/vnd.example.note"));
        assert!(descriptor.annotations.contains_key("example.note"));
    }
    let stray = artifact(&artifact(&image, "one"), "stray");
    let wrong = registry.put_referrer(repository, subject, &stray).await;
    assert_eq!(kind(wrong), Some(Kind::Invalid), "its subject is another");
}

async fn everything(registry: &dyn Registry, repository: &str) {
    absence(registry, repository).await;
    hostile_names(registry).await;
    blobs(registry, repository).await;
    broken_uploads(registry, repository).await;
    manifests(registry, repository).await;
    tags(registry, repository).await;
    referrers(registry, repository).await;
}

#[tokio::test]
async fn a_registry_behaves_as_the_trait_says() {
    let fake = Fake::start(Options::default());
    everything(&*anonymous(&fake), "team/app").await;
    assert_eq!(fake.tag("team/app", "v2"), Some(image(b"layer").descriptor.digest));
    assert_eq!(fake.open_sessions(), 0, "every upload session is used or closed");
}

#[tokio::test]
async fn a_registry_without_referrers_and_locations_behaves_the_same() {
    let options = Options {
        referrers: Referrers::Off,
        manifest_location: false,
        content_digest: false,
        absolute_location: true,
        ..Options::default()
    };
    let fake = Fake::start(options);
    everything(&*anonymous(&fake), "team/app").await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn a_directory_behaves_the_same() {
    let root = tempfile::tempdir().unwrap();
    everything(&*directory(root.path()), "team/app").await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the address of a real registry comes from outside")]
async fn a_real_registry_behaves_the_same() {
    let Ok(address) = std::env::var("FONDACO_TEST_REGISTRY") else {
        // Past the harness, which shows nobody the words of a test that passes.
        let _ = writeln!(
            std::io::stderr(),
            "left out: FONDACO_TEST_REGISTRY names no registry (host:port, plain HTTP)"
        );
        return;
    };
    // A name of its own, so that the registry need not be empty.
    let root = tempfile::Builder::new().prefix("run").tempdir().unwrap();
    let name = root.path().file_name().unwrap().to_string_lossy().to_lowercase();
    let registry = http(&address, fondaco::registry::Credential::Anonymous);
    everything(&*registry, &format!("fondaco/{name}")).await;
}
