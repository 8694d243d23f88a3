//! Security advisories: read OSV records, pin them as one immutable bundle, say which versions they speak of.
//!
//! [`import()`] reads a directory or an archive of OSV records and nothing else; it contacts no one. [`Bundle`] and
//! everything under it is pure. [`Store`] keeps bundles by digest. No judgement is made here: [`crate::scan`] matches a
//! package list against a bundle and is the next module in reading order.

mod bundle;
mod bundle_format;
mod error;
mod import;
mod module;
mod osv;
mod package_name;
mod range;
mod source;
mod store;
pub mod versions;

pub use bundle::{Advisory, Bundle, SeverityStatement};
pub use error::AdvisoryError;
pub use import::{Import, ImportReport, import};
pub use module::speaks_of;
pub use package_name::package_name;
pub use range::{Event, Match, later_fix};
pub use store::Store;

/// Shared by the tests of this folder and of `scan`.
#[cfg(test)]
pub(crate) mod fixtures;
