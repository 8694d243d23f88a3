//! The image that another one was built on, told by layers that both have.
//!
//! Computed from custody records whenever it is shown, and not recorded: which images the mirror holds changes from day to
//! day, and a record that says more each time a base is taken in would be rewritten without anything new about its image.

use std::collections::BTreeMap;

use super::{Evidence, HopKind, ImageRecord, PlatformRecord};
use crate::model::{Digest, Instant, Repository};

/// An image whose layers are the lowest ones of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Base {
    pub repository: Repository,
    /// Of the image.
    pub digest: Digest,
    /// `linux/amd64`.
    pub platform: String,
    /// Of the platform's manifest.
    pub manifest: Digest,
    /// When the mirror first took it in.
    pub since: Option<Instant>,
}

/// Every recorded platform by the uncompressed digests of its layers, bottom first.
#[derive(Debug, Default)]
pub struct Bases(BTreeMap<Vec<Digest>, Vec<Base>>);

impl Bases {
    /// Reads the records once, for any number of questions.
    pub fn new(evidence: &Evidence) -> Self {
        let mut bases = Self::default();
        for ((repository, digest), record) in &evidence.images {
            for platform in &record.custody.subject.platforms {
                let base = Base {
                    repository: repository.clone(),
                    digest: digest.clone(),
                    platform: platform.platform.clone(),
                    manifest: platform.digest.clone(),
                    since: since(record),
                };
                bases.0.entry(chain(platform)).or_default().push(base);
            }
        }
        bases.0.values_mut().for_each(|equal| equal.sort());
        bases
    }

    /// Returns the nearest base of a platform, which is the one with the most layers, and their number. Several images
    /// may have these layers; empty where none has.
    pub fn nearest(&self, platform: &PlatformRecord) -> (usize, &[Base]) {
        let layers = chain(platform);
        let shorter = (1..layers.len()).rev();
        let mut known = shorter.filter_map(|count| Some((count, self.0.get(&layers[..count])?)));
        known.next().map_or((0, &[]), |(count, equal)| (count, equal.as_slice()))
    }

    /// Returns whether an image or manifest of this digest is recorded.
    pub fn knows(&self, digest: &Digest) -> bool {
        self.0.values().flatten().any(|base| base.is(digest))
    }

    /// Returns how many layers a platform shares with the image or manifest of this digest, where that has no others.
    pub fn shared(&self, platform: &PlatformRecord, digest: &Digest) -> Option<usize> {
        let layers = chain(platform);
        let is_it = |count: &usize| {
            self.0.get(&layers[..*count]).is_some_and(|equal| equal.iter().any(|base| base.is(digest)))
        };
        (1..layers.len()).rev().find(is_it)
    }
}

impl Base {
    /// Returns whether a digest is the image's or that of its platform.
    fn is(&self, digest: &Digest) -> bool {
        self.digest == *digest || self.manifest == *digest
    }
}

fn chain(platform: &PlatformRecord) -> Vec<Digest> {
    platform.layers.iter().map(|layer| layer.diff_id.clone()).collect()
}

fn since(record: &ImageRecord) -> Option<Instant> {
    let arrivals =
        record.custody.hops.iter().filter(|hop| matches!(hop.kind, HopKind::Intake | HopKind::Carry));
    arrivals.map(|hop| hop.at).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{LayerRecord, sample};

    fn evidence(images: &[(&str, &[&str])]) -> Evidence {
        let mut evidence = sample::evidence();
        let template = evidence.images.values().next().unwrap().clone();
        evidence.images.clear();
        for (name, layers) in images {
            let mut record = template.clone();
            record.custody.subject.platforms.truncate(1);
            let platform = &mut record.custody.subject.platforms[0];
            platform.digest = sample::digest(&format!("{name} manifest"));
            let layer = |text: &&str| LayerRecord {
                digest: sample::digest(&format!("{name} {text} compressed")),
                diff_id: sample::digest(text),
                size: 1,
            };
            platform.layers = layers.iter().map(layer).collect();
            let key = (sample::repository(&format!("docker.io/library/{name}")), sample::digest(name));
            evidence.images.insert(key, record);
        }
        evidence
    }

    fn nearest(images: &[(&str, &[&str])], of: &str) -> (usize, Vec<String>) {
        let evidence = evidence(images);
        let record =
            evidence.images.iter().find(|((repository, _), _)| repository.path.ends_with(of)).unwrap().1;
        let bases = Bases::new(&evidence);
        let (count, found) = bases.nearest(&record.custody.subject.platforms[0]);
        (count, found.iter().map(|base| base.repository.path.clone()).collect())
    }

    #[test]
    fn the_nearest_base_has_the_most_layers() {
        let debian = ("debian", &["d"][..]);
        let python = ("python", &["d", "p"][..]);
        let twin = ("twin", &["d", "p"][..]);
        let app = ("app", &["d", "p", "a"][..]);
        let cases: [(&[_], _, usize, &[&str]); 7] = [
            (&[app], "app", 0, &[]),
            (&[app, debian], "app", 1, &["library/debian"]),
            (&[app, debian, python], "app", 2, &["library/python"]),
            (&[app, debian, python, twin], "app", 2, &["library/python", "library/twin"]),
            (&[app, debian, python], "python", 1, &["library/debian"]),
            (&[app, debian, python], "debian", 0, &[]),
            // The same layers in another place, or a part of another image's, are no base.
            (&[app, ("other", &["p", "d"][..]), ("longer", &["d", "p", "b"][..])], "app", 0, &[]),
        ];
        for (images, of, count, names) in cases {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(nearest(images, of), (count, names), "{of}");
        }
    }

    #[test]
    fn attack_an_image_without_layers_is_nobodys_base() {
        assert_eq!(nearest(&[("app", &["a"]), ("empty", &[])], "app"), (0, vec![]));
        assert_eq!(nearest(&[("app", &["a"]), ("empty", &[])], "empty"), (0, vec![]));
    }

    #[test]
    fn a_base_is_named_by_its_intake() {
        let evidence = evidence(&[("debian", &["d"]), ("app", &["d", "a"])]);
        let bases = Bases::new(&evidence);
        let app =
            evidence.images.iter().find(|((repository, _), _)| repository.path.ends_with("app")).unwrap().1;
        let (_, found) = bases.nearest(&app.custody.subject.platforms[0]);
        assert_eq!(found[0].since, Some(sample::at("2026-11-21T00:00:00Z")));
        assert!(bases.knows(&sample::digest("debian")) && bases.knows(&sample::digest("debian manifest")));
        assert!(!bases.knows(&sample::digest("python")));
        let platform = &app.custody.subject.platforms[0];
        assert_eq!(bases.shared(platform, &sample::digest("debian")), Some(1));
        assert_eq!(bases.shared(platform, &sample::digest("app")), None, "an image is not its own base");
    }
}
