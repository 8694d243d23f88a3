//! The mistakes found so far, with a limit for each file.

use std::collections::BTreeMap;

use super::{Code, Diagnostic};

/// The most mistakes that are reported for one file. Nobody reads more at once, and each costs time to show.
pub const MISTAKES_MAX: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Mistakes {
    list: Vec<Diagnostic>,
    /// Mistakes by file, those that were dropped among them.
    counts: BTreeMap<String, usize>,
    total: usize,
}

impl Mistakes {
    /// Adds a mistake. The first one above the file's limit is replaced by a note, later ones are dropped, unless they
    /// say why the file was not read to its end.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.total += 1;
        let file = diagnostic.at.as_ref().map_or("", |at| &at.file);
        let count = self.counts.entry(file.to_owned()).or_default();
        *count += 1;
        if *count <= MISTAKES_MAX || diagnostic.code.stops_reading() {
            self.list.push(diagnostic);
        } else if *count == MISTAKES_MAX + 1 {
            let message = format!("more than {MISTAKES_MAX} mistakes in this file; the rest is not shown");
            self.list.push(Diagnostic::new(Code::TooManyMistakes, message, diagnostic.at));
        }
    }

    /// Returns whether further mistakes in a file are dropped, so that none need be worked out.
    pub(super) fn full(&self, file: &str) -> bool {
        self.counts.get(file).is_some_and(|count| *count > MISTAKES_MAX)
    }

    /// Returns how many mistakes were added.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// Returns the mistakes sorted by path, line and column, each once.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_cached_key(|d| (d.at.clone(), d.code, d.message.clone(), d.help.clone()));
        self.list.dedup();
        self.list
    }
}
