//! GitHub Container Registry.

use super::{Known, Quirk, RegistryKind};
use crate::registry::{ActionGroup, Behaviour, Rate};

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Ghcr,
    name: "ghcr",
    product: "GitHub Container Registry",
    recognises: |host| host == "ghcr.io",
    behaviour: || Behaviour {
        chunks_broken: true,
        read_back: true,
        rates: vec![Rate::new(ActionGroup::All, 2000, 60)],
        ..Behaviour::default()
    },
    quirks: &[
        Quirk {
            name: "no-referrers",
            does: "has no referrers API, and names a wrong `artifactType` in fallback indexes",
            rule: "the fallback tag; nothing is left out by its `artifactType` alone",
            sets: &[],
            sources: &["NVIDIA/cluster-readiness-engine#271", "NVIDIA/aicr#1957"],
        },
        Quirk {
            name: "chunks",
            does: "takes at most 4 MiB in a PATCH, and of several PATCHes keeps the last one without a word",
            rule: "one PUT, and the blob is looked at again; chunks are refused before anything is sent",
            sets: &["chunksBroken", "readBack"],
            sources: &[
                "ocx-sh/ocx#237",
                "wasmCloud/wash-archive#268",
                "clowdhaus/ocync: docs/src/content/design/engine.md",
            ],
        },
        Quirk {
            name: "token-post",
            does: "answers 405 to POST for a token; its tokens are opaque",
            rule: "GET; tokens are never parsed",
            sets: &[],
            sources: &["oras-project/oras#968"],
        },
        Quirk {
            name: "rate",
            does: "allows 2,000 requests a minute, reads and writes together",
            rule: "one shared rate",
            sets: &["rates"],
            sources: &["clowdhaus/ocync: docs/src/content/design/engine.md"],
        },
    ],
};
