//! What a policy accepts: authorities' certificates and the identities they may vouch for.

use pki_types::{CertificateDer, pem::PemObject as _};

use super::{certificate::Certificate, chain::Chain, identity::Identity, said, shown};
use crate::manifest::{DesiredFile, DesiredNotation};

/// The most certificates of one PEM file. A whole browser's trust store has about 150.
pub(super) const CERTIFICATES_MAX: usize = 512;

/// One Notation entry of a policy.
///
/// Authorities of signers and of timestamps are kept apart, as in Notation's own trust store: whoever may certify signers
/// may not for that reason tell the time.
#[derive(Debug, Clone)]
pub(in crate::trust) struct TrustStore {
    name: String,
    authorities: Vec<Certificate>,
    timestamp_authorities: Vec<Certificate>,
    identities: Vec<Identity>,
}

impl TrustStore {
    /// Returns the store that a policy's entry describes.
    ///
    /// # Errors
    /// A sentence about the part that cannot be read.
    pub(in crate::trust) fn of(written: &DesiredNotation) -> Result<Self, String> {
        let name = &written.name;
        let identity = |text: &String| {
            Identity::parse(text).map_err(|reason| {
                format!("the identity `{}` of Notation store `{name}` cannot be read: {reason}", shown(text))
            })
        };
        Ok(Self {
            name: name.clone(),
            authorities: authorities(&written.trust_store)?,
            timestamp_authorities: match &written.timestamp_store {
                Some(file) => authorities(file)?,
                None => vec![],
            },
            identities: written.identities.iter().map(identity).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn timestamp_authorities(&self) -> &[Certificate] {
        &self.timestamp_authorities
    }

    /// Returns whether any certificate of a chain is one of the store, as `notation verify` asks.
    pub(super) fn holds(&self, chain: &Chain) -> bool {
        chain.certificates().iter().any(|certificate| self.authorities.contains(certificate))
    }

    pub(super) fn accepts(&self, signer: &Certificate) -> bool {
        self.identities.iter().any(|identity| identity.matches(&signer.parsed().subject))
    }
}

fn authorities(file: &DesiredFile) -> Result<Vec<Certificate>, String> {
    certificates(&file.text)
        .map_err(|reason| format!("the trust store `{}` cannot be read: {reason}", file.path))
}

/// Returns the certificates of a trust store's text.
///
/// # Errors
/// What is wrong with it, without its name.
pub(super) fn certificates(pem: &str) -> Result<Vec<Certificate>, String> {
    let mut certificates = Vec::new();
    for read in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let number = certificates.len() + 1;
        if number > CERTIFICATES_MAX {
            return Err(format!("more than {CERTIFICATES_MAX} certificates"));
        }
        let der = read.map_err(|error| said(&error))?;
        let read = Certificate::read(&der).map_err(|reason| format!("{reason} (number {number})"))?;
        certificates.push(read);
    }
    if certificates.is_empty() { Err("no certificate is in it".to_owned()) } else { Ok(certificates) }
}
