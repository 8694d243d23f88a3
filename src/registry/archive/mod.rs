//! OCI image layouts as tar archives, plain or compressed.
//!
//! An archive is never unpacked by name: [`entries`] lists what lies where, [`contents`] picks `oci-layout`,
//! `index.json` and blobs by digest, [`spool`] makes compressed and unseekable archives readable at any place, and
//! [`write()`] makes archives whose bytes depend on their content alone. What an archive holds is then read with the
//! code that reads directories ([`super::layout`]).

mod contents;
mod entries;
mod reader;
mod spool;
mod write;

pub use entries::{ENTRIES_MAX, Entry, EntryError, entries};
pub use reader::ArchiveRegistry;
pub(super) use write::{load, write};
