//! Alibaba Cloud Container Registry.

use super::{Known, Quirk, RegistryKind, is_below};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Aliyun,
    name: "aliyun",
    product: "Alibaba Cloud Container Registry",
    // `registry.<region>.aliyuncs.com` for people, `<instance>-registry.<region>.cr.aliyuncs.com` for companies.
    recognises: |host| is_below(host, "aliyuncs.com") && host.contains("registry"),
    behaviour: || Behaviour { chunks_broken: true, ..Behaviour::default() },
    quirks: &[Quirk {
        name: "chunks",
        does: "answers a wrong `Range` to a PATCH",
        rule: "one PUT; chunks are refused before anything is sent",
        sets: &["chunksBroken"],
        sources: &["regclient/regclient#627"],
    }],
};
