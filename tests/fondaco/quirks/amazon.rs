//! Amazon ECR.

use fondaco::{
    model::{Kind, Reference},
    registry::{AwsKeys, Creation, Mount, RegistryKind::Ecr},
};

use super::*;
use crate::{
    fake::{Chunks, Fault, Subjects, Tags},
    registry::{artifact, kind, manifest},
};

/// Opens the registry with leave to create repositories below `mirror`, by this access key.
fn creating(fake: &Fake, access_key: &str) -> Arc<dyn Registry> {
    let keys = AwsKeys {
        access_key: access_key.to_owned(),
        secret_key: Secret::new("secret"),
        session_token: Some(Secret::new("session")),
    };
    let creation = Creation {
        keys,
        region: "eu-west-3".to_owned(),
        endpoint: format!("http://{}/", fake.address),
        below: vec!["mirror".to_owned()],
    };
    let behaviour = Behaviour { create_repositories: true, ..known(Ecr) };
    let access = Access::new(&fake.address, Endpoint::Http { plain: true }, Credential::Anonymous);
    open(&Access { behaviour, creation: Some(creation), ..access }).unwrap()
}

fn count(fake: &Fake, action: &str) -> u64 {
    fake.counts().get(action).copied().unwrap_or(0)
}

#[tokio::test]
async fn a_missing_repository_is_created_where_that_is_allowed() {
    let fake = started(|options| options.quirks.created_first = true);
    let registry = creating(&fake, "AKIDEXAMPLE");
    copy(&*registry, "mirror/team/app", "v1").await.unwrap();
    assert_eq!(
        (fake.repositories(), count(&fake, "POST repository")),
        (vec!["mirror/team/app".to_owned()], 1)
    );
    // An index, or a fallback tag, may be the first thing that a repository gets.
    let written = index(&[]);
    put(&*registry, "mirror/index", Reference::tag("v1"), &written).await.unwrap();
    assert_eq!(count(&fake, "POST repository"), 2);

    let error = copy(&*registry, "other/app", "v1").await.unwrap_err();
    assert!(error.to_string().contains("none of the mirror's own"), "{error}");
    assert_eq!(count(&fake, "POST repository"), 2, "nothing is created elsewhere");
}

#[tokio::test]
async fn a_repository_that_another_run_creates_meanwhile_is_there() {
    let fake = started(|options| options.quirks.created_first = true);
    let registry = creating(&fake, "AKIDEXAMPLE");
    let pushes = ["1", "2", "3", "4"].map(|bytes| push(&*registry, "mirror/app", bytes.as_bytes()));
    for pushed in futures_util::future::join_all(pushes).await {
        pushed.unwrap();
    }
    fake.create("mirror/late");
    fake.set(|options| options.faults = vec![Fault::new("POST upload", 404, 1)]);
    push(&*registry, "mirror/late", b"x").await.unwrap();
}

#[tokio::test]
async fn nobody_creates_a_repository_without_leave() {
    let fake = started(|options| options.quirks.created_first = true);
    let error = copy(&*opened(&fake, Ecr), "mirror/app", "v1").await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().contains("`spec.behaviour.createRepositories`"), "{error}");
    let denied = copy(&*creating(&fake, "AKIDOFSOMEBODY"), "mirror/app", "v1").await.unwrap_err();
    assert_eq!(denied.kind(), Kind::Denied);
    assert!(denied.to_string().contains("UnrecognizedClientException"), "{denied}");
    assert_eq!(fake.repositories(), [""; 0]);
}

#[tokio::test]
async fn an_immutable_tag_with_the_same_digest_is_success_and_with_another_an_error() {
    let fake = started(|options| options.ways.tags = Tags::Once);
    // Known to be immutable, or found out by the refusal.
    for behaviour in [known(Ecr), Behaviour { immutable_tags: false, ..known(Ecr) }] {
        let registry = behaving(&fake, behaviour);
        for _ in 0..2 {
            copy(&*registry, "a", "v1").await.unwrap();
        }
        push(&*registry, "a", b"other layer").await.unwrap();
        let other = image(b"other layer");
        let error = put(&*registry, "a", Reference::tag("v1"), &other).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
        let held = image(b"layer").descriptor.digest;
        assert!(error.to_string().contains(&format!("its tag holds {held} and cannot be")), "{error}");
        assert_eq!(fake.tag("a", "v1"), Some(held));
    }
    let mutable = Fake::start(Options::default());
    let registry = opened(&mutable, Ecr);
    copy(&*registry, "a", "v1").await.unwrap();
    let moved = index(&[]);
    put(&*registry, "a", Reference::tag("v1"), &moved).await.unwrap();
    assert_eq!(mutable.tag("a", "v1"), Some(moved.descriptor.digest), "where tags may move they do");
}

#[tokio::test]
async fn an_immutable_tag_is_looked_at_and_not_written_again() {
    let fake = started(|options| options.ways.tags = Tags::SameDigestOnly);
    let registry = opened(&fake, Ecr);
    copy(&*registry, "a", "v1").await.unwrap();
    fake.clear_log();
    put(&*registry, "a", Reference::tag("v1"), &image(b"layer")).await.unwrap();
    assert_eq!(fake.counts(), [("HEAD manifest".to_owned(), 1)].into());
}

#[tokio::test]
async fn chunks_are_refused_and_a_registry_that_drops_them_is_found_out() {
    refuses_chunks(Ecr).await;
    let fake = started(|options| options.ways.chunks = Chunks::LastWins);
    fake.set(|options| options.accept_any_digest = true);
    let believed = Behaviour { chunks_broken: false, chunk_bytes: Some(4), ..known(Ecr) };
    let error = push(&*behaving(&fake, believed.clone()), "a", b"0123456789").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid, "its own answer tells: {error}");
    assert_eq!(fake.open_sessions(), 0);
    // ECR confirms the upload with 201 and has kept the first chunk.
    let fake = started(|options| options.quirks.keeps_at_most = Some(4));
    let error = push(&*behaving(&fake, believed), "a", b"0123456789").await.unwrap_err();
    assert_eq!(kind(Err::<(), _>(error)), Some(Kind::Mismatch), "looked at again");
}

#[tokio::test]
async fn a_manifest_needs_no_location() {
    let fake = started(|options| options.manifest_location = false);
    copy(&*opened(&fake, Ecr), "a", "v1").await.unwrap();
}

#[tokio::test]
async fn a_mount_before_the_manifest_leaves_nothing_behind() {
    let fake = started(|options| options.ways.mount_after_manifest = true);
    let registry = opened(&fake, Ecr);
    let layer = push(&*registry, "a", b"layer").await.unwrap();
    assert_eq!(registry.mount_blob("b", &layer, "a").await, Ok(Mount::Refused));
    assert_eq!(fake.open_sessions(), 0);
    copy(&*registry, "a", "v1").await.unwrap();
    assert_eq!(registry.mount_blob("b", &layer, "a").await, Ok(Mount::Done));
    let never = behaving(&fake, Behaviour { mount: fondaco::registry::MountSupport::Never, ..known(Ecr) });
    fake.clear_log();
    assert_eq!(never.mount_blob("c", &layer, "a").await, Ok(Mount::Refused));
    assert_eq!(fake.log(), [], "not even asked");
}

/// A referrer whose subject says more than it must, as BuildKit writes it.
fn talkative(subject: &RawManifest) -> RawManifest {
    let mut value: serde_json::Value = serde_json::from_slice(&artifact(subject, "upstream").bytes).unwrap();
    value["subject"]["platform"] = serde_json::json!({"os": "linux", "architecture": "amd64"});
    manifest(&value)
}

#[tokio::test]
async fn a_referrer_that_is_refused_stands_under_the_fallback_tag() {
    for subjects in [Subjects::Minimal, Subjects::None] {
        let fake = started(|options| options.quirks.subjects = subjects);
        let registry = opened(&fake, Ecr);
        let subject = copy(&*registry, "a", "v1").await.unwrap();
        let digest = &subject.descriptor.digest;
        let foreign = talkative(&subject);
        let mut stored = vec![];
        for _ in 0..2 {
            let written = registry.put_referrer("a", digest, &foreign).await.unwrap();
            assert!(!written.subject_indexed && written.digest != foreign.descriptor.digest);
            stored.push(written.digest);
        }
        stored.dedup();
        let [stored] = stored.as_slice() else { panic!("written twice: {stored:?}") };
        let read = registry.get_manifest("a", &Reference::from(stored)).await.unwrap().unwrap();
        let mut expected: serde_json::Value = serde_json::from_slice(&foreign.bytes).unwrap();
        expected.as_object_mut().unwrap().remove("subject");
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&read.bytes).unwrap(), expected);
        let ours = registry.put_referrer("a", digest, &artifact(&subject, "ours")).await.unwrap();
        assert_eq!(ours.subject_indexed, subjects == Subjects::Minimal);
        let listed = registry.referrers("a", digest).await.unwrap();
        let mut digests: Vec<&Digest> = listed.iter().map(|listed| &listed.digest).collect();
        digests.sort();
        let mut expected = vec![stored, &ours.digest];
        expected.sort();
        assert_eq!(digests, expected, "{subjects:?}: both are found");
        let kinds: Vec<_> = listed.iter().map(|listed| listed.artifact_type.as_deref()).collect();
        assert_eq!(kinds, [Some("application/vnd.example.note"); 2]);
    }
}
