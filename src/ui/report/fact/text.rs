//! Foreign text for documents: visible, on one line, not empty, not endless.

use minijinja::HtmlEscape;

use crate::model::foreign;

/// The most characters of a name, an identifier or a version; what is longer is an attack on its reader. GitLab takes
/// names of 255.
const NAME_CHARS_MAX: usize = 200;

/// The most characters of a sentence or a statement. GitHub takes 1024 of a description.
const SENTENCE_CHARS_MAX: usize = 1_000;

/// What stands where there is nothing: most formats refuse empty text.
pub(in crate::ui::report) const UNKNOWN: &str = "unknown";

/// Returns a name, an identifier or a version.
pub(in crate::ui::report) fn name(value: &str) -> String {
    shown(value, NAME_CHARS_MAX)
}

/// Returns a sentence or a statement.
pub(in crate::ui::report) fn sentence(value: &str) -> String {
    shown(value, SENTENCE_CHARS_MAX)
}

fn shown(value: &str, chars_max: usize) -> String {
    let escaped = foreign::cut(value.trim(), chars_max);
    let mut chars = escaped.chars().map(|c| if is_noncharacter(c) { '\u{fffd}' } else { c });
    let mut shown: String = chars.by_ref().take(chars_max).collect();
    // What is escaped is longer than it was.
    if chars.next().is_some() {
        shown.push('…');
    }
    if shown.is_empty() { UNKNOWN.to_owned() } else { shown }
}

/// Code points that stand for no character (Unicode 16, section 23.7): HTML has none of them and XML 1.0 not all.
const fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe
}

/// Returns shown text for an attribute or the content of an element. Characters that XML 1.0 does not have ("Characters")
/// are not among those that are shown.
pub(in crate::ui::report) fn xml(shown: &str) -> String {
    HtmlEscape(shown).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_unknown_and_a_flood_is_cut() {
        assert_eq!(name(" \n "), UNKNOWN);
        assert_eq!(name(&"x".repeat(10_000)).chars().count(), NAME_CHARS_MAX + 1);
        assert_eq!(name(&"\u{e0001}".repeat(10_000)).chars().count(), NAME_CHARS_MAX + 1);
        assert_eq!(sentence(&"x".repeat(10_000)).chars().count(), SENTENCE_CHARS_MAX + 1);
        assert_eq!(name("a\u{0}\u{202e}b"), "a\\u{0}\\u{202e}b");
    }

    /// XML 1.0, fifth edition, sections 2.2 and 2.4.
    #[test]
    fn markup_is_no_markup_in_xml() {
        let escaped = xml(&sentence("]]></failure><a b=\"c\" d='e'>&amp;\u{ffff}\u{1fffe}\u{fdd0}"));
        assert!(!escaped.contains(['<', '>', '"', '\'', '\u{ffff}', '\u{1fffe}', '\u{fdd0}']), "{escaped}");
        assert!(escaped.starts_with("]]&gt;&lt;"), "{escaped}");
        assert!(escaped.contains("&amp;amp;"), "{escaped}");
    }
}
