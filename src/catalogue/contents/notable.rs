//! Files to look at twice: secrets of every layer, because whoever pulls the image has them all, and what gives privileges
//! in the root file system that is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::owner::{Owners, owner};
use crate::catalogue::found::PathKey;
use crate::catalogue::path::split;
use crate::catalogue::secret::is_packaged;
use crate::catalogue::{LayerFacts, Privilege, SecretKind};

/// A file that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// Normalised path in the layer.
    pub path: String,
    pub kind: SecretKind,
    /// The layer that brings it, 0 for the bottom one.
    pub layer: usize,
    /// The layer that deletes or replaces it. It stays in the layer that brings it.
    pub gone_in: Option<usize>,
}

/// A file that gives whoever runs it more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Privileged {
    pub path: String,
    pub privilege: Privilege,
    pub layer: usize,
    /// The package URL of the package that owns it.
    pub owner: Option<String>,
}

/// Files to look at twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notable {
    /// By path and layer; without those that packages bring.
    pub secrets: Vec<Secret>,
    /// Files like secrets that packages bring: keys for tests, samples.
    pub secrets_of_packages: u64,
    /// Further files like secrets, beyond what is told of a layer.
    pub secrets_left_out: u64,
    /// By path.
    pub privileged: Vec<Privileged>,
    /// Further ones, beyond what is told of a layer.
    pub privileged_left_out: u64,
}

/// Returns what is notable in layers, bottom first. `owners` says which package owns a path.
pub(super) fn notable(layers: &[Arc<LayerFacts>], owners: &Owners<'_>) -> Notable {
    let mut notable = Notable::default();
    let merged = merged(layers);
    for (number, layer) in layers.iter().enumerate() {
        notable.secrets_left_out += layer.secrets_left_out;
        notable.privileged_left_out += layer.privileged_left_out;
        let gone_in = |path: &str| {
            let spellings = spellings(path, &merged);
            let hides = |layer: &LayerFacts| spellings.iter().any(|path| is_hidden(layer, path));
            (number + 1..layers.len()).find(|upper| hides(&layers[*upper]))
        };
        for (path, kind) in &layer.secrets {
            if owner(owners, path).is_some() || is_packaged(path) {
                notable.secrets_of_packages += 1;
            } else {
                let gone_in = gone_in(path);
                notable.secrets.push(Secret { path: path.clone(), kind: *kind, layer: number, gone_in });
            }
        }
        let left = layer.privileged.iter().filter(|(path, _)| gone_in(path).is_none());
        notable.privileged.extend(left.map(|(path, privilege)| Privileged {
            path: path.clone(),
            privilege: privilege.clone(),
            layer: number,
            owner: owner(owners, path).map(str::to_owned),
        }));
    }
    notable.secrets.sort();
    notable.privileged.sort();
    notable
}

/// Returns whether a layer deletes or replaces what is at `path` below it.
fn is_hidden(layer: &LayerFacts, path: &str) -> bool {
    let is_covered = |path: &str| {
        layer.whiteouts.contains(path)
            || layer.links.contains_key(path)
            || layer.covers.binary_search(&PathKey::of(path)).is_ok()
    };
    let is_file = |path: &str| layer.files.contains_key(path) && !is_directory(layer, path);
    let above =
        || std::iter::successors(Some(path), |path| Some(split(path).0).filter(|above| !above.is_empty()));
    above().any(|path| is_covered(path) || is_file(path))
        || above().skip(1).any(|directory| layer.opaque.contains(directory))
        || layer.opaque.contains("")
        || is_directory(layer, path)
}

fn is_directory(layer: &LayerFacts, path: &str) -> bool {
    layer.directories.binary_search(&PathKey::of(path)).is_ok()
}

/// Returns the directories of the root that are links to their namesakes in `usr`.
fn merged(layers: &[Arc<LayerFacts>]) -> BTreeSet<String> {
    let links = layers.iter().flat_map(|layer| &layer.links);
    let is_merged =
        |(path, target): &(&String, &String)| target.trim_start_matches('/') == format!("usr/{path}");
    links.filter(is_merged).map(|(path, _)| path.clone()).collect()
}

fn spellings(path: &str, merged: &BTreeSet<String>) -> Vec<String> {
    let bare = path.strip_prefix("usr/").unwrap_or(path);
    let root = bare.split('/').next().unwrap_or_default();
    if merged.contains(root) { vec![bare.to_owned(), format!("usr/{bare}")] } else { vec![path.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(paths: &[&str]) -> LayerFacts {
        let secrets = paths.iter().map(|path| ((*path).to_owned(), SecretKind::PrivateKey)).collect();
        let mut covers: Vec<PathKey> = paths.iter().map(|path| PathKey::of(path)).collect();
        covers.sort_unstable();
        LayerFacts { covers, secrets, ..LayerFacts::default() }
    }

    fn setuid(path: &str) -> LayerFacts {
        let privilege = Privilege { setuid: true, ..Privilege::default() };
        LayerFacts { privileged: [(path.to_owned(), privilege)].into(), ..covering(path) }
    }

    fn covering(path: &str) -> LayerFacts {
        LayerFacts { covers: vec![PathKey::of(path)], ..LayerFacts::default() }
    }

    fn removing(path: &str) -> LayerFacts {
        LayerFacts { whiteouts: [path.to_owned()].into(), ..LayerFacts::default() }
    }

    fn opaque(path: &str) -> LayerFacts {
        LayerFacts { opaque: [path.to_owned()].into(), ..LayerFacts::default() }
    }

    fn look(layers: Vec<LayerFacts>, owners: &Owners<'_>) -> Notable {
        let layers: Vec<Arc<LayerFacts>> = layers.into_iter().map(Arc::new).collect();
        notable(&layers, owners)
    }

    #[test]
    fn attack_a_deleted_secret_is_still_in_the_image() {
        let nothing = LayerFacts::default;
        let linked = || LayerFacts { links: [("root".to_owned(), "home".to_owned())].into(), ..nothing() };
        for (upper, gone_in) in [
            (nothing(), None),
            (removing("root/.ssh/id_rsa"), Some(2)),
            (removing("root/.ssh"), Some(2)),
            (removing("root"), Some(2)),
            (removing("root/.ss"), None),
            (opaque("root/.ssh"), Some(2)),
            (opaque(""), Some(2)),
            (opaque("root/.ssh/id_rsa"), None),
            (covering("root/.ssh/id_rsa"), Some(2)),
            (covering("root/.ssh"), Some(2)),
            (linked(), Some(2)),
        ] {
            let notable =
                look(vec![secret(&["root/.ssh/id_rsa"]), nothing(), upper.clone()], &Owners::default());
            let found: Vec<_> = notable.secrets.iter().map(|one| (one.layer, one.gone_in)).collect();
            assert_eq!(found, [(0, gone_in)], "{upper:?}");
        }
    }

    #[test]
    fn what_packages_bring_is_counted() {
        let owners =
            Owners::of_distribution(&[("usr/share/doc/openssl/key.pem", "pkg:deb/debian/openssl@3")]);
        let paths = ["usr/share/doc/openssl/key.pem", "app/node_modules/tls/key.pem", "root/key.pem"];
        let notable = look(vec![secret(&paths)], &owners);
        let paths: Vec<&str> = notable.secrets.iter().map(|one| one.path.as_str()).collect();
        assert_eq!((paths, notable.secrets_of_packages), (vec!["root/key.pem"], 2));
    }

    #[test]
    fn privileges_are_those_of_the_root_file_system_that_is_left() {
        let merged =
            LayerFacts { links: [("bin".to_owned(), "usr/bin".to_owned())].into(), ..LayerFacts::default() };
        let owners = Owners::of_distribution(&[("bin/su", "pkg:deb/debian/util-linux@2")]);
        let cases = [
            (vec![setuid("usr/bin/su")], 1),
            (vec![setuid("usr/bin/su"), covering("usr/bin/su")], 0),
            (vec![setuid("usr/bin/su"), setuid("usr/bin/su")], 1),
            (vec![setuid("usr/bin/su"), covering("bin/su")], 1),
            (vec![merged, setuid("usr/bin/su"), covering("bin/su")], 0),
        ];
        for (layers, expected) in cases {
            let privileged = look(layers.clone(), &owners).privileged;
            assert_eq!(privileged.len(), expected, "{layers:?}");
            assert!(privileged.iter().all(|one| one.owner.as_deref() == Some("pkg:deb/debian/util-linux@2")));
        }
    }
}
