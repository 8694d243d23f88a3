//! Harbor, under whatever name its operator gives it.

use super::{Known, Quirk, RegistryKind, nowhere};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Harbor,
    name: "harbor",
    product: "Harbor",
    recognises: nowhere,
    behaviour,
    quirks: QUIRKS,
};

pub(super) fn behaviour() -> Behaviour {
    Behaviour { head_blob_unreliable: true, ..Behaviour::default() }
}

pub(super) const QUIRKS: &[Quirk] = &[
    Quirk {
        name: "mount-unauthorized",
        does: "answers 401 to a mount from a project that does not exist",
        rule: "no mount; uploaded",
        sets: &[],
        sources: &["goharbor/harbor#17097"],
    },
    Quirk {
        name: "blob-head",
        does: "answers 404 to HEAD of blobs in proxy-cache projects",
        rule: "GET before a blob counts as absent",
        sets: &["headBlobUnreliable"],
        sources: &["goharbor/harbor#22609"],
    },
    Quirk {
        name: "robot-accounts",
        does: "has robot accounts for each project, which may not list the catalog",
        rule: "credentials by repository; the catalog is never asked for",
        sets: &[],
        sources: &["goharbor/harbor#7867", "vmware-tanzu/kubeapps#5219"],
    },
    Quirk {
        name: "missing-manifest",
        does: "answers other error codes for a manifest that is missing",
        rule: "the status decides",
        sets: &[],
        sources: &["containers/image#2203"],
    },
    Quirk {
        name: "sparse-index",
        does: "refuses an index some of whose manifests it does not have",
        rule: "all of them, or a new index",
        sets: &[],
        sources: &["goharbor/harbor#19386"],
    },
];
