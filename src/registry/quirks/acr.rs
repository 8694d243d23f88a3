//! Azure Container Registry.

use super::{Known, Quirk, RegistryKind, is_below};
use crate::registry::Behaviour;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::Acr,
    name: "acr",
    product: "Azure Container Registry",
    recognises: |host| ["azurecr.io", "azurecr.cn", "azurecr.us"].iter().any(|domain| is_below(host, domain)),
    behaviour: Behaviour::default,
    quirks: &[
        Quirk {
            name: "redirect",
            does: "redirects GET of a blob to storage on another host",
            rule: "followed without `Authorization`",
            sets: &[],
            sources: &["Azure/acr#217"],
        },
        Quirk {
            name: "identity-token",
            does: "gives out identity tokens that are exchanged at `oauth2/token`",
            rule: "POST with the refresh token",
            sets: &[],
            sources: &["documentation"],
        },
        Quirk {
            name: "body-limit",
            does: "may refuse a request of more than about 20 MB",
            rule: "413 names `spec.behaviour.chunkBytes`",
            sets: &[],
            sources: &["unverified", "clowdhaus/ocync: docs/src/content/design/engine.md"],
        },
    ],
};
