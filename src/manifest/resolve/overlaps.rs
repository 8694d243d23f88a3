//! Selections that may choose what another entry asks for as well. Which tags there are is not known yet; what could
//! clash is refused before anything is done, rather than in the run that first sees the tag.

use std::collections::{BTreeMap, BTreeSet};

use super::images::{Selecting, Wanted};
use crate::manifest::mistakes::Mistakes;
use crate::manifest::{Code, DesiredConsumer, Diagnostic, Place};
use crate::model::Repository;

/// Reports selections that may choose a tag which is asked for under another trust policy.
pub(super) fn trust(selecting: &[Selecting], images: &[Wanted], out: &mut Mistakes) {
    let mut listed: BTreeMap<&Repository, Vec<&Wanted>> = BTreeMap::new();
    for wanted in images.iter().filter(|wanted| !wanted.flawed) {
        listed.entry(&wanted.image.source).or_default().push(wanted);
    }
    let mut first: BTreeMap<&Repository, &Selecting> = BTreeMap::new();
    for this in selecting.iter().filter(|selecting| !selecting.flawed) {
        let image = &this.selection.image;
        let other = *first.entry(&image.source).or_insert(this);
        let clash = (other.selection.image.trust != image.trust)
            .then(|| (format!("another selection of `{}`", image.source), &other.at))
            .or_else(|| {
                let others = listed.get(&image.source)?.iter();
                let mut others = others.filter(|wanted| wanted.image.trust != image.trust);
                let chooser = this.selection.rule.chooser().ok()?;
                let wanted = others.find(|wanted| chooser.admits(&wanted.image.tag))?;
                Some((format!("`{}:{}`", wanted.image.source, wanted.image.tag), &wanted.at))
            });
        if let Some((what, at)) = clash {
            let message =
                format!("the selection may choose what is asked for under another trust policy: {what}");
            let help = format!("that is in {}; exclude its tags here, or use one policy", at.short());
            out.push(Diagnostic::new(Code::TrustConflict, message, this.at.clone()).help(help));
        }
    }
}

/// Reports selections whose tags may get the distribution name of another image.
pub(super) fn destinations(
    consumers: &[(DesiredConsumer, Place)],
    selecting: &[Selecting],
    images: &[Wanted],
    out: &mut Mistakes,
) {
    let mut claims: BTreeMap<Repository, &Selecting> = BTreeMap::new();
    let mut places: BTreeMap<usize, BTreeSet<Repository>> = BTreeMap::new();
    for (consumer, _) in consumers {
        for (index, this) in selecting.iter().enumerate() {
            if !consumer.sets.contains(&this.selection.image.set) {
                continue;
            }
            let source = &this.selection.image.source;
            let distribution = consumer.distribution(source);
            let first = *claims.entry(distribution.clone()).or_insert(this);
            let new = places.entry(index).or_default().insert(distribution.clone());
            if new && first.selection.image.source != *source {
                let other = format!("a selection of `{}`", first.selection.image.source);
                out.push(conflict(&distribution, this, &other, &first.at));
            }
        }
    }
    let listed = listed_at(consumers, images, &claims);
    for (index, this) in selecting.iter().enumerate() {
        let Ok(chooser) = this.selection.rule.chooser() else { continue };
        for distribution in places.get(&index).into_iter().flatten() {
            let others = listed.get(distribution).into_iter().flatten();
            let mut others = others.filter(|wanted| wanted.image.source != this.selection.image.source);
            if let Some(wanted) = others.find(|wanted| chooser.admits(&wanted.image.tag)) {
                let other = format!("`{}:{}`", wanted.image.source, wanted.image.tag);
                out.push(conflict(distribution, this, &other, &wanted.at));
            }
        }
    }
}

/// Returns the listed images by those distributions that selections claim.
fn listed_at<'a>(
    consumers: &[(DesiredConsumer, Place)],
    images: &'a [Wanted],
    claims: &BTreeMap<Repository, &Selecting>,
) -> BTreeMap<Repository, Vec<&'a Wanted>> {
    let mut listed: BTreeMap<Repository, Vec<&Wanted>> = BTreeMap::new();
    if claims.is_empty() {
        return listed;
    }
    let mut sets: BTreeMap<&str, Vec<&Wanted>> = BTreeMap::new();
    for wanted in images {
        sets.entry(&wanted.image.set).or_default().push(wanted);
    }
    for (consumer, _) in consumers {
        for wanted in consumer.sets.iter().filter_map(|set| sets.get(set.as_str())).flatten() {
            let distribution = consumer.distribution(&wanted.image.source);
            if claims.contains_key(&distribution) {
                listed.entry(distribution).or_default().push(wanted);
            }
        }
    }
    listed
}

fn conflict(distribution: &Repository, this: &Selecting, other: &str, at: &Place) -> Diagnostic {
    let source = &this.selection.image.source;
    let message =
        format!("two images may claim one tag of `{distribution}`: a selection of `{source}` and {other}");
    let help = format!("the other is in {}; give one of their consumers another target", at.short());
    Diagnostic::new(Code::DestinationConflict, message, this.at.clone()).help(help)
}
