//! Probes against a registry whose every way is known: each finds what the switch says, and nothing stays.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use fondaco::{
    model::media_type,
    registry::{
        Capabilities, ChunkedUpload, MountSupport, ReferrersSupport, SharedBlobs, TagWrites,
        probe::{self, Level, Probed},
    },
};

use super::*;
use crate::fake::{Chunks, Fake, Fault, Mounts, Options, Referrers, Shared, Tags, Ways};

const QUARANTINE: &str = "mirror/quarantine";

async fn probed(fake: &Fake) -> Probed {
    probe::probe(&*user(fake, "right"), QUARANTINE, "once", &|| false).await
}

/// What a registry without switches does.
fn plain() -> Capabilities {
    Capabilities {
        referrers: Some(ReferrersSupport::Api),
        mount: Some(MountSupport::Immediate),
        shared_blobs: Some(SharedBlobs::Never),
        chunked_upload: Some(ChunkedUpload::Works),
        chunk_min_bytes: None,
        deletes_tags: Some(true),
        deletes_manifests: Some(true),
        refused_artifacts: Some(vec![]),
        sparse_index: Some(false),
        nested_index: Some(true),
        sha512: Some(true),
        tags: Some(TagWrites::Move),
        large_manifests: Some(true),
    }
}

fn lines(probed: &Probed) -> String {
    let lines = probed.said.iter().map(|(name, said)| format!("{:?} {name}: {}", said.level, said.what));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_registry_without_peculiarities_passes_every_probe() {
    let bearer = crate::fake::Auth::Bearer {
        username: "robot".to_owned(),
        password: "right".to_owned(),
        identity: String::new(),
        anonymous_pull: false,
    };
    for auth in [crate::fake::Auth::None, bearer] {
        let fake = Fake::start(Options { auth, ..Options::default() });
        let probed = probed(&fake).await;
        assert_eq!(probed.capabilities, plain(), "{}", lines(&probed));
        let worst = probed.said.iter().map(|(_, said)| said.level).max();
        assert_eq!(worst, Some(Level::Note), "only the blobs are noted: {}", lines(&probed));
        assert_eq!((fake.named(), fake.open_sessions()), (BTreeMap::new(), 0));
        let repositories = probe::repositories(QUARANTINE);
        assert!(
            fake.repositories().iter().all(|name| repositories.contains(name)),
            "{:?}",
            fake.repositories()
        );
        let largest = fake.log().iter().filter(|l| l.action != "PUT manifest").map(|l| l.body_bytes).max();
        assert!(largest < Some(4096), "content is tiny: {largest:?}");
    }
}

type Change = fn(&mut Capabilities);

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(&'static str, Options, Change)> {
    let ways = |ways| Options { ways, ..Options::default() };
    vec![
        ("no referrers API", Options { referrers: Referrers::Off, ..Options::default() }, |c| {
            c.referrers = Some(ReferrersSupport::FallbackTag);
        }),
        ("subjects unconfirmed", Options { oci_subject: false, ..Options::default() }, |c| {
            c.referrers = Some(ReferrersSupport::ApiUnconfirmed);
        }),
        ("referrers denied", Options { referrers: Referrers::Status(403), ..Options::default() }, |c| {
            c.referrers = None;
        }),
        ("mounts ignored", Options { mounts: Mounts::Session, ..Options::default() }, |c| {
            c.mount = Some(MountSupport::Never);
        }),
        ("mounts unauthorised", Options { mounts: Mounts::Status(401), ..Options::default() }, |c| {
            c.mount = Some(MountSupport::Never);
        }),
        ("mounts after a manifest", ways(Ways { mount_after_manifest: true, ..Ways::default() }), |c| {
            c.mount = Some(MountSupport::AfterManifest);
        }),
        (
            "blobs shared after a manifest, mounts refused",
            Options {
                mounts: Mounts::Status(405),
                ..ways(Ways { shared_blobs: Shared::AfterManifest, ..Ways::default() })
            },
            |c| {
                c.mount = Some(MountSupport::Never);
                c.shared_blobs = Some(SharedBlobs::AfterManifest);
            },
        ),
        ("blobs shared at once", ways(Ways { shared_blobs: Shared::Always, ..Ways::default() }), |c| {
            c.shared_blobs = Some(SharedBlobs::Always);
        }),
        ("chunks have a minimum", ways(Ways { chunk_min: Some(4096), ..Ways::default() }), |c| {
            c.chunk_min_bytes = Some(4096);
        }),
        ("chunks have a huge minimum", ways(Ways { chunk_min: Some(16 << 20), ..Ways::default() }), |c| {
            c.chunk_min_bytes = Some(16 << 20);
            c.chunked_upload = None;
        }),
        ("chunks refused", ways(Ways { chunks: Chunks::Refused, ..Ways::default() }), |c| {
            c.chunked_upload = Some(ChunkedUpload::Refused);
        }),
        (
            "the last chunk wins and is noticed",
            ways(Ways { chunks: Chunks::LastWins, ..Ways::default() }),
            |c| {
                c.chunked_upload = Some(ChunkedUpload::Corrupts);
            },
        ),
        (
            "the last chunk wins and is confirmed",
            Options { accept_any_digest: true, ..ways(Ways { chunks: Chunks::LastWins, ..Ways::default() }) },
            |c| c.chunked_upload = Some(ChunkedUpload::Corrupts),
        ),
        (
            "SBOMs and Helm charts refused",
            ways(Ways {
                refused_artifacts: vec![
                    media_type::CYCLONEDX.to_owned(),
                    "application/vnd.cncf.helm.config.v1+json".to_owned(),
                ],
                ..Ways::default()
            }),
            |c| {
                let refused = ["application/vnd.cncf.helm.config.v1+json", media_type::CYCLONEDX];
                c.refused_artifacts = Some(refused.map(str::to_owned).to_vec());
                c.referrers = None;
            },
        ),
        ("sparse indexes", ways(Ways { sparse_index: true, ..Ways::default() }), |c| {
            c.sparse_index = Some(true);
        }),
        ("flat indexes", ways(Ways { flat_indexes: true, ..Ways::default() }), |c| {
            c.nested_index = Some(false);
        }),
        ("SHA-256 only", ways(Ways { sha256_only: true, ..Ways::default() }), |c| c.sha512 = Some(false)),
        ("tags of one digest", ways(Ways { tags: Tags::SameDigestOnly, ..Ways::default() }), |c| {
            c.tags = Some(TagWrites::SameDigestOnly);
        }),
        ("tags written once", ways(Ways { tags: Tags::Once, ..Ways::default() }), |c| {
            c.tags = Some(TagWrites::Once);
        }),
        ("small manifests", ways(Ways { manifest_bytes_max: Some(1 << 20), ..Ways::default() }), |c| {
            c.large_manifests = Some(false);
        }),
    ]
}

#[tokio::test]
async fn each_probe_finds_what_the_switch_says() {
    for (case, options, change) in cases() {
        let fake = Fake::start(options);
        let probed = probed(&fake).await;
        let mut expected = plain();
        change(&mut expected);
        assert_eq!(probed.capabilities, expected, "{case}\n{}", lines(&probed));
        assert_eq!((fake.named(), fake.open_sessions()), (BTreeMap::new(), 0), "{case}");
    }
}

#[tokio::test]
async fn what_cannot_be_removed_is_listed() {
    let fake = Fake::start(Options {
        faults: vec![Fault::new("DELETE manifest", 405, usize::MAX)],
        ..Options::default()
    });
    let first = probed(&fake).await;
    let expected = Capabilities {
        deletes_tags: Some(false),
        deletes_manifests: Some(false),
        large_manifests: None,
        ..plain()
    };
    assert_eq!(first.capabilities, expected, "{}", lines(&first));
    let (name, said) = first.said.iter().rfind(|(_, said)| said.level == Level::Warning).unwrap();
    assert_eq!(*name, "cleaning up");
    let left: usize = fake.named().values().map(|(manifests, tags)| manifests.len() + tags.len()).sum();
    assert!(said.what.starts_with(&format!("{left} manifests and tags")), "{}", said.what);

    let named = fake.named();
    let again = probe::probe(&*anonymous(&fake), QUARANTINE, "once", &|| false).await;
    assert_eq!(again.capabilities, expected, "leftovers do not deceive a later probe: {}", lines(&again));
    assert_eq!(fake.named(), named, "and a later probe leaves no more of them");
}

#[tokio::test]
async fn a_probe_that_fails_in_the_middle_leaves_nothing() {
    let actions = [
        "POST upload",
        "PUT upload",
        "PATCH upload",
        "POST mount",
        "PUT manifest",
        "HEAD manifest",
        "HEAD blob",
        "GET blob",
        "GET referrers",
    ];
    for action in actions {
        for times in [1, 3, usize::MAX] {
            let fake =
                Fake::start(Options { faults: vec![Fault::new(action, 403, times)], ..Options::default() });
            let there = image(b"layer");
            fake.manifest("team/app", "v1", media_type::OCI_MANIFEST, there.bytes.clone());
            let before = fake.named();
            let probed = probed(&fake).await;
            assert!(probed.capabilities != plain() || times == 1, "{action} {times}: {}", lines(&probed));
            assert_eq!((fake.named(), fake.open_sessions()), (before, 0), "{action} {times}");
        }
    }
}

#[tokio::test]
async fn an_interrupted_probe_cleans_up() {
    for after in 0..10 {
        let fake = Fake::start(Options::default());
        let asked = AtomicUsize::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) == after;
        let probed = probe::probe(&*anonymous(&fake), QUARANTINE, "once", &stop).await;
        assert_ne!(probed.capabilities, plain());
        assert_eq!((fake.named(), fake.open_sessions()), (BTreeMap::new(), 0), "after {after}");
    }
}

#[tokio::test]
async fn a_registry_we_may_not_write_to_is_only_noted() {
    let fake = Fake::start(Options {
        faults: vec![Fault::new("POST upload", 403, usize::MAX)],
        ..Options::default()
    });
    let probed = probed(&fake).await;
    assert_eq!(probed.capabilities, Capabilities::default());
    let levels: Vec<_> = probed.said.iter().map(|(name, said)| (*name, said.level)).collect();
    assert_eq!(levels[0], ("write", Level::Note));
    assert!(probed.said[0].1.todo.as_ref().unwrap().contains("mirror/quarantine/fondaco-doctor"));
}

#[tokio::test]
async fn a_directory_is_not_probed() {
    let root = tempfile::tempdir().unwrap();
    let registry = directory(root.path());
    assert!(probe::reach(&*registry).await.is_none());
    assert_eq!(probe::probe(&*registry, QUARANTINE, "once", &|| false).await, Probed::default());
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}
