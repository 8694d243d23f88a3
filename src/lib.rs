//! # Fondaco: the architecture
//!
//! Fondaco reconciles a Git repository of manifests with container registries: it copies upstream images into
//! quarantine, checks and catalogues them while the bytes stream, verifies, scans and judges them for each consumer,
//! commits the evidence, and only then promotes what is cleared. It is one batch program; the registries and Git are
//! the only state.
//!
//! ## The way of the data
//!
//! ```text
//! manifest ─▶ Desired ─┐
//! lock, evidence ──────┼─ plan ─▶ Plan ─ reconcile ─▶ facts ─ plan::amend ─▶ Evidence ─ render ─▶ pages ─ git ─▶ commits
//! registries ─▶ Observed ┘          │
//!                                   └ intake: one pass over the bytes ─▶ digests, packages
//! ```
//!
//! ## Code map, in reading order
//!
//! | module | holds | may not |
//! |---|---|---|
//! | [`model`] | the nouns: digest, reference, package, finding, verdict | do I/O |
//! | [`manifest`] | YAML to [`manifest::Desired`], diagnostics with places, JSON Schemas | do I/O |
//! | [`registry`] | OCI distribution and image-layout directories behind one trait | know plans or evidence |
//! | [`intake`] | one pass: verify the digest, upload, decompress, catalogue | decide |
//! | [`catalogue`] | package databases to packages, packages to CycloneDX | do I/O |
//! | [`advisory`] | the advisory bundle: import, pin, version order | reach the network |
//! | [`scan`] | packages against the bundle | do I/O |
//! | [`trust`] | the publisher's signatures, the organisation's signatures | turn an error into "unsigned" |
//! | [`gate`] | facts × rule × time to reasons; one file a requirement | do I/O, read a clock |
//! | [`plan`] | what is left to do, and the records as they should be | do I/O, read a clock |
//! | [`reconcile`] | runs a plan, effect by effect | decide |
//! | [`evidence`] | records, their files, the event log | do I/O, read a clock |
//! | [`render`] | records to Markdown pages | do I/O, read a clock |
//! | [`git`] | trees, commits, push and its loss | know what is in the files |
//! | [`doctor`] | whether a run could work; what registries do (the probes are [`registry::probe`]) | decide |
//! | [`ui`] | the only printer | know registries |
//! | [`carry`] | a cleared set across an air gap: volumes out and in | decide what is cleared |
//! | [`demo`] | small images that the project generates, the example repository | |
//! | [`cli`] | arguments and environment in, exit code out; one file a verb | hold logic |
//!
//! ## Invariants
//!
//! Each has a test that fails when it is broken; `tests/fondaco/rules.rs` lists which.
//!
//! 1. **Evidence before availability.** Nothing is written to a distribution before the commit that clears it is pushed
//!    ([`reconcile`]: record, then promote).
//! 2. **Tag last.** Content, signatures and SBOM are read back and verified before the tag is written.
//! 3. **Digest identity.** Manifests are copied as raw bytes, never serialised again.
//! 4. **Fail closed, and say which way.** Absent, foreign, invalid and undeterminable stay apart; a missing database holds.
//! 5. **Deciding is pure.** `manifest`, `catalogue`, `scan`, `gate`, `plan`, `evidence` and `render` do no I/O, never
//!    await, read neither clock nor environment; `tests/fondaco/architecture.rs` reads their imports.
//! 6. **Same inputs, same bytes.** Sorted collections, canonical JSON, event times only. Nothing to do means no commit.
//! 7. **A verdict can be replayed** from the digests in `verdicts.json`.
//! 8. **One bad image never hides the others**: every image ends with its own line in the report.
//! 9. **Nothing is deleted without a reviewed document**: a DELETE for a manifest or tag follows a `Withdrawal` whose
//!    day has come and whose evidence is pushed, or removes what `fondaco doctor` wrote itself.
//! 10. **Hostile input is normal**: every body, depth, count and ratio has a named limit; foreign text is escaped where
//!     it is shown; credentials never follow a redirect.
//! 11. **Facts, not conclusions** in every page; what nobody answered is printed as `unknown`.
//! 12. **No phone home**: hosts come from manifests only, or from an argument of the command that a person runs; TUF
//!     repositories are contacted by `fondaco trust refresh` alone.
//!
//! Only [`ui`] prints; only `cli::env` reads environment and clock; only `manifest` knows the YAML crate; only [`git`]
//! knows `git2`.

pub mod model;

pub mod manifest;
pub mod registry;

pub mod catalogue;
pub mod intake;

pub mod advisory;
pub mod scan;
pub mod trust;

pub mod gate;
pub mod plan;
pub mod reconcile;

pub mod evidence;
pub mod git;
pub mod render;

pub mod carry;
pub mod cli;
pub mod demo;
pub mod doctor;
pub mod ui;
