//! How much the manifests let us ask one registry, besides what is known of it.

use std::time::Duration;

use super::{ActionGroup, Rate};

/// The longest that one request waits for leave to be sent: registries that count by the second or the minute are
/// waited for, those that count by the hour are not. What would take longer fails as rate-limited, so that a batch run
/// ends and the next one goes on.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What `Registry.spec.limits` says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests that may wait for their answer at a time; half as many blobs are read, and half as many written.
    pub concurrent: Option<u32>,
    /// Requests of all groups that may begin in a second; holds beside every rate that is known.
    pub requests_per_second: Option<u32>,
}

impl Limits {
    /// Returns the rate that the limits stand for, where they do.
    pub fn rate(&self) -> Option<Rate> {
        self.requests_per_second.map(|requests| Rate { group: ActionGroup::All, requests, seconds: 1 })
    }
}
