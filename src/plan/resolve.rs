//! What each tag means: the manifest's pin, else what upstream answered, else what the lock remembers.

use std::collections::BTreeMap;

use crate::{
    evidence::{ImagesLock, LockedImage},
    manifest::{Desired, DesiredImage},
    model::{Digest, Instant, Kind, Reference, Repository},
};

/// What the registries answered to one listing for each repository that is selected from, and one HEAD for each tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Tags of the repositories that selections choose from.
    pub listings: BTreeMap<Repository, Listed>,
    /// Unpinned tags at their upstreams.
    pub upstream: BTreeMap<(Repository, String), Seen>,
    /// Destination tags of every consumer.
    pub distributions: BTreeMap<(Repository, String), Seen>,
    /// Tags and manifests of withdrawn images in distributions and quarantine.
    pub withdrawn: BTreeMap<(Repository, Reference), Seen>,
}

/// The answer to one listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    Tags(Vec<String>),
    /// Nobody can say, or there is no such repository. Never to be read as one without tags.
    Failed {
        kind: Kind,
        message: String,
    },
}

/// One answer to a HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Digest(Digest),
    /// The registry answered that there is no such tag.
    Absent,
    /// Nobody can say. Never to be read as absence.
    Failed {
        kind: Kind,
        message: String,
    },
}

/// A tag with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub image: DesiredImage,
    pub digest: Option<Digest>,
    /// What the lock said.
    pub was: Option<Digest>,
    /// Since when the tag means this digest, where the lock knows.
    pub first_seen: Option<Instant>,
    pub how: Resolution,
}

/// How a tag came by its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// The manifest says the digest.
    Pinned,
    /// Upstream and lock agree.
    Unchanged,
    /// Seen for the first time.
    New,
    /// Upstream moved the tag.
    Moved,
    /// Upstream no longer has the tag; the lock's digest stays in force.
    Gone,
    /// Upstream could not be asked; the lock's digest stays in force.
    Failed { kind: Kind, message: String },
}

/// Resolves every image of the manifests, in their order.
pub fn resolve(desired: &Desired, lock: &ImagesLock, observed: &Observed) -> Vec<Resolved> {
    let mut locked: BTreeMap<(&Repository, &str), Vec<&LockedImage>> = BTreeMap::new();
    for entry in &lock.images {
        locked.entry((&entry.repository, &entry.tag)).or_default().push(entry);
    }
    let one = |image: &DesiredImage| {
        let entries = locked.get(&(&image.source, image.tag.as_str())).map_or(&[][..], Vec::as_slice);
        // Two sets may pin one tag to two digests, for consumers with different targets.
        let own = entries.iter().find(|entry| Some(&entry.digest) == image.digest.as_ref());
        resolve_one(image, own.or(entries.first()).copied(), observed)
    };
    desired.images.iter().map(one).collect()
}

fn resolve_one(image: &DesiredImage, locked: Option<&LockedImage>, observed: &Observed) -> Resolved {
    let was = locked.map(|l| l.digest.clone());
    let (digest, how) = meaning(image, was.as_ref(), observed);
    let same = digest.is_some() && digest == was;
    Resolved {
        image: image.clone(),
        first_seen: locked.filter(|_| same).map(|l| l.first_seen),
        digest,
        was,
        how,
    }
}

fn meaning(image: &DesiredImage, was: Option<&Digest>, observed: &Observed) -> (Option<Digest>, Resolution) {
    if let Some(pinned) = &image.digest {
        return (Some(pinned.clone()), Resolution::Pinned);
    }
    match observed.upstream.get(&(image.source.clone(), image.tag.clone())) {
        Some(Seen::Digest(seen)) => {
            let how = match was {
                None => Resolution::New,
                Some(was) if was == seen => Resolution::Unchanged,
                Some(_) => Resolution::Moved,
            };
            (Some(seen.clone()), how)
        }
        Some(Seen::Absent) => (was.cloned(), Resolution::Gone),
        Some(Seen::Failed { kind, message }) => {
            (was.cloned(), Resolution::Failed { kind: *kind, message: message.clone() })
        }
        None => {
            let message = "upstream was not asked".to_owned();
            (was.cloned(), Resolution::Failed { kind: Kind::Bug, message })
        }
    }
}
