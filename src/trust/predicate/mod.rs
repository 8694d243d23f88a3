//! What attestations say: in-toto statements and the predicates that are read, one file a predicate. Pure.
//!
//! Nothing here knows who signed: a statement is text from outside until [`crate::trust::verify`] has verified its
//! envelope, and [`read`] only says what the text says. Whether that is what a policy wants is [`meets`]; whether it
//! speaks of the image at hand is [`Said::is_about`]. To add a predicate: write its file and name it in [`KNOWN`].
//! What is done with the content comes next in [`crate::plan`].

pub mod buildkit;
mod cyclonedx;
mod json;
mod openvex;
mod package;
mod release;
mod resource;
mod slsa_v02;
mod slsa_v1;
mod source;
mod spdx;
mod stated;
mod statement;
#[cfg(test)]
mod tests;
mod verification_summary;
mod vulnerability;

use std::collections::{BTreeMap, BTreeSet};

use json::Object;
pub use json::{DEPTH_MAX, STATEMENT_BYTES_MAX, VALUES_MAX};
pub use openvex::{Product, VEX_STATEMENTS_MAX, Vex, VexStatement};
pub use package::{Sbom, comparable, names_package};
pub use stated::{Budget, STATED_MAX, Stated, StatedList, WEIGHT_MAX};
pub use statement::{SUBJECTS_MAX, Subject};
pub use verification_summary::Summary;
pub use vulnerability::VulnerabilityScan;

use crate::{
    manifest::{DesiredAttestation, Wanted},
    model::{Digest, Repository, StatementKind, foreign},
};

/// The longest text that anything is decided by, in characters. URIs of builders and repositories have about 100; what
/// is longer is refused and never cut, because a cut text could be the wanted one.
pub const TEXT_CHARS_MAX: usize = 1024;

/// The most materials that are kept of a provenance, in its order; the rest is counted.
pub const MATERIALS_MAX: usize = 64;

/// A statement, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub predicate_type: String,
    /// What it speaks of, in its order; at least one.
    pub subjects: Vec<Subject>,
    /// What it says of a build or a verification. A kind that is not here was not said, or not said clearly.
    pub says: BTreeMap<StatementKind, String>,
    pub content: Content,
}

/// What a predicate holds besides [`Said::says`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A predicate that is not read.
    Other,
    /// A predicate that would have been too much to keep.
    NotKept,
    /// A predicate of a known type that does not hold what its specification demands, and what it lacks.
    Unreadable(String),
    Provenance(Provenance),
    Sbom(Sbom),
    /// Of a CycloneDX BOM that also states about vulnerabilities: the second is [`Vex`].
    SbomAndVex(Sbom, Vex),
    Vex(Vex),
    Vulnerabilities(VulnerabilityScan),
    Summary(Summary),
    /// A release; its package URL.
    Release(String),
}

/// The inputs of a build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    pub materials: Vec<Material>,
    /// Materials that are not kept.
    pub left_out: usize,
}

/// One input of a build: its URI and its digests as `algorithm:hex`, both cut where they are long.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Material {
    pub uri: String,
    pub digests: Vec<String>,
}

/// What a predicate's reader returns.
struct Told {
    says: BTreeMap<StatementKind, String>,
    content: Content,
}

impl Told {
    const fn only(content: Content) -> Self {
        Self { says: BTreeMap::new(), content }
    }
}

/// A predicate that is read.
struct Known {
    /// How policies may name it.
    short: &'static str,
    types: &'static [&'static str],
    read: fn(Object<'_>) -> Result<Told, String>,
}

/// Every predicate that is read, with its types as the specifications write them.
const KNOWN: [Known; 8] = [
    // slsa.dev/spec/v0.2/provenance, slsa.dev/spec/v1.0/provenance
    Known { short: "slsaProvenance", types: &["https://slsa.dev/provenance/v0.2"], read: slsa_v02::read },
    Known { short: "slsaProvenance", types: &["https://slsa.dev/provenance/v1"], read: slsa_v1::read },
    // in-toto/attestation spec/predicates/spdx2.md; the versionless one is what cosign and BuildKit write.
    Known {
        short: "spdx",
        types: &[
            "https://spdx.dev/Document",
            "https://spdx.dev/Document/v2.2",
            "https://spdx.dev/Document/v2.3",
        ],
        read: spdx::read,
    },
    // in-toto/attestation spec/predicates/cyclonedx.md; GitHub's action writes the version, cosign does not.
    Known { short: "cyclonedx", types: &cyclonedx::TYPES, read: cyclonedx::read },
    // cosign specs/COSIGN_VULN_ATTESTATION_SPEC.md (version 1 of cosign left the scheme out), in-toto vulns.md and vulns_02.md
    Known {
        short: "vulnerability",
        types: &[
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            "cosign.sigstore.dev/attestation/vuln/v1",
            "https://in-toto.io/attestation/vulns/v0.1",
            "https://in-toto.io/attestation/vulns/v0.2",
        ],
        read: vulnerability::read,
    },
    // openvex/spec ATTESTING.md: "the predicate type is set to the OpenVEX context"
    Known {
        short: "openvex",
        types: &["https://openvex.dev/ns", "https://openvex.dev/ns/v0.0.1", "https://openvex.dev/ns/v0.2.0"],
        read: openvex::read,
    },
    // slsa.dev/verification_summary
    Known {
        short: "verificationSummary",
        types: &["https://slsa.dev/verification_summary/v1", "https://slsa.dev/verification_summary/v0.2"],
        read: verification_summary::read,
    },
    // in-toto/attestation spec/predicates/release.md, written by GitHub for immutable releases
    Known {
        short: "https://in-toto.io/attestation/release/v0.1",
        types: &["https://in-toto.io/attestation/release/v0.1"],
        read: release::read,
    },
];

/// Reads an in-toto Statement, v0.1 or v1.
///
/// # Errors
/// A sentence about why the bytes are none: over a limit, not JSON, an object with a key twice, another `_type`, no
/// subject. A predicate that cannot be read is no error but [`Content::Unreadable`]: who attested it stays worth knowing.
pub fn read(statement: &[u8]) -> Result<Said, String> {
    let value = json::read(statement)?;
    let (subjects, predicate_type, predicate) = statement::read(&value)?;
    let told = KNOWN.iter().find(|known| known.types.contains(&predicate_type.as_str()));
    let told = told.map_or(Ok(Told::only(Content::Other)), |known| {
        let missing = || "the statement has no predicate".to_owned();
        (known.read)(predicate.ok_or_else(missing)?)
    });
    let Told { says, content } = told.unwrap_or_else(|reason| Told::only(Content::Unreadable(reason)));
    Ok(Said { predicate_type, subjects, says, content })
}

/// Returns the predicate types that a policy's `predicate` means: those of a short name, else the URI itself.
pub fn names(predicate: &str) -> BTreeSet<&str> {
    let of_short = KNOWN.iter().filter(|known| known.short == predicate);
    let types: BTreeSet<&str> = of_short.flat_map(|known| known.types.iter().copied()).collect();
    if types.is_empty() { BTreeSet::from([predicate]) } else { types }
}

/// Returns how a policy best names a predicate type: by its short name, or its URI where it has none.
pub fn short(predicate_type: &str) -> &str {
    let known = KNOWN.iter().find(|known| known.types.contains(&predicate_type));
    known.map_or(predicate_type, |known| known.short)
}

/// Returns whether a statement says what a policy wants. Who made it and about what is not asked here.
///
/// # Errors
/// The first thing that is not as wanted, in one sentence with the found value cut and escaped.
pub fn meets(wanted: &DesiredAttestation, said: &Said) -> Result<(), String> {
    if !names(&wanted.predicate).contains(said.predicate_type.as_str()) {
        let found = foreign::cut(&said.predicate_type, SHOWN_CHARS_MAX);
        return Err(format!("it is a `{found}`, not a `{}`", wanted.predicate));
    }
    match &said.content {
        Content::Unreadable(reason) => return Err(reason.clone()),
        Content::Summary(summary) => summary.passed()?,
        _ => {}
    }
    for (kind, text) in &wanted.says {
        says(*kind, text, said.says.get(kind).map(String::as_str))?;
    }
    let levels: BTreeSet<&str> = match &said.content {
        Content::Summary(summary) => summary.levels.iter().map(String::as_str).collect(),
        _ => BTreeSet::new(),
    };
    let lacking = wanted.levels.iter().find(|level| !levels.contains(level.as_str()));
    lacking.map_or(Ok(()), |level| Err(format!("it does not verify level `{level}`")))
}

/// The most characters of a foreign value in a reason.
const SHOWN_CHARS_MAX: usize = 120;

fn says(kind: StatementKind, wanted: &Wanted, said: Option<&str>) -> Result<(), String> {
    if wanted.matches(said) {
        return Ok(());
    }
    let what = name(kind);
    let wanted = match wanted {
        Wanted::Exactly(text) | Wanted::Matching(text) => format!("`{text}`"),
        Wanted::Nothing => "none".to_owned(),
    };
    Err(match said {
        Some(said) => format!("its {what} is `{}`, wanted is {wanted}", shown(said)),
        None => format!("it says no {what}"),
    })
}

/// Returns how sentences call what a statement says.
pub const fn name(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Builder => "builder",
        StatementKind::BuildType => "build type",
        StatementKind::Source => "source",
        StatementKind::SourceRef => "source ref",
        StatementKind::SourceCommit => "source commit",
        StatementKind::Verifier => "verifier",
    }
}

/// Returns foreign text for a reason: one line, cut, without backticks.
pub(in crate::trust) fn shown(text: &str) -> String {
    foreign::cut(text, SHOWN_CHARS_MAX).replace('`', "\u{fffd}")
}

impl Said {
    /// Returns whether the statement speaks of a manifest of a repository. A subject has to carry its digest; a
    /// verification summary has to name the same resource as well (SLSA, "Verifying VSAs", step 4).
    ///
    /// # Errors
    /// What it speaks of instead, in one sentence.
    pub fn is_about(&self, repository: &Repository, manifest: &Digest) -> Result<(), String> {
        if !self.covers(manifest) {
            return Err(match self.subjects.as_slice() {
                [one] => format!("the statement is for another subject, `{}`", shown(&one.shown())),
                more => format!("none of the statement's {} subjects is this manifest", more.len()),
            });
        }
        match &self.content {
            Content::Summary(summary) => resource::is_about(&summary.resource, repository, &self.subjects),
            _ => Ok(()),
        }
    }

    /// Returns how many packages and statements about vulnerabilities it holds.
    fn weight(&self) -> usize {
        match &self.content {
            Content::Sbom(sbom) => sbom.packages.len(),
            Content::Vex(vex) => vex.statements.len(),
            Content::SbomAndVex(sbom, vex) => sbom.packages.len() + vex.statements.len(),
            _ => 0,
        }
    }

    /// Returns whether one of the subjects carries this digest.
    pub fn covers(&self, manifest: &Digest) -> bool {
        self.subjects.iter().any(|subject| subject.is(manifest))
    }
}
