//! `custody.json`: where the bytes came from, who moved them, when, what was checked.

use crate::evidence::{Custody, Document};

impl Document for Custody {
    const SCHEMA: &'static str = "fondaco/custody/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
