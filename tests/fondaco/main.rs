//! The one integration-test binary: linking is slow, so every file of this folder is a module of it.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not the helpers of an integration test")]

mod access;
mod architecture;
mod carry;
mod companions;
mod conformance;
mod copying;
mod cost;
mod crash;
mod demo;
mod doctor;
mod fake;
mod hostile;
mod http;
mod inside;
mod kept_sbom;
mod observe;
mod quirks;
mod registry;
mod rescan;
mod rules;
mod sbom;
mod scenario;
mod schemas;
mod selection;
mod signing;
mod tiny;
mod trust_root;
mod verification;
mod verify_bundle;
mod vouching;
mod withdrawal;
