//! GitLab's container registry; self-managed ones run under their operators' names.

use super::{Known, Quirk, RegistryKind};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Gitlab,
    name: "gitlab",
    product: "GitLab",
    recognises: |host| host == "registry.gitlab.com",
    behaviour: Behaviour::default,
    quirks: &[
        Quirk {
            name: "mount-scope",
            does: "refuses a whole token because of one scope that the user may not read",
            rule: "asked again without it, and uploaded",
            sets: &[],
            sources: &["google/go-containerregistry#220", "estesp/manifest-tool#53"],
        },
        Quirk {
            name: "media-types",
            does: "takes only media types of configurations and artifacts that it knows",
            rule: "the error names the type",
            sets: &[],
            sources: &["ocx-sh/ocx#480", "fluxcd/flux2#3724"],
        },
    ],
};
