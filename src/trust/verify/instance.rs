//! A Sigstore instance as its `trusted_root.json` describes it: who issues certificates, which logs and timestamp
//! authorities count, and in which windows. Pure, but for the verifier's own look at the clock: what lies in the future
//! is refused.
//!
//! What a signature has to bring follows from the file: a root that names no log demands no log entry, one that names no
//! certificate log no SCT. Nothing else relaxes anything. A prepared verifier is costly, so there is one for each policy.
//!
//! The verifier knows no time stamps by RSA, by which most public authorities sign. They are verified here
//! ([`crate::trust::timestamp`]) and taken out before it sees the rest. A certificate is judged only at times that it
//! knows itself: a stamp by RSA is then one more time that has to be within the certificate's validity.

use std::borrow::Cow;

use sigstore_crypto::{CertificateInfo, KeyAlgorithm, parse_certificate_info, verify_signature};
use sigstore_types::{
    Artifact, ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm, KindVersion, SignatureContent,
    TimestampVerificationData, TransparencyLogEntry, TsaAuthority, VerificationMaterialContent,
};
use sigstore_verify::{
    CertificateError, Error, PublicKeyVerificationPolicy, TransparencyLogError, VerificationPolicy,
    VerificationResult, Verifier, trust_root::TrustedRoot,
};

use super::{bundle::about, claims::Claims, shown};
use crate::{
    manifest::DesiredFile,
    model::{Algorithm, Digest, Instant, LogEntryFound, Proof},
    trust::timestamp,
};

/// The most log entries, timestamps or certificates of one signature. Real ones have one or two of each, and every one
/// costs the check of a signature.
const EVIDENCE_MAX: usize = 16;

/// A prepared instance.
pub(in crate::trust) struct Instance {
    /// Where the file lies in the manifest repository.
    pub(in crate::trust) path: String,
    /// SHA-256 of the file.
    pub(in crate::trust) digest: Digest,
    verifier: Verifier,
    /// Who may tell the time.
    authorities: Vec<TsaAuthority>,
    has_logs: bool,
    has_certificate_logs: bool,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What a signature is of.
#[derive(Debug, Clone, Copy)]
pub(in crate::trust) enum Covered<'a> {
    /// The subject of an in-toto statement, or a file that is known by its digest.
    Digest(&'a Digest),
    /// The signed bytes themselves.
    Bytes(&'a [u8]),
}

/// Why an instance does not stand behind a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::trust) enum Refusal {
    /// It is in a form that cannot be read, so nothing is known.
    Unread(String),
    /// Another instance may stand behind it.
    Stranger(String),
    /// It does not hold.
    Broken(String),
}

impl Refusal {
    pub(in crate::trust) fn reason(&self) -> &str {
        match self {
            Self::Unread(reason) | Self::Stranger(reason) | Self::Broken(reason) => reason,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let reason = shown(&error.to_string());
        match error {
            Error::UnsupportedBundle(_) | Error::UnsupportedArtifact(_) => Self::Unread(reason),
            Error::Certificate(CertificateError::ChainInvalid(_))
            | Error::TransparencyLog(TransparencyLogError::UnknownLog { .. }) => Self::Stranger(reason),
            _ => Self::Broken(reason),
        }
    }
}

impl Instance {
    /// Prepares the instance that a file describes.
    ///
    /// # Errors
    /// A sentence about what is wrong with the file.
    pub(in crate::trust) fn read(file: &DesiredFile) -> Result<Self, String> {
        let wrong =
            |error: String| format!("trust root `{}` cannot be read: {}", shown(&file.path), shown(&error));
        let (root, verifier) = verifier(&file.text).map_err(wrong)?;
        Ok(Self {
            path: file.path.clone(),
            digest: Digest::sha256(&file.text),
            verifier,
            authorities: root.tsa_authorities(),
            has_logs: !root.tlogs.is_empty(),
            has_certificate_logs: !root.ctlogs.is_empty(),
        })
    }

    /// Verifies a signature by a certificate, whoever it names: chain, windows, SCT, log entries, timestamps, and that
    /// they are all of this signature.
    pub(in crate::trust) fn keyless(&self, bundle: &Bundle, covered: Covered<'_>) -> Result<Proof, Refusal> {
        bounded(bundle)?;
        entries_fit(bundle)?;
        let (bundle, times) = self.without_rsa(bundle)?;
        let bundle = bundle.as_ref();
        if !times.is_empty() && !tells_time(bundle) {
            let reason = "the only trusted time is a stamp by RSA, at which certificates are not judged here";
            return Err(Refusal::Unread(reason.to_owned()));
        }
        let mut policy = VerificationPolicy::any_identity();
        if !self.has_logs {
            policy = policy.skip_tlog_unsafe();
        }
        if !self.has_certificate_logs {
            policy = policy.skip_sct();
        }
        let result = self.verifier.verify(artifact(covered)?, bundle, &policy)?;
        let within = |certificate: &CertificateInfo| {
            let (first, last) = (certificate.not_before.as_second(), certificate.not_after.as_second());
            times.iter().all(|time| (first..=last).contains(&time.unix()))
        };
        if !result.certificate().is_some_and(within) {
            let reason = "a time stamp says a time at which the certificate was not valid";
            return Err(Refusal::Broken(reason.to_owned()));
        }
        let claims = result.certificate().map(Claims::of).unwrap_or_default();
        Ok(Proof { claims: claims.into(), ..self.proof(bundle, &result, times) })
    }

    /// Verifies a signature by `key` with every log entry and timestamp that comes with it.
    pub(in crate::trust) fn keyed(
        &self,
        bundle: &Bundle,
        covered: Covered<'_>,
        key: &DerPublicKey,
    ) -> Result<Proof, Refusal> {
        bounded(bundle)?;
        entries_fit(bundle)?;
        let (bundle, times) = self.without_rsa(bundle)?;
        let bundle = bundle.as_ref();
        let material = &bundle.verification_material;
        let nothing_left = material.tlog_entries.is_empty()
            && material.timestamp_verification_data.rfc3161_timestamps.is_empty();
        if nothing_left && !times.is_empty() {
            // The verifier refuses a signature with neither.
            signed_by(bundle, covered, key)?;
            return Ok(Proof { times: sorted(times), ..Proof::default() });
        }
        let mut policy = PublicKeyVerificationPolicy::new(key.clone());
        // With a timestamp alone there is no entry whose proof could be demanded.
        if !self.has_logs || bundle.verification_material.tlog_entries.is_empty() {
            policy = policy.skip_tlog_unsafe();
        }
        let result = self.verifier.verify(artifact(covered)?, bundle, &policy)?;
        Ok(self.proof(bundle, &result, times))
    }

    /// Verifies the time stamps of authorities that sign by RSA, and returns the bundle without them, with their times.
    fn without_rsa<'a>(&self, bundle: &'a Bundle) -> Result<(Cow<'a, Bundle>, Vec<Instant>), Refusal> {
        let signature = match &bundle.content {
            SignatureContent::MessageSignature(message) => &message.signature,
            SignatureContent::DsseEnvelope(envelope) => &envelope.signature.sig,
            _ => return Ok((Cow::Borrowed(bundle), vec![])),
        };
        let (mut others, mut times) = (vec![], vec![]);
        for stamp in &bundle.verification_material.timestamp_verification_data.rfc3161_timestamps {
            let token = stamp.signed_timestamp.as_bytes();
            let by = |authority: &&TsaAuthority| timestamp::is_by_rsa(token, authority);
            let verified = self.authorities.iter().filter(by).map(|authority| {
                timestamp::verify_by(token, signature.as_bytes(), authority).map(|stamp| stamp.window.at)
            });
            // One authority in several windows is listed several times.
            match verified.reduce(Result::or) {
                None => others.push(stamp.clone()),
                Some(Ok(time)) => times.push(time),
                Some(Err(reason)) => {
                    return Err(Refusal::Broken(format!("its time stamp does not hold: {reason}")));
                }
            }
        }
        if times.is_empty() {
            return Ok((Cow::Borrowed(bundle), times));
        }
        let mut bundle = bundle.clone();
        bundle.verification_material.timestamp_verification_data = TimestampVerificationData::new(others);
        Ok((Cow::Owned(bundle), times))
    }

    fn proof(&self, bundle: &Bundle, result: &VerificationResult, stamped: Vec<Instant>) -> Proof {
        let times = result.verified_timestamps().iter().map(|time| Instant::from_unix(time.as_second()));
        let times = sorted(times.chain(stamped).collect());
        let entries = bundle.verification_material.tlog_entries.iter().filter(|_| self.has_logs);
        let mut log_entries: Vec<_> = entries
            .map(|entry| LogEntryFound {
                log: hex::encode(entry.log_id.key_id.as_bytes()),
                index: entry.log_index.get(),
                kind: format!("{}/{}", entry.kind_version.kind(), entry.kind_version.version()),
            })
            .collect();
        log_entries.sort();
        Proof { log_entries, times, ..Proof::default() }
    }
}

fn verifier(text: &str) -> Result<(TrustedRoot, Verifier), String> {
    let root = TrustedRoot::from_json(text).map_err(|error| error.to_string())?;
    let verifier = Verifier::new(&root).map_err(|error| error.to_string())?;
    Ok((root, verifier))
}

/// Returns whether a text describes an instance.
///
/// # Errors
/// What is wrong with it.
pub(in crate::trust) fn check(text: &str) -> Result<(), String> {
    verifier(text).map(|_| ()).map_err(|error| shown(&error))
}

/// Refuses more evidence than anybody needs.
fn bounded(bundle: &Bundle) -> Result<(), Refusal> {
    let material = &bundle.verification_material;
    let certificates = match &material.content {
        VerificationMaterialContent::X509CertificateChain { certificates } => certificates.len(),
        _ => 1,
    };
    let counts = [
        (material.tlog_entries.len(), "log entries"),
        (material.timestamp_verification_data.rfc3161_timestamps.len(), "timestamps"),
        (certificates, "certificates"),
    ];
    match counts.into_iter().find(|(count, _)| *count > EVIDENCE_MAX) {
        None => Ok(()),
        Some((count, what)) => {
            Err(Refusal::Broken(format!("it has {count} {what}, more than {EVIDENCE_MAX}")))
        }
    }
}

/// Returns times in their order, each once.
fn sorted(mut times: Vec<Instant>) -> Vec<Instant> {
    times.sort_unstable();
    times.dedup();
    times
}

/// Returns whether something is left that the verifier takes for a time.
fn tells_time(bundle: &Bundle) -> bool {
    let material = &bundle.verification_material;
    let promised = |entry: &TransparencyLogEntry| {
        entry.kind_version != KindVersion::HashedRekordV002
            && entry.inclusion_promise.is_some()
            && entry.integrated_time.is_some()
    };
    !material.timestamp_verification_data.rfc3161_timestamps.is_empty()
        || material.tlog_entries.iter().any(promised)
}

/// Verifies a signature by `key` that comes with nothing the verifier knows.
fn signed_by(bundle: &Bundle, covered: Covered<'_>, key: &DerPublicKey) -> Result<(), Refusal> {
    let broken = |error: String| Refusal::Broken(shown(&error));
    let algorithm = KeyAlgorithm::from_spki(key).map_err(|error| broken(error.to_string()))?;
    let (message, signature) = match (&bundle.content, covered) {
        (SignatureContent::DsseEnvelope(envelope), Covered::Digest(subject)) => {
            about(envelope, subject).map_err(broken)?;
            (Cow::Owned(envelope.pae()), &envelope.signature.sig)
        }
        (SignatureContent::MessageSignature(message), Covered::Bytes(bytes)) => {
            (Cow::Borrowed(bytes), &message.signature)
        }
        _ => {
            let reason = "with a time stamp by RSA alone, a signature of this form is not read";
            return Err(Refusal::Unread(reason.to_owned()));
        }
    };
    verify_signature(key, &message, signature, algorithm.default_signing_scheme())
        .map_err(|error| broken(error.to_string()))
}

/// Refuses log entries that prove nothing, and those of a kind that cannot speak of this form of signature; the verifier
/// would only say that it does not read them.
fn entries_fit(bundle: &Bundle) -> Result<(), Refusal> {
    let message = matches!(bundle.content, SignatureContent::MessageSignature(_));
    let fits = |kind: KindVersion| match kind {
        KindVersion::HashedRekordV001 => message,
        KindVersion::HashedRekordV002 => true,
        _ => !message,
    };
    let entries = &bundle.verification_material.tlog_entries;
    // The verifier demands a proof of one of them.
    if entries.iter().any(|entry| entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none()) {
        return Err(Refusal::Broken("its log entry has neither a proof nor a promise".to_owned()));
    }
    match entries.iter().find(|entry| !fits(entry.kind_version)) {
        None => Ok(()),
        Some(entry) => {
            let (kind, version) = (entry.kind_version.kind(), entry.kind_version.version());
            Err(Refusal::Broken(format!(
                "its log entry is a `{kind}/{version}`, of another kind of signature"
            )))
        }
    }
}

fn artifact(covered: Covered<'_>) -> Result<Artifact<'_>, Refusal> {
    let digest = match covered {
        Covered::Bytes(bytes) => return Ok(Artifact::from(bytes)),
        Covered::Digest(digest) => digest,
    };
    let algorithm = match digest.algorithm() {
        Algorithm::Sha256 => HashAlgorithm::Sha2256,
        Algorithm::Sha512 => HashAlgorithm::Sha2512,
    };
    let bytes = hex::decode(digest.hex()).map_err(|error| Refusal::Broken(error.to_string()))?;
    let digest = ArtifactDigest::new(algorithm, bytes).map_err(|error| Refusal::Broken(error.to_string()))?;
    Ok(Artifact::from(digest))
}

/// Returns what a bundle's certificate says, proven or not.
pub(super) fn said(bundle: &Bundle) -> Option<CertificateInfo> {
    parse_certificate_info(bundle.signing_certificate()?).ok()
}
