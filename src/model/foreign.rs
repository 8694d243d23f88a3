//! Text from outside made safe to show: on a terminal, in a log, in a message. Pages have escapes of their own, for
//! Markdown, in [`crate::render`]; both ask [`is_deceptive`].

/// The most characters of one foreign value on a line. Names of images are shorter; the rest is an attempt to hide
/// what stands behind it.
const SHOWN_CHARS_MAX: usize = 300;

/// Returns text that may span several lines, with everything escaped that could change how the text around it looks.
/// Line feeds stay.
pub fn escaped(text: &str) -> String {
    // Documents of some megabytes are plain as a whole.
    if text.bytes().all(|b| matches!(b, b'\n' | b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' { out.push(c) } else { push(&mut out, c) }
    }
    out
}

/// Returns a foreign value for use within one line: escaped, line feeds too, and cut where it is long.
pub fn inline(text: &str) -> String {
    cut(text, SHOWN_CHARS_MAX)
}

/// Returns a foreign value as [`inline`] does, with another length.
pub fn cut(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    text.chars().take(chars_max).for_each(|c| push(&mut out, c));
    if text.chars().nth(chars_max).is_some() {
        out.push('…');
    }
    out
}

/// Appends a character, escaped as `\u{1b}` where it could deceive.
pub fn push(out: &mut String, c: char) {
    if is_deceptive(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
}

/// Control characters (terminal sequences), line separators, and the invisible and bidirectional characters that let
/// text read differently than it is (Unicode, categories Cc, Cf, Zl and Zp).
pub const fn is_deceptive(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_and_bidirectional_overrides_are_shown_not_obeyed() {
        let cases = [
            ("plain äöü 漢字", "plain äöü 漢字"),
            ("\u{1b}[2Jcleared", "\\u{1b}[2Jcleared"),
            ("\u{9b}31mred", "\\u{9b}31mred"),
            ("\u{1b}]52;c;aGk=\u{7}", "\\u{1b}]52;c;aGk=\\u{7}"),
            ("refused\rcleared", "refused\\u{d}cleared"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
            assert_eq!(inline(text), expected);
        }
    }

    #[test]
    fn a_forged_line_stays_on_its_line() {
        assert_eq!(inline("nginx\nredis: cleared"), "nginx\\u{a}redis: cleared");
        assert_eq!(escaped("one\ntwo"), "one\ntwo");
    }

    #[test]
    fn a_flood_is_cut() {
        assert_eq!(inline(&"x".repeat(SHOWN_CHARS_MAX)), "x".repeat(SHOWN_CHARS_MAX));
        assert_eq!(inline(&"x".repeat(SHOWN_CHARS_MAX + 1)).chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
