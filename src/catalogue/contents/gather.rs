//! Reads what cataloguers made of the files of a merged root file system.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::tree::{Kept, Place, Tree};
use crate::catalogue::OsRelease;
use crate::catalogue::ecosystem::{ALL, Cataloguer, beside, os_release};
use crate::catalogue::found::{Addition, Form, Found, Parsed};
use crate::catalogue::path::split;
use crate::evidence::NotLookedAt;
use crate::model::foreign::inline;

/// The most gaps of one kind that are told one by one; the rest is counted.
const GAPS_MAX: usize = 50;

/// A package in a file of the image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub cataloguer: &'a str,
    pub found: &'a Found,
    pub path: &'a str,
    /// The layer since which it is there.
    pub layer: usize,
    /// Among packages of one scope needs are looked up.
    pub scope: &'a str,
}

/// What a file beside a database says of a package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Added<'a> {
    /// The cataloguer whose packages it speaks of.
    pub cataloguer: &'a str,
    /// Where links lead to the file, another one than it names itself.
    pub package: &'a str,
    pub addition: &'a Addition,
}

/// Everything that was read, in the order of paths.
#[derive(Debug, Default)]
pub(super) struct Gathered<'a> {
    pub entries: Vec<Entry<'a>>,
    pub additions: Vec<Added<'a>>,
    /// What tells the origin of a package in its own directory, by cataloguer and directory.
    pub origins: HashMap<(&'a str, &'a str), &'a Addition>,
    pub system: Option<OsRelease>,
    /// Bills of materials: format by path.
    pub documents: BTreeMap<String, String>,
    pub content_sets: BTreeSet<String>,
    pub has_database: bool,
    pub gaps: Vec<NotLookedAt>,
}

impl Gathered<'_> {
    /// Adds a gap about so many packages, where there are any.
    pub(super) fn say(&mut self, packages: u64, what: &str, reason: &str) {
        if packages > 0 {
            self.say_once(what, reason, packages);
        }
    }

    pub(super) fn say_once(&mut self, what: impl Into<String>, reason: impl Into<String>, packages: u64) {
        self.gaps.push(NotLookedAt { what: what.into(), reason: reason.into(), packages });
    }
}

/// Reads the files of a tree.
pub(super) fn gather<'a>(tree: &'a Tree<'_>) -> Gathered<'a> {
    let mut gathered = Gathered::default();
    gathered.system = system(tree, &mut gathered);
    for cataloguer in ALL.iter().filter(|cataloguer| cataloguer.name != os_release::CATALOGUER.name) {
        astray(tree, cataloguer, &mut gathered);
    }
    let mut unread = vec![];
    for (path, kept) in tree.files() {
        for (name, parsed) in &kept.facts.readings {
            gathered.has_database |= is_database(name, parsed);
            read(&mut gathered, path, kept, name, parsed);
            unread.extend(parsed.gaps.iter().map(|reason| (path, name.as_str(), reason.as_str())));
        }
    }
    linked(tree, &mut gathered);
    tell(&mut gathered, &unread);
    gathered
}

/// Adds what files say to which links lead: packages of one source share their documentation.
fn linked<'a>(tree: &'a Tree<'_>, gathered: &mut Gathered<'a>) {
    let mut added = vec![];
    for entry in &gathered.entries {
        let (cataloguer, package) = (entry.cataloguer, entry.found.name.as_str());
        let Some(path) = beside(cataloguer, package) else { continue };
        let Place::File(real, kept) = tree.find(&path) else { continue };
        let Some(parsed) = kept.facts.readings.get(cataloguer).filter(|_| real != path) else { continue };
        added.extend(parsed.additions.iter().map(|addition| Added { cataloguer, package, addition }));
    }
    gathered.additions.extend(added);
}

/// Returns what the first readable file says; gaps where links hid all of them.
fn system(tree: &Tree<'_>, gathered: &mut Gathered<'_>) -> Option<OsRelease> {
    let name = os_release::CATALOGUER.name;
    let mut gaps = vec![];
    for path in os_release::PLACES {
        match tree.find(path) {
            Place::File(_, kept) => {
                match kept.facts.readings.get(name).and_then(|parsed| parsed.system.clone()) {
                    Some(system) => return Some(system),
                    None => gaps.push((path, "names no distribution".to_owned())),
                }
            }
            Place::Elsewhere(real) => gaps.push((path, unread(&real))),
            Place::Astray(why) => gaps.push((path, why)),
            Place::Absent => {}
        }
    }
    for (path, why) in gaps {
        gathered.say_once(format!("`{path}`"), why, 0);
    }
    None
}

/// Tells where links lead away from the places of databases. From one place to another they do not: RPM's directory has
/// moved, and /usr is merged.
fn astray(tree: &Tree<'_>, cataloguer: &Cataloguer, gathered: &mut Gathered<'_>) {
    let is_place = |real: &str| cataloguer.places().any(|place| place == real);
    for place in cataloguer.places() {
        let why = match place.strip_suffix('/') {
            Some(directory) => match tree.directory(directory) {
                Ok(real) if real == directory || is_place(&format!("{real}/")) => None,
                Ok(real) => Some(unread(&real)),
                Err(why) => Some(why),
            },
            None => match tree.find(place) {
                Place::File(_, kept) if kept.facts.readings.contains_key(cataloguer.name) => None,
                Place::Elsewhere(real) if is_place(&real) => None,
                Place::File(real, _) | Place::Elsewhere(real) => Some(unread(&real)),
                Place::Astray(why) => Some(why),
                Place::Absent => None,
            },
        };
        if let Some(why) = why {
            gathered.say_once(format!("{} package database `{place}`", cataloguer.name), why, 0);
        }
    }
}

fn unread(real: &str) -> String {
    format!("a link leads to `{real}`, which is not read")
}

/// Returns whether a cataloguer of package databases has read one, and not a file beside it.
fn is_database(name: &str, parsed: &Parsed) -> bool {
    let of_places =
        ALL.iter().any(|cataloguer| cataloguer.name == name && cataloguer.places().next().is_some());
    of_places && parsed.system.is_none() && parsed.gaps.is_empty() && parsed.additions.is_empty()
}

fn read<'a>(
    gathered: &mut Gathered<'a>,
    path: &'a str,
    kept: &'a Kept<'_>,
    name: &'a str,
    parsed: &'a Parsed,
) {
    gathered.say(
        parsed.unreadable,
        &format!("entries of `{}`", inline(path)),
        "malformed, or beyond the limits",
    );
    let is_own = |found: &Found| found.form == Form::Compiled || found.inside.is_some();
    let scope = if parsed.packages.iter().any(is_own) { path } else { name };
    let before: Vec<(usize, BTreeSet<(&str, &str)>)> =
        kept.before.iter().map(|(layer, facts)| (*layer, listed(facts.readings.get(name)))).collect();
    for found in &parsed.packages {
        let layer = since(found, kept.layer, &before);
        gathered.entries.push(Entry { cataloguer: name, found, path, layer, scope });
    }
    let added = |addition: &'a Addition| Added { cataloguer: name, package: &addition.package, addition };
    gathered.additions.extend(parsed.additions.iter().map(added));
    gathered.documents.extend(parsed.document.clone().map(|format| (path.to_owned(), format)));
    gathered.content_sets.extend(parsed.content_sets.iter().cloned());
    let origins = parsed.additions.iter().filter(|addition| addition.source_url.is_some());
    gathered.origins.extend(origins.map(|addition| ((name, split(path).0), addition)));
}

fn listed(parsed: Option<&Parsed>) -> BTreeSet<(&str, &str)> {
    let packages = parsed.map_or(&[][..], |parsed| parsed.packages.as_slice());
    packages.iter().map(|found| (found.name.as_str(), found.version.as_str())).collect()
}

/// Returns the layer since which a database has listed a package: whoever rewrites a database keeps most of it.
fn since(found: &Found, layer: usize, before: &[(usize, BTreeSet<(&str, &str)>)]) -> usize {
    let key = (found.name.as_str(), found.version.as_str());
    let lower = before.iter().rev().take_while(|(_, listed)| listed.contains(&key));
    lower.last().map_or(layer, |(layer, _)| *layer)
}

/// Tells what could not be read, the first ones by name.
fn tell(gathered: &mut Gathered<'_>, unread: &[(&str, &str, &str)]) {
    for (path, name, reason) in unread.iter().take(GAPS_MAX) {
        gathered.say_once(format!("`{}` ({name})", inline(path)), inline(reason), 1);
    }
    let more = unread.len().saturating_sub(GAPS_MAX) as u64;
    gathered.say(more, "further files", "not read, for reasons as the ones named");
}
