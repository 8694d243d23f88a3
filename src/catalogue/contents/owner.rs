//! Which package of the distribution owns the file in which another component was found.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::gather::{Added, Gathered};
use super::join::PLACES_MAX;
use crate::catalogue::ecosystem::{ASSEMBLIES, yields_to_owner};
use crate::catalogue::found::{Addition, PathKey};
use crate::catalogue::{Component, Place};

/// Directories that are one with their namesake in the root where /usr is merged; databases name either.
const MERGED: &str = "usr/";

/// Who has a file.
#[derive(Debug, Default)]
pub(super) struct Owners<'a> {
    /// Packages of the distribution, by path.
    of: HashMap<PathKey, &'a str>,
    /// Files of other packages.
    packed: HashSet<PathKey>,
}

#[cfg(test)]
impl<'a> Owners<'a> {
    pub(super) fn of_distribution(owners: &[(&str, &'a str)]) -> Self {
        let of = owners.iter().map(|(path, purl)| (PathKey::of(path), *purl)).collect();
        Self { of, ..Self::default() }
    }
}

/// Returns who has which path.
pub(super) fn owners<'a>(gathered: &'a Gathered<'_>, purls: &'a [Option<String>]) -> Owners<'a> {
    let mut owners: HashMap<PathKey, &str> = HashMap::new();
    let mut packed: HashSet<PathKey> = HashSet::new();
    for (entry, purl) in gathered.entries.iter().zip(purls) {
        let Some(purl) = purl else { continue };
        if entry.found.ecosystem.is_of_distribution() {
            owners.extend(entry.found.owns.iter().map(|key| (*key, purl.as_str())));
        } else {
            packed.extend(&entry.found.owns);
        }
    }
    for (addition, purl) in added(gathered, purls) {
        owners.extend(addition.owns.iter().map(|key| (*key, purl)));
    }
    Owners { of: owners, packed }
}

/// Names the owner of every component that is not itself of the distribution and is nowhere but in files that have one.
pub(super) fn link(owners: &Owners<'_>, components: &mut BTreeMap<String, Component>) {
    for component in components.values_mut().filter(|one| !one.package.ecosystem.is_of_distribution()) {
        component.owner = owner_of_all(owners, component).map(str::to_owned);
    }
    leave_out_owned(owners, components);
    leave_out_packed(&owners.packed, components);
}

/// Returns the first owner of a component all of whose places are owned. A copy that nobody's package owns gets none of
/// the distribution's repairs, and a component has as many places as are kept where it may have more.
fn owner_of_all<'a>(owners: &Owners<'a>, component: &Component) -> Option<&'a str> {
    let mut places = component.places.iter().map(|place| owner(owners, &place.path));
    let first = places.next().flatten()?;
    (component.places.len() < PLACES_MAX && places.all(|owner| owner.is_some())).then_some(first)
}

/// Leaves out programs that were recognised by texts in them, and virtual machines by the record of their build, where a
/// package of the distribution owns the file: that package says better what it is, and its version tells of the
/// distribution's own repairs.
fn leave_out_owned(owners: &Owners<'_>, components: &mut BTreeMap<String, Component>) {
    for component in components.values_mut().filter(|one| yields_to_owner(&one.cataloguer)) {
        component.places.retain(|place| owner(owners, &place.path).is_none());
        component.owner = None;
    }
    components.retain(|_, component| !component.places.is_empty());
}

/// Leaves out assemblies all of whose files are files of listed packages: the package they came in is what is published,
/// has versions and advisories. The assemblies of a runtime carry the version of the runtime, under which no package of
/// their name was ever published.
fn leave_out_packed(packed: &HashSet<PathKey>, components: &mut BTreeMap<String, Component>) {
    let is_packed = |place: &Place| packed.contains(&PathKey::of(&place.path));
    components.retain(|_, one| one.cataloguer != ASSEMBLIES || !one.places.iter().all(is_packed));
}

/// Returns the package of the distribution that owns a path.
pub(super) fn owner<'a>(owners: &Owners<'a>, path: &str) -> Option<&'a str> {
    let owners = &owners.of;
    let other = path.strip_prefix(MERGED).map_or_else(|| format!("{MERGED}{path}"), str::to_owned);
    owners.get(&PathKey::of(path)).or_else(|| owners.get(&PathKey::of(&other))).copied()
}

/// Returns what files beside a database add, with the package URL of the package they mean. Of packages that are
/// installed for several architectures all are meant where the file does not say which.
pub(super) fn added<'a>(
    gathered: &'a Gathered<'_>,
    purls: &'a [Option<String>],
) -> Vec<(&'a Addition, &'a str)> {
    let mut named: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, entry) in gathered.entries.iter().enumerate() {
        named.entry((entry.cataloguer, entry.found.name.as_str())).or_default().push(index);
    }
    let mut added = vec![];
    for Added { cataloguer, package, addition } in &gathered.additions {
        let key = (*cataloguer, *package);
        for &index in named.get(&key).into_iter().flatten() {
            let architecture = &gathered.entries[index].found.architecture;
            let is_meant = addition.architecture.is_none() || addition.architecture == *architecture;
            if let (true, Some(purl)) = (is_meant, &purls[index]) {
                added.push((*addition, purl.as_str()));
            }
        }
    }
    added
}
