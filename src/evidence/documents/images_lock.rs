//! `lock/images.lock.json`: what each tag means, since when.

use crate::evidence::{Document, ImagesLock};

impl Document for ImagesLock {
    const SCHEMA: &'static str = "fondaco/images-lock/v1alpha1";

    fn schema(&self) -> &str {
        &self.schema
    }
}
