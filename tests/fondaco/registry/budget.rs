//! What a registry is asked, how much of it, and what is counted.

use fondaco::registry::{ActionGroup, Allowance, Rate, Usage};

use super::*;
use crate::fake::{Fake, Fault, Options};

fn limited(fake: &Fake, rates: Vec<Rate>, concurrent: Option<u32>) -> Arc<dyn Registry> {
    let mut access = Access::new(&fake.address, Endpoint::Http { plain: true }, Credential::Anonymous);
    access.behaviour.rates = rates;
    access.concurrent = concurrent;
    open(&access).unwrap()
}

#[tokio::test]
async fn what_a_registry_is_asked_is_counted_as_registries_count() {
    let fake = Fake::start(Options {
        headers: vec![
            ("ratelimit-limit", "100;w=21600".into()),
            ("ratelimit-remaining", "76;w=21600".into()),
        ],
        ..Options::default()
    });
    let registry = anonymous(&fake);
    let image = image(b"layer");
    let tag = fondaco::model::Reference::tag("v1");
    push(&*registry, "a", b"{}").await.unwrap();
    let layer = push(&*registry, "a", b"layer").await.unwrap();
    registry.mount_blob("b", &layer, "a").await.unwrap();
    registry.put_manifest("a", &tag, media_type::OCI_MANIFEST, image.bytes.clone()).await.unwrap();
    registry.head_manifest("a", &tag).await.unwrap();
    registry.get_manifest("a", &tag).await.unwrap();
    registry.get_manifest("a", &fondaco::model::Reference::tag("none")).await.unwrap();
    whole(registry.get_blob("a", &layer).await.unwrap()).await.unwrap();
    let size = image.bytes.len() as u64;
    let groups = [
        (ActionGroup::Look, 1),
        (ActionGroup::Pull, 2),
        (ActionGroup::Read, 1),
        (ActionGroup::UploadStart, 3),
        (ActionGroup::UploadBody, 2),
        (ActionGroup::ManifestWrite, 1),
    ];
    let expected = Usage {
        requests: fake.counts(),
        groups: groups.into(),
        pulls: 1,
        mounts: 1,
        bytes_read: size + 5,
        bytes_written: size + 2 + 5,
        allowance: Some(Allowance {
            group: ActionGroup::Pull,
            remaining: 76,
            limit: Some(100),
            window_s: Some(21_600),
        }),
    };
    assert_eq!(registry.usage(), expected);
}

#[tokio::test]
async fn where_a_registry_wants_rest_for_an_hour_nobody_asks_again() {
    let fake = Fake::start(Options::default());
    let digest = fake.blob("a", "x");
    fake.set(|options| {
        options.faults = vec![Fault { retry_after: Some(3600), ..Fault::new("HEAD blob", 429, 1) }];
    });
    let registry = anonymous(&fake);
    for _ in 0..3 {
        let error = registry.head_blob("a", &digest).await.unwrap_err();
        assert_eq!(error.kind(), Kind::RateLimited);
        let expected = format!("`{}` asked for patience at blob `a@{digest}`; try again in ", fake.address);
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    assert_eq!(fake.counts(), [("HEAD blob".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_published_rate_is_not_exceeded() {
    let fake = Fake::start(Options::default());
    for tag in ["1", "2", "3"] {
        fake.manifest("a", tag, media_type::OCI_MANIFEST, image(b"layer").bytes);
    }
    let rate = Rate { group: ActionGroup::Pull, requests: 2, seconds: 21_600 };
    let registry = limited(&fake, vec![rate], None);
    for (tag, expected) in [("1", None), ("2", None), ("3", Some(Kind::RateLimited))] {
        let reference = fondaco::model::Reference::tag(tag);
        assert_eq!(kind(registry.get_manifest("a", &reference).await), expected, "{tag}");
    }
    assert_eq!(fake.counts(), [("GET manifest".to_owned(), 2)].into());
}

#[tokio::test]
async fn a_relay_inside_one_registry_ends_even_with_one_request_at_a_time() {
    let fake = Fake::start(Options::default());
    let digests: Vec<Digest> = (0..6).map(|n| fake.blob("a", format!("blob {n}"))).collect();
    let registry = limited(&fake, vec![], Some(1));
    let relays = digests.iter().map(async |digest| {
        let stream = registry.get_blob("a", digest).await.unwrap();
        registry.put_blob("b", digest, 6, stream).await.unwrap();
    });
    futures_util::future::join_all(relays).await;
    for digest in &digests {
        assert!(fake.stored("b", digest).is_some());
    }
}
