//! What all JSON documents have in common.

use serde::{Serialize, de::DeserializeOwned};

use crate::model::canonical;

/// A JSON document with a schema name in it.
pub trait Document: Serialize + DeserializeOwned {
    /// The schema's name and version, written into each document.
    const SCHEMA: &'static str;

    /// Returns the schema the document names.
    fn schema(&self) -> &str;

    /// Returns the document as it is written.
    fn text(&self) -> String {
        canonical::to_text(self)
            .expect("records have string keys and no floats, so they always have a canonical form")
    }

    /// Reads a document. A schema of another version is refused: its fields may mean something else.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if document.schema() != Self::SCHEMA {
            let found: String = document.schema().chars().take(80).collect();
            return Err(format!("schema is `{}`, not `{}`", found.escape_debug(), Self::SCHEMA));
        }
        Ok(document)
    }
}
