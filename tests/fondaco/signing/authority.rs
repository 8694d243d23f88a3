//! A time-stamp authority in this process (RFC 3161 and RFC 5652), whose answers can be wrong in one respect each.

use aws_lc_rs::{rand::SystemRandom, rsa, signature::RSA_PKCS1_SHA256};
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
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair,
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
const RSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// id-ce-extKeyUsage with id-kp-timeStamping alone.
const FOR_TIMESTAMPS: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

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
    /// Names the certificate as the first version of RFC 3161 does, by SHA-1; this one holds.
    OldName,
    /// Names another certificate.
    Named,
    /// Names no certificate.
    Unnamed,
    /// The certificate is for other things as well.
    Usage,
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

/// What an authority signs with.
struct Own {
    certificate: Certificate,
    key: Key,
}

enum Key {
    P256(SecretKey),
    Rsa(rsa::KeyPair),
}

impl Key {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: DerSignature = SigningKey::from(key).sign(message);
                signature.as_bytes().to_vec()
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// Starts an authority whose own key is the one of `byte`.
pub(super) async fn start(byte: u8, fault: Fault) -> Running {
    start_as(byte, fault, false).await
}

/// Starts an authority whose own key is the one of `byte`, or a new one of RSA.
pub(super) async fn start_as(byte: u8, fault: Fault, rsa: bool) -> Running {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Acme time root");
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Acme time");
    if fault == Fault::Usage {
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::TimeStamping, ExtendedKeyUsagePurpose::CodeSigning];
    } else {
        let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], FOR_TIMESTAMPS.to_vec());
        usage.set_criticality(true);
        params.custom_extensions.push(usage);
    }
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    let own = if rsa {
        KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap()
    } else {
        KeyPair::try_from(key(byte).to_pkcs8_der().unwrap().as_bytes()).unwrap()
    };
    let leaf = params.signed_by(&own, &root).unwrap();
    let other = || KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let signer = match (rsa, fault == Fault::Forged) {
        (true, forged) => {
            let pair = if forged { other() } else { own };
            Key::Rsa(rsa::KeyPair::from_pkcs8(pair.serialized_der()).unwrap())
        }
        (false, forged) => Key::P256(key(byte + u8::from(forged))),
    };
    let signer = Own { certificate: Certificate::from_der(leaf.der()).unwrap(), key: signer };
    let signer = std::sync::Arc::new(signer);
    let serve = move |headers: HeaderMap, body: Bytes| async move {
        assert_eq!(headers["content-type"], "application/timestamp-query");
        let answer = match fault {
            Fault::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
            Fault::Garbage => b"<html>no</html>".to_vec(),
            Fault::Flood => vec![0x30; 2 * 1024 * 1024],
            // Rejection, and no token: PKIStatusInfo of RFC 3161, section 2.4.2.
            Fault::Refused => vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02],
            _ => answer(&body, &signer, fault),
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

/// Returns the attribute that names a certificate (RFC 3161, section 2.4.2; RFC 5816), in DER by hand: a list of lists of
/// one name, whose first part is a hash of fewer than 100 bytes.
fn naming(certificate: &Certificate, fault: Fault) -> Option<cms::cert::x509::attr::Attribute> {
    let der = certificate.to_der().unwrap();
    let (kind, hash) = match fault {
        Fault::Unnamed => return None,
        Fault::OldName => {
            let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
            (SIGNING_CERTIFICATE, hash.as_ref().to_vec())
        }
        Fault::Named => (SIGNING_CERTIFICATE_V2, Sha256::digest(b"another").to_vec()),
        _ => (SIGNING_CERTIFICATE_V2, Sha256::digest(&der).to_vec()),
    };
    let wrap = |tag: u8, value: &[u8]| [&[tag, u8::try_from(value.len()).unwrap()], value].concat();
    let named = wrap(0x30, &wrap(0x30, &wrap(0x30, &wrap(0x04, &hash))));
    Some(attribute(kind, Any::from_der(&named).unwrap()))
}

fn answer(request: &[u8], own: &Own, fault: Fault) -> Vec<u8> {
    let certificate = &own.certificate;
    let request = TimeStampReq::from_der(request).unwrap();
    assert!(request.cert_req, "other verifiers may know nothing but the root");
    assert_eq!(request.message_imprint.hash_algorithm.oid, SHA_256);
    let mut info = info(&request, fault).to_der().unwrap();
    let mut attributes = vec![
        attribute(CONTENT_TYPE, Any::from(TST_INFO)),
        attribute(MESSAGE_DIGEST, Any::encode_from(&octets(&Sha256::digest(&info))).unwrap()),
    ];
    attributes.extend(naming(certificate, fault));
    let attributes = SetOfVec::try_from(attributes).unwrap();
    let signature = own.key.sign(&attributes.to_der().unwrap());
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
        signature_algorithm: algorithm(if matches!(own.key, Key::Rsa(_)) {
            RSA_SHA_256
        } else {
            ECDSA_SHA_256
        }),
        signature: octets(&signature),
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
