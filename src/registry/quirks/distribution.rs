//! CNCF distribution, under whatever name its operator gives it: 3, and the 2.x that Debian and many others still ship.

use super::{Known, Quirk, RegistryKind, nowhere};
use crate::registry::Behaviour;

const SPARSE_INDEX: Quirk = Quirk {
    name: "sparse-index",
    does: "refuses an index some of whose manifests it does not have, unless version 3 is told otherwise",
    rule: "all of them, or a new index; `spec.behaviour.sparseIndex` where `validation.manifests.indexes` says so",
    sets: &[],
    sources: &["distribution/distribution#3536"],
};

const NO_REFERRERS: Quirk = Quirk {
    name: "no-referrers",
    does: "has no referrers API",
    rule: "the fallback tag is kept and read",
    sets: &[],
    sources: &["distribution/distribution#4927"],
};

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Distribution,
    name: "distribution",
    product: "distribution 3",
    recognises: nowhere,
    behaviour: Behaviour::default,
    quirks: &[NO_REFERRERS, SPARSE_INDEX],
};

pub(super) static KNOWN_2: Known = Known {
    kind: RegistryKind::Distribution2,
    name: "distribution2",
    product: "distribution 2",
    recognises: nowhere,
    behaviour: Behaviour::default,
    quirks: &[
        NO_REFERRERS,
        SPARSE_INDEX,
        Quirk {
            name: "docker-subject",
            does: "answers MANIFEST_BLOB_UNKNOWN to an artifact whose subject is of a Docker type",
            rule: "reported as a missing part, and nothing is tagged",
            sets: &[],
            sources: &["distribution/distribution#4927"],
        },
    ],
};
