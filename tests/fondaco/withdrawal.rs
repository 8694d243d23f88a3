//! Withdrawal by document: refused from a day on, deleted only where the document says so and its day has come.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use fondaco::{
    evidence::{Event, EventKind, HopKind},
    model::{Digest, Instant, Reference, media_type},
    plan::{self, Recall, Why},
    reconcile::{self, Report, State, World},
};

use crate::{
    fake::{Fault, Options, Phase, WriteEvent, WriteKind},
    http::HttpScenario,
    scenario::Scenario,
    tiny,
};

/// Two images in a mirror, promoted on the day of the tests' clock.
struct Mirrored {
    fakes: HttpScenario,
    scenario: Scenario,
    nginx: Digest,
}

const NGINX: &str = "payments/nginx";

impl Mirrored {
    fn new() -> Self {
        let fakes = HttpScenario::new(Options::default(), Options::default());
        let nginx = fakes.image("library/nginx", "1");
        fakes.image("library/redis", "1");
        let scenario = Scenario::new(&fakes.manifests(&["library/nginx", "library/redis"]));
        let folder = scenario.path("advisories");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("1.json"), tiny::ADVISORY).unwrap();
        scenario.import_from(&folder);
        scenario.run().unwrap();
        assert_eq!(fakes.mirror.tag(NGINX, "1"), Some(nginx.clone()));
        Self { fakes, scenario, nginx }
    }

    /// Commits a withdrawal of tag `1` of nginx from 2026-11-22 on, with these further keys.
    fn withdraw(&self, more: &str) {
        self.withdraw_that(
            &format!("image: \"{}/library/nginx\", tag: \"1\"", self.fakes.upstream.address),
            more,
        );
    }

    /// Commits a withdrawal of one subject.
    fn withdraw_that(&self, subject: &str, more: &str) {
        let text = format!(
            "apiVersion: fondaco/v1alpha1\nkind: Withdrawal\nmetadata: {{name: eol}}\nspec: {{subjects: \
             [{{{subject}}}], reason: end of life, effective: 2026-11-22{more}}}\n"
        );
        self.scenario.push(&[("withdrawals/eol.yaml", &text)]);
    }

    /// Takes the document back by another that withdraws nothing that anybody has for now.
    fn lift(&self) {
        let later = format!("image: \"{}/library/nginx\", tag: \"1\"", self.fakes.upstream.address);
        let text = format!(
            "apiVersion: fondaco/v1alpha1\nkind: Withdrawal\nmetadata: {{name: eol}}\nspec: {{subjects: \
             [{{{later}}}], reason: end of life, effective: 2027-11-22}}\n"
        );
        self.scenario.push(&[("withdrawals/eol.yaml", &text)]);
    }

    fn quarantine(&self, repository: &str) -> String {
        format!("quarantine/{}/{repository}", self.fakes.upstream.address.replace(':', "_"))
    }

    /// Runs until the mirror serves this deletion, counted from 0, and ends there as if killed: at the request, or
    /// when it is done and not yet answered. Returns whether there was such a deletion.
    fn killed_at_deletion(&self, now: &str, nth: usize, at: Phase) -> bool {
        let (world, kill) = (self.world(now), Arc::new(tokio::sync::Notify::new()));
        let (seen, hit) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
        let (killer, noted) = (Arc::clone(&kill), Arc::clone(&hit));
        self.fakes.mirror.on_write(move |event: &WriteEvent| {
            if event.method == "DELETE" && event.phase == at && seen.fetch_add(1, Ordering::SeqCst) == nth {
                noted.store(true, Ordering::SeqCst);
                killer.notify_one();
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = kill.notified() => {}
                report = reconcile::reconcile(&world) => { report.unwrap(); }
            }
        });
        self.fakes.mirror.on_write(|_| {});
        hit.load(Ordering::SeqCst)
    }

    /// Returns the kinds of the movements of nginx.
    fn hops(&self) -> Vec<HopKind> {
        let state = self.scenario.state();
        let record = state.evidence.images.values().find(|r| r.custody.subject.digest == self.nginx).unwrap();
        record.custody.hops.iter().map(|hop| hop.kind).collect()
    }

    fn events(&self, kind: EventKind) -> Vec<Event> {
        let state = self.scenario.state();
        state
            .evidence
            .log
            .events()
            .map(|(_, event)| event.clone())
            .filter(|event| event.kind == kind)
            .collect()
    }

    fn world(&self, now: &str) -> World {
        let now: Instant = now.parse().unwrap();
        World { clock: Arc::new(move || now), ..self.scenario.world(2) }
    }

    fn run(&self, now: &str) -> Report {
        self.scenario.run_with(&self.world(now)).unwrap()
    }

    fn plan(&self, now: &str) -> reconcile::Outlook {
        let (world, state) = (self.world(now), self.scenario.state());
        tokio::runtime::Runtime::new().unwrap().block_on(reconcile::outlook(&world, state)).unwrap()
    }

    fn deletions(&self) -> Vec<String> {
        let log = self.fakes.mirror.log();
        log.iter().filter(|l| l.action == "DELETE manifest").map(|l| l.path.clone()).collect()
    }

    fn refused(report: &Report) -> bool {
        let image = report.images.iter().find(|image| image.image.contains("nginx")).unwrap();
        let reason = image.consumers[0].reason.clone().unwrap_or_default();
        reason.starts_with("withdrawal eol: withdrawn from 2026-11-22: end of life")
    }
}

fn explain(outlook: &reconcile::Outlook) -> String {
    plan::explain(&outlook.plan, &outlook.cost, "2026-11-22T00:00:00Z".parse().unwrap())
}

const DAY: &str = "2026-11-22T00:00:00Z";

#[test]
fn nothing_is_deleted_before_its_day_or_without_a_word_about_it() {
    for (more, now, refused) in [
        ("", "2026-11-21T12:00:00Z", false),
        ("", "2026-11-23T00:00:00Z", true),
        (", delete: none", "2026-11-23T00:00:00Z", true),
        (", delete: distribution", "2026-11-21T12:00:00Z", false),
        (", delete: distribution, grace: 3d", "2026-11-24T23:59:59Z", true),
        (", delete: distribution, consumers: [payments], grace: 3d", "2026-11-24T23:59:59Z", true),
    ] {
        let mirrored = Mirrored::new();
        mirrored.withdraw(more);
        let outlook = mirrored.plan(now);
        assert_eq!(outlook.plan.withdrawals[0].recall, Recall::Stands, "{more} {now}");
        assert!(explain(&outlook).contains("still pullable"), "{}", explain(&outlook));
        let report = mirrored.run(now);
        assert_eq!(Mirrored::refused(&report), refused, "{more} {now}: {}", report.text());
        assert!(report.text().contains(&format!("{NGINX}:1  still pullable")), "{}", report.text());
        assert_eq!(mirrored.deletions(), [""; 0], "{more} {now}");
        assert_eq!(mirrored.fakes.mirror.tag(NGINX, "1"), Some(mirrored.nginx.clone()));
        assert!(mirrored.run(now).is_idle());
    }
}

#[test]
fn a_withdrawn_image_is_deleted_after_its_evidence_is_pushed() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: distribution");
    let outlook = mirrored.plan("2026-11-22T00:00:00Z");
    assert_eq!(outlook.plan.withdrawals[0].recall, Recall::Delete { tag: true, manifest: true });
    assert!(!outlook.plan.is_empty());
    assert!(explain(&outlook).contains("delete tag and manifest"), "{}", explain(&outlook));
    assert!(explain(&outlook).contains(" · delete 1\n"), "{}", explain(&outlook));
    let json = plan::json(&outlook.plan, &outlook.cost);
    let planned = &json["withdrawals"][0];
    let shown = ["withdrawal", "written", "reason", "consumer", "tag", "action"]
        .map(|key| planned[key].as_str().unwrap());
    assert_eq!(shown, ["eol", "withdrawals/eol.yaml:3", "end of life", "payments", "1", "deleteManifest"]);
    assert_eq!(mirrored.deletions(), [""; 0], "a plan deletes nothing");

    // At the moment of each deletion the branch already announces it.
    let announced = Arc::new(Mutex::new(vec![]));
    let (noted, repository) = (Arc::clone(&announced), mirrored.scenario.repository.clone());
    mirrored.fakes.mirror.on_write(move |event: &WriteEvent| {
        if event.method == "DELETE" && event.phase == Phase::Before && event.kind != WriteKind::Blob {
            let tip = repository.fetch("origin", "main").unwrap().unwrap();
            let state = State::read(&repository, &tip).unwrap();
            let said = state.evidence.log.events().any(|(_, e)| e.detail.contains("deletes it from"));
            noted.lock().unwrap().push((event.repository.clone(), said));
        }
    });
    let report = mirrored.run("2026-11-22T00:00:00Z");
    let expected = (NGINX.to_owned(), true);
    assert_eq!(*announced.lock().unwrap(), [expected.clone(), expected]);
    assert!(Mirrored::refused(&report) && report.withdrawals[0].deleted, "{}", report.text());
    let mirror = &mirrored.fakes.mirror;
    assert_eq!((mirror.tag(NGINX, "1"), mirror.named()[NGINX].0.contains(&mirrored.nginx)), (None, false));
    assert!(mirror.tag("payments/redis", "1").is_some(), "others stay");
    let quarantine = mirror.named().into_iter().find(|(name, _)| name.ends_with("library/nginx")).unwrap().1;
    assert!(quarantine.0.contains(&mirrored.nginx), "quarantine keeps it");

    let state = mirrored.scenario.state();
    let record = state.evidence.images.values().find(|r| r.custody.subject.digest == mirrored.nginx).unwrap();
    let hop = record.custody.hops.last().unwrap();
    assert_eq!((hop.kind, hop.tag.as_deref()), (HopKind::Withdrawal, Some("1")));
    assert!(record.custody.promoted().is_empty());
    let said = &mirrored.events(EventKind::Withdrawal)[0];
    let place = format!("{}/{NGINX}", mirror.address);
    let detail = format!(
        "withdrawal eol (withdrawals/eol.yaml:3) deletes it from {place}: end of life; manifests by none, run \
         started by none"
    );
    assert_eq!((said.detail.as_str(), said.at.to_string().as_str()), (detail.as_str(), DAY));
    let verdict = &record.verdicts.verdicts[0].reasons[0];
    assert_eq!(
        (verdict.rule.as_str(), verdict.written.as_str()),
        ("withdrawal eol", "withdrawals/eol.yaml:3")
    );
    let pages = mirrored.scenario.files();
    let digests = String::from_utf8_lossy(&pages["evidence/consumers/payments/digests.json"]).into_owned();
    assert!(digests.contains("redis") && !digests.contains("nginx"), "{digests}");

    mirror.clear_log();
    let again = mirrored.run("2026-11-23T00:00:00Z");
    assert!(again.is_idle() && again.withdrawals.is_empty(), "{}", again.text());
    assert_eq!(mirrored.deletions(), [""; 0]);
}

#[test]
fn a_registry_that_does_not_delete_leaves_the_image_listed() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: distribution");
    let fault = Fault::new("DELETE manifest", 405, usize::MAX);
    mirrored.fakes.mirror.set(|options| options.faults.push(fault));
    let report = mirrored.run("2026-11-22T00:00:00Z");
    assert!(report.has_failures());
    let expected = "still pullable: could not be deleted: the registry does not delete; allow it there \
                    (distribution: REGISTRY_STORAGE_DELETE_ENABLED=true), or delete it by hand";
    assert!(report.text().contains(expected), "{}", report.text());
    assert_eq!(mirrored.fakes.mirror.tag(NGINX, "1"), Some(mirrored.nginx.clone()));

    mirrored.fakes.mirror.set(|options| options.faults.clear());
    let later = mirrored.run("2026-11-23T00:00:00Z");
    assert!(later.withdrawals[0].deleted, "the next run finishes the work: {}", later.text());
}

#[test]
fn what_somebody_else_deleted_is_recorded_as_observed() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: distribution");
    let world = mirrored.world("2026-11-22T00:00:00Z");
    let state = mirrored.scenario.state();
    let registry = world.registries.get(&state.desired, &mirrored.fakes.mirror.address).unwrap();
    let reference = Reference::from(&mirrored.nginx);
    let gone = registry.delete_manifest(NGINX, &reference);
    tokio::runtime::Runtime::new().unwrap().block_on(gone).unwrap();
    mirrored.fakes.mirror.clear_log();
    assert!(mirrored.run("2026-11-22T00:00:00Z").withdrawals[0].deleted);
    assert_eq!(mirrored.deletions(), [""; 0]);
    assert!(mirrored.run("2026-11-22T00:00:00Z").is_idle());
}

#[test]
fn a_manifest_that_another_consumer_needs_stays() {
    let mirrored = Mirrored::new();
    let second = format!(
        "apiVersion: fondaco/v1alpha1\nkind: Consumer\nmetadata: {{name: second}}\nspec: {{target: \"{}/second\", \
         images: [web]}}\n",
        mirrored.fakes.mirror.address
    );
    mirrored.scenario.push(&[("consumers/second.yaml", &second)]);
    mirrored.run("2026-11-21T12:00:00Z");
    mirrored.withdraw(", delete: distribution, consumers: [second]");
    let report = mirrored.run("2026-11-22T00:00:00Z");
    assert_eq!(report.withdrawals.len(), 1, "{}", report.text());
    let mirror = &mirrored.fakes.mirror;
    assert_eq!(mirror.tag("second/nginx", "1"), None);
    assert_eq!(
        mirror.tag(NGINX, "1"),
        Some(mirrored.nginx.clone()),
        "it is withdrawn from the other one only"
    );
}

#[test]
fn killed_at_any_deletion_the_next_run_finishes() {
    for (phase, nth) in [(Phase::Before, 0), (Phase::After, 0), (Phase::Before, 1), (Phase::After, 1)] {
        let mirrored = Mirrored::new();
        mirrored.withdraw(", delete: distribution");
        assert!(mirrored.killed_at_deletion(DAY, nth, phase), "{phase:?} {nth}");
        assert_eq!(mirrored.events(EventKind::Withdrawal).len(), 1, "announced before the first deletion");
        assert_eq!(mirrored.hops(), [HopKind::Intake, HopKind::Promotion], "and not yet recorded");
        let report = mirrored.run(DAY);
        assert!(report.withdrawals[0].deleted, "{phase:?} {nth}: {}", report.text());
        let mirror = &mirrored.fakes.mirror;
        assert_eq!((mirror.tag(NGINX, "1"), mirror.stored(NGINX, &mirrored.nginx)), (None, None));
        let expected = [HopKind::Intake, HopKind::Promotion, HopKind::Withdrawal];
        assert_eq!(mirrored.hops(), expected, "{phase:?} {nth}: recorded once");
        assert_eq!(mirrored.events(EventKind::Withdrawal).len(), 1, "announced once");
        assert_eq!(mirrored.events(EventKind::Deletion).len(), 1);
        mirror.clear_log();
        let idle = mirrored.run(DAY);
        assert!(idle.is_idle(), "{phase:?} {nth}: {}", idle.text());
        assert_eq!(mirrored.deletions(), [""; 0]);
    }
}

#[test]
fn a_registry_that_deletes_no_tags_loses_the_manifest_and_its_tag_with_it() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: distribution");
    let fault = Fault { path_end: "/1".into(), ..Fault::new("DELETE manifest", 405, usize::MAX) };
    mirrored.fakes.mirror.set(|options| options.faults.push(fault));
    let report = mirrored.run(DAY);
    assert!(report.withdrawals[0].deleted && !report.has_failures(), "{}", report.text());
    assert_eq!(mirrored.fakes.mirror.tag(NGINX, "1"), None);
}

#[test]
fn a_tag_that_means_something_else_now_stays() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: distribution");
    let mirror = &mirrored.fakes.mirror;
    let other = mirror.manifest(NGINX, "1", media_type::OCI_MANIFEST, "{}");
    let report = mirrored.run(DAY);
    assert!(report.withdrawals[0].deleted, "{}", report.text());
    assert_eq!(mirror.tag(NGINX, "1"), Some(other));
    assert_eq!(mirror.stored(NGINX, &mirrored.nginx), None);
    let deletions = mirrored.deletions();
    assert!(deletions.len() == 1 && deletions[0].ends_with(&mirrored.nginx.to_string()), "{deletions:?}");
    assert!(mirrored.run(DAY).is_idle());
}

#[test]
fn a_tag_that_moves_while_the_run_announces_stays() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: distribution");
    // Between observation and deletion somebody writes the tag: at the push of the announcement at the latest.
    let hook = mirrored.scenario.path("remote.git/hooks/pre-receive");
    let (marker, told) = (mirrored.scenario.path("pushed"), mirrored.scenario.path("moved"));
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\n[ -e {m} ] && exit 0\ntouch {m}\nwhile [ ! -e {t} ]; do :; done\n",
        m = marker.display(),
        t = told.display()
    );
    std::fs::write(&hook, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&hook, mode).unwrap();
    let mirror = &mirrored.fakes.mirror;
    let report = std::thread::scope(|scope| {
        let run = scope.spawn(|| mirrored.run(DAY));
        while !marker.exists() {
            std::thread::yield_now();
        }
        let other = mirror.manifest(NGINX, "1", media_type::OCI_MANIFEST, "{}");
        std::fs::write(&told, "").unwrap();
        let report = run.join().unwrap();
        assert_eq!(mirror.tag(NGINX, "1"), Some(other));
        report
    });
    assert!(report.withdrawals[0].deleted, "{}", report.text());
    assert_eq!(mirror.stored(NGINX, &mirrored.nginx), None);
}

#[test]
fn a_tag_whose_newer_image_is_withdrawn_is_not_said_to_mean_the_older_one() {
    let mirrored = Mirrored::new();
    let status = format!("{}\nPackage: newer\nStatus: install ok installed\nVersion: 1\n", tiny::STATUS);
    let newer = tiny::image(&mirrored.fakes.upstream, "library/nginx", "1", &status);
    mirrored.run("2026-11-21T12:00:00Z");
    let mirror = &mirrored.fakes.mirror;
    assert_eq!(mirror.tag(NGINX, "1"), Some(newer.clone()));
    let digests = || {
        String::from_utf8_lossy(&mirrored.scenario.files()["evidence/consumers/payments/digests.json"])
            .into_owned()
    };
    assert!(digests().contains(&newer.to_string()) && !digests().contains(&mirrored.nginx.to_string()));
    let image = format!("image: \"{}/library/nginx\"", mirrored.fakes.upstream.address);
    mirrored.withdraw_that(&format!("{image}, digest: \"{newer}\""), ", delete: distribution");
    mirrored.run(DAY);
    assert_eq!(mirror.tag(NGINX, "1"), None);
    assert!(mirror.stored(NGINX, &mirrored.nginx).is_some(), "the document does not name the older one");
    assert!(!digests().contains(&newer.to_string()) && !digests().contains(&mirrored.nginx.to_string()));
    assert!(mirrored.run(DAY).is_idle());
}

#[test]
fn a_manifest_that_a_foreign_tag_means_stays_and_the_tag_goes() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: distribution");
    let mirror = &mirrored.fakes.mirror;
    let bytes = mirror.stored(NGINX, &mirrored.nginx).unwrap();
    mirror.manifest(NGINX, "by-hand", media_type::OCI_MANIFEST, bytes);
    let report = mirrored.run(DAY);
    let expected = "deleted: the manifest stays: tag `by-hand` of the repository means it too";
    assert!(report.text().contains(expected), "{}", report.text());
    assert_eq!((mirror.tag(NGINX, "1"), mirror.tag(NGINX, "by-hand")), (None, Some(mirrored.nginx.clone())));
    let detail = &mirrored.events(EventKind::Deletion)[0].detail;
    assert!(detail.starts_with("tag deleted from ") && detail.contains("the manifest stays"), "{detail}");
    assert!(mirrored.run(DAY).is_idle());
}

#[test]
fn a_newer_commit_that_takes_the_document_back_wins() {
    let mirrored = Arc::new(Mirrored::new());
    mirrored.withdraw(", delete: distribution");
    let fault = Fault::new("DELETE manifest", 405, usize::MAX);
    mirrored.fakes.mirror.set(|options| options.faults.push(fault));
    assert!(mirrored.run(DAY).has_failures());
    assert_eq!(mirrored.events(EventKind::Withdrawal).len(), 1);
    mirrored.fakes.mirror.set(|options| options.faults.clear());
    mirrored.lift();
    let report = mirrored.run(DAY);
    assert!(!report.has_failures(), "{}", report.text());
    assert_eq!(mirrored.fakes.mirror.tag(NGINX, "1"), Some(mirrored.nginx.clone()));
    assert!(mirrored.run(DAY).is_idle());
}

#[test]
fn a_withdrawn_digest_is_promoted_again_only_without_the_document() {
    for (delete, hops) in [("distribution", 4), ("quarantine", 6)] {
        let mirrored = Mirrored::new();
        mirrored.withdraw(&format!(", delete: {delete}"));
        mirrored.run(DAY);
        let mirror = &mirrored.fakes.mirror;
        assert!(mirrored.run("2026-11-23T00:00:00Z").is_idle());
        assert_eq!(mirror.tag(NGINX, "1"), None, "{delete}: the document stands");
        mirrored.lift();
        let report = mirrored.run("2026-11-24T00:00:00Z");
        assert!(!report.has_failures(), "{delete}: {}", report.text());
        assert_eq!(mirror.tag(NGINX, "1"), Some(mirrored.nginx.clone()), "{delete}: {}", report.text());
        assert_eq!(mirrored.hops().len(), hops, "{delete}: {:?}", mirrored.hops());
        assert!(mirrored.run("2026-11-24T00:00:00Z").is_idle());
    }
}

#[test]
fn quarantine_is_emptied_last_and_only_where_the_document_says_so() {
    let mirrored = Mirrored::new();
    let (mirror, quarantine) = (&mirrored.fakes.mirror, mirrored.quarantine("library/nginx"));
    mirrored.withdraw(", delete: quarantine");
    let report = mirrored.run(DAY);
    assert!(
        report.withdrawals.len() == 2 && report.withdrawals.iter().all(|one| one.deleted),
        "{}",
        report.text()
    );
    assert_eq!(mirror.stored(&quarantine, &mirrored.nginx), None);
    assert_eq!(mirror.tag(&quarantine, &mirrored.nginx.keep_tag()), None);
    assert!(mirror.stored(&mirrored.quarantine("library/redis"), &mirrored.nginx).is_none());
    let kept = mirror.named().into_iter().find(|(name, _)| name.ends_with("library/redis")).unwrap().1;
    assert_eq!(kept.1.keys().filter(|tag| tag.starts_with("keep-")).count(), 1, "others stay");
    let deletions = mirrored.deletions();
    let first = deletions.iter().position(|path| path.contains("/quarantine/")).unwrap();
    assert!(deletions[..first].iter().all(|path| path.contains(NGINX)) && first == 2, "{deletions:?}");
    mirror.clear_log();
    assert!(mirrored.run(DAY).is_idle());
    assert!(mirrored.deletions().is_empty() && !mirror.log().iter().any(|l| l.action.starts_with("PUT")));
}

#[test]
fn quarantine_keeps_what_a_distribution_would_not_give_up() {
    let mirrored = Mirrored::new();
    mirrored.withdraw(", delete: quarantine");
    let faulty = |end: &str| Fault { path_end: end.into(), ..Fault::new("DELETE manifest", 405, 1) };
    let digest = format!("{NGINX}/manifests/{}", mirrored.nginx);
    mirrored
        .fakes
        .mirror
        .set(|options| options.faults.extend([faulty(&format!("{NGINX}/manifests/1")), faulty(&digest)]));
    let report = mirrored.run(DAY);
    assert!(report.text().contains("quarantine is emptied last"), "{}", report.text());
    let quarantine = mirrored.quarantine("library/nginx");
    assert!(mirrored.fakes.mirror.stored(&quarantine, &mirrored.nginx).is_some());
    let next = mirrored.run(DAY);
    assert!(next.withdrawals.iter().all(|one| one.deleted), "{}", next.text());
    assert_eq!(mirrored.fakes.mirror.stored(&quarantine, &mirrored.nginx), None);
}

#[test]
fn what_a_broken_off_intake_left_goes_when_a_document_names_it() {
    let mirrored = Mirrored::new();
    let (mirror, quarantine) = (&mirrored.fakes.mirror, mirrored.quarantine("library/nginx"));
    let left = r#"{"left": "by a run that broke off"}"#;
    let stray = Digest::sha256(left);
    mirror.manifest(&quarantine, &stray.keep_tag(), media_type::OCI_MANIFEST, left);
    mirrored.run("2026-11-21T12:00:00Z");
    assert_eq!(mirrored.deletions(), [""; 0], "nobody named it");
    let subject =
        format!("image: \"{}/library/nginx\", digest: \"{stray}\"", mirrored.fakes.upstream.address);
    mirrored.withdraw_that(&subject, ", delete: quarantine");
    assert!(mirrored.killed_at_deletion(DAY, 1, Phase::After));
    assert_eq!(mirrored.events(EventKind::Withdrawal).len(), 1);
    let report = mirrored.run(DAY);
    assert!(report.withdrawals[0].deleted && !report.has_failures(), "{}", report.text());
    assert_eq!(
        (mirror.stored(&quarantine, &stray), mirror.tag(&quarantine, &stray.keep_tag())),
        (None, None)
    );
    assert!(mirror.stored(&quarantine, &mirrored.nginx).is_some());
    assert_eq!(mirrored.events(EventKind::Deletion).len(), 1);
    let idle = mirrored.run(DAY);
    assert!(idle.is_idle(), "its deletion makes it known: {}", idle.text());
}

#[test]
fn what_nobody_asks_for_any_more_goes_when_a_document_names_it() {
    let mirrored = Mirrored::new();
    mirrored.scenario.push(&[("fondaco.yaml", &mirrored.fakes.manifests(&["library/redis"]))]);
    let outlook = mirrored.plan(DAY);
    let line = "1 in quarantine and 1 in distributions are asked for by nobody";
    assert!(explain(&outlook).contains(line), "{}", explain(&outlook));
    let report = mirrored.run(DAY);
    assert!(report.text().contains(line), "{}", report.text());
    let idle = mirrored.run(DAY);
    assert!(idle.is_idle() && idle.text().contains(line), "{}", idle.text());
    assert_eq!(mirrored.deletions(), [""; 0]);
    assert_eq!(plan::json(&outlook.plan, &outlook.cost)["notAskedFor"].as_array().unwrap().len(), 2);
    let subject = format!(
        "image: \"{}/library/nginx\", digest: \"{}\"",
        mirrored.fakes.upstream.address, mirrored.nginx
    );
    mirrored.withdraw_that(&subject, ", delete: quarantine");
    let report = mirrored.run(DAY);
    assert!(
        report.withdrawals.len() == 2 && report.withdrawals.iter().all(|one| one.deleted),
        "{}",
        report.text()
    );
    assert!(report.not_asked_for.is_empty(), "{}", report.text());
    assert!(mirrored.run(DAY).is_idle());
}

#[test]
fn a_document_that_names_an_unknown_digest_or_place_is_told_and_nothing_goes() {
    let mirrored = Mirrored::new();
    let upstream = &mirrored.fakes.upstream.address;
    let stranger = Digest::sha256("stranger");
    for (subject, said) in [
        (
            format!("image: \"{upstream}/library/nginx\", digest: \"{stranger}\""),
            format!("no record speaks of `{upstream}/library/nginx@{stranger}`"),
        ),
        (
            format!("image: \"{upstream}/library/ngnix\", tag: \"1\""),
            format!("did you mean `{upstream}/library/nginx`?"),
        ),
    ] {
        for delete in ["distribution", "quarantine"] {
            mirrored.withdraw_that(&subject, &format!(", delete: {delete}"));
            let outlook = mirrored.plan(DAY);
            assert!(!outlook.plan.is_empty() && outlook.plan.withdrawals.is_empty());
            let shown = explain(&outlook);
            assert!(shown.contains(&said) && shown.contains("withdrawals/eol.yaml:4"), "{shown}");
            let report = mirrored.run(DAY);
            assert!(report.has_failures() && report.text().contains(&said), "{}", report.text());
            assert_eq!((mirrored.deletions(), mirrored.events(EventKind::Withdrawal)), (vec![], vec![]));
        }
    }
}

#[test]
fn layouts_lose_withdrawn_images_too() {
    let manifests = crate::scenario::manifests(&[("library/nginx", "1.28")], "maxAge: 99999d");
    let scenario = Scenario::new(&manifests);
    scenario.import(&crate::rules::SILENT);
    scenario.run().unwrap();
    let tags = |path: &str| {
        let (world, state) = (scenario.world(1), scenario.state());
        let registry = world.registries.get(&state.desired, "mirror.example").unwrap();
        tokio::runtime::Runtime::new().unwrap().block_on(registry.tags(path)).unwrap_or_default()
    };
    let has = |path: &str, start: &str| tags(path).iter().any(|tag| tag.starts_with(start));
    assert!(has("payments/nginx", "1.28"), "{:?}", tags("payments/nginx"));
    let held = "quarantine/upstream.example/library/nginx";
    assert!(has(held, "keep-"));
    let text = "apiVersion: fondaco/v1alpha1\nkind: Withdrawal\nmetadata: {name: eol}\nspec: {subjects: [{image: \
                upstream.example/library/nginx, tag: \"1.28\"}], reason: end of life, effective: 2026-11-21, delete: \
                quarantine}\n";
    scenario.push(&[("withdrawals/eol.yaml", text)]);
    let report = scenario.run().unwrap();
    assert!(
        report.withdrawals.len() == 2 && report.withdrawals.iter().all(|one| one.deleted),
        "{}",
        report.text()
    );
    assert!(!has("payments/nginx", "1.28") && !has(held, "keep-"));
    assert!(scenario.run().unwrap().is_idle());
}

#[test]
fn quarantine_that_nobody_asks_for_is_listed_and_stays() {
    let mirrored = Mirrored::new();
    let mirror = &mirrored.fakes.mirror;
    let quarantine = mirrored.quarantine("library/nginx");
    let stray = Digest::sha256(b"{}");
    mirror.manifest(&quarantine, &stray.keep_tag(), fondaco::model::media_type::OCI_MANIFEST, "{}");
    mirrored.scenario.push(&[("fondaco.yaml", &mirrored.fakes.manifests(&["library/nginx"]))]);
    mirrored.withdraw("");
    mirrored.run("2026-11-23T00:00:00Z");
    mirror.clear_log();
    let (world, state) = (mirrored.world("2026-11-23T00:00:00Z"), mirrored.scenario.state());
    let tags = reconcile::quarantine_tags(&world, &state);
    let listed = tokio::runtime::Runtime::new().unwrap().block_on(tags);
    let found = plan::unreferenced(&state.desired, &state.evidence, &listed);
    let mut whys: Vec<_> =
        found.iter().map(|one| (one.why, one.repository.path.rsplit('/').next().unwrap())).collect();
    whys.sort_unstable();
    assert_eq!(
        whys,
        [
            (Why::NoRecord, "nginx"),
            (Why::NotAskedFor, "redis"),
            (Why::Withdrawn, "nginx"),
            (Why::Released, "redis")
        ]
    );
    assert!(mirror.log().iter().all(|l| l.action.starts_with("GET ") || l.action.starts_with("HEAD ")));
    let text = plan::explain_unreferenced(&found, &listed);
    assert!(text.contains(&format!("library/nginx, digest {stray}")), "what a document has to name: {text}");
    assert!(text.ends_with("nothing of it is deleted unless a Withdrawal document names it\n"), "{text}");
}
