//! One file for each kind of document: its name, its schema, and what must hold in it.

mod advisories_lock;
mod contents;
mod custody;
mod images_lock;
pub(super) mod packages;
mod publisher;
mod registries_lock;
mod rescan;
mod scan;
mod verdicts;
mod verification;
