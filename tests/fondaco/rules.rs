//! The twelve rules that never bend, and the tests that fail when one is broken.
//!
//! | rule | tests |
//! |---|---|
//! | 1 evidence before availability | `crash::*` |
//! | 2 tag last | `the_tag_is_the_last_thing_written`, `a_signature_that_does_not_read_back_keeps_the_tag_away` |
//! | 3 digest identity | `what_is_promoted_is_what_was_upstream` |
//! | 4 fail closed, and say which way | `without_advisories_nothing_is_promoted`, `gate::tests`, `trust::tests` |
//! | 5 deciding is pure | `architecture::deciding_is_pure` |
//! | 6 same inputs, same bytes | `thread_count_changes_no_byte`, `a_second_run_does_nothing`, `demo::*` |
//! | 7 a verdict can be replayed | `a_verdict_is_recomputed_from_what_is_recorded` |
//! | 8 one bad image never hides the others | `one_bad_image_never_hides_the_others` |
//! | 9 nothing is deleted | `architecture::nothing_is_deleted`, `withdrawal::*`, `what_nobody_asks_for_any_more_stays` |
//! | 10 hostile input is normal | the limits' own tests, beside each limit |
//! | 11 facts, not conclusions | `render::tests`, `example_pages_make_no_claims` |
//! | 12 no phone home | `only_named_hosts_are_contacted` |

use std::{collections::BTreeMap, fs};

use fondaco::{
    evidence::{self, Document as _, Evidence},
    model::{Digest, Verdict},
    plan::amend::{self, Judging},
};

use crate::{
    fake::{BlobFault, Fault, Options, Phase, WriteKind},
    http::HttpScenario,
    scenario::{Scenario, manifests, now},
    tiny,
};

/// An advisory bundle that knows the demo's distributions and says nothing about its packages.
pub(crate) const SILENT: [&str; 2] = [
    tiny::ADVISORY,
    r#"{"id": "EXAMPLE-2026-0002", "modified": "2026-11-20T00:00:00Z",
     "affected": [{"package": {"ecosystem": "Alpine:v3.22", "name": "not-installed"},
      "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]}"#,
];

fn verdicts(evidence: &Evidence) -> BTreeMap<String, Verdict> {
    let records = evidence.images.iter();
    let verdicts = records.flat_map(|((source, _), record)| {
        record.verdicts.verdicts.iter().map(move |v| (format!("{source} {}", v.consumer), v.verdict))
    });
    verdicts.collect()
}

#[test]
fn without_advisories_nothing_is_promoted() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28")], ""));
    let report = scenario.run().unwrap();
    assert_eq!(report.images[0].consumers[0].verdict, Some(Verdict::Held));
    assert!(report.images[0].consumers[0].reason.as_ref().unwrap().contains("no advisory bundle"));
    assert!(!scenario.path("mirror/payments").exists(), "a held image reaches no distribution");
    assert!(scenario.path("mirror/quarantine/upstream.example/library/nginx").exists());
}

#[test]
fn what_is_promoted_is_what_was_upstream() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28")], ""));
    scenario.import(&SILENT);
    let report = scenario.run().unwrap();
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    let digest: Digest = report.images[0].digest.as_ref().unwrap().parse().unwrap();
    let blob = |root: &str| fs::read(scenario.path(root).join("blobs/sha256").join(digest.hex())).unwrap();
    assert_eq!(blob("upstream/library/nginx"), blob("mirror/payments/nginx"));
    let index: serde_json::Value = serde_json::from_slice(&blob("upstream/library/nginx")).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2, "two platforms, both of them");
    for child in index["manifests"].as_array().unwrap() {
        let child: Digest = child["digest"].as_str().unwrap().parse().unwrap();
        let path = scenario.path("mirror/payments/nginx/blobs/sha256").join(child.hex());
        assert_eq!(Digest::sha256(fs::read(path).unwrap()), child);
    }
}

#[test]
fn a_second_run_does_nothing() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28"), ("library/redis", "7.2")], ""));
    scenario.import(&SILENT);
    scenario.run().unwrap();
    let (tip, mirror) = (scenario.tip(), listing(&scenario));
    let report = scenario.run().unwrap();
    assert!(report.is_idle(), "{}", report.text());
    assert_eq!(scenario.tip(), tip);
    assert_eq!(listing(&scenario), mirror);
}

/// Every file of the mirror with its bytes' digest and the time it was written.
fn listing(scenario: &Scenario) -> Vec<(String, std::time::SystemTime)> {
    let mut found = vec![];
    let mut folders = vec![scenario.path("mirror")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if !entry.file_name().to_string_lossy().contains("lock") {
                found.push((
                    entry.path().display().to_string(),
                    entry.metadata().unwrap().modified().unwrap(),
                ));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn thread_count_changes_no_byte() {
    let images = [("library/nginx", "1.28"), ("library/redis", "7.2"), ("library/postgres", "17")];
    let trees: Vec<_> = [1, 8]
        .map(|parallel| {
            let scenario = Scenario::new(&manifests(&images, ""));
            scenario.import(&SILENT);
            scenario.run_with(&scenario.world(parallel)).unwrap();
            (scenario.tip(), scenario.files())
        })
        .into();
    assert_eq!(trees[0].1, trees[1].1);
    assert_eq!(trees[0].0, trees[1].0, "equal trees, times and authors make equal commits");
}

#[test]
fn a_verdict_is_recomputed_from_what_is_recorded() {
    let scenario =
        Scenario::new(&manifests(&[("library/nginx", "1.28"), ("library/redis", "7.2")], "maxSeverity: low"));
    scenario
        .import_from(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/example-repo/advisories")));
    scenario.run().unwrap();
    let recorded = scenario.state();
    assert!(verdicts(&recorded.evidence).values().any(|verdict| *verdict == Verdict::Refused));
    let lock = recorded.evidence.advisories.clone().unwrap();
    let store = fondaco::advisory::Store::new(scenario.path("bundles"));
    let mut wanted = fondaco::advisory::Wanted::new();
    for record in recorded.evidence.images.values() {
        fondaco::scan::want(&record.packages["packages.txt"], &mut wanted).unwrap();
    }
    let bundle = store.read(&lock.digest, &wanted).unwrap();
    for ((source, _), record) in &recorded.evidence.images {
        // The manifests of the commit that the record names, the packages and signatures as recorded, nothing else.
        let commit = scenario.repository.resolve(&record.verdicts.manifest_commit).unwrap();
        let then = fondaco::reconcile::State::read(&scenario.repository, &commit).unwrap();
        // Who scanned is among what is recorded.
        let scanned = record.scan.as_ref().and_then(|scan| scan.scanned.clone()).unwrap();
        let mut bare = record.clone();
        bare.scan = None;
        bare.verdicts.verdicts.clear();
        let evidence = Evidence {
            images: [((source.clone(), record.custody.subject.digest.clone()), bare)].into(),
            ..recorded.evidence.clone()
        };
        let observed = fondaco::plan::Observed::default();
        let mut desired = then.desired;
        for image in &mut desired.images {
            image.digest = (image.source == *source).then(|| record.custody.subject.digest.clone());
        }
        let judging = Judging {
            desired: &desired,
            bundle: Some(&bundle),
            observed: &observed,
            commit: &record.verdicts.manifest_commit,
            now: record.verdicts.judged_at,
            actor: &record.custody.hops[0].actor,
            tool: &scanned.tool,
        };
        let resolved = fondaco::plan::resolve(&desired, &recorded.evidence.lock, &observed);
        let amended = amend::amend(&judging, &evidence, &resolved, &amend::Facts::new()).unwrap();
        let again = amended.evidence.image(source, &record.custody.subject.digest).unwrap();
        assert_eq!(again.verdicts.text(), record.verdicts.text());
        assert_eq!(again.scan.as_ref().unwrap().text(), record.scan.as_ref().unwrap().text());
    }
}

#[test]
fn one_bad_image_never_hides_the_others() {
    let scenario = HttpScenario::new(Options::default(), Options::default());
    let good = scenario.image("library/good", "1");
    scenario.image("library/bad", "1");
    scenario.upstream.set(|options| {
        options.faults.push(Fault {
            path_end: "library/bad/manifests/1".into(),
            ..Fault::new("HEAD manifest", 403, 9)
        });
    });
    let report = scenario.run(&["library/bad", "library/good", "library/gone"]);
    let by_name = |name: &str| report.images.iter().find(|image| image.image.contains(name)).unwrap();
    assert!(by_name("bad").failure.as_ref().unwrap().contains("denied"), "{}", report.text());
    assert!(by_name("gone").failure.as_ref().unwrap().contains("no tag"), "{}", report.text());
    assert!(by_name("good").consumers[0].promoted, "{}", report.text());
    assert_eq!(scenario.mirror.tag("payments/good", "1"), Some(good));
    assert!(report.has_failures());
}

#[test]
fn corrupt_bytes_from_upstream_reach_no_repository() {
    let scenario =
        HttpScenario::new(Options::default(), Options { accept_any_digest: true, ..Options::default() });
    scenario.image("library/nginx", "1");
    scenario.upstream.set(|options| options.blob_fault = Some(BlobFault::Corrupt));
    let report = scenario.run(&["library/nginx"]);
    assert!(report.images[0].failure.is_some(), "{}", report.text());
    assert_eq!(scenario.mirror.tag("payments/nginx", "1"), None);
    for (repository, digest) in scenario.mirror.blobs() {
        let bytes = scenario.mirror.stored(&repository, &digest).unwrap();
        assert_eq!(Digest::sha256(&bytes), digest, "{repository} holds bytes of another digest");
    }
    assert_eq!(scenario.mirror.open_sessions(), 0, "sessions are closed");
}

#[test]
fn the_tag_is_the_last_thing_written() {
    let scenario = HttpScenario::new(Options::default(), Options::default());
    scenario.image("library/nginx", "1");
    let writes = scenario.watch_writes();
    let report = scenario.run(&["library/nginx"]);
    assert!(report.images[0].consumers[0].promoted, "{}", report.text());
    let writes = writes.lock().unwrap();
    let promoted: Vec<_> =
        writes.iter().filter(|w| w.repository == "payments/nginx" && w.phase == Phase::After).collect();
    let last = promoted.last().unwrap();
    assert_eq!((last.kind, last.reference.as_str()), (WriteKind::Tag, "1"));
    assert_eq!(promoted.iter().filter(|w| w.reference == "1").count(), 1);
}

#[test]
fn a_signature_that_does_not_read_back_keeps_the_tag_away() {
    let scenario = HttpScenario::new(Options::default(), Options::default());
    let digest = scenario.image("library/nginx", "1");
    scenario.mirror.set(|options| {
        let path_end = format!("payments/nginx/manifests/{}.sig", digest.dashed());
        options.faults.push(Fault { path_end, ..Fault::new("GET manifest", 500, 1000) });
    });
    let report = scenario.run(&["library/nginx"]);
    assert!(report.images[0].consumers[0].failure.is_some(), "{}", report.text());
    assert_eq!(scenario.mirror.tag("payments/nginx", "1"), None);
}

#[test]
fn only_named_hosts_are_contacted() {
    let scenario = HttpScenario::new(Options::default(), Options::default());
    scenario.image("library/nginx", "1");
    let report = scenario.run(&["library/nginx"]);
    let hosts: Vec<&String> = report.requests.keys().collect();
    let mut named = vec![&scenario.upstream.address, &scenario.mirror.address];
    named.sort();
    assert_eq!(hosts, named);
}

#[test]
fn what_nobody_asks_for_any_more_stays() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28"), ("library/redis", "7.2")], ""));
    scenario.import(&SILENT);
    scenario.run().unwrap();
    let before = scenario.files();
    scenario.push(&[("fondaco.yaml", &manifests(&[("library/nginx", "1.28")], ""))]);
    scenario.run().unwrap();
    let after = scenario.files();
    let records = |files: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        files.keys().filter(|path| evidence::is_record(path)).cloned().collect()
    };
    assert_eq!(records(&before), records(&after));
    assert!(scenario.path("mirror/payments/redis/index.json").exists());
}

#[test]
fn a_push_lost_to_another_writer_is_replayed_on_the_new_tip() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28")], ""));
    scenario.import(&SILENT);
    let world = scenario.world(4);
    // The clock is asked between reading the tip and pushing: a colleague's push fits there, once.
    let once = std::sync::Arc::new(std::sync::Once::new());
    let (repository, path) = (scenario.repository.clone(), scenario.path("manifests"));
    let clock = move || {
        once.call_once(|| {
            assert!(path.exists());
            let tip = repository.fetch("origin", "main").unwrap().unwrap();
            let changes = [("NOTES.md".to_owned(), Some(b"by a colleague".to_vec()))].into();
            let commit = repository.commit(&tip, &changes, "Note", &crate::scenario::author()).unwrap();
            repository.push("origin", "main", &commit, &tip).unwrap();
        });
        now()
    };
    let world = fondaco::reconcile::World { clock: std::sync::Arc::new(clock), ..world };
    let report = scenario.run_with(&world).unwrap();
    assert_eq!(report.commits.len(), 2, "{}", report.text());
    let files = scenario.files();
    assert_eq!(files["NOTES.md"], b"by a colleague");
    assert!(files.keys().any(|path| path.ends_with("custody.json")));
    assert!(report.images[0].consumers[0].promoted);
}

#[test]
fn the_log_of_events_is_whole() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28")], ""));
    scenario.import(&SILENT);
    scenario.run().unwrap();
    evidence::check(&scenario.files()).unwrap();
}

/// Rule 11 on the pages a visitor reads on the forge.
#[test]
fn example_pages_make_no_claims() {
    let scenario = Scenario::new(&manifests(&[("library/nginx", "1.28"), ("library/redis", "7.2")], ""));
    scenario.import(&SILENT);
    scenario.run().unwrap();
    for (path, bytes) in scenario.files().iter().filter(|(path, _)| evidence::is_page(path)) {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        for claim in ["compliant", "sovereign", "adequate", "certified"] {
            assert!(!text.contains(claim), "{path} says `{claim}`");
        }
    }
}
