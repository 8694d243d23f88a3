//! Two documents that cannot both be right.

use std::collections::{BTreeMap, BTreeSet};

use super::images::{Selecting, Wanted};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::{
    Code, DesiredConsumer, DesiredContent, DesiredImage, DesiredMirror, Diagnostic, Place,
};
use crate::model::Repository;

/// The most distribution tags all consumers may ask for together. Small files multiply: a thousand consumers of a
/// thousand images are a million tags, more than a mirror holds.
pub const DISTRIBUTIONS_MAX: usize = 1_000_000;

/// Reports images that two sets ask for under different trust policies: what is found out about a digest is recorded
/// once, under one policy.
pub(super) fn trust(images: &[Wanted], out: &mut Mistakes) {
    let mut first: BTreeMap<(&Repository, &str), &Wanted> = BTreeMap::new();
    for wanted in images.iter().filter(|wanted| !wanted.flawed) {
        let image = &wanted.image;
        let other = *first.entry((&image.source, &image.tag)).or_insert(wanted);
        if other.image.trust != image.trust {
            let policy = |wanted: &Wanted| {
                let name = wanted.image.trust.as_ref();
                name.map_or_else(|| "no trust policy".to_owned(), |name| format!("trust policy `{name}`"))
            };
            let message = format!(
                "`{}:{}` is asked for under {} and {}",
                image.source,
                image.tag,
                policy(other),
                policy(wanted)
            );
            let help = format!("the first is in {}", other.at.short());
            out.push(Diagnostic::new(Code::TrustConflict, message, wanted.at.clone()).help(help));
        }
    }
}

/// Reports repositories of which two entries want different parts: what is taken in of a digest is recorded once.
pub(super) fn content(images: &[Wanted], selecting: &[Selecting], out: &mut Mistakes) {
    let listed = images.iter().filter(|wanted| !wanted.flawed).map(|wanted| (&wanted.image, &wanted.at));
    let chosen = selecting.iter().filter(|selecting| !selecting.flawed);
    let chosen = chosen.map(|selecting| (&selecting.selection.image, &selecting.at));
    let mut first: BTreeMap<&Repository, (&DesiredImage, &Place)> = BTreeMap::new();
    for (image, at) in listed.chain(chosen) {
        let (other, other_at) = *first.entry(&image.source).or_insert((image, at));
        if other.content != image.content {
            let message = format!(
                "`{}` is asked for with {} and with {}",
                image.source,
                described(&other.content),
                described(&image.content)
            );
            let help = format!("the first is in {}; one repository has one choice", other_at.short());
            out.push(Diagnostic::new(Code::ContentConflict, message, at.clone()).help(help));
        }
    }
}

fn described(content: &DesiredContent) -> String {
    let names: Vec<String> = content.platforms.iter().map(|platform| format!("`{platform}`")).collect();
    let platforms = if names.is_empty() { "all platforms".to_owned() } else { names.join(", ") };
    let foreign = if content.refuse_foreign { "refused" } else { "skipped" };
    format!("{platforms}, foreign layers {foreign}")
}

/// Reports distribution tags that two different images claim, and distributions inside the quarantine. Returns whether
/// there are few enough to compare.
pub(super) fn destinations(
    consumers: &[(DesiredConsumer, Place)],
    images: &[Wanted],
    selecting: &[Selecting],
    mirror: Option<&DesiredMirror>,
    out: &mut Mistakes,
) -> bool {
    let mut sets: BTreeMap<&str, Vec<&Wanted>> = BTreeMap::new();
    for wanted in images {
        sets.entry(&wanted.image.set).or_default().push(wanted);
    }
    let of = |consumer: &DesiredConsumer| -> Vec<&Wanted> {
        consumer.sets.iter().filter_map(|set| sets.get(set.as_str())).flatten().copied().collect()
    };
    let mut chosen: BTreeMap<&str, Vec<&Repository>> = BTreeMap::new();
    for Selecting { selection, .. } in selecting {
        chosen.entry(&selection.image.set).or_default().push(&selection.image.source);
    }
    let from = |consumer: &DesiredConsumer| -> Vec<&Repository> {
        consumer.sets.iter().filter_map(|set| chosen.get(set.as_str())).flatten().copied().collect()
    };
    // A selection counts as one tag here; what it chooses is counted when it is known.
    let counts = consumers.iter().map(|(consumer, _)| of(consumer).len() + from(consumer).len());
    let total: usize = counts.sum();
    if total > DISTRIBUTIONS_MAX {
        let message = format!("consumers ask for {total} tags together, more than {DISTRIBUTIONS_MAX}");
        out.push(Diagnostic::new(Code::TooManyDistributions, message, None));
        return false;
    }
    let mut claims = BTreeMap::new();
    let mut reported = BTreeSet::new();
    for (consumer, at) in consumers {
        let wanted = of(consumer);
        if let Some(mirror) = mirror {
            let sources = wanted.iter().map(|wanted| &wanted.image.source).chain(from(consumer));
            quarantine(consumer, at, sources, mirror, out);
        }
        for wanted in wanted {
            let destination = (consumer.distribution(&wanted.image.source), wanted.image.tag.as_str());
            let (first, by) = *claims.entry(destination.clone()).or_insert((wanted, consumer));
            let unsure = first.flawed || wanted.flawed;
            let same = first.image.source == wanted.image.source
                && (unsure || first.image.digest == wanted.image.digest);
            if !same && reported.insert(destination.clone()) {
                out.push(conflict(&destination, (first, by), (wanted, consumer)));
            }
        }
    }
    true
}

fn conflict(
    (repository, tag): &(Repository, &str),
    (first, by): (&Wanted, &DesiredConsumer),
    (second, other): (&Wanted, &DesiredConsumer),
) -> Diagnostic {
    let pinned = |wanted: &Wanted| {
        let digest =
            wanted.image.digest.as_ref().map_or(String::new(), |digest| format!("@{}", digest.short()));
        format!("`{}:{}{digest}`", wanted.image.source, wanted.image.tag)
    };
    let message = format!("two images claim `{repository}:{tag}`: {} and {}", pinned(first), pinned(second));
    let consumers = if by.name == other.name {
        format!("consumer `{}` asks for both", by.name)
    } else {
        format!("consumers `{}` and `{}` share a target", by.name, other.name)
    };
    let help = format!("the first is in {}; {consumers}", first.at.short());
    Diagnostic::new(Code::DestinationConflict, message, second.at.clone()).help(help)
}

/// Reports a consumer whose images would be pulled from where images wait.
fn quarantine<'a>(
    consumer: &DesiredConsumer,
    at: &Place,
    sources: impl Iterator<Item = &'a Repository>,
    mirror: &DesiredMirror,
    out: &mut Mistakes,
) {
    let quarantine = &mirror.quarantine;
    let inside = |repository: &Repository| {
        let rest = repository.path.strip_prefix(&quarantine.path);
        repository.host == quarantine.host
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let distributions = sources.map(|source| consumer.distribution(source));
    if let Some(repository) = std::iter::once(consumer.target.clone()).chain(distributions).find(inside) {
        let message = format!("distribution `{repository}` lies inside the quarantine `{quarantine}`");
        let help = "no consumer may pull from the quarantine; give the consumer another target".to_owned();
        out.push(Diagnostic::new(Code::InsideQuarantine, message, at.clone()).help(help));
    }
}
