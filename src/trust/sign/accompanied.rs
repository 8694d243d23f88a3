//! A key with whom else the manifests want to hear of its signatures.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Authority, Log, OrgSigner, SignError};

/// A key whose signatures are time-stamped, or entered in a log, or both.
#[derive(Debug)]
pub struct Accompanied {
    pub signer: Arc<dyn OrgSigner>,
    pub authority: Option<Authority>,
    pub log: Option<Log>,
}

#[async_trait]
impl OrgSigner for Accompanied {
    fn spki_der(&self) -> &[u8] {
        self.signer.spki_der()
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signer.sign(message).await
    }

    async fn sign_anew(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signer.sign_anew(message).await
    }

    async fn timestamp(&self, signature: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
        match &self.authority {
            None => Ok(None),
            Some(authority) => authority.stamp(signature).await.map(Some),
        }
    }

    fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }
}
