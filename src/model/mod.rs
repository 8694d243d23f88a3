//! The nouns: digests, references, packages, findings, verdicts, instants.
//!
//! Plain data without I/O, clock or environment. Everything else in the crate is written in these words; the next
//! module in reading order is [`crate::manifest`], which turns YAML into them.

pub mod canonical;
mod cyclonedx;
mod descriptor;
mod digest;
mod finding;
pub mod foreign;
mod image;
mod instant;
mod kind;
mod package;
mod platform;
pub mod quantity;
mod reference;
mod severity;
pub mod tag;
pub mod tag_rule;
mod verdict;
mod verification;
mod vex;
mod vouching;

pub use cyclonedx::CycloneDx;
pub use descriptor::{Descriptor, media_type};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use finding::{EpssStatement, ExploitedStatement, Finding, FoundIn, SeverityClaim, VendorState, cve};
pub use image::{
    DESCRIPTORS_MAX, Document, DocumentError, Execution, HistoryEntry, ImageConfig, ImageIndex,
    ImageManifest, MANIFEST_BYTES_MAX,
};
pub use instant::{Instant, InstantError, Period, PeriodError};
pub use kind::Kind;
pub use package::{Ecosystem, Package, PackageError, Source, pypi_name};
pub use platform::Platform;
pub use reference::{Reference, Repository, RepositoryError};
pub use severity::Severity;
pub use tag_rule::TagRule;
pub use verdict::{Reason, Verdict};
pub use verification::{
    AttestationFound, ClaimKind, DemandOutcome, LogEntryFound, Outcome, Proof, SignatureFormat,
    SignatureFound, StatementKind,
};
pub use vex::{FindingStatement, VexStatus};
pub use vouching::{AttestationKind, DockerReference};
