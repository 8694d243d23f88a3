//! The forms in which advisories are published. Pure: a file in memory to what it says.
//!
//! To add one: write `format/<name>.rs` and name it in [`ALL`]. The first form that claims a file reads it, so the narrow
//! ones stand first; a file that none claims is no advisory and counted as that.

mod arch_linux;
mod constraint;
mod csaf;
mod cve;
mod cvss;
mod day;
mod debian_tracker;
mod epss;
mod errata;
mod euvd;
mod gathered;
mod grype_db;
mod kev;
mod nvd;
mod osv;
mod oval;
mod parts;
mod places;
mod secdb;
mod shape;
mod trivy_db;
mod updateinfo;
mod xml;

#[cfg(test)]
#[path = "telling_apart_tests.rs"]
mod telling_apart_tests;

pub(super) use shape::Shape;

use super::record::Content;

/// A published form of advisories.
pub(super) trait Format: Sync {
    /// Its name in locks and reports.
    fn name(&self) -> &'static str;

    /// The largest file of this form in bytes: it is held in memory.
    fn bytes_max(&self) -> u64;

    /// Returns whether a file is of this form.
    fn claims(&self, shape: &Shape<'_>) -> bool;

    /// Returns whether identifiers are those of a public namespace, so that one in two sources is one advisory.
    fn shares_identifiers(&self) -> bool {
        false
    }

    /// Returns what a file says, or why nothing in it can be used. What is wrong with a part of the file stands in
    /// [`Content::broken`] and leaves the others as they are.
    fn read(&self, bytes: &[u8]) -> Result<Content, String>;
}

/// Every form.
pub(super) const ALL: &[&dyn Format] = &[
    &grype_db::GrypeDb,
    &trivy_db::TrivyDb,
    &csaf::Csaf,
    &oval::Oval,
    &updateinfo::Updateinfo,
    &kev::Kev,
    &epss::Epss,
    &nvd::Nvd,
    &euvd::Euvd,
    &arch_linux::ArchLinux,
    &secdb::Secdb,
    &debian_tracker::DebianTracker,
    &osv::Osv,
];

/// Returns the form of a file.
pub(super) fn of(shape: &Shape<'_>) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|format| format.claims(shape))
}

/// Returns files of the forms that are no text, for fuzzing.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![trivy_db::seed(), grype_db::seed()]
}
