//! Docker Hub.

use super::{Known, Quirk, RegistryKind};
use crate::registry::{ActionGroup, Behaviour, Rate};

const SIX_HOURS_S: u32 = 6 * 60 * 60;

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::DockerHub,
    name: "dockerHub",
    product: "Docker Hub",
    recognises: |host| matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io"),
    behaviour: || Behaviour {
        rates: vec![Rate::new(ActionGroup::Pull, 100, SIX_HOURS_S)],
        ..Behaviour::default()
    },
    quirks: &[
        Quirk {
            name: "pulls",
            does: "counts GET of a manifest as a pull, also of each platform of an index; HEAD is free",
            rule: "HEAD first; a pinned digest needs no request",
            sets: &[],
            sources: &[
                "regclient/regclient#215",
                "docker/docs#11648",
                "containers/skopeo#1801",
                "containers/skopeo#1587",
                "containers/skopeo#2426",
            ],
        },
        Quirk {
            name: "pull-limit",
            does: "allows 100 pulls in 6 hours without an account, 200 with a personal one",
            rule: "at most 100 unless `spec.behaviour.rates` states what the account has; the plan forecasts",
            sets: &["rates"],
            sources: &["documentation"],
        },
        Quirk {
            name: "abuse-limit",
            does: "counts every request of an address, HEAD too, and answers 429 even to accounts",
            rule: "the pause it asks for is kept; then asked again",
            sets: &[],
            sources: &["regclient/regclient#711", "docker/hub-feedback#2511", "docker/hub-feedback#2040"],
        },
        Quirk {
            name: "mount-scope",
            does: "mounts only where the token lets the client read the repository that is mounted from",
            rule: "one token with both scopes",
            sets: &[],
            sources: &["oras-project/rust-oci-client#235", "google/go-containerregistry#165"],
        },
        Quirk {
            name: "no-referrers",
            does: "has no referrers API",
            rule: "the fallback tag is kept and read",
            sets: &[],
            sources: &["docker/roadmap#724"],
        },
    ],
};
