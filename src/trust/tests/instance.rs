//! A private Sigstore instance: an authority that issues certificates as Fulcio does, and a log that signs as Rekor v1
//! does. Everything happens on 1 January 2026, unless a test says otherwise.

use p256::pkcs8::EncodePrivateKey as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{
    manifest::{DesiredFile, DesiredSigner, Wanted},
    model::ClaimKind,
};

/// Noon of 1 January 2026.
pub(super) const NOON: i64 = 1_767_268_800;

/// The arc below which Fulcio's extensions are (fulcio `docs/oid-info.md`).
const FULCIO: [u64; 8] = [1, 3, 6, 1, 4, 1, 57264, 1];

pub(super) const ISSUER: &str = "https://token.example";
pub(super) const WORKFLOW: &str = "https://forge.example/acme/web/.ci/release.yml@refs/tags/v1";
pub(super) const SOURCE: &str = "https://forge.example/acme/web";

/// A certificate with the key that it certifies.
pub(super) struct Certified {
    pub(super) key: TestKey,
    pub(super) pem: String,
    pub(super) der: Vec<u8>,
}

pub(super) struct Sigstore {
    pub(super) authority: CertifiedIssuer<'static, KeyPair>,
    pub(super) log: TestKey,
}

/// Returns text as a DER UTF8String of fewer than 128 bytes.
fn utf8_string(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 128, "{text}");
    [&[0x0c, length], text.as_bytes()].concat()
}

impl Sigstore {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "authority");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { authority, log: TestKey::new(9) }
    }

    /// Certifies a new key for the workflow.
    pub(super) fn certify(&self) -> Certified {
        self.certify_as(WORKFLOW, ISSUER, SOURCE)
    }

    /// Certifies a new key for one day.
    pub(super) fn certify_as(&self, identity: &str, issuer: &str, source: &str) -> Certified {
        let key = TestKey::new(7);
        let pkcs8 = p256::SecretKey::from(&key.key).to_pkcs8_der().unwrap();
        let pair = KeyPair::try_from(pkcs8.as_bytes()).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.subject_alt_names = vec![SanType::URI(identity.try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 1, 2);
        let extension = |arc: u64, text: &str| {
            CustomExtension::from_oid_content(&[&FULCIO[..], &[arc]].concat(), utf8_string(text))
        };
        params.custom_extensions = vec![
            extension(8, issuer),
            extension(9, identity),
            extension(11, "hosted"),
            extension(12, source),
            extension(13, "0123456789abcdef0123456789abcdef01234567"),
            extension(14, "refs/tags/v1"),
            extension(15, "4711"),
            extension(20, "push"),
        ];
        let certificate = params.signed_by(&pair, &self.authority).unwrap();
        Certified { key, pem: certificate.pem(), der: certificate.der().to_vec() }
    }

    fn log_id(&self) -> Vec<u8> {
        Sha256::digest(&self.log.spki).to_vec()
    }

    /// Returns the instance's `trusted_root.json` without certificate logs and timestamp authorities.
    pub(super) fn root(&self) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(&self.log.spki),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": "2025-01-01T00:00:00Z"},
                },
                "logId": {"keyId": STANDARD.encode(self.log_id())},
            }],
            "certificateAuthorities": [{
                "subject": {"organization": "example", "commonName": "authority"},
                "uri": "https://authority.example",
                "certChain": {"certificates": [{"rawBytes": STANDARD.encode(self.authority.der())}]},
                "validFor": {"start": "2025-01-01T00:00:00Z"},
            }],
            "ctlogs": [],
            "timestampAuthorities": [],
        })
    }

    /// Returns what Rekor promises of a log entry, as `SignedEntryTimestamp` in base64.
    fn promise(&self, body: &str, time: i64) -> String {
        let log = hex::encode(self.log_id());
        // RFC 8785 sorts the keys like this.
        let promised = format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{log}","logIndex":0}}"#);
        STANDARD.encode(self.log.signature(promised.as_bytes()))
    }

    /// Returns an entry of a bundle: the only one of its log.
    pub(super) fn entry(&self, body: &Value, time: i64) -> Value {
        let bytes = body.to_string();
        let leaf = Sha256::digest([&[0], bytes.as_bytes()].concat());
        let note = format!("log.example - 1\n1\n{}\n", STANDARD.encode(leaf));
        let signed = [&self.log_id()[..4], &self.log.signature(note.as_bytes())].concat();
        let checkpoint = format!("{note}\n\u{2014} log.example {}\n", STANDARD.encode(signed));
        let encoded = STANDARD.encode(&bytes);
        json!({
            "logIndex": "0",
            "logId": {"keyId": STANDARD.encode(self.log_id())},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": time.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": self.promise(&encoded, time)},
            "inclusionProof": {
                "logIndex": "0", "treeSize": "1", "rootHash": STANDARD.encode(leaf), "hashes": [],
                "checkpoint": {"envelope": checkpoint},
            },
            "canonicalizedBody": encoded,
        })
    }

    /// Returns the annotation that cosign stores of a log entry beside a layer.
    pub(super) fn logged(&self, body: &Value, time: i64) -> (&'static str, String) {
        let encoded = STANDARD.encode(body.to_string());
        let log = hex::encode(self.log_id());
        let entry = json!({
            "SignedEntryTimestamp": self.promise(&encoded, time),
            "Payload": {"body": encoded, "integratedTime": time, "logIndex": 0, "logID": log},
        });
        (format::LOG_ENTRY, entry.to_string())
    }

    /// Returns the bundle of a statement by a certified key, logged at noon.
    pub(super) fn bundle(&self, by: &Certified, statement: &Value) -> Value {
        self.bundle_at(by, statement, NOON)
    }

    pub(super) fn bundle_at(&self, by: &Certified, statement: &Value, time: i64) -> Value {
        let mut bundle = bundle(&by.key, &by.key, statement);
        let body = dsse_body(&bundle["dsseEnvelope"], &by.pem);
        bundle["verificationMaterial"] = json!({
            "certificate": {"rawBytes": STANDARD.encode(&by.der)},
            "tlogEntries": [self.entry(&body, time)],
        });
        bundle
    }

    /// Returns the annotations of a layer by a certified key, logged at noon.
    pub(super) fn layer(&self, by: &Certified, payload: &[u8]) -> Vec<(&'static str, String)> {
        let signature = signature_of(&by.key, payload);
        let logged = self.logged(&hashed_body(payload, &signature.1, &by.pem), NOON);
        vec![signature, (format::CERTIFICATE, by.pem.clone()), logged]
    }
}

/// Returns the body of a `dsse/0.0.1` entry (rekor `pkg/types/dsse/v0.0.1/dsse_v0_0_1_schema.json`).
pub(super) fn dsse_body(envelope: &Value, verifier: &str) -> Value {
    let hash = |bytes: &[u8]| json!({"algorithm": "sha256", "value": hex::encode(Sha256::digest(bytes))});
    let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": hash(envelope.to_string().as_bytes()),
        "payloadHash": hash(&payload),
        "signatures": [{"signature": envelope["signatures"][0]["sig"], "verifier": STANDARD.encode(verifier)}],
    }})
}

/// Returns the body of a `hashedrekord/0.0.1` entry.
pub(super) fn hashed_body(payload: &[u8], signature: &str, verifier: &str) -> Value {
    json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": {"hash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(payload))}},
        "signature": {"content": signature, "publicKey": {"content": STANDARD.encode(verifier)}},
    }})
}

/// Returns the claims of a signer who is the workflow.
pub(super) fn workflow() -> BTreeMap<ClaimKind, Wanted> {
    let exactly = |text: &str| Wanted::Exactly(text.to_owned());
    BTreeMap::from([(ClaimKind::Issuer, exactly(ISSUER)), (ClaimKind::Identity, exactly(WORKFLOW))])
}

/// Returns a policy that accepts one identity by a root.
pub(super) fn identity_policy(claims: BTreeMap<ClaimKind, Wanted>, root: &Value) -> DesiredPolicy {
    DesiredPolicy {
        identities: vec![DesiredSigner { name: "release".to_owned(), claims }],
        root: Some(root_file(&root.to_string())),
        ..policy(&[])
    }
}

pub(super) fn root_file(text: &str) -> DesiredFile {
    DesiredFile { path: "trust/example.trusted_root.json".to_owned(), text: text.to_owned() }
}
