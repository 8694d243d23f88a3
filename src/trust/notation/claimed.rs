//! What a signature says of itself, whoever made it. Claims, not proof: who makes a signature puts the certificates in.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::{TrustStore, chain::Chain, identity::Identity, judge, read};
use crate::{
    manifest::{DesiredFile, DesiredNotation},
    model::{Descriptor, Digest, Instant, Outcome, foreign::inline},
};

/// The longest identity that is proposed, in characters: what a policy takes.
const IDENTITY_CHARS_MAX: usize = 2048;

/// The certificates of one envelope, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claimed {
    /// Subject of the signing certificate (RFC 4514), escaped.
    pub signer: String,
    /// Its issuer.
    pub issuer: String,
    /// Subject of the certificate that the chain ends in, which should be a root.
    pub root: String,
    /// SHA-256 over that certificate in DER, as `openssl x509 -fingerprint -sha256` has it.
    pub root_digest: Digest,
    /// That certificate as PEM text.
    pub root_pem: String,
    /// The signer as an identity of a policy; absent where nothing of its name can be written as one.
    pub identity: Option<String>,
    /// Why the signature would not be accepted even if that certificate were trusted.
    pub flaw: Option<String>,
}

impl Claimed {
    /// Returns the digest of the last certificate as OpenSSL prints fingerprints: `AB:CD:…`.
    pub fn fingerprint(&self) -> String {
        let hex = self.root_digest.hex().to_ascii_uppercase();
        let pairs: Vec<&str> = (0..hex.len()).step_by(2).filter_map(|at| hex.get(at..at + 2)).collect();
        pairs.join(":")
    }
}

/// Reads what an envelope says of its signer.
///
/// # Errors
/// A sentence about why it cannot be read.
pub(in crate::trust) fn claimed(
    envelope: &[u8],
    media_type: &str,
    subject: &Descriptor,
    now: Instant,
) -> Result<Claimed, String> {
    let chain = read(envelope, media_type).map_err(|refusal| refusal.reason)?.chain;
    let chain = Chain::read(&chain)?;
    let (leaf, last) = (chain.leaf(), chain.last());
    let root_pem = pem(last.der());
    let itself = DesiredNotation {
        name: "of its own".to_owned(),
        trust_store: DesiredFile { path: "its own".to_owned(), text: root_pem.clone() },
        identities: vec!["*".to_owned()],
        timestamp_store: None,
    };
    let judged = judge(envelope, media_type, subject, &[TrustStore::of(&itself)?], now);
    let identity = Identity::written(&leaf.parsed().subject);
    Ok(Claimed {
        signer: inline(&leaf.subject()),
        issuer: inline(&leaf.parsed().issuer.to_string()),
        root: inline(&last.subject()),
        root_digest: Digest::sha256(last.der()),
        root_pem,
        identity: identity.filter(|text| text.chars().count() <= IDENTITY_CHARS_MAX),
        flaw: (judged.outcome != Outcome::Verified).then_some(judged.reason),
    })
}

/// Returns a certificate as PEM text (RFC 7468).
fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (at, c) in STANDARD.encode(der).chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}
