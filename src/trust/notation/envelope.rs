//! What both envelopes hold, whichever way they are written.

use std::fmt;

use super::attributes::Attributes;

/// One signature, taken apart. Nothing of it is checked yet.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub(super) attributes: Attributes,
    pub(super) payload: Vec<u8>,
    /// The bytes that the signature covers.
    pub(super) signed: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// Certificates in DER, the signer's first.
    pub(super) chain: Vec<Vec<u8>>,
    /// An RFC 3161 `TimeStampToken` over the signature.
    pub(super) countersignature: Option<Vec<u8>>,
}

/// Who tells when the signature was made (`specs/signing-scheme.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// The signer does, and is not believed.
    X509,
    /// A signing authority does, and is believed.
    SigningAuthority,
}

impl Scheme {
    pub(super) fn of(name: &str) -> Option<Self> {
        [Self::X509, Self::SigningAuthority].into_iter().find(|scheme| scheme.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::X509 => "notary.x509",
            Self::SigningAuthority => "notary.x509.signingAuthority",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
