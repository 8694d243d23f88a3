//! Writes a Sigstore bundle v0.3 as referrer (cosign `specs/BUNDLE_SPEC.md`, `pkg/oci/remote/write.go`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use sigstore_types::{
    Bundle, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes, PublicKeyIdentifier, SignatureBytes,
    SignatureContent, Statement, VerificationMaterial, VerificationMaterialContent, pae,
};

use super::{OrgSigner, SignError};
use crate::{
    model::{Descriptor, Digest, Instant, media_type},
    registry::{RawManifest, Registry, RegistryError},
    trust::{fetch, format, verify::keys},
};

/// The empty configuration of artifacts (OCI image specification, "Guidance for an Empty Descriptor").
const EMPTY: &[u8] = b"{}";

/// The statement in the order that the in-toto specification prints; cosign's has no subject name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignStatement<'a> {
    #[serde(rename = "_type")]
    kind: &'a str,
    subject: [Subject<'a>; 1],
    predicate_type: &'a str,
    predicate: Nothing,
}

/// The empty object.
#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Subject<'a> {
    digest: BTreeMap<&'a str, &'a str>,
}

/// Writes our bundle for `subject`.
pub(super) async fn write(
    registry: &dyn Registry,
    repository: &str,
    subject: &Descriptor,
    signer: &dyn OrgSigner,
    at: Instant,
) -> Result<(), SignError> {
    let bundle = bundle(&subject.digest, signer).await?;
    let annotations = BTreeMap::from([
        (format::CREATED.to_owned(), at.to_string()),
        (format::CONTENT.to_owned(), "dsse-envelope".to_owned()),
        (format::PREDICATE.to_owned(), format::SIGN_PREDICATE.to_owned()),
    ]);
    refer(registry, repository, subject, media_type::SIGSTORE_BUNDLE, &bundle, annotations).await?;
    Ok(())
}

async fn bundle(subject: &Digest, signer: &dyn OrgSigner) -> Result<Vec<u8>, SignError> {
    let statement = SignStatement {
        kind: Statement::TYPE_V1,
        subject: [Subject { digest: BTreeMap::from([(subject.algorithm().name(), subject.hex())]) }],
        predicate_type: format::SIGN_PREDICATE,
        predicate: Nothing {},
    };
    let statement = serde_json::to_vec(&statement).expect("strings serialise");
    let signature = SignatureBytes::new(signer.sign(&pae(format::IN_TOTO, &statement)).await?);
    let envelope = DsseEnvelope::new(
        format::IN_TOTO,
        PayloadBytes::new(statement),
        DsseSignature::new(signature, KeyId::default()),
    );
    let key = PublicKeyIdentifier::new(keys::hint(signer.spki_der()));
    let material = VerificationMaterial::new(VerificationMaterialContent::PublicKey(key));
    let bundle = Bundle::new(MediaType::Bundle0_3, material, SignatureContent::DsseEnvelope(envelope));
    Ok(bundle.to_json().expect("strings and bytes serialise").into_bytes())
}

/// Writes an artifact manifest with one layer of the artifact's own type that refers to `subject`.
pub(super) async fn refer(
    registry: &dyn Registry,
    repository: &str,
    subject: &Descriptor,
    artifact_type: &str,
    content: &[u8],
    annotations: BTreeMap<String, String>,
) -> Result<(), RegistryError> {
    fetch::write(registry, repository, EMPTY).await?;
    fetch::write(registry, repository, content).await?;
    let target = Descriptor::new(subject.media_type.clone(), subject.digest.clone(), subject.size);
    let bytes = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": Descriptor::of(media_type::OCI_EMPTY, EMPTY),
        "layers": [Descriptor::of(artifact_type, content)],
        "subject": target,
        "annotations": annotations,
    })
    .to_string();
    let mut descriptor = Descriptor::of(media_type::OCI_MANIFEST, bytes.as_bytes());
    descriptor.artifact_type = Some(artifact_type.to_owned());
    descriptor.annotations = annotations;
    let manifest = RawManifest { descriptor, bytes: bytes.into() };
    registry.put_referrer(repository, &subject.digest, &manifest).await?;
    Ok(())
}
