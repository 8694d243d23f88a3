//! `evidence/README.md`: one screen for everything.

use serde::Serialize;

use super::cell::{Wanted, cell, promotion, until, verdict};
use super::link::Link;
use super::map::{self, Map};
use super::template::{Page, RenderError, render};
use super::{Pages, Subject, jurisdiction};
use crate::evidence::{
    ADVISORIES_LOCK, IMAGES_LOCK, ImageRecord, JURISDICTION, consumer_directory, image_directory,
    repository_directory,
};
use crate::manifest::DesiredConsumer;
use crate::model::{Outcome, Verdict};

const PAGE: &str = "evidence/README.md";

#[derive(Serialize)]
struct Overview {
    mirror: String,
    lock: Link,
    advisories: Option<Advisories>,
    counts: Vec<Count>,
    attention: Vec<Attention>,
    open_questions: usize,
    jurisdiction: Link,
    consumers: Vec<Link>,
    rows: Vec<Row>,
    map: Map,
}

#[derive(Serialize)]
struct Advisories {
    digest: Link,
    as_of: String,
}

#[derive(Serialize)]
struct Count {
    name: &'static str,
    count: usize,
}

/// Something that does not settle itself.
#[derive(Serialize)]
struct Attention {
    image: Link,
    tag: String,
    consumer: String,
    why: String,
    written: Link,
}

#[derive(Serialize)]
struct Row {
    image: Link,
    tag: String,
    digest: Link,
    cells: Vec<String>,
}

pub(super) fn page(subject: Subject<'_>, pages: &mut Pages) -> Result<(), RenderError> {
    let desired = subject.desired;
    let name =
        |c: &DesiredConsumer| Link::to(PAGE, &format!("{}/README.md", consumer_directory(&c.name)), &c.name);
    let values = Overview {
        mirror: desired.mirror.name.clone(),
        lock: Link::to(PAGE, IMAGES_LOCK, "images.lock.json"),
        advisories: subject.evidence.advisories.as_ref().map(|lock| Advisories {
            digest: Link::to(PAGE, ADVISORIES_LOCK, lock.digest.short()),
            as_of: lock.as_of.to_string(),
        }),
        counts: counts(subject),
        attention: subject.wanted().iter().flat_map(|wanted| attention(subject, wanted)).collect(),
        open_questions: jurisdiction::open_questions(subject),
        jurisdiction: Link::to(PAGE, JURISDICTION[0], "docs/jurisdiction.md"),
        consumers: desired.consumers.iter().map(name).collect(),
        rows: subject.wanted().iter().map(|wanted| row(subject, wanted)).collect(),
        map: map::of(subject),
    };
    pages.insert(PAGE.to_owned(), render(Page::Overview, &values)?);
    Ok(())
}

/// Counts each verdict over the images and consumers that are asked for now.
fn counts(subject: Subject<'_>) -> Vec<Count> {
    let pairs = subject.wanted().into_iter().flat_map(|wanted| {
        let record = record(subject, &wanted);
        let asking =
            subject.desired.consumers.iter().filter(move |c| subject.asks(c, &wanted.source, &wanted.tag));
        asking.map(move |c| record.and_then(|r| verdict(r, &c.name)).map(|v| v.verdict))
    });
    let found: Vec<Option<Verdict>> = pairs.collect();
    let count = |name, verdict| Count { name, count: found.iter().filter(|v| **v == verdict).count() };
    vec![
        count(Verdict::Cleared.name(), Some(Verdict::Cleared)),
        count(Verdict::Held.name(), Some(Verdict::Held)),
        count(Verdict::Refused.name(), Some(Verdict::Refused)),
        count("unknown", None),
    ]
}

fn attention(subject: Subject<'_>, wanted: &Wanted) -> Vec<Attention> {
    let line = |consumer: &str, why: String, written: Link| Attention {
        image: image(subject, wanted),
        tag: wanted.tag.clone(),
        consumer: consumer.to_owned(),
        why,
        written,
    };
    let asking = subject.desired.consumers.iter().filter(|c| subject.asks(c, &wanted.source, &wanted.tag));
    let Some(record) = record(subject, wanted) else {
        let missing =
            |c: &DesiredConsumer| line(&c.name, "asked for, and nothing is recorded".into(), Link::none(""));
        return asking.map(missing).collect();
    };
    let mut lines = Vec::new();
    if record.verification.outcome == Outcome::Invalid {
        let why = format!("publisher's signature is invalid: {}", record.verification.reason);
        lines.push(line("every", why, Link::none(&record.verification.policy)));
    }
    for consumer in asking {
        let Some(found) = verdict(record, &consumer.name) else { continue };
        let settles =
            found.verdict == Verdict::Cleared || (found.verdict == Verdict::Held && until(found).is_some());
        let pullable = promotion(record, &consumer.name, &wanted.tag).is_some();
        if settles && !(pullable && found.verdict != Verdict::Cleared) {
            continue;
        }
        let prefix = if pullable { format!("promoted, now {}: ", found.verdict) } else { String::new() };
        for reason in found.reasons.iter().filter(|reason| reason.verdict == found.verdict) {
            let written = Link::written(PAGE, &reason.written, subject);
            lines.push(line(&consumer.name, format!("{prefix}{}", reason.fact), written));
        }
    }
    lines
}

fn row(subject: Subject<'_>, wanted: &Wanted) -> Row {
    let record = record(subject, wanted);
    let digest = match (&wanted.digest, record) {
        (Some(digest), Some(_)) => {
            let folder = image_directory(&wanted.source, digest);
            Link::to(PAGE, &format!("{folder}/README.md"), digest.short())
        }
        (Some(digest), None) => Link::none(digest.short()),
        (None, _) => Link::none("unknown"),
    };
    let of = |c: &DesiredConsumer| {
        cell(record, &c.name, &wanted.tag, subject.asks(c, &wanted.source, &wanted.tag))
    };
    let cells = subject.desired.consumers.iter().map(of).collect();
    Row { image: image(subject, wanted), tag: wanted.tag.clone(), digest, cells }
}

/// Links to the repository's page, which exists where anything is recorded about the repository.
fn image(subject: Subject<'_>, wanted: &Wanted) -> Link {
    let name = wanted.source.to_string();
    let known = subject.evidence.images.keys().any(|(repository, _)| *repository == wanted.source);
    if !known {
        return Link::none(name);
    }
    Link::to(PAGE, &format!("{}/README.md", repository_directory(&wanted.source)), name)
}

fn record<'a>(subject: Subject<'a>, wanted: &Wanted) -> Option<&'a ImageRecord> {
    subject.record(&wanted.source, wanted.digest.as_ref()?)
}
