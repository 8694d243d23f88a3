//! `verification.json`: who made it, as far as signatures tell.

use crate::evidence::{Document, VerificationRecord};

impl Document for VerificationRecord {
    const SCHEMA: &'static str = "fondaco/verification/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
