//! Which withdrawn images go, which stay for others, and which documents name nothing.

use super::*;
use crate::{
    evidence::{Companion, FoundAt, SubsetRecord, TagSeen},
    manifest::{DesiredWithdrawal, Withdrawn},
    model::Reference,
};

const NOW: &str = "2026-11-22T00:00:00Z";

fn digest() -> Digest {
    Digest::sha256("withdrawn")
}

fn withdrawal(reference: Reference) -> DesiredWithdrawal {
    DesiredWithdrawal {
        name: "eol".into(),
        subjects: vec![Withdrawn { source: source(), reference, written: "withdrawals/eol.yaml:5".into() }],
        reason: "end of life".into(),
        effective: at("2026-11-22T00:00:00Z"),
        delete_at: Some(at("2026-11-22T00:00:00Z")),
        quarantine: false,
        replacement: None,
        consumers: None,
        written: "withdrawals/eol.yaml:3".into(),
    }
}

fn held() -> Repository {
    "mirror.example/quarantine/upstream.example/library/nginx".parse().unwrap()
}

fn distribution() -> Repository {
    "mirror.example/payments/nginx".parse().unwrap()
}

fn taken_in() -> Hop {
    Hop {
        kind: HopKind::Intake,
        from: source(),
        to: held(),
        tag: None,
        consumer: None,
        ..receipt(Certainty::Performed)
    }
}

fn records() -> Evidence {
    evidence(&digest(), Verdict::Cleared, vec![taken_in(), receipt(Certainty::Performed)])
}

/// Adds an image of the same repositories whose subject names these digests.
fn other(records: &mut Evidence, subject: &str, child: &Digest, hops: Vec<Hop>) -> Digest {
    let digest = Digest::sha256(subject);
    let mut more = evidence(&digest, Verdict::Held, hops);
    let mut record = more.images.remove(&(source(), digest.clone())).unwrap();
    record.custody.subject.platforms[0].digest = child.clone();
    records.images.insert((source(), digest.clone()), record);
    digest
}

/// Everything is where the records say it is.
fn all_there(desired: &Desired, records: &Evidence) -> Observed {
    let there = withdrawn(desired, records).into_iter().map(|(repository, reference)| {
        let seen = match &reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(_) => digest(),
        };
        ((repository, reference), Seen::Digest(seen))
    });
    Observed { withdrawn: there.collect(), ..Observed::default() }
}

fn recalls(desired: &Desired, records: &Evidence, observed: &Observed) -> Vec<(String, Recall)> {
    let planned = withdrawals(desired, records, observed, at(NOW)).into_iter();
    planned.map(|one| (one.repository.path.split('/').next().unwrap().to_owned(), one.recall)).collect()
}

fn wanting(change: impl FnOnce(&mut DesiredWithdrawal)) -> Desired {
    let mut withdrawal = withdrawal(Reference::from(&digest()));
    change(&mut withdrawal);
    Desired { withdrawals: vec![withdrawal], ..desired(None) }
}

fn both(tag: bool, manifest: bool) -> Recall {
    Recall::Delete { tag, manifest }
}

#[test]
fn distributions_go_before_quarantine_and_quarantine_only_where_it_is_named() {
    let records = records();
    let desired = wanting(|_| ());
    let only = [("payments".to_owned(), both(true, true))];
    assert_eq!(recalls(&desired, &records, &all_there(&desired, &records)), only);
    let desired = wanting(|withdrawal| withdrawal.quarantine = true);
    let all = [("payments".to_owned(), both(true, true)), ("quarantine".to_owned(), both(true, true))];
    assert_eq!(recalls(&desired, &records, &all_there(&desired, &records)), all);
}

#[test]
fn what_is_there_decides() {
    let (desired, records) = (wanting(|_| ()), records());
    let tag = (distribution(), Reference::tag("1.28"));
    let manifest = (distribution(), Reference::from(&digest()));
    let moved = || Seen::Digest(Digest::sha256("another"));
    let failed = || Seen::Failed { kind: Kind::Unavailable, message: "503".into() };
    for (seen_tag, seen_manifest, expected) in [
        (Some(moved()), Some(Seen::Digest(digest())), both(false, true)),
        (Some(moved()), Some(Seen::Absent), Recall::Receipt),
        (Some(Seen::Absent), Some(Seen::Absent), Recall::Receipt),
        (Some(failed()), Some(Seen::Absent), Recall::Blocked("503".into())),
        (Some(Seen::Absent), Some(failed()), Recall::Blocked("503".into())),
        (None, None, Recall::Blocked("the registry was not asked".into())),
    ] {
        let seen = [(tag.clone(), seen_tag), (manifest.clone(), seen_manifest)];
        let withdrawn = seen.into_iter().filter_map(|(key, seen)| Some((key, seen?))).collect();
        let observed = Observed { withdrawn, ..Observed::default() };
        assert_eq!(recalls(&desired, &records, &observed), [("payments".to_owned(), expected)]);
    }
}

#[test]
fn a_manifest_that_others_need_stays() {
    let index = |hops: Vec<Hop>| {
        let mut records = records();
        other(&mut records, "index", &digest(), hops);
        records
    };
    let promoted = || Hop { tag: Some("2".into()), ..receipt(Certainty::Performed) };
    let elsewhere = || Hop { to: "mirror.example/other/nginx".parse().unwrap(), ..promoted() };
    let mut companion = records();
    let image = other(&mut companion, "signed", &Digest::sha256("x"), vec![promoted()]);
    companion.images.get_mut(&(source(), image.clone())).unwrap().custody.companions.push(Companion {
        subject: image,
        found: FoundAt::Referrers,
        tag: None,
        digest: digest(),
        media_type: "m".into(),
        artifact_type: None,
        size: 1,
        not_carried: None,
    });
    let mut retagged = records();
    let record = retagged.images.get_mut(&(source(), digest())).unwrap();
    record.custody.hops.push(Hop { consumer: Some("second".into()), ..promoted() });
    let of_all = |_: &mut DesiredWithdrawal| ();
    let of_one =
        |withdrawal: &mut DesiredWithdrawal| withdrawal.consumers = Some(["payments".to_owned()].into());
    for (what, records, desired, manifest) in [
        ("nobody", records(), wanting(of_all), true),
        ("an index that is there", index(vec![taken_in(), promoted()]), wanting(of_all), false),
        ("an index elsewhere", index(vec![taken_in(), elsewhere()]), wanting(of_all), true),
        ("an image it belongs to", companion, wanting(of_all), false),
        ("another consumer under another tag", retagged.clone(), wanting(of_one), false),
        ("a consumer that loses it too", retagged, wanting(of_all), true),
    ] {
        let recalls = recalls(&desired, &records, &all_there(&desired, &records));
        assert_eq!(recalls[0].1, both(true, manifest), "{what}");
    }
}

#[test]
fn a_name_that_another_consumer_shares_stays() {
    let mut records = records();
    let record = records.images.get_mut(&(source(), digest())).unwrap();
    record.custody.hops.push(Hop { consumer: Some("second".into()), ..receipt(Certainty::Performed) });
    let desired = wanting(|withdrawal| withdrawal.consumers = Some(["payments".to_owned()].into()));
    let expected = [("payments".to_owned(), Recall::Shared("second".into()))];
    assert_eq!(recalls(&desired, &records, &all_there(&desired, &records)), expected);
}

#[test]
fn what_is_cleared_and_about_to_be_promoted_is_needed_already() {
    let mut records = records();
    let mut desired = wanting(|withdrawal| withdrawal.consumers = Some(["payments".to_owned()].into()));
    let second = DesiredConsumer { name: "second".into(), ..desired.consumers[0].clone() };
    desired.consumers.push(second);
    let record = records.images.get_mut(&(source(), digest())).unwrap();
    let cleared = ConsumerVerdict { consumer: "second".into(), ..record.verdicts.verdicts[0].clone() };
    record.verdicts.verdicts.push(cleared);
    let shared = [("payments".to_owned(), Recall::Shared("second".into()))];
    assert_eq!(recalls(&desired, &records, &all_there(&desired, &records)), shared);
    let record = records.images.get_mut(&(source(), digest())).unwrap();
    record.verdicts.verdicts[1].verdict = Verdict::Held;
    let alone = [("payments".to_owned(), both(true, true))];
    assert_eq!(recalls(&desired, &records, &all_there(&desired, &records)), alone);
    other(&mut records, "index", &digest(), vec![taken_in()]);
    let index = records.images.get_mut(&(source(), Digest::sha256("index"))).unwrap();
    let verdict = &mut index.verdicts.verdicts[0];
    (verdict.consumer, verdict.verdict) = ("second".into(), Verdict::Cleared);
    let kept = [("payments".to_owned(), both(true, false))];
    assert_eq!(recalls(&desired, &records, &all_there(&desired, &records)), kept);
}

#[test]
fn a_deletion_is_announced_once_and_again_after_another_promotion() {
    let (desired, mut records) = (wanting(|_| ()), records());
    let observed = all_there(&desired, &records);
    let actor = receipt(Certainty::Performed).actor;
    let said = |records: &Evidence| withdrawal::announcements(&desired, records, &observed, &actor, at(NOW));
    let first = said(&records);
    let detail = "withdrawal eol (withdrawals/eol.yaml:3) deletes it from mirror.example/payments/nginx: end of \
                  life; manifests by unknown, run started by unknown";
    assert_eq!((first.len(), first[0].detail.as_str()), (1, detail));
    records.log.extend(&first);
    assert_eq!(said(&records), []);
    records.log.extend(&[Event { kind: EventKind::Deletion, ..first[0].clone() }]);
    assert_eq!(said(&records), first);
    assert_eq!(
        withdrawal::announcements(&desired, &records, &observed, &actor, at("2026-11-21T00:00:00Z")),
        []
    );
}

#[test]
fn a_document_that_names_nothing_known_is_told() {
    let mut records = records();
    let key = (source(), digest());
    let seen = TagSeen { tag: "1.27".into(), first_seen: at("2026-11-01T00:00:00Z") };
    records.images.get_mut(&key).unwrap().custody.source.tags.push(seen);
    let found = |subject: Withdrawn| {
        let withdrawal = DesiredWithdrawal { subjects: vec![subject], ..withdrawal(Reference::tag("x")) };
        let desired = Desired { withdrawals: vec![withdrawal], ..desired(None) };
        unknown(&desired, &records, &Observed::default())
    };
    let of = |source: &str, reference| Withdrawn {
        source: source.parse().unwrap(),
        reference,
        written: "withdrawals/eol.yaml:5".into(),
    };
    let nginx = "upstream.example/library/nginx";
    for known in [Reference::tag("1.27"), Reference::tag("1.28"), Reference::from(&digest())] {
        assert_eq!(found(of(nginx, known.clone())), [], "{known}");
    }
    let stranger = Digest::sha256("stranger");
    let one = found(of(nginx, Reference::from(&stranger))).remove(0);
    assert_eq!(one.written, "withdrawals/eol.yaml:5");
    let message = format!("no record speaks of `{nginx}@{stranger}`, and no manifest asks for it");
    assert_eq!(one.message, message);
    assert!(one.hint.ends_with(&format!("recorded of this repository: `{}`", digest())), "{}", one.hint);
    let misspelt = found(of("upstream.example/library/ngnix", Reference::tag("1.28"))).remove(0);
    assert_eq!(misspelt.hint, format!("did you mean `{nginx}`?"));
    assert_eq!(found(of(nginx, Reference::tag("1.29"))).len(), 1);
}

#[test]
fn what_nobody_asks_for_is_named_and_what_is_still_served_is_not() {
    let records = records();
    assert_eq!(unasked(&desired(None), &records), []);
    let nobody = Desired { images: vec![], ..desired(None) };
    let whys: Vec<_> = unasked(&nobody, &records).into_iter().map(|one| (one.repository, one.why)).collect();
    assert_eq!(whys, [(distribution(), Why::Released), (held(), Why::NotAskedFor)]);
    assert_eq!(
        count_unasked(&unasked(&nobody, &records)),
        "1 in quarantine and 1 in distributions are asked for by nobody (fondaco plan --unreferenced lists them)\n"
    );

    // Upstream moved the tag, and the new digest is not cleared yet: the old one is what consumers pull.
    let mut moved = records.clone();
    moved.lock.images[0].digest = Digest::sha256("newer");
    assert_eq!(unasked(&desired(None), &moved), []);
    let newer = Hop { at: at("2026-11-21T00:00:00Z"), ..receipt(Certainty::Performed) };
    other(&mut moved, "newer", &Digest::sha256("newer"), vec![newer]);
    let whys: Vec<_> = unasked(&desired(None), &moved).into_iter().map(|one| (one.digest, one.why)).collect();
    assert_eq!(whys, [(Some(digest()), Why::NotAskedFor)]);
}

#[test]
fn what_left_quarantine_is_taken_in_again_only_without_the_document() {
    let mut records = records();
    let left = Hop {
        kind: HopKind::Withdrawal,
        from: held(),
        to: held(),
        tag: Some(digest().keep_tag()),
        consumer: None,
        ..receipt(Certainty::Performed)
    };
    records.images.get_mut(&(source(), digest())).unwrap().custody.hops.push(left);
    let take_in = |desired: &Desired| planned(desired, &records, &Observed::default()).images[0].take_in;
    assert!(!take_in(&wanting(|withdrawal| withdrawal.quarantine = true)));
    assert!(take_in(&desired(None)));
}

/// The lock and people name upstream's digest; the record has that of the new index.
#[test]
fn an_image_of_chosen_platforms_is_asked_for_and_withdrawn_by_upstreams_digest() {
    let upstream = Digest::sha256("upstream's index");
    let mut records = evidence(&digest(), Verdict::Held, vec![taken_in()]);
    let record = records.images.get_mut(&(source(), digest())).unwrap();
    let platforms = vec!["linux/amd64".to_owned()];
    record.custody.source.subset =
        Some(SubsetRecord { upstream: upstream.clone(), platforms, left_out: vec![] });
    records.lock.images[0].digest = upstream.clone();
    let mut wanted = desired(None);
    wanted.images[0].content.platforms = vec!["linux/amd64".parse().unwrap()];
    assert_eq!(unasked(&wanted, &records), [], "it waits in quarantine");
    let whys: Vec<_> = unasked(&desired(None), &records).into_iter().map(|one| one.why).collect();
    assert_eq!(whys, [Why::NotAskedFor], "all platforms are asked for now");

    let mut withdrawal = withdrawal(Reference::from(&upstream));
    withdrawal.quarantine = true;
    let wanted = Desired { withdrawals: vec![withdrawal], ..wanted };
    assert_eq!(unknown(&wanted, &records, &Observed::default()), []);
    let all = [("quarantine".to_owned(), both(true, true))];
    assert_eq!(recalls(&wanted, &records, &all_there(&wanted, &records)), all);
}
