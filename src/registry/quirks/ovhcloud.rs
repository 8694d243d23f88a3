//! OVHcloud Managed Private Registry: Harbor under OVHcloud's names.

use super::{Known, RegistryKind, harbor, is_below};

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Ovhcloud,
    name: "ovhcloud",
    product: "OVHcloud Managed Private Registry",
    recognises: |host| {
        is_below(host, "container-registry.ovh.net") || is_below(host, "container-registry.ovh.us")
    },
    behaviour: harbor::behaviour,
    quirks: harbor::QUIRKS,
};
