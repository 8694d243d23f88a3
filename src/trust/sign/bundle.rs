//! In-toto statements, signed in Sigstore bundles v0.3, and the referrers that carry them (cosign
//! `specs/BUNDLE_SPEC.md`, `pkg/oci/remote/write.go`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sigstore_types::{
    Bundle, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes, PublicKeyIdentifier,
    Rfc3161Timestamp, SignatureBytes, SignatureContent, Statement, TimestampToken, TimestampVerificationData,
    VerificationMaterial, VerificationMaterialContent, pae,
};

use super::{OrgSigner, SignError};
use crate::{
    model::Digest,
    trust::{format, verify::keys},
};

/// The statement in the order that the in-toto specification prints; cosign's has no subject name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InToto<'a> {
    #[serde(rename = "_type")]
    kind: &'a str,
    subject: [Subject<'a>; 1],
    predicate_type: &'a str,
    predicate: &'a Value,
}

#[derive(Serialize)]
struct Subject<'a> {
    digest: BTreeMap<&'a str, &'a str>,
}

/// Returns the bytes of a statement about `subject`. Equal arguments give equal bytes.
pub(super) fn statement(subject: &Digest, predicate_type: &str, predicate: &Value) -> Vec<u8> {
    let statement = InToto {
        kind: Statement::TYPE_V1,
        subject: [Subject { digest: BTreeMap::from([(subject.algorithm().name(), subject.hex())]) }],
        predicate_type,
        predicate,
    };
    serde_json::to_vec(&statement).expect("strings and JSON values serialise")
}

/// Signs a statement about `subject`, with a time stamp where the manifest names an authority, and an entry in its log
/// where it names one.
pub(super) async fn sign(
    subject: &Digest,
    statement: Vec<u8>,
    signer: &dyn OrgSigner,
) -> Result<Vec<u8>, SignError> {
    let message = pae(format::IN_TOTO, &statement);
    let signature = match signer.log() {
        None => signer.sign(&message).await?,
        Some(_) => signer.sign_anew(&message).await?,
    };
    let timestamp = signer.timestamp(&signature).await?;
    let entry = match signer.log() {
        None => None,
        Some(log) => Some(log.enter(&message, &signature, signer.spki_der()).await?),
    };
    let envelope = DsseEnvelope::new(
        format::IN_TOTO,
        PayloadBytes::new(statement),
        DsseSignature::new(SignatureBytes::new(signature), KeyId::default()),
    );
    let key = PublicKeyIdentifier::new(keys::hint(signer.spki_der()));
    let mut material = VerificationMaterial::new(VerificationMaterialContent::PublicKey(key));
    let timestamps = timestamp.map(|response| Rfc3161Timestamp::new(TimestampToken::new(response)));
    material.timestamp_verification_data = TimestampVerificationData::new(timestamps.into_iter().collect());
    material.tlog_entries = entry.into_iter().collect();
    let bundle = Bundle::new(MediaType::Bundle0_3, material, SignatureContent::DsseEnvelope(envelope));
    if let Some(log) = signer.log() {
        log.check(&bundle, subject, signer.spki_der())?;
    }
    Ok(bundle.to_json().expect("strings and bytes serialise").into_bytes())
}
