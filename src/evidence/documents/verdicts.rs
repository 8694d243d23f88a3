//! `verdicts.json`: what each consumer's gate says.

use crate::evidence::{Document, Verdicts};

impl Document for Verdicts {
    const SCHEMA: &'static str = "fondaco/verdicts/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
