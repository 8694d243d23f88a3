//! Withdrawals that name nothing known: a recall of what is not there is most likely one of something else, misspelt.

use std::collections::BTreeSet;

use super::{Observed, Seen};
use crate::{
    evidence::{Event, Evidence},
    manifest::{Desired, Withdrawn, nearest},
    model::{Digest, Reference, Repository},
};

/// The most names in a hint.
const HINTED_MAX: usize = 3;

/// A subject of a withdrawal that no record, manifest or quarantine knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSubject {
    pub withdrawal: String,
    /// Where it is written, `withdrawals/eol.yaml:5`.
    pub written: String,
    pub message: String,
    pub hint: String,
}

/// Names the subjects of withdrawals that are unknown, in the order of the documents.
pub fn unknown(desired: &Desired, evidence: &Evidence, observed: &Observed) -> Vec<UnknownSubject> {
    let mut found = vec![];
    for withdrawal in &desired.withdrawals {
        for subject in &withdrawal.subjects {
            if !is_known(desired, evidence, observed, subject) {
                found.push(UnknownSubject {
                    withdrawal: withdrawal.name.clone(),
                    written: subject.written.clone(),
                    message: message(subject),
                    hint: hint(desired, evidence, &subject.source),
                });
            }
        }
    }
    found
}

fn is_known(desired: &Desired, evidence: &Evidence, observed: &Observed, subject: &Withdrawn) -> bool {
    let source = &subject.source;
    let recorded = || evidence.images.iter().filter(|((of, _), _)| of == source);
    let locked = || evidence.lock.images.iter().filter(|locked| locked.repository == *source);
    let asked = || desired.images.iter().filter(|image| image.source == *source);
    match &subject.reference {
        Reference::Tag(tag) => {
            recorded().any(|(_, record)| record.custody.source.tags.iter().any(|seen| seen.tag == *tag))
                || locked().any(|locked| locked.tag == *tag)
                || asked().any(|image| image.tag == *tag)
        }
        Reference::Digest(digest) => {
            recorded().any(|((_, of), record)| of == digest || record.custody.upstream() == digest)
                || locked().any(|locked| locked.digest == *digest)
                || asked().any(|image| image.digest.as_ref() == Some(digest))
                || is_in_quarantine(desired, observed, source, digest)
                || is_logged(evidence, &Event::image(source, digest))
        }
    }
}

/// Returns whether quarantine holds it without a record, or could not be asked: then the withdrawal itself says so.
fn is_in_quarantine(desired: &Desired, observed: &Observed, source: &Repository, digest: &Digest) -> bool {
    let place = desired.quarantine_of(source);
    let seen = |reference| observed.withdrawn.get(&(place.clone(), reference));
    let there = |seen: &Seen| !matches!(seen, Seen::Absent);
    seen(Reference::from(digest)).is_some_and(there)
        || seen(Reference::tag(digest.keep_tag())).is_some_and(there)
}

/// Returns whether the log speaks of it: what was withdrawn without a record is known by its deletion alone.
fn is_logged(evidence: &Evidence, image: &str) -> bool {
    evidence.log.events().any(|(_, event)| event.image == image)
}

fn message(subject: &Withdrawn) -> String {
    let source = &subject.source;
    match &subject.reference {
        Reference::Tag(tag) => {
            format!("no record speaks of tag `{tag}` of `{source}`, and no manifest asks for it")
        }
        Reference::Digest(digest) => {
            format!("no record speaks of `{source}@{digest}`, and no manifest asks for it")
        }
    }
}

fn hint(desired: &Desired, evidence: &Evidence, source: &Repository) -> String {
    let recorded = evidence.images.keys().map(|(source, _)| source);
    let known: BTreeSet<&Repository> =
        recorded.chain(desired.images.iter().map(|image| &image.source)).collect();
    if known.contains(source) {
        let digests =
            evidence.images.keys().filter(|(of, _)| of == source).map(|(_, digest)| digest.to_string());
        let digests = some(digests.collect());
        return format!("correct it, or take it out of the document; recorded of this repository: {digests}");
    }
    let word = source.to_string();
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    match nearest(&word, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("recorded repositories: {}", some(names)),
    }
}

fn some(names: Vec<String>) -> String {
    let more = names.len().saturating_sub(HINTED_MAX);
    let shown: Vec<String> = names.into_iter().take(HINTED_MAX).map(|name| format!("`{name}`")).collect();
    match (shown.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (_, 0) => shown.join(", "),
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
