//! What nobody asks for any more: listed, never deleted but by a `Withdrawal` that names it.
//!
//! [`unasked`] answers from records alone; [`unreferenced`] adds what quarantine holds without a record, for which its
//! repositories have to be listed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Value, json};

use crate::{
    evidence::{Evidence, Hop, HopKind, ImageRecord},
    manifest::{Desired, DesiredImage},
    model::{Digest, Repository, foreign::inline},
};

/// Something in quarantine or in a distribution that nobody asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreferenced {
    pub repository: Repository,
    pub tag: String,
    /// The upstream repository it is of, as a `Withdrawal` would name it.
    pub source: Repository,
    /// `None` where nobody could say.
    pub digest: Option<Digest>,
    pub why: Why,
}

/// Why nobody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// In quarantine, and no record speaks of it: an intake that was broken off, or another program.
    NoRecord,
    /// In quarantine; it is recorded, and no manifest asks for it any more.
    NotAskedFor,
    /// In quarantine; it is recorded and withdrawn from every consumer.
    Withdrawn,
    /// In a distribution, and no consumer asks for it there any more.
    Released,
}

impl Why {
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoRecord => "no record speaks of it",
            Self::NotAskedFor => "no manifest asks for it any more",
            Self::Withdrawn => "withdrawn from every consumer",
            Self::Released => "still pullable, and no consumer asks for it any more",
        }
    }
}

/// The tags of one quarantine repository that keep images, with what those mean that no record names.
pub type KeptTags = BTreeMap<String, Option<Digest>>;

/// The tags of quarantine repositories, or why they could not be listed.
pub type QuarantineTags = BTreeMap<Repository, Result<KeptTags, String>>;

/// Returns the quarantine repositories of recorded and wanted images, with the upstream repository of each.
pub fn quarantines(desired: &Desired, evidence: &Evidence) -> BTreeMap<Repository, Repository> {
    let recorded = evidence
        .images
        .iter()
        .filter_map(|((source, _), record)| Some((record.custody.quarantined()?.clone(), source.clone())));
    let asked =
        desired.images.iter().map(|image| (desired.quarantine_of(&image.source), image.source.clone()));
    let withdrawn = desired.withdrawals.iter().flat_map(|withdrawal| &withdrawal.subjects);
    let withdrawn = withdrawn.map(|subject| (desired.quarantine_of(&subject.source), subject.source.clone()));
    recorded.chain(asked).chain(withdrawn).collect()
}

/// Returns the quarantine tags that records account for.
pub fn recorded_tags(evidence: &Evidence) -> BTreeSet<(&Repository, String)> {
    let kept = evidence.images.values().filter_map(|record| {
        let custody = &record.custody;
        Some((custody.quarantined()?, custody.subject.digest.keep_tag()))
    });
    kept.collect()
}

/// Names what records say is there and nobody asks for any more, sorted. No registry is asked.
pub fn unasked(desired: &Desired, evidence: &Evidence) -> Vec<Unreferenced> {
    let standing = standing(evidence);
    let mut found = BTreeSet::new();
    let mut in_use: BTreeSet<(&Repository, &Digest)> = BTreeSet::new();
    for (&(repository, tag), &(source, record, hop)) in &standing {
        let digest = &record.custody.subject.digest;
        if is_asked(desired, source, hop) {
            in_use.insert((source, digest));
            continue;
        }
        found.insert(Unreferenced {
            repository: repository.clone(),
            tag: tag.to_owned(),
            source: source.clone(),
            digest: Some(digest.clone()),
            why: Why::Released,
        });
    }
    for ((source, digest), record) in &evidence.images {
        let Some(repository) = record.custody.quarantined() else { continue };
        let wanted = in_use.contains(&(source, digest)) || is_locked(desired, evidence, source, record);
        let why = if !wanted {
            Why::NotAskedFor
        } else if is_withdrawn(record) {
            Why::Withdrawn
        } else {
            continue;
        };
        let (repository, tag) = (repository.clone(), digest.keep_tag());
        let (source, digest) = (source.clone(), Some(digest.clone()));
        found.insert(Unreferenced { repository, tag, source, digest, why });
    }
    found.into_iter().collect()
}

type Standing<'a> = BTreeMap<(&'a Repository, &'a str), (&'a Repository, &'a ImageRecord, &'a Hop)>;

/// Returns the latest promotion of each tag of each distribution, where it stands: the one that the tag means.
fn standing(evidence: &Evidence) -> Standing<'_> {
    let mut latest = Standing::new();
    for ((source, _), record) in &evidence.images {
        for hop in record.custody.here().iter().filter(|hop| hop.kind == HopKind::Promotion) {
            let key = (&hop.to, hop.tag.as_deref().unwrap_or_default());
            if latest.get(&key).is_none_or(|(_, _, known)| known.at <= hop.at) {
                latest.insert(key, (source, record, hop));
            }
        }
    }
    latest.retain(|_, (_, record, hop)| record.custody.stands(hop));
    latest
}

/// Returns whether some consumer asks for the promoted tag in that place.
fn is_asked(desired: &Desired, source: &Repository, hop: &Hop) -> bool {
    desired.consumers.iter().any(|consumer| {
        consumer.distribution(source) == hop.to
            && desired.images.iter().any(|image| {
                image.source == *source
                    && Some(&image.tag) == hop.tag.as_ref()
                    && consumer.sets.contains(&image.set)
            })
    })
}

fn is_locked(desired: &Desired, evidence: &Evidence, source: &Repository, record: &ImageRecord) -> bool {
    let means = |image: &DesiredImage| {
        let mut locked = evidence.lock.images.iter();
        let locked = locked.find(|locked| locked.repository == *source && locked.tag == image.tag);
        let asked = locked.and_then(|l| evidence.asked(source, &l.digest, &image.content.platforms));
        asked.is_some_and(|asked| asked.custody.subject.digest == record.custody.subject.digest)
    };
    desired.images.iter().any(|image| image.source == *source && means(image))
}

fn is_withdrawn(record: &ImageRecord) -> bool {
    let verdicts = &record.verdicts.verdicts;
    let withdrawn = |reason: &crate::model::Reason| reason.rule.starts_with("withdrawal ");
    !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.reasons.iter().any(withdrawn))
}

/// Compares what quarantine holds with records and manifests. Only tags that keep images are looked at: whatever else
/// is in a repository goes with the image it refers to.
pub fn unreferenced(desired: &Desired, evidence: &Evidence, listed: &QuarantineTags) -> Vec<Unreferenced> {
    let there = |one: &Unreferenced| match listed.get(&one.repository) {
        Some(Ok(tags)) => tags.contains_key(&one.tag),
        _ => true,
    };
    let mut found: BTreeSet<_> = unasked(desired, evidence).into_iter().filter(there).collect();
    let (recorded, sources) = (recorded_tags(evidence), quarantines(desired, evidence));
    for (repository, tags) in listed {
        let Some(source) = sources.get(repository) else { continue };
        for (tag, digest) in tags.iter().flatten() {
            if !recorded.contains(&(repository, tag.clone())) {
                found.insert(Unreferenced {
                    repository: repository.clone(),
                    tag: tag.clone(),
                    source: source.clone(),
                    digest: digest.clone(),
                    why: Why::NoRecord,
                });
            }
        }
    }
    found.into_iter().collect()
}

/// Returns how much is asked for by nobody, for the end of a plan or a report; nothing where there is nothing.
pub fn count_unasked(found: &[Unreferenced]) -> String {
    let released = found.iter().filter(|one| one.why == Why::Released).count();
    let held = found.len() - released;
    match (held, released) {
        (0, 0) => String::new(),
        (held, 0) => {
            format!("{held} in quarantine are asked for by nobody (fondaco plan --unreferenced lists them)\n")
        }
        (held, released) => format!(
            "{held} in quarantine and {released} in distributions are asked for by nobody (fondaco plan --unreferenced \
             lists them)\n"
        ),
    }
}

/// Returns the list as text.
pub fn explain_unreferenced(found: &[Unreferenced], listed: &QuarantineTags) -> String {
    let mut text = String::new();
    for one in found {
        let (repository, tag) = (inline(&one.repository.to_string()), inline(&one.tag));
        let _ = writeln!(text, "  {repository}:{tag}  {}", one.why.words());
        let image = inline(&one.source.to_string());
        let digest = one.digest.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let _ = writeln!(text, "    image {image}, digest {digest}");
    }
    let failed = listed.iter().filter_map(|(repository, tags)| Some((repository, tags.as_ref().err()?)));
    for (repository, error) in failed {
        let _ = writeln!(text, "  {}  not listed: {}", inline(&repository.to_string()), inline(error));
    }
    let _ = writeln!(
        text,
        "{} asked for by nobody; nothing of it is deleted unless a Withdrawal document names it",
        found.len()
    );
    text
}

/// Returns entries for programs.
pub fn unasked_json(found: &[Unreferenced]) -> Vec<Value> {
    let entry = |one: &Unreferenced| {
        json!({
            "repository": one.repository.to_string(),
            "tag": one.tag,
            "image": one.source.to_string(),
            "digest": one.digest,
            "why": one.why.words(),
        })
    };
    found.iter().map(entry).collect()
}

/// Returns the list for programs, beside a plan.
pub fn unreferenced_json(found: &[Unreferenced], listed: &QuarantineTags) -> Value {
    let failed = listed.iter().filter_map(|(repository, tags)| {
        Some(json!({"repository": repository.to_string(), "error": tags.as_ref().err()?}))
    });
    json!({"content": unasked_json(found), "notListed": failed.collect::<Vec<_>>()})
}
