//! Whether the organisation's key opens: it is there, its secret is set and right, and it is the published one.

use crate::{
    manifest::{Desired, DesiredKey},
    reconcile::World,
    registry::probe::Said,
};

pub(super) async fn examine(world: &World, desired: &Desired) -> Vec<Said> {
    let signing = &desired.mirror.signing;
    let place = signing.key.place();
    vec![match world.signer(signing).await {
        Ok(signer) => Said::ok(format!("`{place}` opens; its public half is {}", signer.key_digest())),
        Err(reason) => Said::error(reason, advice(&signing.key)),
    }]
}

const fn advice(key: &DesiredKey) -> &'static str {
    match key {
        DesiredKey::File(_) => {
            "put the key where the manifest says and its password into FONDACO_KEY_PASSWORD; \
             `fondaco key create` makes a new one"
        }
        DesiredKey::Transit(_) => {
            "put a token whose policy allows `read` on the key and `update` on `sign` into VAULT_TOKEN or BAO_TOKEN, \
             and the published public key into the manifest repository"
        }
        DesiredKey::Pkcs11(_) => {
            "put the PIN into FONDACO_PKCS11_PIN, and look at the module, the token and the key with \
             `pkcs11-tool --module … --list-token-slots` and `--list-objects`"
        }
    }
}
