//! Sources and targets that break: what is tried again, what the user reads, and that nothing half copied is named.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fondaco::{model::Kind, registry::Behaviour};

use super::*;
use crate::fake::{BlobFault, Fake, Fault, Options, Phase, WriteKind};

const LAYER: &[u8] = b"0123456789 a layer of some bytes, enough to break in the middle";

/// Copies an image of one layer; returns the failure, if any.
async fn one(up: &Fake, down: &Fake) -> Option<Arc<IntakeError>> {
    let digest = image(up, "app", &[LAYER]);
    let (from, to) = (opened(up, Behaviour::default()), opened(down, Behaviour::default()));
    let failure = copied(&intake(), vec![copy(&from, "app", &digest, &to, "app")]).await.pop().unwrap().err();
    to.settle().await;
    failure
}

fn nothing_is_left(down: &Fake, what: &str) {
    assert_eq!(down.tags("app"), [].into(), "{what}");
    assert_eq!(down.open_sessions(), 0, "{what}");
    assert!(!down.blobs().contains(&("app".to_owned(), Digest::sha256(LAYER))), "{what}");
}

#[tokio::test]
async fn bytes_that_are_not_the_blob_are_told_and_never_named() {
    let length = LAYER.len();
    let cases = [
        (BlobFault::Corrupt, Kind::Mismatch, "whose digest is".to_owned(), 1),
        (BlobFault::Truncated(length - 1), Kind::Mismatch, format!("delivered {} bytes of", length - 1), 1),
        // Taken up by a range each time, and broken each time.
        (BlobFault::Dropped(4), Kind::Unavailable, "failed at blob".to_owned(), 3 * 4),
    ];
    for (fault, kind, words, most_reads) in cases {
        let up = Fake::start(Options { blob_fault: Some(fault), ..Options::default() });
        // A target that stores whatever it is told to.
        let down = Fake::start(Options { accept_any_digest: true, ..Options::default() });
        let error = one(&up, &down).await.unwrap();
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert!(error.to_string().contains(&words) && error.to_string().contains(&up.address), "{error}");
        nothing_is_left(&down, &error.to_string());
        // The configuration breaks in the same way; neither is read more often than is said above.
        assert!(up.counts()["GET blob"] <= 2 * most_reads, "{:?}", up.counts());
    }
}

#[tokio::test]
async fn a_source_without_ranges_that_breaks_is_read_again_from_its_start() {
    let up = Arc::new(Fake::start(Options::default()));
    let fault = Some(BlobFault::Dropped(LAYER.len() - 1));
    up.set(|options| (options.blob_fault, options.range) = (fault, false));
    let down = Fake::start(Options::default());
    let source = Arc::downgrade(&up);
    down.on_write(move |event| {
        // The broken upload is closed: from now on the source is well.
        if event.method == "DELETE" && event.phase == Phase::After {
            source.upgrade().unwrap().set(|options| options.blob_fault = None);
        }
    });
    assert!(one(&up, &down).await.is_none());
    assert_eq!((down.tag("app", "v1"), down.open_sessions()), (up.tag("app", "v1"), 0));
}

#[tokio::test]
async fn a_target_that_breaks_gets_a_new_session_a_bounded_number_of_times() {
    for (status, times, fails) in [(503, 2, false), (503, usize::MAX, true), (403, usize::MAX, true)] {
        let up = Fake::start(Options::default());
        let faults = vec![Fault::new("PUT upload", status, times)];
        let down = Fake::start(Options { faults, ..Options::default() });
        let failure = one(&up, &down).await;
        assert_eq!(failure.is_some(), fails, "{status} {failure:?}");
        if let Some(error) = failure {
            assert!(error.to_string().contains(&down.address), "{error}");
            nothing_is_left(&down, &error.to_string());
        }
        // Two blobs, at most three times each; a refusal is not worth another upload.
        let most = if status == 403 { 2 } else { 6 };
        assert!(down.counts()["PUT upload"] <= most, "{:?}", down.counts());
    }
}

#[tokio::test]
async fn one_target_that_fails_does_not_fail_the_others() {
    let up = Fake::start(Options::default());
    let digest = image(&up, "app", &[LAYER]);
    let good = [Fake::start(Options::default()), Fake::start(Options::default())];
    let bad = Fake::start(Options {
        faults: vec![Fault::new("PUT upload", 403, usize::MAX)],
        ..Options::default()
    });
    let from = opened(&up, Behaviour::default());
    let copies = [&good[0], &bad, &good[1]]
        .map(|fake| copy(&from, "app", &digest, &opened(fake, Behaviour::default()), "app"));
    let done = copied(&intake(), copies.into()).await;
    assert_eq!(done.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "{done:?}");
    assert_eq!(up.counts()["GET blob"], 2, "each blob was read once for all");
    assert_eq!([good[0].tag("app", "v1"), good[1].tag("app", "v1")], [Some(digest.clone()), Some(digest)]);
    nothing_is_left(&bad, "the one that refuses");
}

#[tokio::test]
async fn a_repository_that_is_closed_to_us_does_not_close_the_others() {
    let up = Fake::start(Options::default());
    let down = Fake::start(Options::default());
    let digests = ["one", "two", "three"].map(|name| image(&up, name, &[LAYER]));
    let closed =
        Fault { path_end: "/v2/one/blobs/uploads/".into(), ..Fault::new("POST upload", 403, usize::MAX) };
    down.set(|options| options.faults = vec![closed]);
    let (from, to) = (opened(&up, Behaviour::default()), opened(&down, Behaviour::default()));
    let copies = ["one", "two", "three"].iter().zip(&digests);
    let copies = copies.map(|(name, digest)| copy(&from, name, digest, &to, name)).collect();
    let done = copied(&intake(), copies).await;
    assert_eq!(done.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, true], "{done:?}");
    // The second one took its place, and the third one mounted from there.
    assert_eq!((down.counts()["PUT upload"], down.counts()["POST mount"]), (2, 2));
}

#[tokio::test]
async fn a_blob_that_is_collected_before_the_manifest_is_uploaded_again() {
    let up = Fake::start(Options::default());
    let down = Arc::new(Fake::start(Options::default()));
    let (target, collected) = (Arc::downgrade(&down), AtomicBool::new(false));
    down.on_write(move |event| {
        if event.kind == WriteKind::Tag
            && event.phase == Phase::Before
            && !collected.swap(true, Ordering::Relaxed)
        {
            target.upgrade().unwrap().collect("app", &Digest::sha256(LAYER));
        }
    });
    let failure = one(&up, &down).await;
    assert!(failure.is_none(), "{failure:?}");
    assert!(down.stored("app", &Digest::sha256(LAYER)).is_some());
    assert_eq!((down.tag("app", "v1"), down.counts()["PUT manifest"]), (up.tag("app", "v1"), 2));
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_no_upload_session() {
    let up = Fake::start(Options::default());
    let down = Fake::start(Options::default());
    let digest = image(&up, "app", &[LAYER]);
    let begun = CancellationToken::new();
    let hook = begun.clone();
    down.on_write(move |event| {
        if event.method == "POST" && event.phase == Phase::After {
            hook.cancel();
        }
    });
    let (from, to) = (opened(&up, Behaviour::default()), opened(&down, Behaviour::default()));
    {
        let intake = intake();
        let copies = Copies::plan(&intake, vec![copy(&from, "app", &digest, &to, "app")]).await;
        let never = CancellationToken::new();
        tokio::select! {
            biased;
            () = begun.cancelled() => {}
            () = copies.run(&never) => {}
        }
    }
    to.settle().await;
    assert_eq!(down.open_sessions(), 0);
}

#[tokio::test]
async fn a_drained_run_begins_nothing_and_says_so() {
    let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
    let digest = image(&up, "app", &[LAYER]);
    let (from, to) = (opened(&up, Behaviour::default()), opened(&down, Behaviour::default()));
    let intake = intake();
    let copies = Copies::plan(&intake, vec![copy(&from, "app", &digest, &to, "app")]).await;
    let stopped = CancellationToken::new();
    stopped.cancel();
    copies.run(&stopped).await;
    assert!(matches!(&*copies.copied(0).await.unwrap_err(), IntakeError::Stopped));
    assert_eq!(down.counts(), [].into());
}
