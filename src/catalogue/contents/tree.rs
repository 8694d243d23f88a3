//! The part of a root file system that cataloguers read, built up layer by layer.

use std::collections::BTreeMap;

use crate::catalogue::found::PathKey;
use crate::catalogue::path::{PATH_BYTES_MAX, join, remove_below as below, split};
use crate::catalogue::{FileFacts, LayerFacts};

/// The most links followed on the way to one file, as Linux does (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// The most steps on the way to one file: each link can have thousands, and an image hundreds of thousands of files.
const STEPS_MAX: usize = 1000;

/// The most links of the root that are other spellings of a path. A merged /usr has six.
const SPELLINGS_MAX: usize = 32;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept<'a> {
    pub facts: &'a FileFacts,
    /// The layer that wrote it, 0 for the bottom one.
    pub layer: usize,
    /// What lower layers had here, lowest first, without a break in between.
    pub before: Vec<(usize, &'a FileFacts)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node<'a> {
    File(Kept<'a>),
    Link(&'a str),
}

/// Files and links by normalised path.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    nodes: BTreeMap<String, Node<'a>>,
    layers: usize,
}

/// What there is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'t, 'a> {
    /// The path after all links.
    File(String, &'t Kept<'a>),
    Absent,
    /// Links lead to this path, where nothing was read.
    Elsewhere(String),
    /// Links lead round in a circle: nobody can say what is there.
    Astray(String),
}

impl<'a> Tree<'a> {
    /// Lays a layer over what is there: removals first, because they concern lower layers only.
    pub(super) fn apply(&mut self, layer: &'a LayerFacts) {
        let number = self.layers;
        self.layers += 1;
        for path in &layer.opaque {
            let place = self.resolve(path).unwrap_or_else(|_| path.clone());
            self.remove_below(&place);
        }
        for path in &layer.whiteouts {
            let place = self.place(path);
            self.nodes.remove(&place);
            self.remove_below(&place);
        }
        self.cover(layer);
        for (path, target) in &layer.links {
            let place = self.place(path);
            self.remove_below(&place);
            self.nodes.insert(place, Node::Link(target));
        }
        for (path, facts) in &layer.files {
            let place = self.place(path);
            // A directory that tells a package by its name hides nothing.
            if layer.directories.binary_search(&PathKey::of(path)).is_err() {
                self.remove_below(&place);
            }
            let before = match self.nodes.remove(&place) {
                Some(Node::File(kept)) => {
                    let mut before = kept.before;
                    before.push((kept.layer, kept.facts));
                    before
                }
                _ => vec![],
            };
            self.nodes.insert(place, Node::File(Kept { facts, layer: number, before }));
        }
    }

    /// Returns every file, by path.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Kept<'a>)> {
        self.nodes.iter().filter_map(|(path, node)| match node {
            Node::File(kept) => Some((path.as_str(), kept)),
            Node::Link(_) => None,
        })
    }

    /// Returns the file at `path`, through links.
    pub(super) fn find(&self, path: &str) -> Place<'_, 'a> {
        let place = match self.resolve(path) {
            Ok(place) => place,
            Err(why) => return Place::Astray(why),
        };
        match self.nodes.get(&place) {
            Some(Node::File(kept)) => Place::File(place, kept),
            _ if place == path => Place::Absent,
            _ => Place::Elsewhere(place),
        }
    }

    /// Returns where a directory is, through links.
    pub(super) fn directory(&self, path: &str) -> Result<String, String> {
        self.resolve(path)
    }

    /// Removes what the plain files and directories of a layer take the place of.
    fn cover(&mut self, layer: &LayerFacts) {
        if layer.covers.is_empty() && layer.directories.is_empty() {
            return;
        }
        let roots = self.merged_directories();
        let is_gone = |path: &String| {
            let spellings = spellings(path, &roots);
            let covered = |path: &str| layer.covers.binary_search(&PathKey::of(path)).is_ok();
            // A directory that tells a package by its name takes its own place further down.
            let replaced = |path: &String| {
                layer.directories.binary_search(&PathKey::of(path)).is_ok() && !layer.files.contains_key(path)
            };
            spellings.iter().any(|path| ancestors(path).any(covered)) || spellings.iter().any(replaced)
        };
        let gone: Vec<String> = self.nodes.keys().filter(|path| is_gone(path)).cloned().collect();
        for path in gone {
            self.nodes.remove(&path);
        }
    }

    /// Returns the links of the root to directories, as `lib` to `usr/lib` of a merged /usr.
    fn merged_directories(&self) -> Vec<(String, String)> {
        let at_root = self.nodes.iter().filter(|(path, _)| !path.contains('/'));
        let links = at_root.filter(|(_, node)| matches!(node, Node::Link(_)));
        links
            .take(SPELLINGS_MAX)
            .filter_map(|(path, _)| Some((path.clone(), self.resolve(path).ok()?)))
            .collect()
    }

    /// Returns where an entry of a layer lands: the links above it are followed, it itself is not.
    fn place(&self, path: &str) -> String {
        let (directory, name) = split(path);
        let directory = self.resolve(directory).unwrap_or_else(|_| directory.to_owned());
        join(&directory, name)
    }

    fn remove_below(&mut self, place: &str) {
        if place.is_empty() {
            self.nodes.clear();
        } else {
            below(&mut self.nodes, place);
        }
    }

    /// Follows every link on the way, as if the root were `/`; `..` does not leave it.
    fn resolve(&self, path: &str) -> Result<String, String> {
        let mut ahead: Vec<&str> = path.split('/').rev().collect();
        let mut place = String::new();
        let (mut links, mut steps) = (0, 0);
        while let Some(segment) = ahead.pop() {
            steps += 1;
            if steps > STEPS_MAX || place.len() > PATH_BYTES_MAX {
                return Err(format!("more than {STEPS_MAX} steps, or {PATH_BYTES_MAX} bytes, on the way"));
            }
            match segment {
                "" | "." => continue,
                ".." => {
                    place = place.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
                    continue;
                }
                _ => {}
            }
            let here = join(&place, segment);
            let Some(Node::Link(target)) = self.nodes.get(&here) else {
                place = here;
                continue;
            };
            links += 1;
            if links > LINKS_MAX {
                return Err(format!("more than {LINKS_MAX} links on the way"));
            }
            if target.starts_with('/') {
                place.clear();
            }
            ahead.extend(target.split('/').rev());
        }
        Ok(place)
    }
}

/// Returns the path and the ways an archive may spell it through links of the root.
fn spellings(path: &str, roots: &[(String, String)]) -> Vec<String> {
    let through = roots.iter().filter_map(|(link, directory)| {
        let rest = path.strip_prefix(directory.as_str())?.strip_prefix('/')?;
        Some(join(link, rest))
    });
    std::iter::once(path.to_owned()).chain(through).collect()
}

/// Returns the path and everything above it, `a/b/c`, `a/b`, `a`.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(above, _)| above))
}
