//! One thing found.

use crate::registry::probe::Said;

/// What was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `git`, or a registry's host and what was asked of it.
    pub place: String,
    pub said: Said,
}
