//! `contents.json`: what is inside of the image, beside its packages.

use crate::evidence::{ContentsRecord, Document};

impl Document for ContentsRecord {
    const SCHEMA: &'static str = "fondaco/contents/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
