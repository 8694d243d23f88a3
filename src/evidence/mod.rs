//! The documents that are committed: facts to canonical JSON and back.
//!
//! Pure: files come in as bytes by path and go out the same way; reading and writing them is the business of
//! [`crate::git`]. Judges nothing and prints nothing for people: pages are made from these documents by
//! [`crate::render`], next in reading order. Written once and never rewritten without a new fact, so equal evidence
//! gives equal bytes.
//!
//! To add a document: one file in `documents/` that implements [`Document`], and its line in [`files`] and [`load`].

mod advisories;
mod base;
mod changes;
mod contents;
mod document;
mod documents;
mod event;
mod files;
mod load;
mod log;
mod paths;
mod publisher;
mod records;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
mod verdicts;

pub use advisories::*;
pub use base::{Base, Bases};
pub use changes::changes;
pub use contents::*;
pub use document::Document;
pub use event::{Event, EventKind};
pub use files::files;
pub use load::{Evidence, EvidenceError, load};
pub use log::{EventLog, append, check};
pub use paths::*;
pub use publisher::*;
pub use records::*;
pub use verdicts::*;
