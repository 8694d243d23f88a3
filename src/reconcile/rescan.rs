//! Judges what is held against the pinned advisories from what is recorded: no image is touched and no upstream asked.
//!
//! Tags mean what the lock says. What was promoted stays where it is: a verdict that turned is recorded, shown on the
//! pages and left to a withdrawal, which is a person's decision.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use super::{
    RunError, State, World,
    record::{PUSHES_MAX, amended, commit_and_push},
};
use crate::{
    evidence::{self, HopKind, ImageRecord},
    manifest::Desired,
    model::{Digest, Kind, Verdict, foreign::inline},
    plan::{self, Listed, Observed, Seen, amend::Amended, amend::Facts},
    render,
};

/// The result. `schema` numbers the JSON form; keys are added, never changed, under one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RescanReport {
    /// `fondaco/rescan-report/v1alpha1`.
    pub schema: &'static str,
    /// The bundle.
    pub advisories: Digest,
    /// The day it speaks for.
    pub as_of: String,
    /// Images with a record.
    pub images: usize,
    /// Images whose findings are others now.
    pub changed: usize,
    /// Verdicts that turned, in the order of images and consumers.
    pub verdicts: Vec<Turned>,
    /// Findings that are newly known to be exploited.
    pub exploited: Vec<Exploited>,
    /// What was pushed; absent where nothing is new.
    pub commit: Option<String>,
}

/// A verdict that turned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Turned {
    /// Upstream repository and digest.
    pub image: String,
    pub consumer: String,
    pub before: Option<Verdict>,
    pub now: Verdict,
    /// The strongest reason against clearing.
    pub reason: Option<String>,
    /// Whether the consumer can pull it.
    pub promoted: bool,
}

/// A finding that is known to be exploited since this scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exploited {
    pub image: String,
    pub id: String,
    pub source: String,
    /// `CISA KEV since 2026-11-19`.
    pub by: Vec<String>,
    /// Consumers that can pull it.
    pub consumers: Vec<String>,
}

/// Judges, commits what changed with the pages that show it, and pushes.
///
/// # Errors
/// [`RunError`]; nothing is committed then. [`RunError::Advisories`] where no bundle is pinned.
pub async fn rescan(world: &World) -> Result<RescanReport, RunError> {
    for _ in 0..PUSHES_MAX {
        let mut state = State::tip(world).await?;
        let observed = as_locked(&mut state);
        let resolved = plan::resolve(&state.desired, &state.evidence.lock, &observed);
        let Some(lock) = state.evidence.advisories.clone() else {
            let reason = "none is pinned: `fondaco advisories import` one".to_owned();
            return Err(RunError::Advisories { digest: "none".to_owned(), reason, kind: Kind::NotFound });
        };
        let amended = amended(world, &state, &resolved, &observed, &Facts::new()).await?;
        let mut report = report(&state, &amended, &lock.digest, lock.as_of.date());
        let changes = changes(&state, &amended)?;
        if changes.is_empty() {
            return Ok(report);
        }
        if let Some(pushed) = commit_and_push(world, &state, changes, message(&state, &report)).await? {
            report.commit = Some(pushed.to_string());
            return Ok(report);
        }
    }
    Err(RunError::PushLost(PUSHES_MAX))
}

/// Takes what the lock says for what upstream would answer.
fn as_locked(state: &mut State) -> Observed {
    let mut observed = Observed::default();
    for source in plan::listings(&state.desired) {
        let unasked = Listed::Failed { kind: Kind::Unavailable, message: "upstream is not asked".to_owned() };
        observed.listings.insert(source, unasked);
    }
    state.expand(&observed);
    for locked in &state.evidence.lock.images {
        let key = (locked.repository.clone(), locked.tag.clone());
        observed.upstream.insert(key, Seen::Digest(locked.digest.clone()));
    }
    observed
}

/// Returns what differs from the tip, with the pages. Where only the pages would, there is nothing new.
fn changes(state: &State, amended: &Amended) -> Result<BTreeMap<String, Option<Vec<u8>>>, RunError> {
    let mut evidence = amended.evidence.clone();
    evidence.log.extend(&amended.events);
    let mut files = evidence::files(&evidence);
    files.extend(evidence::append(&state.files, &amended.events));
    let unpaged = |path: &String| !evidence::is_page(path);
    let before: BTreeMap<_, _> =
        state.files.iter().filter(|(path, _)| unpaged(path)).map(|(p, b)| (p.clone(), b.clone())).collect();
    if evidence::changes(&before, &files).is_empty() {
        return Ok(BTreeMap::new());
    }
    files.extend(render::pages(&evidence, &state.desired)?);
    Ok(evidence::changes(&state.files, &files))
}

fn message(state: &State, report: &RescanReport) -> String {
    format!(
        "Rescan {} images against the advisories of {}: {} changed, {} verdicts turned\n\nFondaco-Manifest-Commit: {}\n\
         Fondaco-Mirror: {}\n",
        report.images,
        report.as_of,
        report.changed,
        report.verdicts.len(),
        state.tip,
        state.desired.mirror.name
    )
}

fn report(state: &State, amended: &Amended, advisories: &Digest, as_of: String) -> RescanReport {
    let (before, after) = (&state.evidence, &amended.evidence);
    let mut report = RescanReport {
        schema: "fondaco/rescan-report/v1alpha1",
        advisories: advisories.clone(),
        as_of,
        images: after.images.len(),
        changed: 0,
        verdicts: vec![],
        exploited: vec![],
        commit: None,
    };
    for (key, record) in &after.images {
        let name = evidence::Event::image(&key.0, &key.1);
        let old = before.images.get(key);
        if old.is_none_or(|old| old.scan != record.scan) {
            report.changed += 1;
        }
        report.verdicts.extend(turned(&name, old, record));
        report.exploited.extend(exploited(&name, old, record, &state.desired));
    }
    report
}

fn turned(name: &str, old: Option<&ImageRecord>, new: &ImageRecord) -> Vec<Turned> {
    let before = |consumer: &str| {
        let verdicts = old.into_iter().flat_map(|old| &old.verdicts.verdicts);
        verdicts.into_iter().find(|verdict| verdict.consumer == consumer).map(|verdict| verdict.verdict)
    };
    let verdicts = new.verdicts.verdicts.iter();
    let turned = verdicts.filter(|verdict| before(&verdict.consumer) != Some(verdict.verdict));
    turned
        .map(|verdict| Turned {
            image: name.to_owned(),
            consumer: verdict.consumer.clone(),
            before: before(&verdict.consumer),
            now: verdict.verdict,
            reason: verdict.reasons.first().map(|reason| reason.fact.clone()),
            promoted: pulling(new).any(|consumer| consumer == verdict.consumer),
        })
        .collect()
}

/// Returns the consumers for whom an image was promoted and not withdrawn.
fn pulling(record: &ImageRecord) -> impl Iterator<Item = &str> {
    let promoted = record.custody.here().iter().filter(|hop| hop.kind == HopKind::Promotion);
    promoted.filter_map(|hop| hop.consumer.as_deref())
}

fn exploited(name: &str, old: Option<&ImageRecord>, new: &ImageRecord, desired: &Desired) -> Vec<Exploited> {
    let findings = |record: &ImageRecord| record.scan.iter().flat_map(|scan| scan.findings.clone()).collect();
    let (before, now): (Vec<_>, Vec<_>) = (old.map(findings).unwrap_or_default(), findings(new));
    let known = |id: &str, source: &str| {
        before.iter().any(|found| found.id == id && found.source == source && !found.exploited.is_empty())
    };
    let new_ones =
        now.into_iter().filter(|found| !found.exploited.is_empty() && !known(&found.id, &found.source));
    let consumers = |record: &ImageRecord| -> Vec<String> {
        let mut names: Vec<String> = pulling(record)
            .filter(|name| desired.consumers.iter().any(|consumer| consumer.name == *name))
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        names
    };
    new_ones
        .map(|found| Exploited {
            image: name.to_owned(),
            by: found.exploited.iter().map(|said| format!("{} since {}", said.by, said.since)).collect(),
            id: found.id,
            source: found.source,
            consumers: consumers(new),
        })
        .collect()
}

impl RescanReport {
    /// Returns whether an image that a consumer can pull is refused now, or has a finding newly known to be exploited.
    pub fn needs_a_person(&self) -> bool {
        self.verdicts.iter().any(|turned| turned.promoted && turned.now == Verdict::Refused)
            || self.exploited.iter().any(|found| !found.consumers.is_empty())
    }

    /// Returns the report as text, what needs a person first.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for found in &self.exploited {
            let pulled = match found.consumers.as_slice() {
                [] => "nobody can pull it".to_owned(),
                consumers => format!("can be pulled by {}", consumers.join(", ")),
            };
            let _ = writeln!(
                text,
                "exploited  {} in {} of {}: {}; {pulled}",
                inline(&found.id),
                inline(&found.source),
                found.image,
                inline(&found.by.join(", "))
            );
        }
        for turned in &self.verdicts {
            let before = turned.before.map_or("not judged", Verdict::name);
            let promoted = if turned.promoted { ", promoted" } else { "" };
            let reason = turned.reason.as_deref().map_or(String::new(), |why| format!(": {}", inline(why)));
            let (image, consumer, now) = (&turned.image, &turned.consumer, turned.now);
            let _ = writeln!(text, "{now}  {image} for {consumer}, {before} before{promoted}{reason}");
        }
        let _ = writeln!(
            text,
            "{} images against the advisories of {}: {} changed, {} verdicts turned{}",
            self.images,
            self.as_of,
            self.changed,
            self.verdicts.len(),
            if self.commit.is_none() { "; nothing to record" } else { "" }
        );
        text
    }
}
