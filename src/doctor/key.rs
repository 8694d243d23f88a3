//! Whether the organisation's key opens: its file is there, the password is set and right.

use crate::{manifest::Desired, reconcile::World, registry::probe::Said};

pub(super) fn examine(world: &World, desired: &Desired) -> Vec<Said> {
    let key = &desired.mirror.key;
    vec![match (world.open_signer)(key) {
        Ok(signer) => Said::ok(format!("`{key}` opens; its public half is {}", signer.key_digest())),
        Err(reason) => Said::error(
            reason,
            "put the key where the manifest says and its password into FONDACO_KEY_PASSWORD; \
             `fondaco key create` makes a new one",
        ),
    }]
}
