//! Brings the records up to date: new facts in, every image scanned against the pinned bundle and judged for everyone
//! who asks for it. A record is replaced only where a fact differs; nothing here takes a time but that of an event.

use std::collections::{BTreeMap, BTreeSet};

use super::{Observed, Resolved, publisher, withdrawal};
use crate::{
    advisory::Bundle,
    evidence::{
        Actor, AdvisoriesLock, Certainty, ConsumerVerdict, Custody, Document as _, Event, EventKind,
        Evidence, Hop, HopKind, ImageRecord, ImagesLock, LockedImage, RescanRecord, ScanRecord, Scanned,
        SourceRecord, Subject, TagSeen, VerdictInputs, Verdicts, VerificationRecord,
    },
    gate,
    intake::TakenIn,
    manifest::{Desired, DesiredConsumer, DesiredImage},
    model::{Digest, Instant, Repository},
    scan,
    trust::predicate::StatedList,
};

/// The list of packages that is scanned.
const PACKAGES: &str = "packages.txt";

/// What a run found out about one digest before judging.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    pub taken: Option<Taken>,
    pub verification: Option<VerificationRecord>,
    /// What the attestations state that were found with it.
    pub stated: StatedList,
}

/// An image that this run put into quarantine.
#[derive(Debug, Clone)]
pub struct Taken {
    pub found: TakenIn,
    pub at: Instant,
    pub quarantine: Repository,
}

/// On whose behalf, with what and by which manifests a run judges.
#[derive(Debug, Clone)]
pub struct Judging<'a> {
    pub desired: &'a Desired,
    pub bundle: Option<&'a Bundle>,
    pub observed: &'a Observed,
    pub commit: &'a str,
    pub now: Instant,
    pub actor: &'a Actor,
    /// `fondaco 0.1.0`.
    pub tool: &'a str,
}

/// The amended records and what happened.
#[derive(Debug, Clone)]
pub struct Amended {
    pub evidence: Evidence,
    pub events: Vec<Event>,
}

/// Says why records could not be amended.
#[derive(Debug, thiserror::Error)]
pub enum AmendError {
    #[error(transparent)]
    Scan(#[from] scan::ScanError),
}

/// Facts by upstream repository and digest.
pub type Facts = BTreeMap<(Repository, Digest), Gathered>;

/// Returns whether judging needs the advisory bundle itself: some image has no scan by the pinned one.
pub fn needs_bundle(evidence: &Evidence, resolved: &[Resolved], facts: &Facts) -> bool {
    let Some(lock) = &evidence.advisories else { return false };
    resolved.iter().filter_map(|r| Some((&r.image, r.digest.as_ref()?))).any(|(image, digest)| match evidence
        .asked(&image.source, digest, &image.content.platforms)
    {
        Some(record) => !is_current(evidence, record, &lock.digest),
        None => facts.contains_key(&(image.source.clone(), digest.clone())),
    })
}

/// Returns whether an image was scanned against a bundle, also where that said what was recorded before.
fn is_current(evidence: &Evidence, record: &ImageRecord, bundle: &Digest) -> bool {
    let said_the_same = evidence.rescan.as_ref().is_some_and(|rescan| rescan.digest == *bundle);
    record.scan.as_ref().is_some_and(|scan| scan.advisories.digest == *bundle || said_the_same)
}

/// Amends `evidence` by what was resolved and gathered.
pub fn amend(
    judging: &Judging<'_>,
    evidence: &Evidence,
    resolved: &[Resolved],
    facts: &Facts,
) -> Result<Amended, AmendError> {
    let mut amended = Amended { evidence: evidence.clone(), events: vec![] };
    amended.evidence.lock = lock(judging.now, resolved);
    for resolved in resolved {
        let Some(digest) = &resolved.digest else { continue };
        if resolved.was.as_ref().is_some_and(|was| was != digest) {
            amended.events.push(event(judging.now, EventKind::TagMoved, resolved, digest, moved(resolved)));
        }
        add_facts(judging, &mut amended, resolved, digest, facts);
    }
    let mut subjects: BTreeMap<(Repository, Digest), Vec<&DesiredImage>> = BTreeMap::new();
    for resolved in resolved {
        let Some(digest) = &resolved.digest else { continue };
        let (image, evidence) = (&resolved.image, &amended.evidence);
        let record = evidence.asked(&image.source, digest, &image.content.platforms);
        let subject = record.map_or(digest, |record| &record.custody.subject.digest).clone();
        subjects.entry((image.source.clone(), subject)).or_default().push(image);
    }
    let mut counted = Counted::default();
    for ((source, digest), asked) in subjects {
        judge_one(judging, &mut amended, &source, &digest, &asked, &mut counted)?;
    }
    record_rescan(judging, &mut amended.evidence, &counted);
    announce(judging, &mut amended);
    Ok(amended)
}

/// Says once, before anything is deleted, that it is to be.
fn announce(judging: &Judging<'_>, amended: &mut Amended) {
    let (desired, observed) = (judging.desired, judging.observed);
    let new = withdrawal::announcements(desired, &amended.evidence, observed, judging.actor, judging.now);
    amended.events.extend(new);
}

fn lock(now: Instant, resolved: &[Resolved]) -> ImagesLock {
    let locked = resolved.iter().filter_map(|r| {
        Some(LockedImage {
            repository: r.image.source.clone(),
            tag: r.image.tag.clone(),
            digest: r.digest.clone()?,
            first_seen: r.first_seen.unwrap_or(now),
        })
    });
    let images: BTreeSet<LockedImage> = locked.collect();
    ImagesLock { schema: ImagesLock::SCHEMA.into(), images: images.into_iter().collect() }
}

/// Makes or extends the custody and verification records. A digest nobody took in has no record yet and stays so.
fn add_facts(
    judging: &Judging<'_>,
    amended: &mut Amended,
    resolved: &Resolved,
    digest: &Digest,
    facts: &Facts,
) {
    let image = &resolved.image;
    let gathered = facts.get(&(image.source.clone(), digest.clone()));
    let recorded = amended.evidence.asked(&image.source, digest, &image.content.platforms);
    let left = recorded.map(|record| record.custody.left_quarantine());
    let mut subject = recorded.map_or(digest, |record| &record.custody.subject.digest).clone();
    if left != Some(false)
        && let Some(Gathered { taken: Some(taken), verification: Some(verification), .. }) = gathered
    {
        subject = taken.found.subject.digest.clone();
        let key = (image.source.clone(), subject.clone());
        if let Some(record) = amended.evidence.images.get_mut(&key).filter(|_| left == Some(true)) {
            // A withdrawal emptied quarantine of it; what is known of the same bytes stays known.
            record.custody.hops.push(intake(judging, &key.0, taken));
            write_sboms(&mut record.custody.subject, &taken.found.subject);
            record.contents.get_or_insert_with(|| taken.found.contents.clone());
        } else {
            let mut record = first_record(judging, &key.0, taken, verification);
            // Taken in before for another choice of platforms that comes to the same manifest.
            if let Some(before) = amended.evidence.images.remove(&key) {
                record.custody.hops.splice(..0, before.custody.hops);
                record.custody.source.tags = before.custody.source.tags;
            }
            amended.evidence.images.insert(key, record);
        }
        amended.events.push(event(
            taken.at,
            EventKind::Intake,
            resolved,
            &subject,
            format!("taken in to {}", taken.quarantine),
        ));
    }
    let key = (image.source.clone(), subject);
    let Some(record) = amended.evidence.images.get_mut(&key) else { return };
    if let Some(verification) = gathered.and_then(|g| g.verification.as_ref()) {
        record.verification = verification.clone();
        let stated =
            gathered.map(|gathered| publisher::record(&record.custody, &record.packages, &gathered.stated));
        // A record that is there is never taken away, so what is no longer stated has to be written as that.
        record.publisher = stated.filter(|new| record.publisher.is_some() || !new.says_nothing());
    }
    let tags = &mut record.custody.source.tags;
    if !tags.iter().any(|seen| seen.tag == resolved.image.tag) {
        let first_seen = resolved.first_seen.unwrap_or(judging.now);
        tags.push(TagSeen { tag: resolved.image.tag.clone(), first_seen });
        tags.sort();
    }
}

/// Notes the SBOMs that were written anew: those of the first intake went with the image.
fn write_sboms(recorded: &mut Subject, taken: &Subject) {
    for platform in &mut recorded.platforms {
        if let Some(new) = taken.platforms.iter().find(|new| new.digest == platform.digest) {
            platform.sbom.clone_from(&new.sbom);
        }
    }
}

fn intake(judging: &Judging<'_>, source: &Repository, taken: &Taken) -> Hop {
    Hop {
        kind: HopKind::Intake,
        from: source.clone(),
        to: taken.quarantine.clone(),
        tag: None,
        consumer: None,
        hosts: taken.found.hosts.clone(),
        volumes: vec![],
        at: taken.at,
        bytes: taken.found.bytes_moved,
        actor: judging.actor.clone(),
        tool: judging.tool.into(),
        certainty: Certainty::Performed,
        cleared_by: None,
        vouched: vec![],
    }
}

fn first_record(
    judging: &Judging<'_>,
    source: &Repository,
    taken: &Taken,
    verification: &VerificationRecord,
) -> ImageRecord {
    let packages = &taken.found.packages;
    let verdicts = Verdicts {
        schema: Verdicts::SCHEMA.into(),
        subject: taken.found.subject.digest.clone(),
        manifest_commit: judging.commit.into(),
        judged_at: judging.now,
        inputs: VerdictInputs {
            packages: Digest::sha256(packages.get("packages.txt").map_or("", String::as_str)),
            verification: Digest::sha256(""),
            scan: None,
            publisher: None,
            contents: None,
        },
        verdicts: vec![],
    };
    ImageRecord {
        custody: Custody {
            schema: Custody::SCHEMA.into(),
            subject: taken.found.subject.clone(),
            source: SourceRecord {
                repository: source.clone(),
                tags: vec![],
                subset: taken.found.subset.clone(),
            },
            hops: vec![intake(judging, source, taken)],
            companions: taken.found.companions.clone(),
        },
        verification: verification.clone(),
        packages: packages.clone(),
        scan: None,
        contents: Some(taken.found.contents.clone()),
        publisher: None,
        verdicts,
    }
}

fn judge_one(
    judging: &Judging<'_>,
    amended: &mut Amended,
    source: &Repository,
    digest: &Digest,
    asked: &[&DesiredImage],
    counted: &mut Counted,
) -> Result<(), AmendError> {
    let lock = amended.evidence.advisories.clone();
    let key = (source.clone(), digest.clone());
    let current = lock.as_ref().zip(amended.evidence.images.get(&key));
    let current = current.is_some_and(|(lock, record)| is_current(&amended.evidence, record, &lock.digest));
    let Some(record) = amended.evidence.images.get_mut(&(source.clone(), digest.clone())) else {
        return Ok(());
    };
    if !current {
        record.scan = rescan(judging, record, lock.as_ref().map(|lock| &lock.digest), counted)?;
    }
    if let Some(scan) = &mut record.scan {
        scan::state(scan, record.publisher.as_ref());
    }
    let verdicts = verdicts(judging, record, asked, lock.as_ref());
    let inputs = inputs(judging.desired, record, &verdicts);
    let before = record.verdicts.clone();
    if before.inputs == inputs && same_verdicts(&before.verdicts, &verdicts) {
        return Ok(());
    }
    let image = Event::image(source, digest);
    let changed = verdicts.iter().filter(|v| {
        before.verdicts.iter().find(|b| b.consumer == v.consumer).is_none_or(|b| b.verdict != v.verdict)
    });
    amended.events.extend(changed.map(|verdict| Event {
        at: judging.now,
        kind: EventKind::Verdict,
        image: image.clone(),
        tag: None,
        consumer: Some(verdict.consumer.clone()),
        verdict: Some(verdict.verdict),
        detail: verdict.reasons.first().map_or("nothing speaks against it".to_owned(), |r| r.fact.clone()),
    }));
    let manifest_commit = judging.commit.to_owned();
    record.verdicts = Verdicts { manifest_commit, judged_at: judging.now, inputs, verdicts, ..before };
    Ok(())
}

/// What a new bundle was asked, and for how many images it says something new.
#[derive(Debug, Default)]
struct Counted {
    images: u64,
    changed: u64,
}

/// Returns the scan by the pinned bundle: the recorded one where that says the same.
fn rescan(
    judging: &Judging<'_>,
    record: &ImageRecord,
    pinned: Option<&Digest>,
    counted: &mut Counted,
) -> Result<Option<ScanRecord>, AmendError> {
    let (Some(_), Some(bundle)) = (pinned, judging.bundle) else { return Ok(None) };
    let mut scan = scan_of(record, bundle)?;
    scan::remember(&mut scan, record.scan.as_ref(), judging.now);
    counted.images += 1;
    if let Some(recorded) = &record.scan
        && scan::says_the_same(recorded, &scan)
    {
        return Ok(Some(recorded.clone()));
    }
    counted.changed += u64::from(record.scan.is_some());
    let scanned = Scanned { at: judging.now, tool: judging.tool.into() };
    Ok(Some(ScanRecord { scanned: Some(scanned), ..scan }))
}

/// Scans what is recorded of an image.
///
/// # Errors
/// As [`scan::scan`].
pub fn scan_of(record: &ImageRecord, bundle: &Bundle) -> Result<ScanRecord, scan::ScanError> {
    let subject = &record.custody.subject;
    let packages = record.packages.get(PACKAGES).map_or("", String::as_str);
    let gaps = subject.not_catalogued.clone();
    scan::scan(&subject.digest, packages, bundle, gaps, &owned(record))
}

/// Notes the bundle that every image was scanned against, where that is not the one noted.
fn record_rescan(judging: &Judging<'_>, evidence: &mut Evidence, counted: &Counted) {
    let Some(lock) = &evidence.advisories else { return };
    if counted.images == 0 || evidence.rescan.as_ref().is_some_and(|rescan| rescan.digest == lock.digest) {
        return;
    }
    evidence.rescan = Some(RescanRecord {
        schema: RescanRecord::SCHEMA.into(),
        digest: lock.digest.clone(),
        as_of: lock.as_of,
        scanned: Scanned { at: judging.now, tool: judging.tool.into() },
        images: counted.images,
        changed: counted.changed,
    });
}

/// Returns which packages belong to packages of the distribution, on every platform that has them.
fn owned(record: &ImageRecord) -> scan::Owned<'_> {
    let recorded = record.contents.iter().flat_map(|contents| &contents.platforms);
    let by_platform: BTreeMap<&Digest, scan::Owned<'_>> = recorded
        .map(|found| {
            let owned = found.owned.iter().map(|one| (one.package.as_str(), one.owner.as_str()));
            (&found.digest, owned.collect())
        })
        .collect();
    let mut all: scan::Owned<'_> =
        by_platform.values().flatten().map(|(one, owner)| (*one, *owner)).collect();
    for platform in &record.custody.subject.platforms {
        let list = record.packages.get(&platform.packages).map_or("", String::as_str);
        let owned = by_platform.get(&platform.digest);
        for package in list.lines().filter(|line| owned.is_none_or(|owned| !owned.contains_key(line))) {
            all.remove(package);
        }
    }
    all
}

fn verdicts(
    judging: &Judging<'_>,
    record: &ImageRecord,
    asked: &[&DesiredImage],
    advisories: Option<&AdvisoriesLock>,
) -> Vec<ConsumerVerdict> {
    let desired = judging.desired;
    let wanting = desired.consumers.iter().filter_map(|consumer| {
        let images: Vec<&DesiredImage> =
            asked.iter().filter(|image| consumer.sets.contains(&image.set)).copied().collect();
        let image = images.first()?;
        let source = &record.custody.source.repository;
        let withdrawals = withdrawal::concerning(desired, source, record, Some(&consumer.name));
        let facts = gate::Facts {
            platforms: &record.custody.subject.platforms,
            unread: &record.custody.subject.unread,
            verification: &record.verification,
            policy: image.trust.as_ref().and_then(|name| desired.policies.get(name)),
            scan: record.scan.as_ref(),
            advisories,
            contents: record.contents.as_ref(),
            first_seen: first_seen(record, &images),
            cooldown: images.iter().filter_map(|image| image.cooldown.as_ref()).max(),
            withdrawals: &withdrawals,
            now: judging.now,
        };
        Some(gate::judge(&facts, consumer))
    });
    wanting.collect()
}

/// Returns when the digest was first seen under one of these tags: bytes that have been looked at for a while are not
/// new because another tag points to them now.
fn first_seen(record: &ImageRecord, images: &[&DesiredImage]) -> Option<Instant> {
    let tags = record.custody.source.tags.iter();
    tags.filter(|seen| images.iter().any(|image| image.tag == seen.tag)).map(|seen| seen.first_seen).min()
}

fn inputs(desired: &Desired, record: &ImageRecord, verdicts: &[ConsumerVerdict]) -> VerdictInputs {
    // Verdicts that do not depend on the contents do not name them, so that records of before stay as they are.
    let asks = |consumer: &DesiredConsumer| {
        consumer.gate.asks_contents() && verdicts.iter().any(|verdict| verdict.consumer == consumer.name)
    };
    let contents = record.contents.as_ref().filter(|_| desired.consumers.iter().any(asks));
    VerdictInputs {
        packages: Digest::sha256(record.packages.get("packages.txt").map_or("", String::as_str)),
        verification: Digest::sha256(record.verification.text()),
        scan: record.scan.as_ref().map(|scan| Digest::sha256(scan.text())),
        publisher: record.publisher.as_ref().map(|publisher| Digest::sha256(publisher.text())),
        contents: contents.map(|contents| Digest::sha256(contents.text())),
    }
}

/// Compares verdicts without the places of their rules: a line added above a rule is no new fact.
fn same_verdicts(before: &[ConsumerVerdict], after: &[ConsumerVerdict]) -> bool {
    let placeless = |verdicts: &[ConsumerVerdict]| -> Vec<ConsumerVerdict> {
        let mut verdicts = verdicts.to_vec();
        let reasons = verdicts.iter_mut().flat_map(|v| v.reasons.iter_mut().chain(&mut v.accepted));
        reasons.for_each(|reason| reason.written.clear());
        verdicts
    };
    placeless(before) == placeless(after)
}

fn moved(resolved: &Resolved) -> String {
    resolved.was.as_ref().map_or(String::new(), |was| format!("until then the tag meant {was}"))
}

fn event(at: Instant, kind: EventKind, resolved: &Resolved, digest: &Digest, detail: String) -> Event {
    Event {
        at,
        kind,
        image: Event::image(&resolved.image.source, digest),
        tag: Some(resolved.image.tag.clone()),
        consumer: None,
        verdict: None,
        detail,
    }
}
