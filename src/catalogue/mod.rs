//! The package catalogue: bytes of layers in, packages and SBOMs out.
//!
//! Pure: readers enter as values, nothing is unpacked to disk, no clock, no environment, no network. Everything read
//! here is attacker-controlled, so every depth, count and size has a named limit, and what could not be read is said
//! as a gap instead of being left out. A further package ecosystem is one file in `ecosystem` and one line in its
//! table. Next in reading order: [`crate::intake`] feeds this module from a registry.

mod component;
mod contents;
mod declared;
mod difference;
mod ecosystem;
mod error;
mod executable;
mod facts;
mod found;
mod json;
mod layer;
pub mod licence;
mod list;
mod path;
mod privilege;
mod runtime;
mod sbom;
mod secret;
pub(crate) mod sqlite_schema;
mod zip;

pub use component::{Component, Place};
pub use contents::{Contents, Notable, Privileged, Secret, merge};
pub use difference::{Change, Difference, LicenceChange, Named, PackageChange, Side};
pub use ecosystem::OsRelease;
pub use error::CatalogueError;
pub use facts::{FileFacts, LayerFacts};
pub use found::{Addition, Form, Found, Need, Parsed, PathKey};
pub use layer::{Compression, LayerRead, read_layer};
pub use list::packages_text;
pub use privilege::Privilege;
pub use runtime::{Evidence, Product, Runtime, runtimes};
pub use sbom::{SbomError, SbomSubject, Spdx, check, cyclonedx, spdx};
pub use secret::SecretKind;

#[cfg(test)]
#[path = "../../tests/fuzz/mod.rs"]
pub(crate) mod fuzz;
