//! Red Hat Quay and quay.io.

use super::{Known, Quirk, RegistryKind};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Quay,
    name: "quay",
    product: "Quay",
    recognises: |host| host == "quay.io",
    behaviour: Behaviour::default,
    quirks: &[
        Quirk {
            name: "strict-schema",
            does: "refuses artifacts of Docker's media types with anything beyond their schema",
            rule: "the error names the media types",
            sets: &[],
            sources: &["aquasecurity/trivy-plugin-referrer#16", "tektoncd/chains#1691"],
        },
        Quirk {
            name: "mount-without-from",
            does: "refuses a mount that names no repository to mount from",
            rule: "every mount names one",
            sets: &[],
            sources: &["bazel-contrib/rules_img: docs/registry-support.md"],
        },
    ],
};
