//! Whether the organisation's key signs: it is there, its secret is set and right, it is the published one, and the
//! time-stamp authority answers. One signature over words of doctor's own is made and thrown away.

use crate::{
    manifest::{Desired, DesiredSigning, SigningKeyPlace},
    model::Digest,
    reconcile::World,
    registry::probe::Said,
};

/// What is signed. It is neither a payload nor a statement, so the signature vouches for nothing.
const QUESTION: &[u8] = b"fondaco doctor asks whether this key signs";

/// Days before the end of an earlier key's window from which on people are told.
const ENDING_DAYS: i64 = 14;

pub(super) async fn examine(world: &World, desired: &Desired) -> Vec<Said> {
    let signing = &desired.mirror.signing;
    let mut said = match sign(world, signing).await {
        Ok((key, signature)) => {
            let place = signing.key.place();
            let mut said = vec![Said::ok(format!("`{place}` opens and signs; its public half is {key}"))];
            said.extend(signature.map(|stamped| stamp(signing, stamped)));
            said
        }
        Err(reason) => vec![Said::error(reason, advice(&signing.key))],
    };
    said.extend(ended(world, signing));
    said
}

/// What the time-stamp authority answered.
type Stamped = Result<(), String>;

async fn sign(world: &World, signing: &DesiredSigning) -> Result<(Digest, Option<Stamped>), String> {
    let signer = world.signer(signing).await?;
    let named = |error: crate::trust::sign::SignError| format!("key `{}`: {error}", signing.key.place());
    let signature = signer.sign(QUESTION).await.map_err(named)?;
    let stamped = match signer.timestamp(&signature).await {
        Ok(None) => None,
        Ok(Some(_)) => Some(Ok(())),
        Err(error) => Some(Err(error.to_string())),
    };
    Ok((signer.key_digest(), stamped))
}

fn stamp(signing: &DesiredSigning, stamped: Stamped) -> Said {
    let url = signing.timestamp.as_ref().map_or("", |timestamp| timestamp.url.as_str());
    match stamped {
        Ok(()) => Said::ok(format!("`{url}` stamps signatures, and its stamps hold")),
        Err(reason) => Said::error(
            reason,
            "promotions fail without it: look at `signing.timestamp`, whose `root` holds the authority's own certificate \
             first and its root last",
        ),
    }
}

/// Says which earlier keys have had their time: consumers should not be told of them any longer.
fn ended(world: &World, signing: &DesiredSigning) -> Vec<Said> {
    let now = world.now();
    let mut said = vec![];
    for key in &signing.previous {
        let (path, day) = (&key.public.path, key.last_day());
        if key.until <= now {
            let advice = "take it out of `signing.previous`, and its file out of the repository";
            said.push(Said::warning(format!("`{path}` has had its last day, {day}"), advice));
        } else if key.until.unix() - now.unix() <= ENDING_DAYS * 24 * 60 * 60 {
            let advice = "whoever still verifies with it needs the new key, and images signed by it alone a new signature";
            said.push(Said::warning(format!("`{path}` has its last day on {day}"), advice));
        }
    }
    said
}

const fn advice(key: &SigningKeyPlace) -> &'static str {
    match key {
        SigningKeyPlace::File(_) => {
            "put the key where the manifest says and its password into FONDACO_KEY_PASSWORD; \
             `fondaco key create` makes a new one"
        }
        SigningKeyPlace::Transit(_) => {
            "put a token whose policy allows `read` on the key and `update` on `sign` into VAULT_TOKEN or BAO_TOKEN, \
             and the published public key into the manifest repository"
        }
        SigningKeyPlace::Pkcs11(_) => {
            "put the PIN into FONDACO_PKCS11_PIN, and look at the module, the token and the key with \
             `pkcs11-tool --module … --list-token-slots` and `--list-objects`"
        }
    }
}
