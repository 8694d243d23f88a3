//! `evidence/images/<repository>/README.md`: tags, digests and what each consumer may have.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cell::cell;
use super::link::Link;
use super::template::{Page, RenderError, render};
use super::{Pages, Subject, order};
use crate::evidence::{ImageRecord, consumer_directory, image_directory, repository_directory};
use crate::model::{Digest, Instant, Repository};

#[derive(Serialize)]
struct RepositoryPage {
    repository: String,
    overview: Link,
    consumers: Vec<Link>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    tag: String,
    /// Whether the tag means another digest now.
    earlier: bool,
    digest: Link,
    first_seen: String,
    cells: Vec<String>,
}

type Records<'a> = BTreeMap<&'a Digest, &'a ImageRecord>;

pub(super) fn pages(subject: Subject<'_>, pages: &mut Pages) -> Result<(), RenderError> {
    let mut repositories: BTreeMap<&Repository, Records<'_>> = BTreeMap::new();
    for ((repository, digest), record) in &subject.evidence.images {
        repositories.entry(repository).or_default().insert(digest, record);
    }
    for (repository, records) in repositories {
        let page = format!("{}/README.md", repository_directory(repository));
        let text = render(Page::Repository, &values(subject, &page, repository, &records))?;
        pages.insert(page, text);
    }
    Ok(())
}

fn values(
    subject: Subject<'_>,
    page: &str,
    repository: &Repository,
    records: &Records<'_>,
) -> RepositoryPage {
    let consumers = consumers(subject, records);
    let mut seen: Vec<(&str, Instant, &Digest)> = records
        .iter()
        .flat_map(|(digest, r)| r.custody.source.tags.iter().map(|t| (t.tag.as_str(), t.first_seen, *digest)))
        .collect();
    seen.sort_by(|a, b| order::tags(b.0, a.0).then_with(|| (b.1, b.2).cmp(&(a.1, a.2))));
    let row = |(tag, first_seen, digest): (&str, Instant, &Digest)| Row {
        tag: tag.to_owned(),
        earlier: !subject.is_current(repository, tag, digest),
        digest: Link::to(page, &format!("{}/README.md", image_directory(repository, digest)), digest.short()),
        first_seen: first_seen.date(),
        cells: cells(subject, &consumers, repository, tag, (digest, records[digest])),
    };
    RepositoryPage {
        repository: repository.to_string(),
        overview: Link::to(page, "evidence/README.md", "all images"),
        rows: seen.into_iter().map(row).collect(),
        consumers: consumers.iter().map(|name| consumer(subject, page, name)).collect(),
    }
}

/// Returns the consumers of now, and those that were judged for once.
fn consumers<'a>(subject: Subject<'a>, records: &Records<'a>) -> BTreeSet<&'a str> {
    let judged = records.values().flat_map(|r| r.verdicts.verdicts.iter().map(|v| v.consumer.as_str()));
    subject.desired.consumers.iter().map(|c| c.name.as_str()).chain(judged).collect()
}

fn consumer(subject: Subject<'_>, page: &str, name: &str) -> Link {
    if !subject.desired.consumers.iter().any(|c| c.name == name) {
        return Link::none(name);
    }
    Link::to(page, &format!("{}/README.md", consumer_directory(name)), name)
}

fn cells(
    subject: Subject<'_>,
    consumers: &BTreeSet<&str>,
    repository: &Repository,
    tag: &str,
    (digest, record): (&Digest, &ImageRecord),
) -> Vec<String> {
    let current = subject.is_current(repository, tag, digest);
    let asked = |name: &str| {
        current
            && subject.desired.consumers.iter().any(|c| c.name == name && subject.asks(c, repository, tag))
    };
    consumers.iter().map(|name| cell(Some(record), name, tag, asked(name))).collect()
}
