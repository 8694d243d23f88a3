//! The plan against small worlds: what is known, what is seen, what is left to do.

use std::collections::BTreeMap;

mod publisher;
mod vouching;
mod withdrawals;

use super::{cost::Forecast, *};
use crate::{
    evidence::{
        Actor, Custody, Event, EventKind, Hop, HopKind, ImagesLock, LockedImage, PlatformRecord,
        SourceRecord, Subject, VerdictInputs, Verdicts, VerificationRecord,
    },
    manifest::{DesiredConsumer, DesiredGate, DesiredMirror, Ruled},
    model::{Instant, Kind, Reason, Severity},
};

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn source() -> Repository {
    "upstream.example/library/nginx".parse().unwrap()
}

fn ruled<T>(value: T) -> Ruled<T> {
    Ruled { value, written: "default".into() }
}

fn desired(pin: Option<Digest>) -> Desired {
    let image = DesiredImage {
        set: "web".into(),
        source: source(),
        tag: "1.28".into(),
        digest: pin,
        trust: None,
        cooldown: None,
        content: crate::manifest::DesiredContent::default(),
        written: "images/web.yaml:5".into(),
    };
    let gate = DesiredGate {
        name: "inline".into(),
        max_severity: ruled(Severity::High),
        fixable_only: ruled(false),
        unknown_severity: ruled(Verdict::Held),
        signature_required: ruled(false),
        max_age: ruled("7d".parse().unwrap()),
        cooldown: ruled("0s".parse().unwrap()),
        known_exploited: ruled(Verdict::Refused),
        publisher_vex: ruled(false),
        licences: None,
        hold_secrets: ruled(false),
    };
    let consumer = DesiredConsumer {
        name: "payments".into(),
        target: "mirror.example/payments".parse().unwrap(),
        sets: vec!["web".into()],
        gate,
        written: "consumers/payments.yaml:1".into(),
    };
    Desired {
        mirror: DesiredMirror {
            name: "acme".into(),
            quarantine: "mirror.example/quarantine".parse().unwrap(),
            signing: crate::manifest::DesiredSigning::file("keys/acme.key"),
            vouching: crate::manifest::DesiredVouching::default(),
            operator: None,
            role: None,
            advisories: vec![],
            sbom: crate::manifest::DesiredSbom::default(),
        },
        withdrawals: vec![],
        registries: BTreeMap::new(),
        policies: BTreeMap::new(),
        images: vec![image],
        selections: vec![],
        consumers: vec![consumer],
    }
}

fn evidence(digest: &Digest, verdict: Verdict, hops: Vec<Hop>) -> Evidence {
    let mut record = ImageRecord {
        custody: Custody {
            schema: "fondaco/custody/v1alpha1".into(),
            subject: Subject {
                digest: digest.clone(),
                media_type: "m".into(),
                size: 1,
                platforms: vec![platform(digest)],
                total_size: 1,
                not_catalogued: vec![],
                unread: vec![],
            },
            source: SourceRecord { repository: source(), tags: vec![], subset: None },
            hops,
            companions: vec![],
        },
        verification: verification(digest),
        packages: [("packages.txt".to_owned(), String::new())].into(),
        scan: None,
        contents: None,
        publisher: None,
        verdicts: Verdicts {
            schema: "fondaco/verdicts/v1alpha1".into(),
            subject: digest.clone(),
            manifest_commit: "c0".into(),
            judged_at: at("2026-11-20T00:00:00Z"),
            inputs: VerdictInputs {
                packages: Digest::sha256(""),
                verification: Digest::sha256(""),
                scan: None,
                publisher: None,
                contents: None,
            },
            verdicts: vec![ConsumerVerdict {
                consumer: "payments".into(),
                gate: "inline".into(),
                verdict,
                reasons: vec![],
                accepted: vec![],
                max_severity: Severity::High,
            }],
        },
    };
    vouching::write_all(&mut record);
    let locked = LockedImage {
        repository: source(),
        tag: "1.28".into(),
        digest: digest.clone(),
        first_seen: at("2026-11-20T00:00:00Z"),
    };
    let lock = ImagesLock { schema: "fondaco/images-lock/v1alpha1".into(), images: vec![locked] };
    Evidence { images: [((source(), digest.clone()), record)].into(), lock, ..Evidence::default() }
}

fn platform(digest: &Digest) -> PlatformRecord {
    PlatformRecord {
        platform: "linux/amd64".into(),
        digest: digest.clone(),
        media_type: "m".into(),
        size: 1,
        packages: "packages.txt".into(),
        system: None,
        package_count: 1,
        layers: vec![],
        sbom: None,
    }
}

fn verification(digest: &Digest) -> VerificationRecord {
    VerificationRecord {
        schema: "fondaco/verification/v1alpha1".into(),
        subject: digest.clone(),
        policy: "none".into(),
        policy_digest: policy_digest(None),
        root: None,
        outcome: Outcome::Absent,
        reason: "no trust policy".into(),
        demands: vec![],
        attestations: vec![],
        signatures: vec![],
    }
}

fn receipt(certainty: Certainty) -> Hop {
    let unknown = || "unknown".to_owned();
    Hop {
        kind: HopKind::Promotion,
        from: "mirror.example/quarantine/upstream.example/library/nginx".parse().unwrap(),
        to: "mirror.example/payments/nginx".parse().unwrap(),
        tag: Some("1.28".into()),
        consumer: Some("payments".into()),
        hosts: vec![],
        volumes: vec![],
        at: at("2026-11-20T00:00:00Z"),
        bytes: 0,
        actor: Actor {
            provider: unknown(),
            repository: unknown(),
            workflow: unknown(),
            run: unknown(),
            started_by: unknown(),
            author: unknown(),
        },
        tool: "fondaco".into(),
        certainty,
        cleared_by: None,
        vouched: vec![],
    }
}

fn observed(upstream: Seen, distribution: Seen) -> Observed {
    Observed {
        listings: BTreeMap::new(),
        upstream: [((source(), "1.28".to_owned()), upstream)].into(),
        distributions: [(
            ("mirror.example/payments/nginx".parse().unwrap(), "1.28".to_owned()),
            distribution,
        )]
        .into(),
        ..Observed::default()
    }
}

fn planned(desired: &Desired, evidence: &Evidence, observed: &Observed) -> Plan {
    plan(desired, evidence, &resolve(desired, &evidence.lock, observed), observed)
}

#[test]
fn an_unknown_digest_is_taken_in_and_not_promoted() {
    let seen = observed(Seen::Digest(Digest::sha256("new")), Seen::Absent);
    let plan = planned(&desired(None), &Evidence::default(), &seen);
    assert_eq!(plan.images[0].how, Resolution::New);
    assert!(plan.images[0].take_in && plan.images[0].verify);
    assert_eq!(plan.images[0].consumers[0].promotion, Promotion::Nothing);
    assert!(!plan.is_empty());
}

#[test]
fn a_cleared_image_in_place_with_its_receipt_leaves_nothing_to_do() {
    let digest = Digest::sha256("image");
    let records = evidence(&digest, Verdict::Cleared, vec![receipt(Certainty::Performed)]);
    let seen = observed(Seen::Digest(digest.clone()), Seen::Digest(digest));
    assert!(planned(&desired(None), &records, &seen).is_empty());
}

#[test]
fn a_tag_without_a_receipt_is_what_a_killed_run_leaves() {
    let digest = Digest::sha256("image");
    let records = evidence(&digest, Verdict::Cleared, vec![]);
    let seen = observed(Seen::Digest(digest.clone()), Seen::Digest(digest));
    let plan = planned(&desired(None), &records, &seen);
    assert_eq!(plan.images[0].consumers[0].promotion, Promotion::Receipt);
}

#[test]
fn only_a_cleared_verdict_promotes() {
    let digest = Digest::sha256("image");
    for verdict in [Verdict::Held, Verdict::Refused] {
        let records = evidence(&digest, verdict, vec![]);
        let plan = planned(&desired(None), &records, &observed(Seen::Digest(digest.clone()), Seen::Absent));
        assert_eq!(plan.images[0].consumers[0].promotion, Promotion::Nothing, "{verdict}");
    }
    let records = evidence(&digest, Verdict::Cleared, vec![]);
    let other = Digest::sha256("older");
    let plan =
        planned(&desired(None), &records, &observed(Seen::Digest(digest), Seen::Digest(other.clone())));
    assert_eq!(plan.images[0].consumers[0].promotion, Promotion::Promote { replaces: Some(other) });
}

#[test]
fn a_distribution_that_cannot_be_seen_is_not_written() {
    let digest = Digest::sha256("image");
    let records = evidence(&digest, Verdict::Cleared, vec![]);
    let failed = Seen::Failed { kind: Kind::Unavailable, message: "503".into() };
    let plan = planned(&desired(None), &records, &observed(Seen::Digest(digest), failed));
    assert_eq!(plan.images[0].consumers[0].promotion, Promotion::Blocked("503".into()));
}

#[test]
fn an_unreachable_upstream_is_a_failure_and_the_lock_stays_in_force() {
    let digest = Digest::sha256("image");
    let records = evidence(&digest, Verdict::Cleared, vec![receipt(Certainty::Performed)]);
    let failed = Seen::Failed { kind: Kind::Unavailable, message: "503".into() };
    let plan = planned(&desired(None), &records, &observed(failed, Seen::Digest(digest.clone())));
    assert_eq!(plan.images[0].digest, Some(digest));
    assert_eq!(plan.images[0].failure().as_deref(), Some("503"));
    assert!(!plan.is_empty(), "a failure is never nothing to do");
}

#[test]
fn a_pinned_image_needs_no_request_upstream() {
    let digest = Digest::sha256("pinned");
    let desired = desired(Some(digest.clone()));
    assert!(unpinned(&desired).is_empty());
    let plan = planned(&desired, &Evidence::default(), &observed(Seen::Absent, Seen::Absent));
    assert_eq!(plan.images[0].digest, Some(digest));
}

#[test]
fn a_moved_tag_names_both_digests() {
    let (old, new) = (Digest::sha256("old"), Digest::sha256("new"));
    let records = evidence(&old, Verdict::Cleared, vec![receipt(Certainty::Performed)]);
    let plan =
        planned(&desired(None), &records, &observed(Seen::Digest(new.clone()), Seen::Digest(old.clone())));
    assert_eq!((plan.images[0].was.as_ref(), plan.images[0].digest.as_ref()), (Some(&old), Some(&new)));
    assert_eq!(plan.images[0].how, Resolution::Moved);
    assert!(plan.images[0].take_in);
}

fn moved(tag: &str) -> Event {
    Event {
        at: at("2026-11-20T00:00:00Z"),
        kind: EventKind::TagMoved,
        image: Event::image(&source(), &Digest::sha256("x")),
        tag: Some(tag.into()),
        consumer: None,
        verdict: None,
        detail: String::new(),
    }
}

#[test]
fn a_tag_floats_by_what_happened_to_it_or_by_its_name() {
    let (old, new) = (Digest::sha256("old"), Digest::sha256("new"));
    let floating = |tag: &str, seen: &Digest, events: &[Event], pin: Option<Digest>| {
        let mut desired = desired(pin);
        desired.images[0].tag = tag.into();
        let mut records = evidence(&old, Verdict::Cleared, vec![]);
        records.lock.images[0].tag = tag.into();
        records.log.extend(events);
        let mut seen = observed(Seen::Digest(seen.clone()), Seen::Absent);
        let answer = seen.upstream.pop_first().unwrap().1;
        seen.upstream.insert((source(), tag.into()), answer);
        planned(&desired, &records, &seen).images[0].floating
    };
    assert_eq!(floating("1.28", &old, &[], None), Some(Floating::ByName));
    assert_eq!(floating("1.28.1", &old, &[], None), None);
    assert_eq!(floating("1.28.1", &new, &[], None), Some(Floating::Moved(1)));
    let events = [moved("1.28.1"), moved("other"), moved("1.28.1")];
    assert_eq!(floating("1.28.1", &old, &events, None), Some(Floating::Moved(2)));
    assert_eq!(floating("1.28.1", &new, &events, None), Some(Floating::Moved(3)));
    assert_eq!(floating("latest", &old, &events, Some(old.clone())), None, "pinned by the manifest");
}

#[test]
fn what_nobody_asks_for_any_more_is_released_and_named() {
    let digest = Digest::sha256("image");
    let records = evidence(&digest, Verdict::Cleared, vec![receipt(Certainty::Performed)]);
    let mut desired = desired(None);
    assert_eq!(released(&records.lock, &resolve(&desired, &records.lock, &Observed::default())), []);
    desired.images.clear();
    let released = released(&records.lock, &resolve(&desired, &records.lock, &Observed::default()));
    let plan = Plan { released, ..planned(&desired, &records, &Observed::default()) };
    assert!(!plan.is_empty(), "the lock forgets it");
    let text = explain(&plan, &Forecast::new(), at("2026-11-21T00:00:00Z"));
    assert!(text.contains("upstream.example/library/nginx:1.28"), "{text}");
    assert!(text.contains("it stays where it is, and is no longer updated"), "{text}");
    assert_eq!(json(&plan, &Forecast::new())["released"][0]["tag"], "1.28");
}

#[test]
fn a_wait_is_said_with_its_end_although_nothing_is_to_be_done() {
    let digest = Digest::sha256("image");
    let mut records = evidence(&digest, Verdict::Held, vec![]);
    let record = records.images.values_mut().next().unwrap();
    record.verdicts.verdicts[0].reasons = vec![Reason {
        verdict: Verdict::Held,
        rule: "cooldown 7d".into(),
        written: "gates/standard.yaml:4".into(),
        fact: "first seen 2026-11-17, clears 2026-11-24 by itself".into(),
        recorded: "custody.json".into(),
        until: Some(at("2026-11-24T00:00:00Z")),
    }];
    let plan = planned(&desired(None), &records, &observed(Seen::Digest(digest), Seen::Absent));
    assert!(plan.is_empty());
    let text = explain(&plan, &Forecast::new(), at("2026-11-20T12:00:00Z"));
    let expected = "  upstream.example/library/nginx:1.28   payments: hold: 3 of 7 days old, clears 2026-11-24 by itself\n\n\
        nothing to do: 1 images as recorded; 0 cleared, 1 held, 0 refused\n";
    assert_eq!(text, expected);
}

#[test]
fn a_hostile_hint_stays_on_its_line() {
    let unselected = Unselected {
        set: "web".into(),
        source: source(),
        written: "images/web.yaml:7".into(),
        kind: Kind::NotFound,
        message: "none of the 2 tags is selected".into(),
        hint: Some("2 outside of the range: `\u{1b}[2J\nallgood`".into()),
    };
    let plan = Plan { unselected: vec![unselected], ..Plan::default() };
    let text = explain(&plan, &Forecast::new(), at("2026-11-21T00:00:00Z"));
    assert!(text.contains("selection in images/web.yaml:7"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains("\nallgood"), "{text}");
    assert!(!plan.is_empty(), "a failure is never nothing to do");
    assert_eq!(json(&plan, &Forecast::new())["selections"][0]["written"], "images/web.yaml:7");
}
