//! The package graph: what each component needs, as far as its file tells and the image holds it.

use std::collections::{BTreeMap, HashMap};

use super::gather::{Entry, Gathered};
use crate::catalogue::Component;
use crate::catalogue::found::Need;

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
        let own = [entry.found.name.as_str(), qualified[index].as_str()];
        for name in own.into_iter().chain(provided) {
            let indices = named.entry((entry.scope, name)).or_default();
            if indices.last() != Some(&index) {
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

/// Returns the entries that meet a need: those of the wanted version, else those of the same architecture, else all of
/// a distribution's and the only one of others, because several versions side by side leave open which is meant.
fn met(gathered: &Gathered<'_>, named: &Named<'_>, entry: &Entry<'_>, need: &Need) -> Vec<usize> {
    let found = |index: &usize| gathered.entries[*index].found;
    let all: Vec<usize> = named.get(&(entry.scope, need.name.as_str())).cloned().unwrap_or_default();
    if let Some(version) = &need.version {
        return all.into_iter().filter(|index| found(index).version == *version).collect();
    }
    let of_same = |index: &usize| found(index).architecture == entry.found.architecture;
    let same: Vec<usize> = all.iter().copied().filter(of_same).collect();
    let chosen = if same.is_empty() { all } else { same };
    let is_one = chosen.len() == 1 || entry.found.ecosystem.is_of_distribution();
    if is_one { chosen } else { vec![] }
}
