//! Google Artifact Registry, and the `gcr.io` names that it serves.

use super::{Known, Quirk, RegistryKind, is_below};
use crate::registry::{ActionGroup, Behaviour, Rate};

/// A third of the 18,000 writes of a minute for each of the three groups that write.
const WRITES_A_MINUTE: u32 = 6000;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Gar,
    name: "gar",
    product: "Google Artifact Registry",
    recognises: |host| {
        host == "gcr.io" || is_below(host, "gcr.io") || (is_below(host, "pkg.dev") && host.contains("docker"))
    },
    behaviour: || Behaviour {
        chunks_broken: true,
        rates: vec![
            Rate::new(ActionGroup::All, 60_000, 60),
            Rate::new(ActionGroup::UploadStart, WRITES_A_MINUTE, 60),
            Rate::new(ActionGroup::UploadBody, WRITES_A_MINUTE, 60),
            Rate::new(ActionGroup::ManifestWrite, WRITES_A_MINUTE, 60),
        ],
        ..Behaviour::default()
    },
    quirks: &[
        Quirk {
            name: "chunks",
            does: "has no uploads in chunks",
            rule: "one PUT; chunks are refused before anything is sent",
            sets: &["chunksBroken"],
            sources: &["containers/skopeo#1101", "dotnet/sdk-container-builds#287"],
        },
        Quirk {
            name: "rates",
            does: "allows 60,000 requests and 18,000 writes a minute and region",
            rule: "one shared rate, and a third of the writes for each kind of write",
            sets: &["rates"],
            sources: &["kubernetes/registry.k8s.io#153"],
        },
        Quirk {
            name: "create-repository",
            does: "takes nothing for a repository that has not been created",
            rule: "the error says so; repositories are created beforehand",
            sets: &[],
            sources: &["documentation"],
        },
    ],
};
