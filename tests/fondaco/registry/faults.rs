//! Registries and networks that misbehave.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use fondaco::model::{Digest, Kind, MANIFEST_BYTES_MAX, Reference, media_type};

use super::*;
use crate::fake::{BlobFault, Fake, Fault, Options, Phase, Quirks, Referrers, WriteKind};

#[tokio::test]
async fn passing_failures_are_asked_again_and_lasting_ones_reported() {
    let fake = Fake::start(Options::default());
    let digest = fake.blob("a", "x");
    let cases = [
        (Fault { retry_after: Some(0), ..Fault::new("HEAD blob", 429, 3) }, None),
        (Fault { retry_after: Some(0), ..Fault::new("HEAD blob", 429, 4) }, Some(Kind::RateLimited)),
        (Fault { retry_after: Some(3600), ..Fault::new("HEAD blob", 429, 1) }, Some(Kind::RateLimited)),
        (Fault::new("HEAD blob", 502, 1), None),
        (Fault::new("HEAD blob", 500, 4), Some(Kind::Unavailable)),
        (Fault::new("HEAD blob", 403, 1), Some(Kind::Denied)),
        (Fault::new("HEAD blob", 418, 1), Some(Kind::Invalid)),
    ];
    for (fault, expected) in cases {
        let shown = format!("{fault:?}");
        fake.set(|options| options.faults = vec![fault]);
        assert_eq!(kind(anonymous(&fake).head_blob("a", &digest).await), expected, "{shown}");
    }
}

#[tokio::test]
async fn a_manifest_is_written_again_after_a_passing_failure() {
    let fake = Fake::start(Options::default());
    fake.blob("a", "{}");
    fake.blob("a", "layer");
    fake.set(|options| options.faults = vec![Fault::new("PUT manifest", 503, 1)]);
    let image = image(b"layer");
    let tag = Reference::tag("v1");
    anonymous(&fake).put_manifest("a", &tag, media_type::OCI_MANIFEST, image.bytes).await.unwrap();
    assert_eq!(fake.tags("a"), [("v1".to_owned(), image.descriptor.digest)].into());
}

#[tokio::test]
async fn an_unreachable_registry_is_unavailable_and_its_addresses_stay_secret() {
    let fake = Fake::start(Options::default());
    let digest = fake.blob("a", "x");
    // Nothing listens on the port of a registry that has ended.
    let gone = Fake::start(Options::default()).address.clone();
    fake.set(|options| options.redirect_blobs = Some(format!("http://{gone}")));
    let error = anonymous(&fake).get_blob("a", &digest).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(!error.to_string().contains("X-Signature"), "{error}");
}

#[tokio::test]
async fn an_interrupted_download_is_taken_up_where_it_broke() {
    let fake = Fake::start(Options::default());
    let content: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let digest = fake.blob("a", content.clone());
    let registry = anonymous(&fake);
    fake.set(|options| options.blob_fault = Some(BlobFault::Dropped(300)));
    assert_eq!(whole(registry.get_blob("a", &digest).await.unwrap()).await.unwrap(), content);

    fake.set(|options| options.blob_fault = Some(BlobFault::Dropped(100)));
    let endless = whole(registry.get_blob("a", &digest).await.unwrap()).await;
    assert_eq!(kind(endless), Some(Kind::Unavailable), "a bounded number of times");

    fake.set(|options| (options.blob_fault, options.range) = (Some(BlobFault::Dropped(300)), false));
    let restarted = whole(registry.get_blob("a", &digest).await.unwrap()).await;
    assert_eq!(kind(restarted), Some(Kind::Unavailable), "bytes from the start are not spliced in");
}

#[tokio::test]
async fn corrupt_bytes_reach_no_registry_that_accepts_everything() {
    let source = Fake::start(Options { blob_fault: Some(BlobFault::Corrupt), ..Options::default() });
    let target = Fake::start(Options { accept_any_digest: true, ..Options::default() });
    let digest = source.blob("a", "0123456789");
    let received = whole(anonymous(&source).get_blob("a", &digest).await.unwrap()).await.unwrap();
    assert_ne!(Digest::sha256(&received), digest, "the stream is not verified");
    let relayed = broken_off(&received[..5]);
    assert_eq!(anonymous(&target).put_blob("a", &digest, 10, relayed).await, Err(source_error()));
    assert_eq!(target.repositories(), [""; 0]);
    assert_eq!(target.open_sessions(), 0);
}

#[tokio::test]
async fn a_source_that_ends_early_makes_no_short_upload() {
    let source = Fake::start(Options { blob_fault: Some(BlobFault::Truncated(4)), ..Options::default() });
    let target = Fake::start(Options { accept_any_digest: true, ..Options::default() });
    let digest = source.blob("a", "0123456789");
    let stream = anonymous(&source).get_blob("a", &digest).await.unwrap();
    assert_eq!(kind(anonymous(&target).put_blob("a", &digest, 10, stream).await), Some(Kind::Mismatch));
    assert_eq!((target.stored("a", &digest), target.open_sessions()), (None, 0));
}

#[tokio::test]
async fn a_head_without_digest_is_followed_by_a_get() {
    let fake = Fake::start(Options { content_digest: false, ..Options::default() });
    let image = image(b"layer");
    fake.manifest("a", "v1", media_type::OCI_MANIFEST, image.bytes);
    let registry = anonymous(&fake);
    let head = registry.head_manifest("a", &Reference::tag("v1")).await.unwrap().unwrap();
    assert_eq!(head, image.descriptor);
    assert_eq!(registry.requests(), [("HEAD manifest".to_owned(), 1), ("GET manifest".to_owned(), 1)].into());
}

#[tokio::test]
async fn manifests_that_are_not_what_was_asked_for_are_refused() {
    let fake = Fake::start(Options::default());
    let registry = anonymous(&fake);
    let digest = Digest::sha256(b"what was asked for");
    fake.forge("a", &digest, media_type::OCI_MANIFEST, image(b"something else").bytes);
    assert_eq!(kind(registry.get_manifest("a", &Reference::from(&digest)).await), Some(Kind::Mismatch));

    let flood = vec![b' '; usize::try_from(MANIFEST_BYTES_MAX).unwrap() + 1];
    fake.manifest("a", "flood", media_type::OCI_MANIFEST, flood);
    fake.manifest("a", "confusion", media_type::OCI_INDEX, r#"{"manifests":[],"layers":[],"config":{}}"#);
    for tag in ["flood", "confusion"] {
        assert_eq!(
            kind(registry.get_manifest("a", &Reference::tag(tag)).await),
            Some(Kind::Invalid),
            "{tag}"
        );
    }
    assert_eq!(kind(registry.head_manifest("a", &Reference::tag("flood")).await), Some(Kind::Invalid));
}

#[tokio::test]
async fn a_failure_to_list_referrers_is_never_an_empty_list() {
    let subject = image(b"layer");
    let digest = &subject.descriptor.digest;
    let tag = digest.dashed();
    let fallback = |status: u16| Fault {
        path_end: tag.clone(),
        retry_after: Some(3600),
        ..Fault::new("GET manifest", status, usize::MAX)
    };
    let cases = [
        (Referrers::Status(403), vec![], Kind::Denied),
        (Referrers::Status(400), vec![], Kind::Invalid),
        (Referrers::Off, vec![fallback(403)], Kind::Denied),
        (Referrers::Off, vec![fallback(429)], Kind::RateLimited),
    ];
    for (referrers, faults, expected) in cases {
        let fake = Fake::start(Options { referrers, faults, ..Options::default() });
        let result = anonymous(&fake).referrers("a", digest).await;
        assert_eq!(kind(result), Some(expected), "{referrers:?}");
    }
    let fake = Fake::start(Options { referrers: Referrers::Off, ..Options::default() });
    fake.manifest("a", &tag, media_type::OCI_MANIFEST, subject.bytes.clone());
    let squatted = anonymous(&fake).referrers("a", digest).await;
    assert_eq!(kind(squatted), Some(Kind::Invalid), "the fallback tag holds an image");
}

#[tokio::test]
async fn referrers_are_read_page_by_page() {
    let fake = Fake::start(Options { page: Some(2), ..Options::default() });
    let subject = image(b"layer");
    for note in ["1", "2", "3", "4", "5"] {
        fake.manifest("a", "", media_type::OCI_MANIFEST, artifact(&subject, note).bytes);
    }
    let registry = anonymous(&fake);
    assert_eq!(registry.referrers("a", &subject.descriptor.digest).await.unwrap().len(), 5);
    assert_eq!(registry.requests()["GET referrers"], 3);
}

#[tokio::test]
async fn a_list_of_referrers_that_is_null_is_empty() {
    let quirks = Quirks { null_lists: true, ..Quirks::default() };
    let fake = Fake::start(Options { quirks, ..Options::default() });
    let subject = image(b"layer");
    let registry = anonymous(&fake);
    assert_eq!(registry.referrers("a", &subject.descriptor.digest).await.unwrap(), []);
    fake.manifest("a", "", media_type::OCI_MANIFEST, artifact(&subject, "1").bytes);
    assert_eq!(registry.referrers("a", &subject.descriptor.digest).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_registry_that_says_nothing_about_the_subject_gets_the_fallback_tag() {
    for answered in [true, false] {
        let fake = Fake::start(Options { oci_subject: answered, ..Options::default() });
        fake.blob("a", "{}");
        let subject = image(b"layer");
        let digest = &subject.descriptor.digest;
        let written = anonymous(&fake).put_referrer("a", digest, &artifact(&subject, "x")).await.unwrap();
        assert_eq!(written.subject_indexed, answered);
        assert_eq!(fake.tag("a", &digest.dashed()).is_some(), !answered);
    }
}

#[tokio::test]
async fn concurrent_writers_of_one_fallback_index_lose_nothing() {
    let fake = Fake::start(Options { referrers: Referrers::Off, ..Options::default() });
    fake.blob("a", "{}");
    let (registry, subject) = (anonymous(&fake), image(b"layer"));
    let artifacts: Vec<_> = (0..8).map(|n| artifact(&subject, &n.to_string())).collect();
    let digest = &subject.descriptor.digest;
    let writes = artifacts.iter().map(|artifact| registry.put_referrer("a", digest, artifact));
    for written in futures_util::future::join_all(writes).await {
        assert!(!written.unwrap().subject_indexed);
    }
    assert_eq!(registry.referrers("a", digest).await.unwrap().len(), 8);
}

#[tokio::test]
async fn an_entry_that_another_writer_overwrote_is_written_again() {
    let fake = Arc::new(Fake::start(Options { referrers: Referrers::Off, ..Options::default() }));
    fake.blob("a", "{}");
    let subject = image(b"layer");
    let (digest, tag) = (subject.descriptor.digest.clone(), subject.descriptor.digest.dashed());
    let (other, writes) = (Arc::downgrade(&fake), AtomicUsize::new(0));
    fake.on_write(move |event| {
        let ours = event.kind == WriteKind::Tag && event.reference == tag && event.phase == Phase::After;
        if ours && writes.fetch_add(1, Ordering::Relaxed) == 0 {
            let empty =
                format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, media_type::OCI_INDEX);
            other.upgrade().unwrap().manifest("a", &tag, media_type::OCI_INDEX, empty);
        }
    });
    let registry = anonymous(&fake);
    registry.put_referrer("a", &digest, &artifact(&subject, "kept")).await.unwrap();
    assert_eq!(registry.referrers("a", &digest).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_blob_collected_before_the_manifest_is_named() {
    let fake = Fake::start(Options::default());
    let (config, layer) = (fake.blob("a", "{}"), fake.blob("a", "layer"));
    fake.collect("a", &layer);
    let image = image(b"layer");
    let tag = Reference::tag("v1");
    let result = anonymous(&fake).put_manifest("a", &tag, media_type::OCI_MANIFEST, image.bytes).await;
    assert_eq!(kind(result), Some(Kind::NotFound), "uploading again helps");
    assert!(fake.stored("a", &config).is_some());
}
