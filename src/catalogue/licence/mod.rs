//! Licences as files write them, made SPDX expressions (SPDX 2.3, annex D; BSI TR-03183-2, section 6.1).
//!
//! Total: whatever is written, there is an expression. What a text does not name is not guessed: `GPL` has no version and
//! `BSD` no number of clauses, so each becomes a `LicenseRef-fondaco-…`, and the expression says what was written. To add
//! names, write them into the family they come from, in [`names`]. Next in reading order: [`parse`] takes combinations
//! apart, [`recognise`] looks single licences up, [`rule`] holds expressions against what somebody accepts.

mod gnu;
mod heading;
mod key;
mod names;
mod parse;
mod recognise;
mod rule;
mod term;
mod tree;

use std::collections::BTreeMap;

pub(super) use heading::of_text;
pub use rule::{Judged, Rule, Standing};
pub use term::{Term, TermError};
use tree::Tree;

/// The most entries of one package that are looked at. Debian's copyright files of browsers name some hundred.
const ENTRIES_MAX: usize = 2000;

/// What a package's declared licences come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expression {
    /// An SPDX expression; empty where nothing was declared.
    pub text: String,
    /// What no SPDX identifier was found for, as written, by the reference that stands for it in the expression. Texts
    /// with one reference differ in nothing but case and spaces; the first is kept.
    pub references: BTreeMap<String, String>,
}

impl Expression {
    /// Returns whether every part has an identifier on the SPDX list.
    pub fn is_recognised(&self) -> bool {
        self.references.is_empty()
    }
}

/// Returns the expression for licences that all apply, in whatever order they are written. An expression that was
/// returned is its own, up to 2,000 bytes: longer texts are not read.
pub fn normalise(written: &[&str]) -> Expression {
    let mut references = BTreeMap::new();
    let mut parts = BTreeMap::new();
    for tree in written.iter().take(ENTRIES_MAX).filter_map(|text| parse::parse(text)) {
        tree.references(&mut references);
        let all = if let Tree::And(all) = tree { all } else { vec![tree] };
        parts.extend(all.into_iter().map(|part| ((part.is_combined(), part.to_string()), part)));
    }
    let text = Tree::all(parts.into_values().collect()).map(|tree| tree.to_string());
    Expression { text: text.unwrap_or_default(), references }
}

#[cfg(test)]
mod tests;
