//! JFrog Artifactory; self-managed ones run under their operators' names.

use super::{Known, Quirk, RegistryKind, is_below};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Artifactory,
    name: "artifactory",
    product: "JFrog Artifactory",
    recognises: |host| is_below(host, "jfrog.io"),
    behaviour: || Behaviour { head_first: true, ..Behaviour::default() },
    quirks: &[
        Quirk {
            name: "mount-refused",
            does: "refuses mounts, and shares a blob between repositories once a manifest refers to it",
            rule: "looked for before it is mounted",
            sets: &["headFirst"],
            sources: &["bazel-contrib/rules_img: docs/registry-support.md"],
        },
        Quirk {
            name: "forbidden-tag",
            does: "answers 403 for a tag that is missing from a virtual repository",
            rule: "denied, never absent: nobody can tell the two apart",
            sets: &[],
            sources: &["sigstore/cosign#2973", "google/go-containerregistry#1691"],
        },
    ],
};
