//! `publisher.json`: what publishers state about the image.

use crate::evidence::{Document, PublisherRecord};

impl Document for PublisherRecord {
    const SCHEMA: &'static str = "fondaco/publisher/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
