//! The certificates beside a signature: the signer's first, then each one's issuer, a root last.

use super::{certificate::Certificate, shown};
use crate::model::Instant;

/// The most certificates of a chain. Real ones have two to four.
pub(super) const CERTIFICATES_MAX: usize = 16;

/// A chain with at least one certificate.
#[derive(Debug, Clone)]
pub(super) struct Chain(Vec<Certificate>);

impl Chain {
    pub(super) fn read(chain: &[Vec<u8>]) -> Result<Self, String> {
        if chain.is_empty() {
            return Err("there is no certificate".to_owned());
        }
        if chain.len() > CERTIFICATES_MAX {
            return Err(format!("the chain has {} certificates, more than {CERTIFICATES_MAX}", chain.len()));
        }
        chain.iter().map(|der| Certificate::read(der)).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn leaf(&self) -> &Certificate {
        self.0.first().expect("a chain is read with one certificate at least")
    }

    /// Returns the certificate that the chain ends in.
    pub(super) fn last(&self) -> &Certificate {
        self.0.last().expect("a chain is read with one certificate at least")
    }

    pub(super) fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// Checks that every certificate is issued by the next, the last by itself, and that each may do what it does.
    pub(super) fn check(&self) -> Result<(), String> {
        self.leaf().check_signer()?;
        let root = self.last();
        root.check_issued_by(root)?;
        for (below, pair) in self.0.windows(2).enumerate() {
            let [certificate, issuer] = pair else { continue };
            certificate.check_issued_by(issuer)?;
            issuer.check_authority(below)?;
            if certificate.check_issued_by(certificate).is_ok() {
                return Err(format!("`{}` is a root in the midst of a chain", shown(&certificate.subject())));
            }
        }
        Ok(())
    }

    /// Checks that every certificate was valid during the whole of a span.
    pub(super) fn valid(&self, from: Instant, until: Instant) -> Result<(), String> {
        for certificate in &self.0 {
            let (first, last) = certificate.validity();
            if from < first {
                return Err(format!(
                    "the certificate of `{}` begins at {first}",
                    shown(&certificate.subject())
                ));
            }
            if until > last {
                return Err(format!(
                    "the certificate of `{}` ended at {last}",
                    shown(&certificate.subject())
                ));
            }
        }
        Ok(())
    }
}
