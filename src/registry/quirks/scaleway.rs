//! Scaleway Container Registry.

use super::{Known, Quirk, RegistryKind, is_below};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Scaleway,
    name: "scaleway",
    product: "Scaleway Container Registry",
    recognises: |host| host.starts_with("rg.") && is_below(host, "scw.cloud"),
    behaviour: Behaviour::default,
    quirks: &[Quirk {
        name: "namespace",
        does: "may take nothing for a namespace that has not been created; there are hardly any public reports",
        rule: "the error says so; probed by `fondaco doctor`",
        sets: &[],
        sources: &["unverified"],
    }],
};
