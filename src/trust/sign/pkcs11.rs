//! A key of a hardware security module, through the PKCS#11 module of its vendor. In builds with the feature `pkcs11`
//! alone: a module is a shared library, which a static program cannot load.
//!
//! `cryptoki` speaks to the module. Devices return the two numbers of a signature side by side and the public key as an
//! OCTET STRING around its point; both are turned into the forms of everybody else here. Calls block, and a session is
//! for one thread at a time.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use p256::{
    ecdsa::Signature,
    pkcs8::der::{Decode as _, asn1::OctetStringRef},
};
use sha2::{Digest as _, Sha256};

use super::{OrgSigner, SignError, open::PIN, public::PublicHalf};
use crate::{
    manifest::{DesiredPkcs11, PublishedKey},
    registry::Secret,
};

/// A key of a device, with the session that uses it.
pub(super) struct Device {
    session: Arc<Mutex<Session>>,
    key: ObjectHandle,
    /// For messages, `images on token acme`.
    name: String,
    public: PublicHalf,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Device {
    /// Loads the module, logs in and finds the key. The public half is the device's own, or the published one where the
    /// device keeps none; each signature is verified with it.
    pub(super) async fn open(
        desired: &DesiredPkcs11,
        published: Option<&PublishedKey>,
        pin: Option<Secret>,
    ) -> Result<Self, SignError> {
        let pin = pin.ok_or(SignError::NoSecret { what: "PIN", variable: PIN })?;
        let (desired, published) = (desired.clone(), published.cloned());
        let opened = tokio::task::spawn_blocking(move || open(&desired, published.as_ref(), &pin)).await;
        opened.map_err(|error| SignError::Signer(error.to_string()))?
    }
}

#[async_trait]
impl OrgSigner for Device {
    fn spki_der(&self) -> &[u8] {
        self.public.spki_der()
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let (session, key) = (Arc::clone(&self.session), self.key);
        let digest = Sha256::digest(message);
        let signed = tokio::task::spawn_blocking(move || {
            let session = session.lock().unwrap_or_else(PoisonError::into_inner);
            session.sign(&Mechanism::Ecdsa, key, &digest)
        });
        let signed = signed.await.map_err(|error| SignError::Signer(error.to_string()))?;
        let raw = signed.map_err(|error| SignError::Signer(format!("{}: {}", self.name, said(&error))))?;
        let signature =
            Signature::from_slice(&raw).map_err(|_| SignError::Forged { by: self.name.clone() })?;
        self.public.verified(&self.name, message, signature.to_der().as_bytes())
    }
}

fn open(
    desired: &DesiredPkcs11,
    published: Option<&PublishedKey>,
    pin: &Secret,
) -> Result<Device, SignError> {
    let module = |error: Error| SignError::Key(format!("module `{}`: {}", desired.module, said(&error)));
    let context = Pkcs11::new(&desired.module).map_err(module)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(module(error)),
    }
    let slot = slot(&context, &desired.token).map_err(module)??;
    let session = context.open_ro_session(slot).map_err(module)?;
    log_in(&session, pin, &desired.token)?;
    let name = format!("{} on token {}", desired.key, desired.token);
    let key = private_key(&session, &desired.key).map_err(module)??;
    let public = match public_key(&session, &desired.key).map_err(module)?? {
        Some(own) => own,
        None => published.and_then(|key| PublicHalf::of_pem(&key.pem)).ok_or_else(|| {
            SignError::Key(format!("`{name}` has no public key on its token, and none is published"))
        })?,
    };
    Ok(Device { session: Arc::new(Mutex::new(session)), key, name, public })
}

/// Returns the only token with this label.
fn slot(context: &Pkcs11, label: &str) -> Result<Result<Slot, SignError>, Error> {
    let mut found = vec![];
    for slot in context.get_slots_with_initialized_token()? {
        if context.get_token_info(slot)?.label() == label {
            found.push(slot);
        }
    }
    Ok(only(found, &format!("token `{label}`"))
        .and_then(|slot| slot.ok_or_else(|| SignError::Key(format!("the module has no token `{label}`")))))
}

/// Logs in once: devices lock a token after a few wrong PINs.
fn log_in(session: &Session, pin: &Secret, token: &str) -> Result<(), SignError> {
    let pin = AuthPin::new(pin.reveal().into());
    match session.login(UserType::User, Some(&pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(Error::Pkcs11(RvError::PinIncorrect, _)) => Err(SignError::Refused(format!(
            "token `{token}` does not take the PIN of {PIN}; it is not tried again"
        ))),
        Err(Error::Pkcs11(RvError::PinLocked, _)) => {
            Err(SignError::Refused(format!("token `{token}` has locked its PIN after wrong ones")))
        }
        Err(error) => Err(SignError::Key(format!("token `{token}`: {}", said(&error)))),
    }
}

fn private_key(session: &Session, label: &str) -> Result<Result<ObjectHandle, SignError>, Error> {
    let found = session.find_objects(&template(ObjectClass::PRIVATE_KEY, label))?;
    Ok(only(found, &format!("private EC key `{label}`")).and_then(|key| {
        key.ok_or_else(|| SignError::Key(format!("the token has no private EC key `{label}`")))
    }))
}

/// Returns the public key of the device, `None` where it keeps none.
fn public_key(session: &Session, label: &str) -> Result<Result<Option<PublicHalf>, SignError>, Error> {
    let found = session.find_objects(&template(ObjectClass::PUBLIC_KEY, label))?;
    let key = match only(found, &format!("public EC key `{label}`")) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(Ok(None)),
        Err(error) => return Ok(Err(error)),
    };
    let attributes = session.get_attributes(key, &[AttributeType::EcPoint])?;
    let point = attributes.into_iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(bytes) => Some(bytes),
        _ => None,
    });
    let half = point.as_deref().and_then(half);
    Ok(half.map(Some).ok_or_else(|| SignError::Key(format!("key `{label}` is not one of ECDSA on P-256"))))
}

fn template(class: ObjectClass, label: &str) -> [Attribute; 3] {
    [Attribute::Class(class), Attribute::KeyType(KeyType::EC), Attribute::Label(label.as_bytes().to_vec())]
}

/// Reads an `EcPoint`: an OCTET STRING around the point (PKCS#11 v2.40), or from some devices the bare point.
fn half(bytes: &[u8]) -> Option<PublicHalf> {
    let inner = OctetStringRef::from_der(bytes).ok().map(|octets| octets.as_bytes());
    inner.and_then(PublicHalf::of_point).or_else(|| PublicHalf::of_point(bytes))
}

/// Returns the only one, `None` where there is none.
fn only<T>(found: Vec<T>, what: &str) -> Result<Option<T>, SignError> {
    match found.len() {
        0 | 1 => Ok(found.into_iter().next()),
        count => {
            Err(SignError::Key(format!("there are {count} of {what}, and which one is meant is not known")))
        }
    }
}

/// Returns what a module said, in one line and without the advice of the specification.
fn said(error: &Error) -> String {
    let text = match error {
        Error::Pkcs11(value, function) => format!("{function:?} answered {value:?}"),
        other => other.to_string(),
    };
    crate::model::foreign::inline(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of RFC 6979, A.2.5, as SEC 1 writes a point.
    const POINT: &str = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
        7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

    #[test]
    fn points_are_read_bare_and_wrapped_and_nothing_else_is() {
        let bare = hex::decode(POINT).unwrap();
        let wrapped = [&[0x04, 0x41][..], &bare].concat();
        assert_eq!(half(&wrapped).unwrap().spki_der(), half(&bare).unwrap().spki_der());
        let off_the_curve = [&bare[..64], &[bare[64] ^ 1]].concat();
        for bytes in [
            &[][..],
            &[4],
            &bare[..64],
            &wrapped[..66],
            &off_the_curve,
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(half(bytes).is_none(), "{bytes:02x?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_module_is_said() {
        let desired = DesiredPkcs11 { module: "/nonexistent.so".into(), token: "t".into(), key: "k".into() };
        let error =
            Device::open(&desired, None, Some(Secret::new("1234-secret"))).await.unwrap_err().to_string();
        assert!(error.contains("module `/nonexistent.so`") && !error.contains("1234-secret"), "{error}");
        let error = Device::open(&desired, None, None).await.unwrap_err();
        assert_eq!(error, SignError::NoSecret { what: "PIN", variable: PIN });
    }
}
