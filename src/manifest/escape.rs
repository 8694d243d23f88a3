//! Foreign text made safe to show: on a terminal, in a log, in JSON.

/// The most characters of a foreign value within a message; the excerpt shows the place.
const SHOWN_CHARS_MAX: usize = 80;

/// Returns whether a character may change how the text around it looks: control characters (terminal sequences), line
/// separators, and the invisible and bidirectional ones that let text read differently than it is.
pub(super) const fn is_deceptive(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Appends a character, escaped as `\u{1b}` where it could deceive.
pub(super) fn push(out: &mut String, c: char) {
    if is_deceptive(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
}

/// Returns the whole text, escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c));
    out
}

/// Returns a foreign value for a message: escaped, and cut where it is long.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    text.chars().take(SHOWN_CHARS_MAX).for_each(|c| push(&mut out, c));
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}
