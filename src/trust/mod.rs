//! Who vouches for an image: signatures of publishers are verified, signatures of the organisation are written.
//!
//! [`root`] keeps the authorities that stand behind certificates up to date, [`observe`] proposes policies from what is
//! seen; people run these two, runs do not. [`verify`] tells five outcomes apart and never fails, with [`notation`] for
//! signatures of the Notary Project and [`timestamp`] for when one was made; [`predicate`] reads what attestations say,
//! and [`buildkit`] what builds put into an index; [`sign`] writes both forms that consumers read and reads them back
//! through the code of [`verify`]. `inputs` answers the manifests' reader whether what a policy names can be read. Nothing
//! here decides what an outcome leads to: that is [`crate::gate`], next in reading order. The Sigstore crates are used in
//! this module and nowhere else.

pub mod buildkit;
mod fetch;
mod format;
pub(crate) mod inputs;
mod notation;
pub mod observe;
pub mod predicate;
pub mod root;
pub mod sign;
mod timestamp;
pub mod verify;

#[cfg(test)]
mod tests;
