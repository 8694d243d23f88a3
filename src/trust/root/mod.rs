//! Trust roots: the authorities, logs and timestamp authorities that keyless signatures are checked against.
//!
//! A root is a file `trust/*.trusted_root.json` of the manifest repository (Sigstore's `trusted_root.json`), reviewed
//! like everything there; a `TrustPolicy` names one. Runs only read it. [`refresh`] alone contacts a TUF repository, when
//! a person or a scheduled job asks for it, and writes the file canonically, so that a review shows what changed.
//!
//! [`content`] says what is in a root, [`changes`] what two of them differ in, [`windows`] what is about to end,
//! [`watch()`] which roots the policies name; all are pure. [`record`] is what is kept beside the file, so that an old root never replaces a newer one. Next in
//! reading order: [`super::observe`].

mod changes;
mod content;
mod error;
mod file;
mod instance;
mod record;
pub mod refresh;
#[cfg(test)]
mod tests;
mod tuf;
mod watch;
mod windows;

pub use changes::Changes;
pub use content::{Part, Root, Window};
pub use error::RootError;
pub use instance::{EMBEDDED_AS_OF, Instance};
pub use record::Record;
pub use watch::{Watched, is_record, record_path, watch};
pub use windows::{AGE_MAX, ENDS_SOON, Remark, Weight, remarks};

/// How the name of a trust root's file ends.
pub const FILE_ENDING: &str = ".trusted_root.json";

/// How the name of the record beside it ends.
pub const RECORD_ENDING: &str = ".tuf.json";
