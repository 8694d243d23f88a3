//! A whole run into a mirror of each kind, with everything switched on that the kind does at once.

use fondaco::registry::quirks;

use super::*;
use crate::{
    fake::{Chunks, Mounts, Referrers, Shared, Subjects, Tags},
    http::HttpScenario,
};

/// Returns the switches of a registry of this kind.
fn played(kind: RegistryKind) -> Options {
    let mut options = Options::default();
    match kind {
        RegistryKind::DockerHub => options.referrers = Referrers::Off,
        RegistryKind::Ecr => {
            options.ways.mount_after_manifest = true;
            options.ways.tags = Tags::Once;
            options.ways.chunks = Chunks::LastWins;
            options.manifest_location = false;
            options.quirks.subjects = Subjects::Minimal;
        }
        RegistryKind::Ghcr => {
            options.referrers = Referrers::Off;
            options.ways.chunks = Chunks::LastWins;
        }
        RegistryKind::Gar => options.ways.chunks = Chunks::Refused,
        RegistryKind::Quay => {
            (options.quirks.mount_needs_from, options.quirks.strict_docker) = (true, true);
        }
        RegistryKind::Harbor | RegistryKind::Ovhcloud => {
            options.quirks.missing_manifest = Some((404, "NOT_FOUND"));
            options.mounts = Mounts::Status(401);
        }
        RegistryKind::Artifactory => {
            (options.mounts, options.ways.shared_blobs) = (Mounts::Status(405), Shared::AfterManifest);
        }
        RegistryKind::Zot => {
            (options.ways.shared_blobs, options.quirks.range_stands_still) = (Shared::Always, true);
        }
        RegistryKind::Aliyun => options.quirks.range_stands_still = true,
        RegistryKind::Distribution | RegistryKind::Distribution2 => {
            (options.referrers, options.quirks.subjects) = (Referrers::Off, Subjects::NotDocker);
        }
        RegistryKind::EcrPublic
        | RegistryKind::Acr
        | RegistryKind::Gitlab
        | RegistryKind::Nexus
        | RegistryKind::Scaleway => {}
    }
    options
}

fn run(known: &quirks::Known) {
    let scenario = HttpScenario::new(Options::default(), played(known.kind));
    let digest = scenario.image("library/nginx", "1");
    let report = scenario.run_as(&["library/nginx"], known.name);
    assert!(report.images[0].consumers[0].promoted, "{}: {}", known.name, report.text());
    assert_eq!(scenario.mirror.tag("payments/nginx", "1"), Some(digest), "{}", known.name);
    assert_eq!(scenario.mirror.open_sessions(), 0, "{}", known.name);
    let asked = scenario.mirror.log();
    assert!(asked.iter().all(|logged| !logged.path.contains("_catalog")), "{}", known.name);
}

#[test]
fn a_run_promotes_into_a_mirror_of_every_kind() {
    std::thread::scope(|scope| {
        for known in quirks::ALL {
            scope.spawn(move || run(known));
        }
    });
}
