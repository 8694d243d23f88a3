//! What ought to stand beside a promoted image, and what it says. Pure: records in, predicates out; one file a predicate.
//!
//! SBOMs (attested, and as documents of their own type) hang on each platform's manifest, because they differ; scan,
//! verification summary and custody hang on the image's own manifest alone, which is what a consumer names: on every
//! platform they would cost five requests more each and say the same. Signatures are on all of them.
//!
//! An attestation is written anew where the facts behind it change; what rests on advisories, also where those are
//! [`ADVISORIES_AGE_DAYS`] newer. Older ones stay beside it, as nothing is deleted: the newest is the one with the
//! latest `scanFinishedOn` or `timeVerified`, and the latest `org.opencontainers.image.created` on its manifest.
//! So an image gathers at most one of a kind a week, and one for each real change. Next in reading order:
//! [`super::vouch`], which signs and writes them.

mod custody;
mod sbom;
mod scan;
#[cfg(test)]
mod tests;
mod vsa;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Documents, legacy};
use crate::{
    evidence::{self, ImageRecord, PlatformRecord},
    manifest::DesiredMirror,
    model::{
        AttestationKind, Descriptor, Digest, DockerReference, Instant, Repository, Verdict, canonical,
        media_type,
    },
    trust::format,
};
use sbom::Sboms;

pub use sbom::of_list;

/// By how many days the advisories have to be newer before the same result is attested again: consumers' policies
/// commonly refuse scans that are older than a week or a month.
pub const ADVISORIES_AGE_DAYS: u64 = 7;

/// The largest predicate that is written as it is, in bytes. In base64 within a bundle it stays below what our own
/// verification reads. Above, the predicate names the document by its digest.
pub const PREDICATE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// What attestations about one image for one consumer are made from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub record: &'a ImageRecord,
    pub distribution: &'a Repository,
    /// The tag it is promoted under.
    pub tag: &'a str,
    pub consumer: &'a str,
    pub mirror: &'a DesiredMirror,
}

/// The form of something that stands beside a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A layer below the tag `sha256-<hex>.sig`.
    CosignLegacy,
    /// A Sigstore bundle that is a signature.
    Signature,
    /// A Sigstore bundle that attests something.
    Attestation { kind: AttestationKind, predicate_type: String },
    /// A document of its own type, unsigned.
    Document { artifact_type: String },
}

impl Form {
    /// Returns the name that evidence uses.
    pub fn format(&self) -> &str {
        match self {
            Self::CosignLegacy => "cosign-legacy",
            Self::Signature | Self::Attestation { .. } => "sigstore-bundle",
            Self::Document { artifact_type } if artifact_type == media_type::CYCLONEDX => "cyclonedx",
            Self::Document { artifact_type } => artifact_type,
        }
    }

    /// Returns the predicate type of an attestation.
    pub fn predicate_type(&self) -> Option<&str> {
        match self {
            Self::Attestation { predicate_type, .. } => Some(predicate_type),
            _ => None,
        }
    }

    /// Returns whether the organisation's key stands behind it.
    pub const fn is_signed(&self) -> bool {
        !matches!(self, Self::Document { .. })
    }

    /// Returns whether it is signed in a bundle, the one form that carries log entries.
    pub const fn is_bundle(&self) -> bool {
        matches!(self, Self::Signature | Self::Attestation { .. })
    }
}

/// Something that ought to stand beside a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    pub subject: Descriptor,
    pub form: Form,
    /// SHA-256 of the facts it states, without the times at which they were looked at.
    pub facts: Option<Digest>,
    /// The date that the advisories behind it speak for.
    pub as_of: Option<Instant>,
}

/// An artefact with what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    pub artefact: Artefact,
    pub content: Content,
}

/// What an artefact carries, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing but the subject: a signature. `reference` is its docker-reference, where the form has one.
    Signature { reference: String },
    /// A predicate.
    Predicate(Value),
    /// A document.
    Document(Vec<u8>),
}

/// Returns what ought to stand beside an image that was promoted for a consumer: everything where it is cleared; where
/// it is not any more, what says so.
pub fn wanted(facts: &Facts<'_>) -> Vec<Artefact> {
    let verdict = facts.verdict();
    let cleared = verdict == Some(Verdict::Cleared);
    let mut wanted = vec![];
    if cleared {
        for subject in facts.subjects() {
            let fits = format::signature_tag(&subject.digest).is_some();
            wanted.extend(fits.then(|| facts.legacy(&subject)));
            wanted.push(plain(subject, Form::Signature));
        }
        let form = || Form::Document { artifact_type: media_type::CYCLONEDX.to_owned() };
        let platforms = facts.record.custody.subject.platforms.iter().map(evidence::descriptor);
        wanted.extend(platforms.map(|platform| plain(platform, form())));
    }
    for kind in &facts.mirror.vouching.attestations {
        let says = match kind {
            AttestationKind::Sbom | AttestationKind::Custody => cleared,
            AttestationKind::Scan => verdict.is_some(),
            AttestationKind::Summary => matches!(verdict, Some(Verdict::Cleared | Verdict::Refused)),
        };
        if says {
            wanted.extend(facts.attested(*kind));
        }
    }
    wanted
}

/// Makes what [`wanted`] names. `documents` are the SBOMs that the intake wrote; records of earlier versions name none, and
/// theirs are made of the package lists. `tool` is who writes it, `fondaco 0.1.0`.
///
/// # Errors
/// A sentence, where a recorded package list cannot be read.
pub fn made(
    facts: &Facts<'_>,
    documents: &Documents,
    wanted: &[Artefact],
    tool: &str,
) -> Result<Vec<Beside>, String> {
    let sboms = Sboms { documents, tool };
    let made = wanted.iter().map(|artefact| {
        let content = match &artefact.form {
            Form::CosignLegacy => Content::Signature { reference: facts.reference() },
            Form::Signature => Content::Signature { reference: String::new() },
            Form::Document { .. } => {
                Content::Document(sbom::document(facts, &artefact.subject.digest, sboms)?)
            }
            Form::Attestation { kind, .. } => Content::Predicate(facts.predicate(*kind, artefact, sboms)?),
        };
        Ok(Beside { artefact: artefact.clone(), content })
    });
    made.collect()
}

impl Facts<'_> {
    fn verdict(&self) -> Option<Verdict> {
        let verdicts = &self.record.verdicts.verdicts;
        verdicts.iter().find(|verdict| verdict.consumer == self.consumer).map(|verdict| verdict.verdict)
    }

    /// Returns the image's own manifest.
    fn top(&self) -> Descriptor {
        let subject = &self.record.custody.subject;
        Descriptor::new(subject.media_type.clone(), subject.digest.clone(), subject.size)
    }

    /// Returns every manifest of the image that a client may ask for, its own first. Attestation manifests of the build
    /// are not among the platforms.
    fn subjects(&self) -> Vec<Descriptor> {
        let top = self.top();
        let mut seen = BTreeSet::from([top.digest.clone()]);
        let platforms = self.record.custody.subject.platforms.iter().map(evidence::descriptor);
        let others = platforms.filter(|platform| seen.insert(platform.digest.clone()));
        let others: Vec<Descriptor> = others.collect();
        std::iter::once(top).chain(others).collect()
    }

    fn platform(&self, digest: &Digest) -> Option<&PlatformRecord> {
        self.record.custody.subject.platforms.iter().find(|platform| platform.digest == *digest)
    }

    /// Returns what the simple signing payload names, which containers/image compares.
    fn reference(&self) -> String {
        match self.mirror.vouching.docker_reference {
            DockerReference::Repository => self.distribution.to_string(),
            DockerReference::RepositoryAndTag => format!("{}:{}", self.distribution, self.tag),
        }
    }

    /// Returns the signature below cosign's tag. Its facts are the payload, where that is not the usual one: images have
    /// one for each tag then.
    fn legacy(&self, subject: &Descriptor) -> Artefact {
        let usual = self.mirror.vouching.docker_reference == DockerReference::Repository;
        let facts = (!usual).then(|| Digest::sha256(legacy::payload(&self.reference(), &subject.digest)));
        Artefact { facts, ..plain(subject.clone(), Form::CosignLegacy) }
    }

    fn attested(&self, kind: AttestationKind) -> Vec<Artefact> {
        let record = self.record;
        let of = |subject: Descriptor, facts: Digest, as_of: Option<Instant>| {
            let form = Form::Attestation { kind, predicate_type: self.predicate_type(kind) };
            Artefact { subject, form, facts: Some(facts), as_of }
        };
        let as_of = record.scan.as_ref().map(|scan| scan.advisories.as_of);
        match kind {
            AttestationKind::Sbom => {
                let platforms = record.custody.subject.platforms.iter();
                platforms
                    .map(|one| of(evidence::descriptor(one), substance(&sbom::facts(record, one)), None))
                    .collect()
            }
            AttestationKind::Scan => {
                let scan = record.scan.as_ref();
                scan.map(|scan| of(self.top(), scan::facts(scan), as_of)).into_iter().collect()
            }
            AttestationKind::Summary => {
                let facts = vsa::facts(self);
                facts.map(|facts| of(self.top(), substance(&facts), as_of)).into_iter().collect()
            }
            AttestationKind::Custody => {
                vec![of(self.top(), substance(&custody::facts(&record.custody)), None)]
            }
        }
    }

    fn predicate_type(&self, kind: AttestationKind) -> String {
        match kind {
            AttestationKind::Sbom => sbom::PREDICATE_TYPE.to_owned(),
            AttestationKind::Scan => scan::PREDICATE_TYPE.to_owned(),
            AttestationKind::Summary => vsa::PREDICATE_TYPE.to_owned(),
            AttestationKind::Custody => self.mirror.vouching.custody_predicate.clone(),
        }
    }

    fn predicate(
        &self,
        kind: AttestationKind,
        artefact: &Artefact,
        sboms: Sboms<'_>,
    ) -> Result<Value, String> {
        let record = self.record;
        let whole = match kind {
            AttestationKind::Sbom => return sbom::predicate(self, &artefact.subject.digest, sboms),
            AttestationKind::Scan => scan::predicate(record, Detail::Whole),
            AttestationKind::Summary => vsa::predicate(self, sboms.tool),
            AttestationKind::Custody => custody::predicate(self, Detail::Whole),
        };
        Ok(match kind {
            AttestationKind::Scan if is_too_large(&whole) => scan::predicate(record, Detail::ByDigest),
            AttestationKind::Custody if is_too_large(&whole) => custody::predicate(self, Detail::ByDigest),
            _ => whole,
        })
    }

    /// Returns the descriptor of a committed record, as in-toto's `ResourceDescriptor`.
    fn committed(&self, file: &str, text: &str) -> Value {
        let custody = &self.record.custody;
        let folder = evidence::image_directory(&custody.source.repository, &custody.subject.digest);
        json!({"name": format!("{folder}/{file}"), "digest": digest_set(&Digest::sha256(text))})
    }
}

fn plain(subject: Descriptor, form: Form) -> Artefact {
    Artefact { subject, form, facts: None, as_of: None }
}

/// Whether a predicate holds a record, or names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Whole,
    ByDigest,
}

fn is_too_large(predicate: &Value) -> bool {
    predicate.to_string().len() > PREDICATE_BYTES_MAX
}

/// Returns a digest as in-toto's `DigestSet`.
fn digest_set(digest: &Digest) -> Value {
    json!({digest.algorithm().name(): digest.hex()})
}

/// Returns the SHA-256 of facts in canonical form.
fn substance(facts: &Value) -> Digest {
    Digest::sha256(canonical::to_line(facts).expect("records carry no floats"))
}
