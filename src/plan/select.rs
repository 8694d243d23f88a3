//! Selections: what the manifests want, and what repositories list, to images under concrete tags. Pure.
//!
//! Everything behind this sees images only. Where a selection fails, what the lock remembers of it stays in force, as it
//! does for a tag that cannot be resolved.

use std::collections::{BTreeMap, BTreeSet};

use super::{Listed, Observed};
use crate::{
    evidence::ImagesLock,
    manifest::{DISTRIBUTIONS_MAX, Desired, DesiredSelection},
    model::{
        Digest, Kind, Repository,
        foreign::cut,
        tag_rule::{CHOSEN_MAX, Choice, Miss, Passed},
    },
};

/// The most characters of a tag in a hint.
const TAG_CHARS_MAX: usize = 40;

/// The most reasons a hint names.
const MISSES_MAX: usize = 3;

/// The manifests with what their selections choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// With an image for each chosen tag.
    pub desired: Desired,
    pub failures: Vec<Unselected>,
}

/// A selection that could not be made. The other images go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unselected {
    pub set: String,
    pub source: Repository,
    /// Where the selection is written.
    pub written: String,
    pub kind: Kind,
    pub message: String,
    pub hint: Option<String>,
}

/// Returns the repositories whose tags have to be listed, each once.
pub fn listings(desired: &Desired) -> BTreeSet<Repository> {
    desired.selections.iter().map(|selection| selection.image.source.clone()).collect()
}

/// Puts an image for each chosen tag among those of the manifests. What is written beats what is chosen: a listed tag is
/// not there twice, and a tag that some set pins to a digest is pinned where it is chosen, too.
pub fn expand(desired: &Desired, lock: &ImagesLock, observed: &Observed) -> Expanded {
    let mut expanded = Expanded { desired: desired.clone(), failures: vec![] };
    let images = &mut expanded.desired.images;
    let pins: BTreeMap<(Repository, String), Digest> = images
        .iter()
        .filter_map(|image| Some(((image.source.clone(), image.tag.clone()), image.digest.clone()?)))
        .collect();
    let mut there: BTreeSet<(String, Repository, String)> =
        images.iter().map(|image| (image.set.clone(), image.source.clone(), image.tag.clone())).collect();
    let wanting = |set: &str| desired.consumers.iter().filter(|c| c.sets.iter().any(|s| s == set)).count();
    let mut distributions: usize = images.iter().map(|image| wanting(&image.set)).sum();
    for selection in &desired.selections {
        let set = &selection.image.set;
        let room = (DISTRIBUTIONS_MAX.saturating_sub(distributions)) / wanting(set).max(1);
        let (chosen, failure) = choose(selection, lock, observed, room);
        distributions += chosen.len() * wanting(set);
        expanded.failures.extend(failure);
        for tag in chosen {
            let mut image = selection.under(&tag);
            if there.insert((set.clone(), image.source.clone(), tag.clone())) {
                image.digest = pins.get(&(image.source.clone(), tag)).cloned();
                images.push(image);
            }
        }
    }
    images.sort();
    expanded
}

/// Returns what a selection chooses, or what the lock remembers of it and why it could not choose.
fn choose(
    selection: &DesiredSelection,
    lock: &ImagesLock,
    observed: &Observed,
    room: usize,
) -> (Vec<String>, Option<Unselected>) {
    let source = &selection.image.source;
    let remembered = || {
        let locked = lock.images.iter().filter(|locked| locked.repository == *source);
        let chooser = selection.rule.chooser().ok();
        chooser.map_or(vec![], |chooser| chooser.choose(locked.map(|locked| locked.tag.as_str())).chosen)
    };
    let failed = |kind, message: String, hint| {
        let image = &selection.image;
        let (set, source, written) = (image.set.clone(), image.source.clone(), image.written.clone());
        (remembered(), Some(Unselected { set, source, written, kind, message, hint }))
    };
    let tags = match observed.listings.get(source) {
        Some(Listed::Tags(tags)) => tags,
        Some(Listed::Failed { kind, message }) => return failed(*kind, message.clone(), None),
        None => return failed(Kind::Bug, "upstream was not asked for its tags".into(), None),
    };
    let choice = match selection.rule.chooser() {
        Ok(chooser) => chooser.choose(tags.iter().map(String::as_str)),
        Err(error) => return failed(Kind::Bug, error, None),
    };
    let most = CHOSEN_MAX.min(room);
    match choice.chosen.len() {
        0 => failed(Kind::NotFound, nothing(source, &choice), hint(&choice.missed)),
        count if count > most => {
            let message = format!("{count} tags of `{source}` are selected, more than {most}");
            failed(Kind::Invalid, message, Some("narrow the selection, or write `newest`".into()))
        }
        _ => (choice.chosen, None),
    }
}

fn nothing(source: &Repository, choice: &Choice) -> String {
    match choice.among {
        0 => format!("`{source}` lists no tags"),
        1 => format!("the one tag of `{source}` is not selected"),
        among => format!("none of the {among} tags of `{source}` is selected"),
    }
}

/// Says what came near, and what would select it.
fn hint(missed: &[Miss]) -> Option<String> {
    let reasons: Vec<String> = missed.iter().take(MISSES_MAX).map(reason).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn reason(miss: &Miss) -> String {
    let why = match miss.why {
        Passed::Floating => "would be selected with `floating: true`",
        Passed::Prerelease => "prereleases of versions in the range",
        Passed::Excluded => "excluded",
        Passed::Variant => "in the range, with a suffix that only `regex` selects",
        Passed::Outside => "outside of the range",
        Passed::Unlike => "not matched by `regex`",
        Passed::NoVersion => "no versions",
    };
    let tags: Vec<String> = miss.nearest.iter().map(|tag| format!("`{}`", cut(tag, TAG_CHARS_MAX))).collect();
    let more = if miss.count > tags.len() { ", …" } else { "" };
    format!("{} {why}: {}{more}", miss.count, tags.join(", "))
}

#[cfg(test)]
mod tests;
