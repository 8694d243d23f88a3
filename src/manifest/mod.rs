//! Placeholder.
pub mod desired;
pub use desired::*;
