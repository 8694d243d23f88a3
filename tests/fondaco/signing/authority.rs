//! A time-stamp authority in this process (RFC 3161 and RFC 5652), whose answers can be wrong in one respect each.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
};
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber, x509::Certificate},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use p256::{
    SecretKey,
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::{
        EncodePrivateKey as _, ObjectIdentifier,
        der::{
            Any, Decode as _, Encode as _,
            asn1::{GeneralizedTime, Int, OctetString, SetOfVec},
        },
        spki::AlgorithmIdentifier,
    },
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use sha2::{Digest as _, Sha256};
use x509_tsp::{MessageImprint, TimeStampReq, TspVersion, TstInfo};

use super::key;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// What is wrong with every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// An answer to an earlier request.
    Nonce,
    NoNonce,
    /// A stamp over other bytes.
    Imprint,
    /// Signed by somebody with a certificate of the same names.
    Forged,
    /// The content differs from what is signed.
    Content,
    /// A time before the certificate was issued.
    Early,
    Refused,
    Garbage,
    Flood,
    Status(u16),
}

/// Certificates of an authority, and where it listens.
pub(super) struct Running {
    pub(super) url: String,
    /// Its own certificate, then its root.
    pub(super) chain: String,
    pub(super) trusted_root: String,
}

/// Starts an authority whose own key is the one of `byte`.
pub(super) async fn start(byte: u8, fault: Fault) -> Running {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Acme time root");
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Acme time");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::TimeStamping];
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    let own = KeyPair::try_from(key(byte).to_pkcs8_der().unwrap().as_bytes()).unwrap();
    let leaf = params.signed_by(&own, &root).unwrap();
    let signer = if fault == Fault::Forged { key(byte + 1) } else { key(byte) };
    let certificate = Certificate::from_der(leaf.der()).unwrap();
    let serve = move |headers: HeaderMap, body: Bytes| async move {
        assert_eq!(headers["content-type"], "application/timestamp-query");
        let answer = match fault {
            Fault::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
            Fault::Garbage => b"<html>no</html>".to_vec(),
            Fault::Flood => vec![0x30; 2 * 1024 * 1024],
            // Rejection, and no token: PKIStatusInfo of RFC 3161, section 2.4.2.
            Fault::Refused => vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02],
            _ => answer(&body, &certificate, &signer, fault),
        };
        answer.into_response()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v1/timestamp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await.unwrap() });
    let base64 = |der: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let trusted_root = serde_json::json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "timestampAuthorities": [{
            "subject": {"organization": "Acme", "commonName": "Acme time"},
            "uri": url,
            "certChain": {"certificates": [{"rawBytes": base64(leaf.der())}, {"rawBytes": base64(root.der())}]},
            "validFor": {"start": "2025-01-01T00:00:00Z"},
        }],
    });
    Running { url, chain: format!("{}{}", leaf.pem(), root.pem()), trusted_root: trusted_root.to_string() }
}

fn answer(request: &[u8], certificate: &Certificate, key: &SecretKey, fault: Fault) -> Vec<u8> {
    let request = TimeStampReq::from_der(request).unwrap();
    assert!(request.cert_req, "other verifiers may know nothing but the root");
    assert_eq!(request.message_imprint.hash_algorithm.oid, SHA_256);
    let mut info = info(&request, fault).to_der().unwrap();
    let attributes = SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::from(TST_INFO)),
        attribute(MESSAGE_DIGEST, Any::encode_from(&octets(&Sha256::digest(&info))).unwrap()),
    ])
    .unwrap();
    let signature: DerSignature = SigningKey::from(key).sign(&attributes.to_der().unwrap());
    if fault == Fault::Content {
        // The last byte is one of the nonce; the request's own is checked, so the policy is changed instead.
        let policy = info.windows(4).position(|bytes| bytes == [0x06, 0x03, 0x2a, 0x03]).unwrap();
        info[policy + 4] ^= 1;
    }
    let algorithm = |oid| AlgorithmIdentifier { oid, parameters: None };
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.tbs_certificate.issuer.clone(),
            serial_number: certificate.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: algorithm(SHA_256),
        signed_attrs: Some(attributes),
        signature_algorithm: algorithm(ECDSA_SHA_256),
        signature: octets(signature.as_bytes()),
        unsigned_attrs: None,
    };
    let content = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![algorithm(SHA_256)]).unwrap(),
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: TST_INFO,
            econtent: Some(Any::encode_from(&octets(&info)).unwrap()),
        },
        certificates: Some(vec![CertificateChoices::Certificate(certificate.clone())].try_into().unwrap()),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer]).unwrap()),
    };
    let token = ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&content).unwrap() };
    // TimeStampResp: granted, and the token.
    let mut inner = vec![0x30, 0x03, 0x02, 0x01, 0x00];
    inner.extend(token.to_der().unwrap());
    Any::new(p256::pkcs8::der::Tag::Sequence, inner).unwrap().to_der().unwrap()
}

fn info(request: &TimeStampReq, fault: Fault) -> TstInfo {
    let mut imprint: MessageImprint = request.message_imprint.clone();
    if fault == Fault::Imprint {
        imprint.hashed_message = octets(&Sha256::digest(b"something else"));
    }
    let year = if fault == Fault::Early { 2020 } else { 2026 };
    let at = p256::pkcs8::der::DateTime::new(year, 11, 21, 12, 0, 0).unwrap();
    TstInfo {
        version: TspVersion::V1,
        policy: ObjectIdentifier::new_unwrap("1.2.3.4"),
        message_imprint: imprint,
        serial_number: Int::new(&[1]).unwrap(),
        gen_time: GeneralizedTime::from_date_time(at),
        accuracy: None,
        ordering: false,
        nonce: match fault {
            Fault::Nonce => Some(Int::new(&[7]).unwrap()),
            Fault::NoNonce => None,
            _ => request.nonce.clone(),
        },
        tsa: None,
        extensions: None,
    }
}

fn attribute(oid: ObjectIdentifier, value: Any) -> cms::cert::x509::attr::Attribute {
    cms::cert::x509::attr::Attribute { oid, values: SetOfVec::try_from(vec![value]).unwrap() }
}

fn octets(bytes: &[u8]) -> OctetString {
    OctetString::new(bytes).unwrap()
}
