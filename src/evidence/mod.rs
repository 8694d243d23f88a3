//! Placeholder.
mod records;
pub use records::*;
