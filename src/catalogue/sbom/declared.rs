//! Declared licences as expressions, each found once for a document.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalogue::licence;

/// Declared licences and what became of them: most packages of an image declare the same few.
#[derive(Debug, Default)]
pub(super) struct Licences<'a> {
    expressions: HashMap<&'a BTreeSet<String>, String>,
    /// What no SPDX identifier was found for, as written, by the reference that stands for it.
    pub(super) texts: BTreeMap<String, String>,
}

impl<'a> Licences<'a> {
    /// Returns the expression for what was declared, or `None` where nothing was.
    pub(super) fn expression(&mut self, declared: &'a BTreeSet<String>) -> Option<String> {
        if !self.expressions.contains_key(declared) {
            let written: Vec<&str> = declared.iter().map(String::as_str).collect();
            let expression = licence::normalise(&written);
            for (reference, text) in expression.references {
                self.texts.entry(reference).or_insert(text);
            }
            self.expressions.insert(declared, expression.text);
        }
        self.expressions.get(declared).filter(|text| !text.is_empty()).cloned()
    }
}
