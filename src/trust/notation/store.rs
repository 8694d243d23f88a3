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
            authorities: certificates(&written.trust_store)?,
            timestamp_authorities: match &written.timestamp_store {
                Some(file) => certificates(file)?,
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

fn certificates(file: &DesiredFile) -> Result<Vec<Certificate>, String> {
    let wrong = |reason: String| format!("the trust store `{}` cannot be read: {reason}", file.path);
    let mut certificates = Vec::new();
    for read in CertificateDer::pem_slice_iter(file.text.as_bytes()) {
        if certificates.len() == CERTIFICATES_MAX {
            return Err(wrong(format!("more than {CERTIFICATES_MAX} certificates")));
        }
        let der = read.map_err(|error| wrong(said(&error)))?;
        certificates.push(Certificate::read(&der).map_err(wrong)?);
    }
    if certificates.is_empty() { Err(wrong("no certificate is in it".to_owned())) } else { Ok(certificates) }
}
