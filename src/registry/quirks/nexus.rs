//! Sonatype Nexus Repository, under whatever name its operator gives it.

use super::{Known, Quirk, RegistryKind, nowhere};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Nexus,
    name: "nexus",
    product: "Sonatype Nexus Repository",
    recognises: nowhere,
    behaviour: Behaviour::default,
    quirks: &[Quirk {
        name: "sparse-index",
        does: "refuses an index some of whose manifests it does not have",
        rule: "all of them, or a new index",
        sets: &[],
        sources: &["regclient/regclient#836", "regclient/regclient#875"],
    }],
};
