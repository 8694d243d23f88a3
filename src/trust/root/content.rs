//! What is in a trust root (sigstore `protobuf-specs`, `sigstore_trustroot.proto`). Pure.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sigstore_crypto::parse_certificate_info;
use sigstore_trust_root::{TrustedRoot, trusted_root::CertChain};
use sigstore_types::{DerCertificate, TimeRange};

use crate::model::{Digest, Instant, canonical, foreign};

/// The largest trust root, in bytes. The public-good one has 7 KiB, GitHub's 22 KiB with six windows.
pub(super) const ROOT_BYTES_MAX: u64 = 1024 * 1024;

/// The most authorities and logs in one root. Sigstore's has seven after five years.
const PARTS_MAX: usize = 1024;

/// What the media type of every version of the format starts with.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot";

/// What an authority or a log is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// Issues the certificates of keyless signers.
    CertificateAuthority,
    /// Rekor: shows that a signature was made while the certificate was valid.
    TransparencyLog,
    /// Shows that a certificate was issued in public.
    CertificateTransparencyLog,
    /// Says when a signature existed (RFC 3161).
    TimestampAuthority,
}

impl Part {
    pub const ALL: [Self; 4] = [
        Self::CertificateAuthority,
        Self::TransparencyLog,
        Self::CertificateTransparencyLog,
        Self::TimestampAuthority,
    ];

    /// Returns its name in prose.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CertificateAuthority => "certificate authority",
            Self::TransparencyLog => "transparency log",
            Self::CertificateTransparencyLog => "certificate transparency log",
            Self::TimestampAuthority => "timestamp authority",
        }
    }
}

/// One authority or log: who, with which key, and from when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    pub part: Part,
    /// Its address, as the root writes it.
    pub address: String,
    /// SHA-256 over the log's public key, or over the authority's certificates, leaf first.
    pub fingerprint: Digest,
    /// From when on it signs; absent where the root says nothing.
    pub from: Option<Instant>,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from.map(|from| format!(" from {}", from.date())).unwrap_or_default();
        let address = foreign::inline(&self.address);
        write!(f, "{} {address} ({}){from}", self.part.name(), self.fingerprint.short())
    }
}

/// A trust root that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The canonical text: what the file holds.
    text: String,
    /// When each authority and log ends, where the root or its certificates say so.
    ends: BTreeMap<Window, Option<Instant>>,
}

impl Root {
    /// Reads a trust root.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() as u64 > ROOT_BYTES_MAX {
            return Err(format!("{} bytes, more than {ROOT_BYTES_MAX}", bytes.len()));
        }
        let malformed = |error: &dyn fmt::Display| foreign::inline(&error.to_string());
        let value: Value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        let text = canonical::to_text(&value).map_err(|error| malformed(&error))?;
        let root = TrustedRoot::from_json(&text).map_err(|error| malformed(&error))?;
        if !root.media_type.starts_with(MEDIA_TYPE) {
            return Err(format!("media type `{}`", foreign::inline(&root.media_type)));
        }
        let ends = windows(&root);
        match ends.len() {
            0 => Err("neither an authority nor a log".to_owned()),
            1..=PARTS_MAX => Ok(Self { text, ends }),
            more => Err(format!("{more} authorities and logs, more than {PARTS_MAX}")),
        }
    }

    /// Returns the canonical text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the SHA-256 of the canonical text.
    pub fn digest(&self) -> Digest {
        Digest::sha256(&self.text)
    }

    /// Returns every authority and log with its end, sorted.
    pub const fn windows(&self) -> &BTreeMap<Window, Option<Instant>> {
        &self.ends
    }

    /// Returns the newest beginning of a window.
    pub fn newest(&self) -> Option<Instant> {
        self.ends.keys().filter_map(|window| window.from).max()
    }
}

fn windows(root: &TrustedRoot) -> BTreeMap<Window, Option<Instant>> {
    let mut ends = BTreeMap::new();
    let mut add = |part,
                   address: &str,
                   fingerprint: Digest,
                   range: Option<&TimeRange>,
                   certified: Option<Instant>| {
        let window =
            Window { part, address: address.to_owned(), fingerprint, from: range.map(|r| instant(r.start)) };
        let said = range.and_then(|range| range.end).map(instant);
        ends.insert(window, [said, certified].into_iter().flatten().min());
    };
    for authority in &root.certificate_authorities {
        let (fingerprint, until) = chain(&authority.cert_chain);
        add(Part::CertificateAuthority, &authority.uri, fingerprint, authority.valid_for.as_ref(), until);
    }
    for authority in &root.timestamp_authorities {
        let (fingerprint, until) = chain(&authority.cert_chain);
        let address = authority.uri.as_deref().unwrap_or("without an address");
        add(Part::TimestampAuthority, address, fingerprint, authority.valid_for.as_ref(), until);
    }
    for log in &root.tlogs {
        let key = &log.public_key;
        let fingerprint = Digest::sha256(key.raw_bytes.as_bytes());
        add(Part::TransparencyLog, &log.base_url, fingerprint, key.valid_for.as_ref(), None);
    }
    for log in &root.ctlogs {
        let key = &log.public_key;
        let fingerprint = Digest::sha256(key.raw_bytes.as_bytes());
        add(Part::CertificateTransparencyLog, &log.base_url, fingerprint, key.valid_for.as_ref(), None);
    }
    ends
}

/// Returns the fingerprint of a chain and when the first of its certificates ends.
fn chain(chain: &CertChain) -> (Digest, Option<Instant>) {
    let mut hash = Sha256::new();
    for entry in &chain.certificates {
        hash.update(entry.raw_bytes.as_bytes());
    }
    let ends = chain.certificates.iter().filter_map(|entry| until(&entry.raw_bytes)).min();
    let hex = hex::encode(hash.finalize());
    (format!("sha256:{hex}").parse().expect("SHA-256 in hex is a digest"), ends)
}

/// Returns when a certificate ends, where it can be read.
fn until(certificate: &DerCertificate) -> Option<Instant> {
    parse_certificate_info(certificate).ok().map(|certificate| instant(certificate.not_after))
}

pub(super) fn instant(time: jiff::Timestamp) -> Instant {
    Instant::from_unix(time.as_second())
}
