//! What single registries do differently, played by the in-process registry: the copy succeeds, or fails with the error
//! that says what to do. One file a family; [`table`] makes sure that none is forgotten.

mod amazon;
mod artifactory;
mod azure;
mod distribution;
mod docker_hub;
mod github;
mod gitlab;
mod google;
mod harbor;
mod others;
mod quay;
mod table;
mod whole;
mod zot;

use std::sync::Arc;

use fondaco::{
    model::{Descriptor, Digest, Reference, media_type},
    registry::{
        Access, Behaviour, Credential, Endpoint, RawManifest, Registry, RegistryError, RegistryKind, Secret,
        open, quirks,
    },
};

use crate::{
    fake::{Auth, Fake, Options},
    registry::{image, push},
};

/// What is known of a kind.
fn known(kind: RegistryKind) -> Behaviour {
    quirks::of("", Some(kind)).1
}

/// Opens the in-process registry as one of this kind.
fn opened(fake: &Fake, kind: RegistryKind) -> Arc<dyn Registry> {
    behaving(fake, known(kind))
}

/// Opens the in-process registry as one that behaves so, with a credential where it wants one.
fn behaving(fake: &Fake, behaviour: Behaviour) -> Arc<dyn Registry> {
    let credential = Credential::Basic { username: "robot".to_owned(), password: Secret::new("secret") };
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, credential);
    open(&Access { behaviour, ..access }).unwrap()
}

fn bearer() -> Auth {
    let (username, password, identity) = ("robot".to_owned(), "secret".to_owned(), "refresh".to_owned());
    Auth::Bearer { username, password, identity, anonymous_pull: false }
}

fn started(change: impl FnOnce(&mut Options)) -> Fake {
    let mut options = Options::default();
    change(&mut options);
    Fake::start(options)
}

/// Copies a small image as a run does: blobs, manifest by digest, tag. Returns the manifest.
async fn copy(registry: &dyn Registry, repository: &str, tag: &str) -> Result<RawManifest, RegistryError> {
    let image = image(b"layer");
    push(registry, repository, b"layer").await?;
    push(registry, repository, b"{}").await?;
    let digest = &image.descriptor.digest;
    put(registry, repository, Reference::from(digest), &image).await?;
    put(registry, repository, Reference::tag(tag), &image).await?;
    let found = registry.head_manifest(repository, &Reference::tag(tag)).await?;
    assert_eq!(found.map(|found| found.digest).as_ref(), Some(digest), "the tag holds what was copied");
    Ok(image)
}

async fn put(
    registry: &dyn Registry,
    repository: &str,
    reference: Reference,
    manifest: &RawManifest,
) -> Result<Digest, RegistryError> {
    let media_type = &manifest.descriptor.media_type;
    let written = registry.put_manifest(repository, &reference, media_type, manifest.bytes.clone()).await?;
    Ok(written.digest)
}

/// Returns an index of these manifests.
fn index(manifests: &[&RawManifest]) -> RawManifest {
    let listed: Vec<&Descriptor> = manifests.iter().map(|manifest| &manifest.descriptor).collect();
    let text = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": listed,
    })
    .to_string();
    let descriptor = Descriptor::of(media_type::OCI_INDEX, text.as_bytes());
    RawManifest { descriptor, bytes: text.into() }
}

/// A sparse index is refused with an error that says what is missing, and nothing is tagged.
async fn refuses_a_sparse_index(kind: RegistryKind) {
    let fake = Fake::start(Options::default());
    let registry = opened(&fake, kind);
    assert!(!registry.behaviour().sparse_index, "{kind:?}");
    let there = copy(&*registry, "a", "v1").await.unwrap();
    let sparse = index(&[&there, &image(b"not copied")]);
    let error = put(&*registry, "a", Reference::tag("all"), &sparse).await.unwrap_err();
    assert_eq!(error.kind(), fondaco::model::Kind::NotFound, "{kind:?}");
    assert!(
        error.to_string().contains("a blob or manifest that manifest `a:all` names"),
        "{kind:?}: {error}"
    );
    assert_eq!(fake.tag("a", "all"), None, "{kind:?}");
    put(&*registry, "a", Reference::tag("all"), &index(&[&there])).await.unwrap();
}

/// Chunks are refused before anything is sent, and one PUT works.
async fn refuses_chunks(kind: RegistryKind) {
    let fake = Fake::start(Options::default());
    let chunked = behaving(&fake, Behaviour { chunk_bytes: Some(4), ..known(kind) });
    let error = push(&*chunked, "a", b"0123456789").await.unwrap_err();
    assert!(error.to_string().contains("leave `spec.behaviour.chunkBytes` out"), "{kind:?}: {error}");
    assert_eq!(fake.log(), [], "{kind:?}");
    push(&*opened(&fake, kind), "a", b"0123456789").await.unwrap();
    assert_eq!(fake.counts().get("PATCH upload"), None, "{kind:?}");
}

/// A registry without the referrers API gets the fallback tag, and it is read.
async fn keeps_the_fallback_tag(kind: RegistryKind) {
    let fake = started(|options| options.referrers = crate::fake::Referrers::Off);
    let registry = opened(&fake, kind);
    let subject = copy(&*registry, "a", "v1").await.unwrap();
    let digest = &subject.descriptor.digest;
    for note in ["one", "two"] {
        let artifact = crate::registry::artifact(&subject, note);
        let written = registry.put_referrer("a", digest, &artifact).await.unwrap();
        assert!(!written.subject_indexed, "{kind:?}");
    }
    assert!(fake.tag("a", &digest.dashed()).is_some(), "{kind:?}");
    assert_eq!(registry.referrers("a", digest).await.unwrap().len(), 2, "{kind:?}");
}
