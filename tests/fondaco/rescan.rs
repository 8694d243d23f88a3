//! Newer advisories for what is held: `rescan` judges from records, touches no image, and commits only what is new.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use fondaco::{
    evidence::EventKind,
    model::Verdict,
    reconcile::{self, RescanReport},
    trust::sign,
};

use crate::scenario::{Scenario, manifests};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/example-repo/advisories");

/// An advisory about the package that the nginx image of the demonstration has, too mild to matter.
fn mild() -> String {
    serde_json::json!({
        "id": "DEBIAN-CVE-2026-90001", "upstream": ["CVE-2026-90001"], "modified": "2026-11-20T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": "Debian:12", "name": "nginx"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            "ecosystem_specific": {"urgency": "low"},
        }],
    })
    .to_string()
}

/// CISA's catalogue with that vulnerability in it.
const EXPLOITED: &str = r#"{"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.11.21",
 "dateReleased": "2026-11-20T15:00:00.0000Z", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-90001",
 "vendorProject": "nginx", "product": "nginx", "vulnerabilityName": "x", "dateAdded": "2026-11-19",
 "shortDescription": "x", "requiredAction": "x", "dueDate": "2026-12-10", "knownRansomwareCampaignUse": "Unknown"}]}"#;

/// A scenario whose nginx image was promoted under the examples' advisories.
fn promoted() -> Scenario {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28")], "maxSeverity: high"));
    import(&scenario, &[("mild.json", &mild())]);
    let report = scenario.run().unwrap();
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    scenario
}

/// Pins the examples' advisories with these files beside them.
fn import(scenario: &Scenario, files: &[(&str, &str)]) {
    let folder = scenario.path("advisories");
    fs::create_dir_all(&folder).unwrap();
    for example in fs::read_dir(EXAMPLES).unwrap() {
        let example = example.unwrap().path();
        fs::copy(&example, folder.join(example.file_name().unwrap())).unwrap();
    }
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    scenario.import_from(&folder);
}

fn rescan(scenario: &Scenario) -> RescanReport {
    let world = scenario.world(1);
    tokio::runtime::Runtime::new().unwrap().block_on(reconcile::rescan(&world)).unwrap()
}

/// Returns every file below a folder with its bytes.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names = after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes));
    names.map(|(path, _)| path.clone()).collect()
}

#[test]
fn advisories_that_say_the_same_are_noted_once_and_rewrite_no_record() {
    let scenario = promoted();
    let elsewhere = mild().replace("CVE-2026-90001", "CVE-2026-90002").replace("nginx", "not-installed");
    import(&scenario, &[("elsewhere.json", &elsewhere)]);
    let (before, held) = (scenario.files(), tree(&scenario.path("mirror")));
    let report = rescan(&scenario);
    assert_eq!((report.images, report.changed, report.verdicts.len(), report.exploited.len()), (1, 0, 0, 0));
    assert!(report.commit.is_some(), "that every image was judged by them is worth a commit");
    let files = changed(&before, &scenario.files());
    assert!(files.contains(&"evidence/advisories.json".to_owned()), "{files:?}");
    assert!(
        !files.iter().any(|path| path.ends_with("scan.json") || path.ends_with("verdicts.json")),
        "{files:?}"
    );
    assert_eq!(tree(&scenario.path("mirror")), held, "no registry was touched");

    let again = rescan(&scenario);
    assert_eq!((again.commit.clone(), again.needs_a_person()), (None, false), "{}", again.text());
    assert!(scenario.run().unwrap().is_idle(), "and a run has nothing to do either");
}

#[test]
fn what_is_newly_exploited_refuses_and_says_since_when_that_is_known_here() {
    let scenario = promoted();
    import(&scenario, &[("kev.json", EXPLOITED)]);
    let held = tree(&scenario.path("mirror"));
    let report = rescan(&scenario);
    assert!(report.needs_a_person());
    let [found] = &report.exploited[..] else { panic!("{}", report.text()) };
    assert_eq!((found.id.as_str(), &found.consumers[..]), ("CVE-2026-90001", &["payments".to_owned()][..]));
    let [turned] = &report.verdicts[..] else { panic!("{}", report.text()) };
    assert_eq!(
        (turned.before, turned.now, turned.promoted),
        (Some(Verdict::Cleared), Verdict::Refused, true)
    );
    assert_eq!(
        turned
            .reason
            .as_deref()
            .map(|reason| reason.contains("known to be exploited (CISA KEV since 2026-11-19)")),
        Some(true)
    );
    assert_eq!(tree(&scenario.path("mirror")), held, "what is promoted stays until a person withdraws it");

    let state = scenario.state();
    let record = state.evidence.images.values().next().unwrap();
    let findings = &record.scan.as_ref().unwrap().findings;
    let finding = findings.iter().find(|finding| finding.id == "CVE-2026-90001").unwrap();
    assert_eq!(finding.exploited_seen.map(|at| at.to_string()).as_deref(), Some("2026-11-21T00:00:00Z"));
    let verdicts = state.evidence.log.events().filter(|(_, event)| event.kind == EventKind::Verdict).count();
    assert_eq!(verdicts, 2, "cleared, then refused");

    assert_eq!(rescan(&scenario).commit, None, "said once");
}

#[test]
fn without_a_pinned_bundle_there_is_nothing_to_judge_by() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28")], "maxSeverity: high"));
    let world = scenario.world(1);
    let error = tokio::runtime::Runtime::new().unwrap().block_on(reconcile::rescan(&world)).unwrap_err();
    assert!(error.to_string().contains("none is pinned"), "{error}");
}

const PASSWORD: &str = "password of these tests";

/// Runs the program in the scenario's manifest repository; its folder of what may be lost has this name.
fn program(scenario: &Scenario, cache: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_fondaco"))
        .current_dir(scenario.path("manifests"))
        .args(arguments)
        .env("FONDACO_KEY_PASSWORD", PASSWORD)
        .env("FONDACO_CACHE", scenario.path(cache))
        .env("HOME", scenario.folder.path())
        .env("CI", "true")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A work tree with a key, advisories of two sources and an SBOM.
fn at_work() -> Scenario {
    let scenario = promoted();
    let (sealed, public) = sign::seal(&fondaco::demo::organisation_scalar(), PASSWORD.as_bytes()).unwrap();
    let work = scenario.path("manifests");
    scenario.repository.check_out("main", &scenario.tip()).unwrap();
    fs::create_dir_all(work.join("keys")).unwrap();
    fs::write(work.join("keys/acme.key"), sealed).unwrap();
    fs::write(work.join("acme.pub"), public).unwrap();
    fs::write(scenario.path("mild.json"), mild()).unwrap();
    fs::write(scenario.path("kev.json"), EXPLOITED).unwrap();
    let sbom = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "nginx", "purl": "pkg:deb/debian/nginx@1.28.0-1?arch=amd64&distro=debian-12"}]}"#;
    fs::write(scenario.path("sbom.json"), sbom).unwrap();
    scenario
}

#[test]
fn a_bundle_goes_from_one_runner_to_another_and_is_looked_into() {
    let scenario = at_work();
    let import = [
        "advisories",
        "import",
        "debian=../mild.json",
        "kev=../kev.json",
        "--as-of",
        "2026-11-21T00:00:00Z",
        "--no-push",
    ];
    let (code, told, error) = program(&scenario, "one", &import);
    assert_eq!(code, Some(0), "{error}");
    for said in ["from debian (osv) of 2026-11-21: 1 of 1 records", "from kev (kev)", "Debian:12: 1 records"]
    {
        assert!(told.contains(said), "`{said}` in:\n{told}");
    }
    let (code, told, _) = program(&scenario, "one", &["advisories", "show", "CVE-2026-90001"]);
    assert_eq!(code, Some(0));
    for said in ["exploited by CISA KEV since 2026-11-19", "Debian:12 nginx: every version", "urgency low"] {
        assert!(told.contains(said), "`{said}` in:\n{told}");
    }
    assert_eq!(program(&scenario, "one", &["advisories", "show", "CVE-2026-1"]).0, Some(1));

    let scan = ["scan", "../sbom.json", "--fail-on", "critical"];
    let (code, told, error) = program(&scenario, "one", &scan);
    assert_eq!(code, Some(3), "known to be exploited: {told}{error}");
    assert!(told.contains("low  CVE-2026-90001  nginx  1.28.0-1"), "{told}");
    let (code, _, error) = program(&scenario, "two", &scan);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("fondaco advisories pull"), "{error}");

    let (code, told, error) = program(&scenario, "one", &["advisories", "push"]);
    assert_eq!(code, Some(0), "{told}{error}");
    let (code, _, error) = program(&scenario, "two", &["advisories", "pull"]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(program(&scenario, "two", &scan).0, Some(3), "the same on the other runner");

    // A third one has no lock, and believes the organisation's key alone.
    let work = scenario.path("manifests");
    let lock = fs::read(work.join("lock/advisories.lock.json")).unwrap();
    fs::remove_file(work.join("lock/advisories.lock.json")).unwrap();
    let newest = |key: &str| program(&scenario, "three", &["advisories", "pull", "--newest", "--key", key]);
    let other = sign::create(b"x").unwrap().1;
    fs::write(work.join("other.pub"), other).unwrap();
    let (code, _, error) = newest("other.pub");
    assert_ne!(code, Some(0), "{error}");
    assert!(error.contains("nothing was taken over"), "{error}");
    assert!(!work.join("lock/advisories.lock.json").exists());
    let (code, _, error) = newest("acme.pub");
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(fs::read(work.join("lock/advisories.lock.json")).unwrap(), lock, "the same pin");
}

#[test]
fn a_reviewer_of_a_lock_sees_what_it_changes_for_what_is_held() {
    let scenario = at_work();
    let import =
        ["advisories", "import", "debian=../mild.json", "kev=../kev.json", "--as-of", "2026-11-21T00:00:00Z"];
    let (code, _, error) = program(&scenario, "one", &import);
    assert_eq!(code, Some(0), "{error}");
    let (code, told, error) = program(&scenario, "one", &["advisories", "diff"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(told.contains("~ CVE-2026-90001 low in nginx"), "{told}");
    assert!(told.contains("known to be exploited"), "{told}");
    assert!(told.contains("1 of 1 images change"), "{told}");

    let (code, told, error) = program(&scenario, "one", &["why", "CVE-2026-90001"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(told.contains("cleared for payments on 2026-11-21"), "{told}");
    assert!(told.contains("no reason against clearing"), "{told}");
    assert!(told.contains("source   DEBIAN-CVE-2026-90001 in advisories: every version"), "{told}");
    let (code, told, _) = program(&scenario, "one", &["why", "upstream.example/library/nginx:1.28"]);
    assert_eq!((code, told.contains("nothing speaks against it")), (Some(0), true), "{told}");
    assert_eq!(program(&scenario, "one", &["why", "upstream.example/library/other"]).0, Some(1));
}
