//! What each consumer's gate says, and why.

use serde::Serialize;

use super::Image;
use crate::evidence::ConsumerVerdict;
use crate::model::Reason;
use crate::render::link::Link;

#[derive(Serialize)]
pub(super) struct Section {
    rows: Vec<Row>,
    judged_at: String,
    manifest_commit: String,
    packages: String,
    verification: String,
    scan: String,
    /// Where a gate asks for them.
    contents: Option<String>,
}

#[derive(Serialize)]
struct Row {
    consumer: String,
    verdict: &'static str,
    gate: String,
    rule: String,
    written: Link,
    fact: String,
    recorded: Link,
    until: String,
}

pub(super) fn section(image: Image<'_>) -> Section {
    let verdicts = &image.record.verdicts;
    Section {
        rows: verdicts.verdicts.iter().flat_map(|verdict| rows(image, verdict)).collect(),
        judged_at: verdicts.judged_at.to_string(),
        manifest_commit: verdicts.manifest_commit.clone(),
        packages: verdicts.inputs.packages.short(),
        verification: verdicts.inputs.verification.short(),
        scan: verdicts.inputs.scan.as_ref().map_or("none".to_owned(), crate::model::Digest::short),
        contents: verdicts.inputs.contents.as_ref().map(crate::model::Digest::short),
    }
}

/// Returns a row for each reason, or one that says there is none.
fn rows(image: Image<'_>, verdict: &ConsumerVerdict) -> Vec<Row> {
    let row = |rule: String, written, fact: String, recorded, until: String| Row {
        consumer: verdict.consumer.clone(),
        verdict: verdict.verdict.name(),
        gate: verdict.gate.clone(),
        rule,
        written,
        fact,
        recorded,
        until,
    };
    if verdict.reasons.is_empty() && verdict.accepted.is_empty() {
        let rule = format!("maxSeverity {}", verdict.max_severity);
        let fact = "no reason against it is recorded".to_owned();
        return vec![row(rule, Link::none("none"), fact, image.file("verdicts.json"), "none".to_owned())];
    }
    let of = |reason: &Reason| {
        let until = reason.until.map_or("no end known".to_owned(), |until| until.to_string());
        let written = Link::written(image.page, &reason.written, image.subject);
        row(reason.rule.clone(), written, reason.fact.clone(), recorded(image, &reason.recorded), until)
    };
    verdict.reasons.iter().chain(&verdict.accepted).map(of).collect()
}

/// Links `scan.json`, and `scan.json` of `scan.json#findings/3`, which keeps its whole text.
fn recorded(image: Image<'_>, text: &str) -> Link {
    let name = text.split(['#', ',', ' ']).next().unwrap_or_default();
    Link { text: text.to_owned(), ..image.file(name) }
}
