//! The one integration-test binary: linking is slow, so every file of this folder is a module of it.

mod architecture;
mod crash;
mod demo;
mod fake;
mod http;
mod registry;
mod rules;
mod scenario;
mod schemas;
mod tiny;
