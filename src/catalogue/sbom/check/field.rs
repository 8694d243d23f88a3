//! What a profile is made of: fields, each with a check, and what a check says.

use serde::Serialize;

use super::document::{Component, ComponentKind, Document};

/// How binding a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Must,
    /// Due where the fact exists, which no file shows by leaving it out.
    MustIfExists,
    May,
}

impl Level {
    /// Returns the level as people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::MustIfExists => "must if it exists",
            Self::May => "may",
        }
    }
}

/// The most characters of a value that a finding repeats: enough to find it, and the place is told, too.
const FOUND_CHARS_MAX: usize = 300;

/// What a check finds in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    FallsShort,
    /// The file says itself that it does not know.
    DeclaredUnknown,
    /// Met, in another way than the standard's table shows it.
    Noted,
    Met,
    /// The file does not show whether anything is due.
    NotJudged,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    /// JSON pointer of the value, or of what should hold it.
    pub(super) pointer: String,
    /// What is there, as the file writes it; blank where nothing is.
    pub(super) found: String,
    pub(super) hint: String,
}

impl Verdict {
    fn new(outcome: Outcome, pointer: &str, found: &str, hint: &str) -> Self {
        let found = found.chars().take(FOUND_CHARS_MAX).collect();
        Self { outcome, pointer: pointer.into(), found, hint: hint.into() }
    }

    pub(super) fn met(pointer: &str) -> Self {
        Self::new(Outcome::Met, pointer, "", "")
    }

    pub(super) fn noted(pointer: &str, found: &str, hint: &str) -> Self {
        Self::new(Outcome::Noted, pointer, found, hint)
    }

    pub(super) fn unknown(pointer: &str, found: &str) -> Self {
        Self::new(Outcome::DeclaredUnknown, pointer, found, "")
    }

    pub(super) fn short(pointer: &str, found: &str, hint: &str) -> Self {
        Self::new(Outcome::FallsShort, pointer, found, hint)
    }

    pub(super) fn not_judged(pointer: &str) -> Self {
        Self::new(Outcome::NotJudged, pointer, "", "")
    }

    /// Met, or noted where the value stands elsewhere than expected.
    pub(super) fn met_by(text: &super::node::Text) -> Self {
        match text.aside {
            Some(aside) => Self::noted(&text.pointer, &text.value, aside),
            None => Self::met(&text.pointer),
        }
    }
}

/// One row of a profile.
pub(super) struct Field {
    /// Stable, in kebab-case.
    pub(super) name: &'static str,
    pub(super) level: Level,
    /// Section or element of the text that asks for it.
    pub(super) section: &'static str,
    /// What would meet it.
    pub(super) wanted: &'static str,
    pub(super) check: Check,
}

pub(super) enum Check {
    Document(fn(&Document) -> Verdict),
    /// For components of these kinds.
    Component(&'static [ComponentKind], fn(&Document, usize, &Component) -> Verdict),
}

/// A verdict and the component it is about, by its index; none where it is about the document.
pub(super) type Judged = (Option<usize>, Verdict);

impl Field {
    /// Judges the whole document on this field.
    pub(super) fn judge(&self, document: &Document) -> Vec<Judged> {
        match &self.check {
            Check::Document(check) => vec![(None, check(document))],
            Check::Component(kinds, check) => {
                let due = document.components.iter().enumerate().filter(|(_, c)| kinds.contains(&c.kind()));
                due.map(|(index, component)| (Some(index), check(document, index, component))).collect()
            }
        }
    }
}
