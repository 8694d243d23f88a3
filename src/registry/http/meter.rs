//! Counts what one registry is asked and what is moved.

use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Method;

use super::budget;
use crate::registry::Usage;

/// The counters of one registry.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<Usage>);

impl Meter {
    fn usage_mut(&self) -> MutexGuard<'_, Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what has been counted so far.
    pub(super) fn usage(&self) -> Usage {
        self.usage_mut().clone()
    }

    /// Counts a request that is about to be sent.
    pub(super) fn sent(&self, method: &Method, action: &str) {
        let mut usage = self.usage_mut();
        *usage.requests.entry(format!("{method} {action}")).or_default() += 1;
        if let Some(group) = budget::group(method, action) {
            *usage.groups.entry(group).or_default() += 1;
        }
    }

    /// Counts a manifest that was delivered.
    pub(super) fn pulled(&self) {
        self.usage_mut().pulls += 1;
    }

    /// Counts a blob that was mounted.
    pub(super) fn mounted(&self) {
        self.usage_mut().mounts += 1;
    }

    /// Counts bytes that arrived.
    pub(super) fn read(&self, bytes: usize) {
        self.usage_mut().bytes_read += bytes as u64;
    }

    /// Counts bytes that were sent.
    pub(super) fn wrote(&self, bytes: u64) {
        self.usage_mut().bytes_written += bytes;
    }
}
