//! How messages about manifests show foreign text.

use crate::model::foreign::cut;
#[cfg(test)]
pub(super) use crate::model::foreign::is_deceptive;
pub(super) use crate::model::foreign::push;

/// The most characters of a foreign value within a message; the excerpt shows the place.
const SHOWN_CHARS_MAX: usize = 80;

/// Returns the whole text on one line, escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c));
    out
}

/// Returns a foreign value for a message: escaped, and cut where it is long.
pub(super) fn shown(text: &str) -> String {
    cut(text, SHOWN_CHARS_MAX)
}
