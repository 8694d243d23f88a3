//! A transparency log of the organisation's own (Rekor v2): every signature in a bundle is entered there, and the entry
//! is kept beside it once it is known to hold.
//!
//! The log is told the SHA-256 of what was signed (of DSSE's pre-authentication encoding), the signature and the public
//! key (rekor-tiles `CLIENTS.md`), never the name of an image; but whoever has a digest finds it there. Signatures below
//! cosign's tags are not entered: that form keeps only what Rekor v1 promises. The engine that verifies publishers'
//! bundles verifies the answer, and what is read back from the registry.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sigstore_types::{Bundle, DerPublicKey, KindVersion, TransparencyLogEntry};

use super::{SignError, timestamp};
use crate::{
    manifest::{DesiredFile, DesiredLog, DesiredTimestamp},
    model::{Digest, LogEntryFound, foreign},
    registry::{Question, Service, Transport},
    trust::verify::{
        Accepted,
        instance::{Covered, Instance},
        keys::AcceptedKeys,
    },
};

/// The one way of signing that the organisation has (protobuf-specs `PublicKeyDetails`).
const KEY_DETAILS: &str = "PKIX_ECDSA_P256_SHA_256";

/// A log that the manifests name.
#[derive(Debug)]
pub struct Log {
    service: Service,
    url: String,
    /// What answers are checked with, and stamps beside them.
    instance: Arc<Instance>,
    /// The logs whose entries count, by their ids in hexadecimal digits.
    ids: BTreeSet<String>,
}

impl Log {
    /// Reads what answers are checked with; sends nothing. `timestamp` is whose stamps lie beside the entries.
    ///
    /// # Errors
    /// [`SignError::Log`] where the root file cannot be used.
    pub fn open(
        desired: &DesiredLog,
        timestamp: Option<&DesiredTimestamp>,
        transport: Transport,
    ) -> Result<Self, SignError> {
        let url = desired.url.clone();
        let wrong = |reason: String| SignError::Log { log: url.clone(), reason };
        let root = root(desired, timestamp).map_err(wrong)?;
        let instance = Arc::new(Instance::read(&root).map_err(wrong)?);
        Ok(Self { service: Service::new(&url, transport)?, url, instance, ids: desired.ids.clone() })
    }

    /// Enters a signature over `message` and returns what the log answers; [`Log::check`] is for the bundle around it.
    /// The log answers once the entry is in its tree, which takes as long as its interval between checkpoints.
    ///
    /// # Errors
    /// [`SignError::Log`] where the answer is no entry, and [`SignError::Registry`] where there is none.
    pub(super) async fn enter(
        &self,
        message: &[u8],
        signature: &[u8],
        spki_der: &[u8],
    ) -> Result<TransparencyLogEntry, SignError> {
        let verifier =
            json!({"publicKey": {"rawBytes": STANDARD.encode(spki_der)}, "keyDetails": KEY_DETAILS});
        let request = json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(Sha256::digest(message)),
            "signature": {"content": STANDARD.encode(signature), "verifier": verifier},
        }});
        let question = Question {
            what: "an entry in the log",
            path: "api/v2/log/entries",
            headers: vec![],
            body: Some(("application/json", request.to_string().into_bytes())),
        };
        let answer = self.service.ask(&question).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| self.failed(&format!("its answer is no log entry: {error}")))
    }

    /// Checks the entry of a bundle about `subject` by the key: that it speaks of this signature, that the log's tree has
    /// it, and that the log signed that tree.
    ///
    /// # Errors
    /// [`SignError::Log`].
    pub(super) fn check(&self, bundle: &Bundle, subject: &Digest, spki_der: &[u8]) -> Result<(), SignError> {
        let entries = &bundle.verification_material.tlog_entries;
        if entries.iter().any(|entry| entry.kind_version != KindVersion::HashedRekordV002) {
            return Err(self.failed("its answer is an entry of another kind"));
        }
        let key = DerPublicKey::new(spki_der.to_vec());
        let proof = self.instance.keyed(bundle, Covered::Digest(subject), &key);
        let proof = proof.map_err(|refusal| self.failed(refusal.reason()))?;
        match self.holding(&proof.log_entries) {
            Some(_) => Ok(()),
            None => Err(self.failed("its answer names another log")),
        }
    }

    /// Returns the id of the log that has one of these verified entries, where it is one that counts.
    pub(super) fn holding(&self, entries: &[LogEntryFound]) -> Option<String> {
        entries.iter().map(|entry| &entry.log).find(|log| self.ids.contains(*log)).cloned()
    }

    /// Returns the policy that a bundle of ours has to meet where this log is named.
    pub(super) fn accepted(&self, own: AcceptedKeys) -> Accepted {
        Accepted::logged(own, Arc::clone(&self.instance))
    }

    fn failed(&self, reason: &str) -> SignError {
        SignError::Log { log: self.url.clone(), reason: foreign::inline(reason) }
    }
}

/// Returns a trusted root of the log and of the authority whose stamps lie beside its entries, and of nothing else.
fn root(desired: &DesiredLog, timestamp: Option<&DesiredTimestamp>) -> Result<DesiredFile, String> {
    let mut root: Value = serde_json::from_str(&desired.root.text).map_err(|error| error.to_string())?;
    let authorities = timestamp.map(|timestamp| timestamp::as_trusted_root(&timestamp.root)).transpose()?;
    root["timestampAuthorities"] = authorities.unwrap_or_else(|| json!([]));
    for kind in ["certificateAuthorities", "ctlogs"] {
        root[kind] = json!([]);
    }
    Ok(DesiredFile { path: desired.root.path.clone(), text: root.to_string() })
}
