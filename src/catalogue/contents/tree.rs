//! The part of a root file system that cataloguers look at, built up layer by layer.

use std::collections::BTreeMap;

use crate::catalogue::LayerFacts;
use crate::catalogue::ecosystem::{Cataloguer, wanting};
use crate::catalogue::path::{join, remove_below as below, split};

/// The most links followed on the way to one file, as Linux does (path_resolution(7)).
const LINKS_MAX: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node<'a> {
    File(&'a [u8]),
    Link(&'a str),
}

/// Files and links by normalised path.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    nodes: BTreeMap<String, Node<'a>>,
}

/// What there is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// The path after all links, and the content.
    File(String, &'a [u8]),
    Absent,
    /// Links lead where nothing was kept, or round in a circle: nobody can say what is there.
    Astray(String),
}

impl<'a> Tree<'a> {
    /// Lays a layer over what is there: removals first, because they concern lower layers only.
    pub(super) fn apply(&mut self, layer: &'a LayerFacts) {
        for path in &layer.opaque {
            let place = self.resolve(path).unwrap_or_else(|_| path.clone());
            self.remove_below(&place);
        }
        for path in &layer.whiteouts {
            let place = self.place(path);
            self.nodes.remove(&place);
            self.remove_below(&place);
        }
        for path in &layer.directories {
            let place = self.place(path);
            self.nodes.remove(&place);
        }
        for (path, target) in &layer.links {
            self.put(path, Node::Link(target));
        }
        for (path, bytes) in &layer.files {
            self.put(path, Node::File(bytes));
        }
    }

    /// Returns the file at `path`, through links.
    pub(super) fn find(&self, path: &str) -> Found<'a> {
        let place = match self.resolve(path) {
            Ok(place) => place,
            Err(why) => return Found::Astray(why),
        };
        match self.nodes.get(&place) {
            Some(Node::File(bytes)) => Found::File(place, bytes),
            _ if place == path || wanting(&place).is_some() => Found::Absent,
            _ => Found::Astray(format!("a link leads to `{place}`, which is not read")),
        }
    }

    /// Returns what there is at a path of interest: one file, or the files of a directory where it ends in `/`.
    pub(super) fn files(&self, wanted: &str, cataloguer: &Cataloguer) -> Vec<Found<'a>> {
        let Some(directory) = wanted.strip_suffix('/') else { return vec![self.find(wanted)] };
        let place = match self.resolve(directory) {
            Ok(place) => place,
            Err(why) => return vec![Found::Astray(why)],
        };
        if place != directory && !cataloguer.paths.contains(&format!("{place}/").as_str()) {
            return vec![Found::Astray(format!("a link leads to `{place}`, which is not read"))];
        }
        let below = format!("{place}/");
        let names = self.nodes.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
        names.filter(|(path, _)| cataloguer.wants(path)).map(|(path, _)| self.find(path)).collect()
    }

    fn put(&mut self, path: &str, node: Node<'a>) {
        let place = self.place(path);
        self.remove_below(&place);
        self.nodes.insert(place, node);
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
        let mut links = 0;
        while let Some(segment) = ahead.pop() {
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
