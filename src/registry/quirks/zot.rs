//! zot, under whatever name its operator gives it.

use super::{Known, Quirk, RegistryKind, nowhere};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Zot,
    name: "zot",
    product: "zot",
    recognises: nowhere,
    behaviour: || Behaviour { chunks_broken: true, ..Behaviour::default() },
    quirks: &[
        Quirk {
            name: "shared-blobs",
            does: "shows a blob in repositories it was never pushed to",
            rule: "mounts are tested elsewhere",
            sets: &[],
            sources: &["txpipe/dolos#1173"],
        },
        Quirk {
            name: "chunks",
            does: "answers a wrong `Range` to a PATCH",
            rule: "one PUT; chunks are refused before anything is sent",
            sets: &["chunksBroken"],
            sources: &["regclient/regclient#961"],
        },
    ],
};
