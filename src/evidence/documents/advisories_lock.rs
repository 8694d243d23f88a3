//! `lock/advisories.lock.json`: the pinned advisory bundle.

use crate::evidence::{AdvisoriesLock, Document};

impl Document for AdvisoriesLock {
    const SCHEMA: &'static str = "fondaco/advisories-lock/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
