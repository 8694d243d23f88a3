//! The package graph: what each component needs, as far as its file tells and the image holds it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::gather::{Entry, Gathered};
use crate::catalogue::Component;
use crate::catalogue::found::Need;

/// The most packages of one name among which a need is looked up. Large trees of npm come to some dozens.
const NAMESAKES_MAX: usize = 500;

/// Entries by scope and by the names they can be needed by.
type Named<'a> = HashMap<(&'a str, &'a str), Vec<usize>>;

/// Names what every component needs. A need that nothing in the image meets is left out: databases list alternatives.
pub(super) fn link(
    gathered: &Gathered<'_>,
    purls: &[Option<String>],
    components: &mut BTreeMap<String, Component>,
) {
    let qualified: Vec<String> = gathered.entries.iter().map(qualified).collect();
    let mut named: Named<'_> = HashMap::new();
    for (index, entry) in gathered.entries.iter().enumerate() {
        let provided = entry.found.provides.iter().map(String::as_str);
        // `@jest/expect` is another package than `expect`; the namespace of a distribution's is not written in needs.
        let has_bare_name = entry.found.namespace.is_empty() || entry.found.ecosystem.is_of_distribution();
        let bare = has_bare_name.then_some(entry.found.name.as_str());
        for name in bare.into_iter().chain([qualified[index].as_str()]).chain(provided) {
            let indices = named.entry((entry.scope, name)).or_default();
            if indices.last() != Some(&index) && indices.len() < NAMESAKES_MAX {
                indices.push(index);
            }
        }
    }
    for (entry, purl) in gathered.entries.iter().zip(purls) {
        let Some(component) = purl.as_ref().and_then(|purl| components.get_mut(purl)) else { continue };
        for need in &entry.found.needs {
            let met = met(gathered, &named, entry, need).into_iter().filter_map(|index| purls[index].clone());
            component.needs.extend(met.filter(|needed| *needed != component.purl));
        }
    }
}

/// `group/name` where there is a group.
fn qualified(entry: &Entry<'_>) -> String {
    let found = entry.found;
    if found.namespace.is_empty() {
        found.name.clone()
    } else {
        format!("{}/{}", found.namespace, found.name)
    }
}

/// Returns the entries that meet a need: those of the wanted version, else those of the same kind and architecture, else
/// all of a distribution's and of others the one that is nearest.
fn met(gathered: &Gathered<'_>, named: &Named<'_>, entry: &Entry<'_>, need: &Need) -> Vec<usize> {
    let found = |index: &usize| gathered.entries[*index].found;
    let all: Vec<usize> = named.get(&(entry.scope, need.name.as_str())).cloned().unwrap_or_default();
    if let Some(version) = &need.version {
        return all.into_iter().filter(|index| found(index).version == *version).collect();
    }
    let of_same = |index: &usize| {
        let (one, other) = (found(index), entry.found);
        one.architecture == other.architecture && one.ecosystem == other.ecosystem
    };
    let same: Vec<usize> = all.iter().copied().filter(of_same).collect();
    let chosen = if same.is_empty() { all } else { same };
    if chosen.len() <= 1 || entry.found.ecosystem.is_of_distribution() {
        return chosen;
    }
    nearest(gathered, entry, &chosen).into_iter().collect()
}

/// Returns the one that is seen from the package that needs it, shares the most directories with it and lies least deep:
/// environments of Python lie side by side, trees of Node.js in each other. Several that are equally near leave open
/// which is meant.
fn nearest(gathered: &Gathered<'_>, entry: &Entry<'_>, chosen: &[usize]) -> Option<usize> {
    let path = |index: &usize| gathered.entries[*index].path;
    let directories = |path: &str| path.split('/').count();
    let shared = |path: &str| path.split('/').zip(entry.path.split('/')).take_while(|(a, b)| a == b).count();
    let distance = |index: &&usize| (Reverse(shared(path(index))), directories(path(index)));
    let seen = || chosen.iter().filter(|index| is_seen(path(index), entry.path));
    let least = seen().map(|index| distance(&index)).min()?;
    let mut near = seen().filter(|index| distance(index) == least);
    near.next().copied().filter(|_| near.next().is_none())
}

/// Returns whether a module in `a/node_modules` is looked for by what lies below `a` (nodejs.org, "Loading from
/// node_modules folders").
fn is_seen(module: &str, from: &str) -> bool {
    module.rfind("node_modules/").is_none_or(|at| from.starts_with(&module[..at]))
}
