//! `evidence/consumers/<name>/`: what one consumer may pull, and what it may not and why.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cell::{Wanted, verdict};
use super::image::HistoryRow;
use super::link::Link;
use super::template::{Page, RenderError, render};
use super::{Pages, Subject, order};
use crate::catalogue::licence::Term;
use crate::evidence::{Hop, HopKind, ImageRecord, SubsetRecord, consumer_directory, image_directory};
use crate::manifest::DesiredConsumer;
use crate::model::{Digest, Instant, Reason, Repository, Verdict, canonical};

const SCHEMA: &str = "fondaco/digests/v1alpha1";
/// Events shown; the log keeps every one.
const EVENTS_MAX: usize = 50;

#[derive(Serialize)]
struct ConsumerPage {
    name: String,
    written: Link,
    target: String,
    gate: String,
    rules: Vec<Rule>,
    digests: Link,
    pullable: Vec<PullableRow>,
    chosen: Vec<ChosenRow>,
    waiting: Vec<WaitingRow>,
    events: Vec<HistoryRow>,
}

#[derive(Serialize)]
struct Rule {
    name: &'static str,
    value: String,
    written: Link,
}

#[derive(Serialize)]
struct PullableRow {
    repository: String,
    tag: String,
    digest: Link,
    since: String,
    verdict: &'static str,
    cleared_by: Option<String>,
}

/// An image of which some platforms were taken in.
#[derive(Serialize)]
struct ChosenRow {
    repository: String,
    tag: String,
    digest: String,
    upstream: String,
    platforms: String,
}

#[derive(Serialize)]
struct WaitingRow {
    image: String,
    tag: String,
    digest: Link,
    verdict: &'static str,
    rule: String,
    written: Link,
    fact: String,
    until: String,
}

/// `digests.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Digests<'a> {
    schema: &'static str,
    consumer: &'a str,
    target: &'a Repository,
    images: Vec<PullableImage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PullableImage<'a> {
    repository: &'a Repository,
    source: &'a Repository,
    tag: &'a str,
    digest: &'a Digest,
    /// What the tag means upstream, where that is another index: platforms were chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_digest: Option<&'a Digest>,
    since: Instant,
    cleared_by: Option<&'a str>,
}

/// What a tag of a distribution means: the last promotion to it.
struct Pullable<'a> {
    source: &'a Repository,
    digest: &'a Digest,
    record: &'a ImageRecord,
    hop: &'a Hop,
}

impl<'a> Pullable<'a> {
    /// Returns what was chosen, where that made a new index.
    fn chosen(&self) -> Option<&'a SubsetRecord> {
        let subset = self.record.custody.source.subset.as_ref();
        subset.filter(|subset| subset.upstream != *self.digest)
    }
}

pub(super) fn pages(subject: Subject<'_>, pages: &mut Pages) -> Result<(), RenderError> {
    for consumer in &subject.desired.consumers {
        let directory = consumer_directory(&consumer.name);
        let page = format!("{directory}/README.md");
        let pullable = pullable(subject, &consumer.name);
        let digests = canonical::to_text(&digests(consumer, &pullable))
            .map_err(|e| RenderError { page: "digests.json", detail: e.to_string() })?;
        let text = render(Page::Consumer, &values(subject, consumer, &page, &pullable))?;
        pages.insert(format!("{directory}/digests.json"), digests);
        pages.insert(page, text);
    }
    Ok(())
}

fn values(
    subject: Subject<'_>,
    consumer: &DesiredConsumer,
    page: &str,
    pullable: &[Pullable<'_>],
) -> ConsumerPage {
    let events = subject.evidence.log.events().rev();
    let ours = events.filter(|(_, event)| event.consumer.as_deref() == Some(&consumer.name)).take(EVENTS_MAX);
    ConsumerPage {
        name: consumer.name.clone(),
        written: Link::written(page, &consumer.written, subject),
        target: consumer.target.to_string(),
        gate: consumer.gate.name.clone(),
        rules: rules(subject, consumer, page),
        digests: Link::to(
            page,
            &format!("{}/digests.json", consumer_directory(&consumer.name)),
            "digests.json",
        ),
        pullable: pullable.iter().map(|image| pullable_row(consumer, page, image)).collect(),
        chosen: pullable.iter().filter_map(chosen_row).collect(),
        waiting: subject
            .wanted()
            .iter()
            .flat_map(|wanted| waiting(subject, consumer, page, wanted))
            .collect(),
        events: ours.map(|(path, event)| HistoryRow::of(page, path, event)).collect(),
    }
}

fn rules(subject: Subject<'_>, consumer: &DesiredConsumer, page: &str) -> Vec<Rule> {
    let gate = &consumer.gate;
    let rule = |name, value: String, written: &str| Rule {
        name,
        value,
        written: Link::written(page, written, subject),
    };
    let mut rules = vec![
        rule("maxSeverity", gate.max_severity.value.to_string(), &gate.max_severity.written),
        rule("fixableOnly", gate.fixable_only.value.to_string(), &gate.fixable_only.written),
        rule("unknownSeverity", gate.unknown_severity.value.to_string(), &gate.unknown_severity.written),
        rule("knownExploited", gate.known_exploited.value.action().to_owned(), &gate.known_exploited.written),
        rule(
            "signatureRequired",
            gate.signature_required.value.to_string(),
            &gate.signature_required.written,
        ),
        rule("maxAge", gate.max_age.value.to_string(), &gate.max_age.written),
    ];
    if gate.publisher_vex.value {
        rules.push(rule("publisherVex", "accept".to_owned(), &gate.publisher_vex.written));
    }
    if gate.hold_secrets.value {
        rules.push(rule("secrets", "hold".to_owned(), &gate.hold_secrets.written));
    }
    if let Some(licences) = &gate.licences {
        let list = |terms: &[Term]| terms.iter().map(Term::to_string).collect::<Vec<_>>().join(", ");
        if !licences.deny.value.is_empty() {
            rules.push(rule("licences.deny", list(&licences.deny.value), &licences.deny.written));
        }
        if let Some(allow) = &licences.allow {
            rules.push(rule("licences.allow", list(&allow.value), &allow.written));
        }
        let unknown = if licences.unknown.value == Verdict::Cleared { "accept" } else { "hold" };
        rules.push(rule("licences.unknown", unknown.to_owned(), &licences.unknown.written));
        let of = if licences.of_distribution.value { "all" } else { "languages" };
        rules.push(rule("licences.of", of.to_owned(), &licences.of_distribution.written));
    }
    rules
}

/// Returns what the consumer's tags mean, sorted by repository and tag. A tag that was withdrawn means nothing any more,
/// also not what it meant before that.
fn pullable<'a>(subject: Subject<'a>, consumer: &str) -> Vec<Pullable<'a>> {
    let mut latest: BTreeMap<(&Repository, &str), Pullable<'a>> = BTreeMap::new();
    for ((source, digest), record) in &subject.evidence.images {
        for hop in record.custody.here().iter().filter(|hop| hop.kind == HopKind::Promotion) {
            let (Some(tag), Some(name)) = (&hop.tag, &hop.consumer) else { continue };
            let key = (&hop.to, tag.as_str());
            if name == consumer && latest.get(&key).is_none_or(|known| known.hop.at <= hop.at) {
                latest.insert(key, Pullable { source, digest, record, hop });
            }
        }
    }
    let mut found: Vec<_> = latest.into_values().filter(|one| one.record.custody.stands(one.hop)).collect();
    let tag = |image: &Pullable<'a>| image.hop.tag.as_deref().unwrap_or_default();
    found.sort_by(|a, b| a.hop.to.cmp(&b.hop.to).then_with(|| order::tags(tag(b), tag(a))));
    found
}

fn pullable_row(consumer: &DesiredConsumer, page: &str, image: &Pullable<'_>) -> PullableRow {
    let folder = image_directory(image.source, image.digest);
    PullableRow {
        repository: image.hop.to.to_string(),
        tag: image.hop.tag.clone().unwrap_or_default(),
        digest: Link::to(page, &format!("{folder}/README.md"), image.digest.short()),
        since: image.hop.at.to_string(),
        verdict: verdict(image.record, &consumer.name).map_or("unknown", |v| v.verdict.name()),
        cleared_by: image.hop.cleared_by.clone(),
    }
}

fn chosen_row(image: &Pullable<'_>) -> Option<ChosenRow> {
    let subset = image.chosen()?;
    Some(ChosenRow {
        repository: image.hop.to.to_string(),
        tag: image.hop.tag.clone().unwrap_or_default(),
        digest: image.digest.to_string(),
        upstream: subset.upstream.to_string(),
        platforms: subset.platforms.join(", "),
    })
}

/// Returns a row for each reason why an image that is asked for is not cleared.
fn waiting(subject: Subject<'_>, consumer: &DesiredConsumer, page: &str, wanted: &Wanted) -> Vec<WaitingRow> {
    if !subject.asks(consumer, &wanted.source, &wanted.tag) {
        return vec![];
    }
    let known =
        wanted.digest.as_ref().and_then(|digest| Some((digest, subject.record(&wanted.source, digest)?)));
    let found = known.and_then(|(digest, record)| Some((digest, verdict(record, &consumer.name)?)));
    let row = |digest: Link, verdict, reason: Option<&Reason>| WaitingRow {
        image: wanted.source.to_string(),
        tag: wanted.tag.clone(),
        digest,
        verdict,
        rule: reason.map_or("unknown".into(), |r| r.rule.clone()),
        written: reason.map_or(Link::none("unknown"), |r| Link::written(page, &r.written, subject)),
        fact: reason.map_or("nothing is recorded yet".into(), |r| r.fact.clone()),
        until: reason.and_then(|r| r.until).map_or("no end known".into(), |until| until.to_string()),
    };
    match found {
        None => vec![row(Link::none("unknown"), "unknown", None)],
        Some((_, found)) if found.verdict == Verdict::Cleared => vec![],
        Some((digest, found)) => {
            let target = format!("{}/README.md", image_directory(&wanted.source, digest));
            let link = || Link::to(page, &target, digest.short());
            found.reasons.iter().map(|reason| row(link(), reason.verdict.name(), Some(reason))).collect()
        }
    }
}

fn digests<'a>(consumer: &'a DesiredConsumer, pullable: &[Pullable<'a>]) -> Digests<'a> {
    let image = |image: &Pullable<'a>| PullableImage {
        repository: &image.hop.to,
        source: image.source,
        tag: image.hop.tag.as_deref().unwrap_or_default(),
        digest: image.digest,
        upstream_digest: image.chosen().map(|subset| &subset.upstream),
        since: image.hop.at,
        cleared_by: image.hop.cleared_by.as_deref(),
    };
    let images = pullable.iter().map(image).collect();
    Digests { schema: SCHEMA, consumer: &consumer.name, target: &consumer.target, images }
}
