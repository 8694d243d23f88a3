//! `evidence/advisories.json`.

use crate::evidence::{Document, RescanRecord};

impl Document for RescanRecord {
    const SCHEMA: &'static str = "fondaco/rescan/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
