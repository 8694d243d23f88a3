//! What a copy costs: the formula of the project's registry reference, pinned request by request.

use std::collections::BTreeMap;

use fondaco::registry::{Behaviour, MountSupport};

use super::*;
use crate::fake::{Fake, Mounts, Options};

const BASE: &[u8] = b"the base layer that all images share";

const NAMES: [&str; 6] = ["debian", "nginx", "python", "postgres", "jre", "node"];

/// Six images on one shared layer under `times` names each: 6 layers and 6 configurations in all.
fn set(registry: &Fake, times: usize) -> Vec<String> {
    let mut names = vec![];
    for copy in 0..times {
        for image_name in NAMES {
            let name = format!("x{copy:02}-{image_name}");
            match image_name {
                "debian" => image(registry, &name, &[BASE]),
                own => image(registry, &name, &[BASE, format!("the layer of {own}").as_bytes()]),
            };
            names.push(name);
        }
    }
    names
}

/// Both registries' requests together, by action.
fn requests(fakes: &[&Fake]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for fake in fakes {
        for (action, count) in fake.counts() {
            *all.entry(action).or_default() += count;
        }
        fake.clear_log();
    }
    all
}

fn counts<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.into_iter().map(|(action, count)| (action.to_owned(), count)).collect()
}

/// Cold: per image 2 HEAD, a manifest GET and a manifest PUT; per unique blob HEAD, GET, POST and PUT; per further
/// (repository, blob) one mount. Warm: per image 2 HEAD.
#[tokio::test]
async fn a_copy_costs_what_the_formula_says() {
    for (times, images, mounts, cold_total) in [(1, 6, 5, 77), (17, 102, 277, 733)] {
        let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
        let names = set(&up, times);
        let (from, to) = (opened(&up, Behaviour::default()), opened(&down, Behaviour::default()));
        let done = sync(&intake(), &from, &to, &names).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        let (asked_up, asked_down) = (requests(&[&up]), requests(&[&down]));
        assert_eq!(asked_up, counts([("HEAD manifest", images), ("GET manifest", images), ("GET blob", 12)]));
        let expected = counts([
            ("HEAD manifest", images),
            ("PUT manifest", images),
            ("HEAD blob", 12),
            ("POST upload", 12),
            ("PUT upload", 12),
            ("POST mount", mounts),
        ]);
        assert_eq!(asked_down, expected);
        assert_eq!(asked_up.values().chain(asked_down.values()).sum::<u64>(), cold_total);
        // Warm, by a process that knows nothing of the first one.
        sync(&intake(), &from, &to, &names).await;
        assert_eq!(requests(&[&up, &down]), counts([("HEAD manifest", 2 * images)]));
        for name in names {
            assert_eq!(down.tag(&name, "v1"), up.tag(&name, "v1"));
        }
    }
}

/// Where blobs can only be mounted once a manifest names them, the same requests are made in another order.
#[tokio::test]
async fn mounts_wait_for_the_manifest_where_the_registry_needs_it() {
    let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
    let names = set(&up, 2);
    let behaviour = Behaviour { mount: MountSupport::AfterManifest, ..Behaviour::default() };
    let (from, to) = (opened(&up, Behaviour::default()), opened(&down, behaviour));
    let done = sync(&intake(), &from, &to, &names).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let mut written = std::collections::BTreeSet::new();
    for logged in down.log() {
        let repository = logged.path.trim_start_matches("/v2/").split('/').next().unwrap().to_owned();
        match logged.action.as_str() {
            "PUT manifest" => drop(written.insert(repository)),
            "POST mount" => {
                let from = logged.query.split("from=").nth(1).unwrap();
                assert!(written.contains(from), "{from} was mounted from before its manifest");
            }
            _ => {}
        }
    }
    assert_eq!((up.counts()["GET blob"], down.counts()["POST mount"]), (12, 22));
}

/// A refused mount is made up for inside the target registry: upstream is read once all the same.
#[tokio::test]
async fn upstream_is_read_once_where_mounts_are_refused() {
    let refused = [Mounts::Session, Mounts::Status(401), Mounts::Status(404)];
    let cases = refused.map(|mounts| (mounts, MountSupport::Immediate, 5));
    for (mounts, mount, asked) in cases.into_iter().chain([(Mounts::Honest, MountSupport::Never, 0)]) {
        let up = Fake::start(Options::default());
        let down = Fake::start(Options { mounts, ..Options::default() });
        let names = set(&up, 1);
        let behaviour = Behaviour { mount, ..Behaviour::default() };
        let (from, to) = (opened(&up, Behaviour::default()), opened(&down, behaviour));
        let done = sync(&intake(), &from, &to, &names).await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        assert_eq!(up.counts()["GET blob"], 12);
        let counts = down.counts();
        assert_eq!((counts["GET blob"], counts["PUT upload"]), (5, 17), "{mounts:?}");
        assert_eq!(counts.get("POST mount").copied().unwrap_or(0), asked);
        assert_eq!(down.open_sessions(), 0);
    }
}

/// Where blobs are shared without a mount (Artifactory), looking comes first and nothing is moved or mounted.
#[tokio::test]
async fn a_registry_that_shares_blobs_is_looked_at_first() {
    let (up, down) = (Fake::start(Options::default()), Fake::start(Options::default()));
    let names = set(&up, 1);
    for name in &names[1..] {
        down.blob(name, BASE);
    }
    let behaviour = Behaviour { head_first: true, ..Behaviour::default() };
    let (from, to) = (opened(&up, Behaviour::default()), opened(&down, behaviour));
    let done = sync(&intake(), &from, &to, &names).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(down.counts().get("POST mount"), None);
    assert_eq!(down.counts()["HEAD blob"], 17);
}

/// Several registries get the same bytes from one read.
#[tokio::test]
async fn several_registries_are_fed_from_one_read() {
    let up = Fake::start(Options::default());
    let targets =
        [Fake::start(Options::default()), Fake::start(Options::default()), Fake::start(Options::default())];
    let names = set(&up, 1);
    let from = opened(&up, Behaviour::default());
    let mut copies = vec![];
    for target in &targets {
        let to = opened(target, Behaviour::default());
        for name in &names {
            copies.push(copy(&from, name, &up.tag(name, "v1").unwrap(), &to, name));
        }
    }
    let done = copied(&intake(), copies).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(up.counts()["GET blob"], 12);
    for target in &targets {
        assert_eq!((target.counts()["PUT upload"], target.counts()["POST mount"]), (12, 5));
        assert_eq!(target.tag("x00-node", "v1"), up.tag("x00-node", "v1"));
    }
}
