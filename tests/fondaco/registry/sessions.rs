//! Upload sessions that nobody finishes: each is closed, whatever became of whoever opened it.

use std::sync::{Mutex, mpsc};

use fondaco::{
    model::{Digest, Reference, media_type},
    registry::{Deleted, Mount},
};

use super::*;
use crate::fake::{Auth, Fault, Mounts, Options, Phase};

/// The bytes of an upload that is never complete, and a stream that begins it and then waits for ever.
fn endless() -> (Digest, BlobStream) {
    let first = frames(&[b"hello "]);
    (Digest::sha256(b"hello world"), Box::pin(first.chain(stream::pending())))
}

fn bearer() -> Auth {
    let (username, password) = ("robot".to_owned(), "right".to_owned());
    Auth::Bearer { username, password, identity: "identity".to_owned(), anonymous_pull: false }
}

#[tokio::test]
async fn failed_uploads_leave_no_session() {
    let refused =
        |status| Options { faults: vec![Fault::new("PUT upload", status, 9)], ..Options::default() };
    let cases = [
        ("the source fails", Options::default(), true),
        ("the registry fails", refused(500), false),
        ("the registry is full", refused(507), false),
        ("the registry refuses", refused(400), false),
        ("the right to delete is asked for", Options { auth: bearer(), ..Options::default() }, true),
    ];
    for (case, options, source_fails) in cases {
        let fake = Fake::start(options);
        let registry = user(&fake, "right");
        let digest = Digest::sha256(b"hello world");
        let body = if source_fails { broken_off(b"hello") } else { frames(&[b"hello world"]) };
        assert!(registry.put_blob("a", &digest, 11, body).await.is_err(), "{case}");
        assert_eq!(fake.open_sessions(), 0, "{case}");
        assert!(fake.counts()["DELETE upload"] >= 1, "{case}: a session was opened and closed");
    }
}

#[tokio::test]
async fn a_session_that_a_mount_left_is_closed() {
    for auth in [Auth::None, bearer()] {
        let fake = Fake::start(Options { mounts: Mounts::Session, auth, ..Options::default() });
        let digest = fake.blob("from", "x");
        assert_eq!(user(&fake, "right").mount_blob("a", &digest, "from").await, Ok(Mount::Refused));
        assert_eq!(fake.open_sessions(), 0);
    }
}

#[tokio::test]
async fn a_cancelled_upload_leaves_no_session() {
    let fake = Fake::start(Options::default());
    let (told, mut opened) = tokio::sync::mpsc::unbounded_channel();
    fake.on_write(move |event| {
        if event.method == "POST" && event.phase == Phase::After {
            let _ = told.send(());
        }
    });
    let registry = anonymous(&fake);
    let uploader = Arc::clone(&registry);
    let upload = tokio::spawn(async move {
        let (digest, body) = endless();
        uploader.put_blob("a", &digest, 11, body).await
    });
    opened.recv().await.unwrap();
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    registry.settle().await;
    assert_eq!((fake.open_sessions(), fake.counts()["POST upload"]), (0, 1));
}

#[tokio::test]
async fn a_session_that_opens_after_the_upload_was_cancelled_is_closed() {
    for mount in [false, true] {
        let fake = Fake::start(Options { mounts: Mounts::Session, ..Options::default() });
        let (told, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let (cancelled, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        fake.on_write(move |event| {
            if event.method == "POST" && event.phase == Phase::Before {
                let _ = told.send(());
                // Ends also where the test has failed and its side is gone.
                let _ = wait.lock().unwrap().recv();
            }
        });
        let registry = anonymous(&fake);
        let uploader = Arc::clone(&registry);
        let upload = tokio::spawn(async move {
            let (digest, body) = endless();
            if mount {
                uploader.mount_blob("a", &digest, "from").await.map(|_| ())
            } else {
                uploader.put_blob("a", &digest, 11, body).await
            }
        });
        asked.recv().await.unwrap();
        upload.abort();
        assert!(upload.await.unwrap_err().is_cancelled());
        cancelled.send(()).unwrap();
        registry.settle().await;
        assert_eq!((fake.open_sessions(), fake.counts()["DELETE upload"]), (0, 1), "mount: {mount}");
    }
}

/// Puts a tagged image into a repository and returns its digest.
async fn tagged(registry: &dyn Registry, repository: &str) -> Digest {
    let image = image(b"layer");
    for blob in [&b"layer"[..], b"{}"] {
        push(registry, repository, blob).await.unwrap();
    }
    for tag in ["v1", "v2", "v3"] {
        let tag = Reference::tag(tag);
        registry.put_manifest(repository, &tag, media_type::OCI_MANIFEST, image.bytes.clone()).await.unwrap();
    }
    image.descriptor.digest
}

async fn deleting(registry: &dyn Registry) {
    let digest = tagged(registry, "team/app").await;
    let by_digest = Reference::from(&digest);
    let delete = async |reference: &Reference| registry.delete_manifest("team/app", reference).await;
    let there =
        async |reference: &Reference| registry.head_manifest("team/app", reference).await.unwrap().is_some();
    assert_eq!(delete(&Reference::tag("none")).await, Ok(Deleted::Absent));
    assert_eq!(delete(&Reference::from(&Digest::sha256(b"none"))).await, Ok(Deleted::Absent));
    assert_eq!(delete(&Reference::tag("v1")).await, Ok(Deleted::Done));
    assert_eq!(delete(&Reference::tag("v1")).await, Ok(Deleted::Absent));
    assert!(!there(&Reference::tag("v1")).await);
    assert!(there(&Reference::tag("v2")).await && there(&by_digest).await, "the manifest stays");
    assert_eq!(delete(&by_digest).await, Ok(Deleted::Done));
    for gone in [by_digest, Reference::tag("v2"), Reference::tag("v3")] {
        assert!(!there(&gone).await, "{gone}");
    }
    assert!(registry.head_blob("team/app", &Digest::sha256(b"layer")).await.unwrap().is_some());
    tagged(registry, "team/app").await;
    assert!(there(&Reference::tag("v1")).await, "what was deleted can be written again");
}

#[tokio::test]
async fn tags_and_manifests_are_deleted_where_a_registry_does_that() {
    deleting(&*anonymous(&Fake::start(Options::default()))).await;
    deleting(&*user(&Fake::start(Options { auth: bearer(), ..Options::default() }), "right")).await;
    let root = tempfile::tempdir().unwrap();
    deleting(&*directory(root.path())).await;
}

#[tokio::test]
async fn a_registry_that_does_not_delete_says_so() {
    let digest = Reference::from(&Digest::sha256(b"x"));
    let cases = [
        (405, Reference::tag("v1"), Ok(Deleted::Unsupported)),
        (400, Reference::tag("v1"), Ok(Deleted::Unsupported)),
        (501, Reference::tag("v1"), Ok(Deleted::Unsupported)),
        (405, digest.clone(), Ok(Deleted::Unsupported)),
        (400, digest.clone(), Err(fondaco::model::Kind::Invalid)),
        (403, digest, Err(fondaco::model::Kind::Denied)),
    ];
    for (status, reference, expected) in cases {
        let fake = Fake::start(Options {
            faults: vec![Fault::new("DELETE manifest", status, 1)],
            ..Options::default()
        });
        let found = anonymous(&fake).delete_manifest("a", &reference).await.map_err(|error| error.kind());
        assert_eq!(found, expected, "{status} {reference}");
    }
}
