//! The closed set of error kinds.

use serde::Serialize;

/// What an error means to the caller: retry, exit code and hint are chosen from it, in one place each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The thing asked for does not exist, and the answer is certain.
    NotFound,
    /// Credentials are missing, wrong or too weak.
    Denied,
    /// The other side asked for patience.
    RateLimited,
    /// The other side could not be reached or failed; trying again may help.
    Unavailable,
    /// The input breaks its specification or one of our limits.
    Invalid,
    /// Bytes or state differ from what was promised (a digest, a precondition).
    Mismatch,
    /// An invariant of ours does not hold.
    Bug,
}
