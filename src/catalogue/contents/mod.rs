//! Layers, bottom first, become the components of one platform and a list of what was not looked at.
//!
//! In order: [`tree`] lays the layers over each other, [`gather`] reads what cataloguers made of the files that are left,
//! [`join`] makes components of it, [`needs`] and [`owner`] tell how they hang together, [`notable`]
//! what to look at twice.

mod gather;
mod join;
mod needs;
mod notable;
mod owner;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Component, LayerFacts, OsRelease};
use crate::evidence::NotLookedAt;
use crate::model::Package;
use gather::Gathered;
pub use notable::{Notable, Privileged, Secret};
use tree::Tree;

/// What one platform of an image is known to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// By package URL, one each.
    pub components: Vec<Component>,
    pub system: Option<OsRelease>,
    /// Bills of materials that are in the image themselves: format by path.
    pub documents: BTreeMap<String, String>,
    /// Red Hat's repositories that packages were installed from, as the image tells.
    pub content_sets: BTreeSet<String>,
    /// Sorted.
    pub gaps: Vec<NotLookedAt>,
    /// Secrets, and what gives privileges.
    pub notable: Notable,
    /// Uncompressed bytes of each layer, bottom first.
    pub uncompressed: Vec<u64>,
}

impl Contents {
    /// Returns the packages of all components, sorted.
    pub fn packages(&self) -> Vec<Package> {
        let packages: BTreeSet<&Package> =
            self.components.iter().map(|component| &component.package).collect();
        packages.into_iter().cloned().collect()
    }
}

/// Merges layers, bottom first, and tells what is in the result.
pub fn merge(layers: &[Arc<LayerFacts>]) -> Contents {
    let mut tree = Tree::default();
    for layer in layers {
        tree.apply(layer);
    }
    let mut gathered = gather::gather(&tree);
    let joined = join::join(&gathered, gathered.system.as_ref());
    gathered.say(joined.nameless, "packages", "no package URL can carry their names");
    let mut components = joined.components;
    needs::link(&gathered, &joined.purls, &mut components);
    let owners = owner::owners(&gathered, &joined.purls);
    owner::link(&owners, &mut components);
    let notable = notable::notable(layers, &owners);
    drop(owners);
    let uncompressed = layers.iter().map(|layer| layer.uncompressed_bytes).collect();
    Contents { notable, uncompressed, ..contents(gathered, components.into_values().collect()) }
}

fn contents(mut gathered: Gathered<'_>, components: Vec<Component>) -> Contents {
    if components.is_empty() && !gathered.has_database {
        gathered.say_once("installed packages", "there is no package database that this version reads", 0);
    }
    if gathered.system.is_none() {
        let of_distribution = |one: &&Component| one.package.ecosystem.is_of_distribution();
        let count = components.iter().filter(of_distribution).count() as u64;
        gathered.say_once("distribution", "there is no os-release that names one", count);
    }
    let Gathered { mut gaps, documents, content_sets, system, .. } = gathered;
    gaps.sort();
    gaps.dedup();
    Contents { components, system, documents, content_sets, gaps, ..Contents::default() }
}

#[cfg(test)]
mod tests;
