//! Layers, bottom first, become the packages of one platform and a list of what was not looked at.

mod tree;

use std::sync::Arc;

use super::LayerFacts;
use super::ecosystem::{ALL, Cataloguer, Installed, OsRelease, Reads};
use crate::evidence::NotLookedAt;
use crate::model::{Ecosystem, Package};
use tree::{Found, Tree};

/// The purl namespace where no os-release names a distribution.
const NO_DISTRIBUTION: &str = "unknown";

/// What one platform of an image is known to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Sorted, without repetition.
    pub packages: Vec<Package>,
    pub system: Option<OsRelease>,
    /// Sorted; says in every image at least what this version never looks at.
    pub gaps: Vec<NotLookedAt>,
}

/// Merges layers, bottom first, and reads what the databases in the result say.
pub fn merge(layers: &[Arc<LayerFacts>]) -> Contents {
    let mut tree = Tree::default();
    for layer in layers {
        tree.apply(layer);
    }
    let mut gaps =
        vec![gap("language packages and binaries outside of package databases", NOT_IN_THIS_VERSION, 0)];
    let system = system(&tree, &mut gaps);
    let mut reading = Reading { databases: 0, installed: vec![], gaps };
    for cataloguer in ALL {
        reading.catalogue(&tree, cataloguer);
    }
    reading.contents(system)
}

const NOT_IN_THIS_VERSION: &str = "not looked at in this version";

fn gap(what: impl Into<String>, reason: impl Into<String>, packages: u64) -> NotLookedAt {
    NotLookedAt { what: what.into(), reason: reason.into(), packages }
}

/// Returns what the first readable file says, and a gap where links hid all of them.
fn system(tree: &Tree<'_>, gaps: &mut Vec<NotLookedAt>) -> Option<OsRelease> {
    let mut astray = vec![];
    for cataloguer in ALL {
        let Reads::System(parse) = cataloguer.reads else { continue };
        for path in cataloguer.paths {
            match tree.find(path) {
                Found::File(_, bytes) => match parse(path, bytes) {
                    Some(system) => return Some(system),
                    None => astray.push(gap(format!("`{path}`"), "names no distribution", 0)),
                },
                Found::Astray(why) => astray.push(gap(format!("`{path}`"), why, 0)),
                Found::Absent => {}
            }
        }
    }
    gaps.append(&mut astray);
    None
}

/// What has been gathered from the databases.
struct Reading {
    databases: usize,
    installed: Vec<(Ecosystem, Installed)>,
    gaps: Vec<NotLookedAt>,
}

impl Reading {
    fn catalogue(&mut self, tree: &Tree<'_>, cataloguer: &Cataloguer) {
        let mut seen = std::collections::BTreeSet::new();
        for wanted in cataloguer.paths {
            for found in tree.files(wanted, cataloguer) {
                match found {
                    Found::File(path, bytes) if seen.insert(path.clone()) => {
                        self.file(cataloguer, &path, bytes);
                    }
                    Found::Astray(why) if !matches!(cataloguer.reads, Reads::System(_)) => {
                        self.gaps.push(gap(
                            format!("{} package database `{wanted}`", cataloguer.name),
                            why,
                            0,
                        ));
                    }
                    _ => {}
                }
            }
        }
    }

    fn file(&mut self, cataloguer: &Cataloguer, path: &str, bytes: &[u8]) {
        match cataloguer.reads {
            Reads::System(_) => {}
            Reads::Unread => {
                let what = format!("{} package database `{path}`", cataloguer.name);
                self.gaps.push(gap(what, NOT_IN_THIS_VERSION, 0));
            }
            Reads::Packages(ecosystem, parse) => {
                self.databases += 1;
                let parsed = parse(bytes);
                if parsed.unreadable > 0 {
                    let what = format!("entries of `{path}`");
                    self.gaps.push(gap(what, "malformed, or beyond the limits", parsed.unreadable));
                }
                self.installed.extend(parsed.installed.into_iter().map(|installed| (ecosystem, installed)));
            }
        }
    }

    fn contents(mut self, system: Option<OsRelease>) -> Contents {
        if self.databases == 0 {
            self.gaps.push(gap(
                "installed packages",
                "there is no package database that this version reads",
                0,
            ));
        }
        if system.is_none() {
            let count = self.installed.len() as u64;
            self.gaps.push(gap("distribution", "there is no os-release that names one", count));
        }
        let all = self.installed.into_iter().map(|(ecosystem, one)| package(ecosystem, one, system.as_ref()));
        let (mut packages, nameless): (Vec<_>, Vec<_>) = all.partition(|package| package.purl().is_ok());
        packages.sort();
        packages.dedup();
        if !nameless.is_empty() {
            self.gaps.push(gap("packages", "no package URL can carry their names", nameless.len() as u64));
        }
        self.gaps.sort();
        self.gaps.dedup();
        Contents { packages, system, gaps: self.gaps }
    }
}

fn package(ecosystem: Ecosystem, installed: Installed, system: Option<&OsRelease>) -> Package {
    Package {
        ecosystem,
        namespace: system.map_or(NO_DISTRIBUTION, |system| &system.id).to_owned(),
        name: installed.name,
        version: installed.version,
        architecture: installed.architecture,
        distro: system.and_then(OsRelease::distro),
        source: installed.source,
    }
}

#[cfg(test)]
mod tests;
