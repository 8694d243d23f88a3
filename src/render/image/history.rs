//! What happened to the image, newest first.

use serde::Serialize;

use super::Image;
use crate::evidence::Event;
use crate::render::link::Link;

/// Enough for years of ordinary life; the log keeps every event.
const ROWS_MAX: usize = 200;

#[derive(Serialize)]
pub(super) struct Section {
    rows: Vec<Row>,
    left_out: usize,
}

/// An event, as pages show it.
#[derive(Serialize)]
pub(in crate::render) struct Row {
    at: String,
    kind: &'static str,
    tag: String,
    consumer: String,
    verdict: &'static str,
    detail: String,
    log: Link,
}

impl Row {
    pub(in crate::render) fn of(page: &str, path: &str, event: &Event) -> Self {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        Self {
            at: event.at.to_string(),
            kind: event.kind.name(),
            tag: or_none(&event.tag),
            consumer: or_none(&event.consumer),
            verdict: event.verdict.map_or("none", crate::model::Verdict::name),
            detail: event.detail.clone(),
            log: Link::to(page, path, path.rsplit('/').next().unwrap_or(path)),
        }
    }
}

pub(super) fn section(image: Image<'_>) -> Section {
    let name = Event::image(image.repository, image.digest);
    let ours = image.subject.evidence.log.events().rev().filter(|(_, event)| event.image == name);
    let events: Vec<_> = ours.collect();
    Section {
        rows: events.iter().take(ROWS_MAX).map(|(path, event)| Row::of(image.page, path, event)).collect(),
        left_out: events.len().saturating_sub(ROWS_MAX),
    }
}
