//! Judges Notary Project signatures, as the `notation` program writes them. Pure: bytes, names and a time in, a
//! judgement out.
//!
//! The rules are those of the Notary Project's `specs/signature-specification.md` and its envelope pages: [`jws`] and
//! [`cose`] read the two envelopes into one [`envelope::Envelope`], [`attributes`] checks what was signed besides the
//! payload, [`key`] the signature, [`payload`] what it is about, [`chain`] and [`certificate`] the certificates,
//! [`identity`] who it is, [`super::timestamp`] when it was. What a policy accepts is a [`store::TrustStore`].
//!
//! Two things are not done. Revocation is not asked: a batch run reaches only the hosts that manifests name. Plug-ins are
//! not run: a signature that demands one cannot be determined. Neither may be forgotten in a reason. Finding signatures
//! in a registry is the work of [`super::verify`], next in reading order.

mod attributes;
mod certificate;
mod chain;
mod claimed;
mod cose;
mod envelope;
mod identity;
mod jws;
mod key;
mod payload;
mod store;
#[cfg(test)]
pub(super) mod tests;

pub use claimed::Claimed;
pub(super) use {claimed::claimed, store::TrustStore};

use certificate::Certificate;
use chain::Chain;
use envelope::{Envelope, Scheme};

use super::{timestamp, verify::shown};
use crate::model::{Descriptor, Instant, Outcome};

/// The `artifactType` of a manifest that carries a signature; older ones say it as the media type of their config.
pub(super) const ARTIFACT_TYPE: &str = "application/vnd.cncf.notary.signature";

/// The largest envelope, in bytes. A signature with its certificates has about 5 KiB, a timestamp token 6 KiB more.
pub(super) const ENVELOPE_BYTES_MAX: usize = 1024 * 1024;

/// The reason where a policy has no trust store.
pub(super) const NO_STORE: &str = "present, not verified: the policy names no Notation trust store";

/// What became of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    /// The policy's name for the trust store that accepts the signer; only where verified.
    pub(super) store: Option<String>,
    /// The distinguished name in the signer's certificate (RFC 4514), escaped; only where verified.
    pub(super) signer: Option<String>,
    /// When a timestamp authority saw the signature; only where that was needed to verify it.
    pub(super) timestamp: Option<Instant>,
    /// Why, in one sentence.
    pub(super) reason: String,
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    outcome: Outcome,
    reason: String,
}

impl Refusal {
    fn foreign(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Foreign, reason: reason.into() }
    }

    fn undeterminable(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Undeterminable, reason: reason.into() }
    }
}

/// What is broken is invalid; the other outcomes are said by name.
impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { outcome: Outcome::Invalid, reason }
    }
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

/// Judges one envelope for the image `subject` at `now`. One trust store that accepts it is enough.
///
/// Without a trust store nothing is read: that there is a signature is all that is told.
pub(super) fn judge(
    envelope: &[u8],
    media_type: &str,
    subject: &Descriptor,
    stores: &[TrustStore],
    now: Instant,
) -> Judgement {
    let judged = if stores.is_empty() {
        Err(Refusal::foreign(NO_STORE))
    } else {
        accepted(envelope, media_type, subject, stores, now)
    };
    judged.unwrap_or_else(|Refusal { outcome, reason }| Judgement {
        outcome,
        store: None,
        signer: None,
        timestamp: None,
        reason,
    })
}

/// Returns what a reader of foreign bytes says of them, fit for a reason.
fn said(error: &impl std::fmt::Display) -> String {
    shown(&error.to_string().replace('`', "'"))
}

/// The order is that of `notation verify`: first whether the signature holds at all, then whose it is, then when.
fn accepted(
    envelope: &[u8],
    media_type: &str,
    subject: &Descriptor,
    stores: &[TrustStore],
    now: Instant,
) -> Result<Judgement, Refusal> {
    let envelope = read(envelope, media_type)?;
    let scheme = envelope.attributes.check()?;
    let chain = Chain::read(&envelope.chain)?;
    chain.leaf().algorithm()?.verify(&envelope, chain.leaf())?;
    payload::check(&envelope, subject)?;
    envelope.attributes.check_plugin()?;
    chain.check()?;
    let store = trusting(stores, &chain)?;
    let timestamp = in_time(&envelope, &chain, store, scheme, now)?;
    let signer = shown(&chain.leaf().subject());
    let seen = timestamp.map_or_else(String::new, |at| {
        format!("; a certificate has ended since, but a timestamp authority of that store saw the signature at {at}")
    });
    Ok(Judgement {
        outcome: Outcome::Verified,
        store: Some(store.name().to_owned()),
        reason: format!(
            "signed by `{signer}`, accepted by Notation trust store `{}`{seen}; revocation was not asked",
            store.name()
        ),
        signer: Some(signer),
        timestamp,
    })
}

/// Returns whether a text can be a trust store.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_store(pem: &str) -> Result<(), String> {
    store::certificates(pem).map(|_| ())
}

/// Returns whether a text can be an identity.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_identity(text: &str) -> Result<(), String> {
    identity::Identity::parse(text).map(|_| ())
}

fn read(envelope: &[u8], media_type: &str) -> Result<Envelope, Refusal> {
    if envelope.len() > ENVELOPE_BYTES_MAX {
        return Err(too_large(envelope.len() as u64).into());
    }
    match media_type {
        jws::MEDIA_TYPE => jws::read(envelope).map_err(Refusal::from),
        cose::MEDIA_TYPE => cose::read(envelope).map_err(Refusal::from),
        other => Err(Refusal::undeterminable(format!("envelopes of type `{}` are not read", shown(other)))),
    }
}

/// Returns the reason why an envelope of this many bytes is not read. No honest one comes near the limit.
pub(super) fn too_large(bytes: u64) -> String {
    format!("the envelope has {bytes} bytes, more than {ENVELOPE_BYTES_MAX}")
}

/// Returns the first store that holds a certificate of the chain and accepts the signer's name.
fn trusting<'a>(stores: &'a [TrustStore], chain: &Chain) -> Result<&'a TrustStore, Refusal> {
    let signer = shown(&chain.leaf().subject());
    let mut holding = stores.iter().filter(|store| store.holds(chain)).peekable();
    if holding.peek().is_none() {
        let reason =
            format!("signed by `{signer}`, whose certificates are in no Notation trust store of the policy");
        return Err(Refusal::foreign(reason));
    }
    holding.find(|store| store.accepts(chain.leaf())).ok_or_else(|| {
        Refusal::foreign(format!("signed by `{signer}`, which is none of the policy's Notation identities"))
    })
}

/// Checks expiry and validity, and returns the timestamp where one was needed.
///
/// A countersignature is looked at only after a certificate has ended, as with `verifyTimestamp: afterCertExpiry` in
/// Notation's own trust policy. A signing authority's word about the time is checked and not believed, because policies
/// do not tell authorities whose clock is trusted from others.
fn in_time(
    envelope: &Envelope,
    chain: &Chain,
    store: &TrustStore,
    scheme: Scheme,
    now: Instant,
) -> Result<Option<Instant>, Refusal> {
    if let Some(expiry) = envelope.attributes.expiry
        && now >= expiry
    {
        return Err(format!("the signature expired at {expiry}").into());
    }
    let signed = envelope.attributes.signing_time(scheme);
    if let (Scheme::SigningAuthority, Some(signed)) = (scheme, signed) {
        chain.valid(signed, signed)?;
    }
    let Err(ended) = chain.valid(now, now) else { return Ok(None) };
    if scheme == Scheme::SigningAuthority {
        let reason = format!("{ended}, and the signing authority's word about the time is not taken");
        return Err(Refusal::undeterminable(reason));
    }
    let Some(token) = envelope.countersignature.as_deref() else {
        return Err(format!("{ended}, and no timestamp shows that the signature is older").into());
    };
    if store.timestamp_authorities().is_empty() {
        return Err(Refusal::undeterminable(format!(
            "{ended}; there is a timestamp, but trust store `{}` names no timestamp authority",
            store.name()
        )));
    }
    let authorities: Vec<&[u8]> = store.timestamp_authorities().iter().map(Certificate::der).collect();
    let window = timestamp::verify(token, &envelope.signature, &authorities)
        .map_err(|reason| format!("{ended}, and the timestamp does not hold: {reason}"))?;
    chain.valid(window.earliest, window.latest)?;
    Ok(Some(window.at))
}
