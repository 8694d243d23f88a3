//! Security advisories: read what others publish, pin it as one immutable bundle, say which versions it speaks of.
//!
//! [`import()`] reads files in the forms of [`format`] and nothing else; it contacts no one. [`Bundle`] and
//! everything under it is pure. [`Store`] keeps bundles by digest. No judgement is made here: [`crate::scan`] matches a
//! package list against a bundle and is the next module in reading order.

pub mod artifact;
mod bundle;
mod compression;
mod ecosystem;
mod error;
mod find;
mod format;
mod import;
mod index;
mod module;
mod package_name;
mod range;
mod record;
mod shard;
mod source;
mod store;
pub mod versions;

pub use bundle::{Advisory, Bundle, Compiled, SeverityStatement, Wanted};
pub use ecosystem::{Distribution, Named, distribution, scheme_of};
pub use error::AdvisoryError;
pub use find::{Known, Said, find};
pub use import::{Import, ImportReport, Source, import, import_all};
pub use index::{INDEX_BYTES_MAX, Index, NOTES, ShardEntry};
pub use module::speaks_of;
pub use package_name::package_name;
pub use range::{Event, Match, later_fix};
pub use record::Note;
pub use source::FILE_BYTES_MAX;
pub use store::Store;

/// Shared by the tests of this folder and of `scan`.
#[cfg(test)]
pub(crate) mod fixtures;

#[cfg(test)]
pub(crate) use format::seeds;

/// Reads one file as an import does; returns the name of its form, and what it says or why it says nothing.
#[cfg(test)]
pub(crate) fn read_one(bytes: &[u8]) -> (&'static str, String) {
    match format::of(&format::Shape::of(bytes)) {
        None => ("none", String::new()),
        Some(format) => (format.name(), format!("{:?}", format.read(bytes))),
    }
}
