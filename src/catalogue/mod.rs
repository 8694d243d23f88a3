//! Placeholder.
mod facts;
pub use facts::LayerFacts;
