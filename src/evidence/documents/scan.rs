//! `scan.json`: packages against one advisory bundle.

use crate::evidence::{Document, ScanRecord};

impl Document for ScanRecord {
    const SCHEMA: &'static str = "fondaco/scan/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
