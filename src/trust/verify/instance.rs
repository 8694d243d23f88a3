//! A Sigstore instance as its `trusted_root.json` describes it: who issues certificates, which logs and timestamp
//! authorities count, and in which windows. Pure, but for the verifier's own look at the clock: what lies in the future
//! is refused.
//!
//! What a signature has to bring follows from the file: a root that names no log demands no log entry, one that names no
//! certificate log no SCT. Nothing else relaxes anything. A prepared verifier is costly, so there is one for each policy.

use sigstore_crypto::{CertificateInfo, parse_certificate_info};
use sigstore_types::{
    Artifact, ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm, KindVersion, SignatureContent,
    VerificationMaterialContent,
};
use sigstore_verify::{
    CertificateError, Error, PublicKeyVerificationPolicy, TransparencyLogError, VerificationPolicy,
    VerificationResult, Verifier, trust_root::TrustedRoot,
};

use super::{claims::Claims, shown};
use crate::{
    manifest::DesiredFile,
    model::{Algorithm, Digest, Instant, LogEntryFound, Proof},
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
    pub(super) fn reason(&self) -> &str {
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
            has_logs: !root.tlogs.is_empty(),
            has_certificate_logs: !root.ctlogs.is_empty(),
        })
    }

    /// Verifies a signature by a certificate, whoever it names: chain, windows, SCT, log entries, timestamps, and that
    /// they are all of this signature.
    pub(in crate::trust) fn keyless(&self, bundle: &Bundle, covered: Covered<'_>) -> Result<Proof, Refusal> {
        bounded(bundle)?;
        entries_fit(bundle)?;
        let mut policy = VerificationPolicy::any_identity();
        if !self.has_logs {
            policy = policy.skip_tlog_unsafe();
        }
        if !self.has_certificate_logs {
            policy = policy.skip_sct();
        }
        let result = self.verifier.verify(artifact(covered)?, bundle, &policy)?;
        let claims = result.certificate().map(Claims::of).unwrap_or_default();
        Ok(Proof { claims: claims.into(), ..self.proof(bundle, &result) })
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
        let mut policy = PublicKeyVerificationPolicy::new(key.clone());
        // With a timestamp alone there is no entry whose proof could be demanded.
        if !self.has_logs || bundle.verification_material.tlog_entries.is_empty() {
            policy = policy.skip_tlog_unsafe();
        }
        let result = self.verifier.verify(artifact(covered)?, bundle, &policy)?;
        Ok(self.proof(bundle, &result))
    }

    fn proof(&self, bundle: &Bundle, result: &VerificationResult) -> Proof {
        let times = result.verified_timestamps().iter().map(|time| Instant::from_unix(time.as_second()));
        let mut times: Vec<Instant> = times.collect();
        times.sort_unstable();
        times.dedup();
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

/// Refuses log entries of a kind that cannot speak of this form of signature; the verifier would only say that it does
/// not read them.
fn entries_fit(bundle: &Bundle) -> Result<(), Refusal> {
    let message = matches!(bundle.content, SignatureContent::MessageSignature(_));
    let fits = |kind: KindVersion| match kind {
        KindVersion::HashedRekordV001 => message,
        KindVersion::HashedRekordV002 => true,
        _ => !message,
    };
    let entries = &bundle.verification_material.tlog_entries;
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
