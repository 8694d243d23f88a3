//! `fondaco doctor` as a whole: what it says of a world, and what it leaves in Git.

use std::sync::Arc;

use fondaco::{
    doctor::{self, Examination},
    evidence::{Document as _, REGISTRIES_LOCK, RegistriesLock},
    reconcile::{State, World, record_capabilities},
    registry::{MountSupport, probe::Level},
};

use crate::{
    fake::{Fake, Fault, Mounts, Options},
    http::HttpScenario,
    scenario::{Scenario, manifests},
    tiny,
};

fn examine(world: &World, state: &State) -> Examination {
    tokio::runtime::Runtime::new().unwrap().block_on(doctor::examine(world, state))
}

fn record(world: &World, found: &Examination) -> Option<String> {
    let recorded = record_capabilities(world, &found.capabilities);
    tokio::runtime::Runtime::new().unwrap().block_on(recorded).unwrap()
}

/// Returns the findings of a level as `where: what`.
fn of(found: &Examination, level: Level) -> Vec<String> {
    let findings = found.findings.iter().filter(|finding| finding.said.level == level);
    findings.map(|finding| format!("{}: {}", finding.place, finding.said.what)).collect()
}

fn clock(text: &str) -> Options {
    Options { headers: vec![("date", text.to_owned())], ..Options::default() }
}

/// The instant of the tests' clock as HTTP writes it.
const NOW: &str = "Sat, 21 Nov 2026 00:00:00 GMT";

fn http(upstream: Options, mirror: Options) -> (HttpScenario, Scenario) {
    let fakes = HttpScenario::new(upstream, mirror);
    fakes.image("library/nginx", "1");
    let scenario = Scenario::new(&fakes.manifests(&["library/nginx"]));
    let folder = scenario.path("advisories");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("1.json"), tiny::ADVISORY).unwrap();
    scenario.import_from(&folder);
    (fakes, scenario)
}

fn at_now() -> Options {
    clock(NOW)
}

#[test]
fn a_world_in_order_has_no_errors_and_no_warnings() {
    let (fakes, scenario) = http(at_now(), at_now());
    let before = (fakes.mirror.named(), fakes.upstream.named());
    let found = examine(&scenario.world(1), &scenario.state());
    assert_eq!(of(&found, Level::Error), [""; 0]);
    assert_eq!(of(&found, Level::Warning), [""; 0]);
    assert_eq!((fakes.mirror.named(), fakes.upstream.named()), before);
    assert_eq!(fakes.mirror.open_sessions(), 0);
    let written = fakes.upstream.log().iter().filter(|l| !l.action.starts_with("HEAD")).count();
    assert_eq!(written, 0, "upstreams are looked at: {:?}", fakes.upstream.log());
    assert_eq!(found.capabilities.keys().collect::<Vec<_>>(), [&fakes.mirror.address]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let late = clock("Fri, 20 Nov 2026 23:00:00 GMT");
    let headers = vec![("date", NOW.to_owned()), ("ratelimit-remaining", "76;w=21600".to_owned())];
    let faults = vec![Fault::new("HEAD manifest", 403, usize::MAX)];
    let upstream = Options { headers, faults, ..Options::default() };
    let (fakes, scenario) = http(upstream, late);
    let mut world = scenario.world(1);
    world.open_signer = Arc::new(|signing| {
        let error = format!("key `{}`: no such file", signing.key.place());
        Box::pin(async move { Err(error) })
    });
    world.remote = "nowhere".into();
    let found = examine(&world, &scenario.state());
    let errors = of(&found, Level::Error);
    let (upstream, mirror) = (&fakes.upstream.address, &fakes.mirror.address);
    for expected in ["git: remote `nowhere` does not exist", "signing key: key `keys/acme.key`: no such file"]
    {
        assert!(errors.iter().any(|error| error.starts_with(expected)), "{expected}: {errors:?}");
    }
    assert!(
        errors.iter().any(|e| e.starts_with(&format!("{upstream} upstream: `{upstream}` denied"))),
        "{errors:?}"
    );
    let clock = format!("{mirror}: its clock and ours are 3600 s apart");
    assert!(
        of(&found, Level::Warning).iter().any(|w| w.starts_with(&clock)),
        "{:?}",
        of(&found, Level::Warning)
    );
    let limits = format!("{upstream} upstream: ratelimit-remaining: 76;w=21600");
    assert!(of(&found, Level::Note).contains(&limits), "{:?}", of(&found, Level::Note));
    assert!(found.has_errors());
    let todo =
        found.findings.iter().filter(|f| f.said.level >= Level::Warning).all(|f| f.said.todo.is_some());
    assert!(todo, "whoever reads of a problem reads what to do");
}

#[test]
fn missing_advisories_and_unreachable_registries_are_found() {
    let fakes = HttpScenario::new(at_now(), at_now());
    fakes.image("library/nginx", "1");
    let gone = Fake::start(Options::default()).address.clone();
    let manifests = fakes.manifests(&["library/nginx"]).replace(&fakes.mirror.address, &gone);
    let scenario = Scenario::new(&manifests);
    let found = examine(&scenario.world(1), &scenario.state());
    assert!(of(&found, Level::Warning)[0].starts_with("advisories: no advisory bundle is pinned"));
    let errors = of(&found, Level::Error);
    assert!(errors.len() == 1 && errors[0].starts_with(&format!("{gone}: `{gone}` failed")), "{errors:?}");
    assert!(found.capabilities.is_empty());
}

#[test]
fn a_quarantine_that_takes_no_writes_is_an_error() {
    let mirror = Options { faults: vec![Fault::new("POST upload", 403, usize::MAX)], ..at_now() };
    let fakes = HttpScenario::new(at_now(), mirror);
    fakes.image("library/nginx", "1");
    let scenario = Scenario::new(&fakes.manifests(&["library/nginx"]));
    let found = examine(&scenario.world(1), &scenario.state());
    let expected = format!("{} write: its ways are not known", fakes.mirror.address);
    assert!(of(&found, Level::Error)[0].starts_with(&expected), "{:?}", of(&found, Level::Error));
}

#[test]
fn what_registries_do_is_recorded_once() {
    let (fakes, scenario) = http(at_now(), at_now());
    let world = scenario.world(1);
    let tip = scenario.tip();
    let found = examine(&world, &scenario.state());
    assert_eq!(scenario.tip(), tip, "nothing is recorded unless asked for");

    let commit = record(&world, &found).unwrap();
    assert_eq!(commit, scenario.tip().to_string());
    let text = scenario.files()[REGISTRIES_LOCK].clone();
    let lock = RegistriesLock::parse(&text).unwrap();
    assert_eq!(lock.of(&fakes.mirror.address), Some(&found.capabilities[&fakes.mirror.address]));
    assert_eq!(record(&world, &examine(&world, &scenario.state())), None, "the same again is no commit");
    assert_eq!(scenario.state().evidence.registries, Some(lock));

    fakes.mirror.set(|options| options.ways.sha256_only = true);
    assert!(record(&world, &examine(&world, &scenario.state())).is_some());
    let sha512 = scenario.state().evidence.registries.unwrap().registries[0].capabilities.sha512;
    assert_eq!(sha512, Some(false));
    let world = scenario.world(1);
    scenario.run_with(&world).unwrap();
    assert!(scenario.files().contains_key(REGISTRIES_LOCK), "a run keeps the record");
}

#[test]
fn a_run_goes_by_what_is_recorded() {
    let (fakes, scenario) = http(at_now(), Options { mounts: Mounts::Status(405), ..at_now() });
    record(&scenario.world(1), &examine(&scenario.world(1), &scenario.state())).unwrap();
    let world = scenario.world(1);
    scenario.run_with(&world).unwrap();
    let state = scenario.state();
    let behaviour = world.registries.behaviour(&state.desired, &fakes.mirror.address);
    assert_eq!(behaviour.mount, MountSupport::Never);
    let registry = world.registries.get(&state.desired, &fakes.mirror.address).unwrap();
    assert_eq!(registry.behaviour(), &behaviour, "the registry was opened after the record was read");
}

#[test]
fn directories_of_image_layouts_are_fine() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28")], ""));
    let found = examine(&scenario.world(1), &scenario.state());
    assert_eq!(of(&found, Level::Error), [""; 0]);
    assert!(of(&found, Level::Ok).contains(&"upstream.example upstream: holds `library/nginx`".to_owned()));
    assert_eq!(record(&scenario.world(1), &found), None);
    assert!(!scenario.path("mirror").exists(), "nothing is written");
}
