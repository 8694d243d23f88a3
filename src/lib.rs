//! Fondaco.
pub mod model;
pub mod manifest;
pub mod registry;
pub mod intake;
pub mod catalogue;
pub mod advisory;
pub mod scan;
pub mod trust;
pub mod gate;
pub mod plan;
pub mod reconcile;
pub mod evidence;
pub mod render;
pub mod git;
pub mod ui;
pub mod demo;
pub mod cli;
