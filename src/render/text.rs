//! Filters that make foreign text harmless where it is shown.
//!
//! Names, labels, versions and sentences come from registries, archives and advisories, and may be written to forge a
//! table row, mention a team, smuggle in a link or reorder what is read. Whatever a template prints is one of these.

use minijinja::{Error, ErrorKind, Value};

use crate::model::foreign::is_deceptive;

/// More than this of one foreign value helps no reader; the whole of it stands in the linked record.
const SHOWN_CHARS_MAX: usize = 240;
const UNKNOWN: &str = "unknown";

/// Returns text for running Markdown. Characters with a meaning are escaped; `@`, `://` and `www.`, which forges turn
/// into mentions and links even where they are escaped, become code. Nothing, or nothing visible, is `unknown`.
pub(crate) fn md(value: &str) -> String {
    let shown = shown(value);
    let chars: Vec<char> = shown.chars().collect();
    let mut out = String::with_capacity(shown.len() + 8);
    let mut in_code = false;
    for (index, &c) in chars.iter().enumerate() {
        let as_code = becomes_link(&chars, index);
        if as_code != in_code {
            out.push('`');
            in_code = as_code;
        }
        match c {
            // Two backslashes before a `|` are read differently by different table parsers.
            '\\' => out.push_str("&#92;"),
            c if is_special(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    if in_code {
        out.push('`');
    }
    out
}

/// Returns a code span for text that is plainly a name, version, digest or address, else the same as [`md`].
pub(crate) fn code(value: &str) -> String {
    let shown = shown(value);
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._/:@+~=,%-?&#…()".contains(c);
    if shown == UNKNOWN || !shown.chars().all(plain) {
        return md(value);
    }
    format!("`{shown}`")
}

/// Returns a label for a Mermaid picture: letters, digits and a little punctuation, everything else is `?`.
pub(super) fn mermaid(value: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || " ._/:,()-+…".contains(c) { c } else { '?' };
    let label: String = shown(value).chars().map(plain).collect();
    let label = label.replace("://", "?//");
    // A label that is the keyword ends the block it stands in.
    if label.trim().eq_ignore_ascii_case("end") { format!("({label})") } else { label }
}

/// Returns a relative path as the target of a link.
pub(crate) fn path(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

/// Returns a command for a fenced block, if it is made of plain words only; what is not is left out.
pub(super) fn shell(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._/:@-".contains(c);
    if value.chars().all(plain) { value.to_owned() } else { UNKNOWN.to_owned() }
}

/// Returns what of a value is shown: one line, no invisible characters, cut.
fn shown(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let visible: String = line.chars().map(|c| if is_deceptive(c) { '\u{fffd}' } else { c }).collect();
    if visible.is_empty() {
        return UNKNOWN.to_owned();
    }
    if visible.chars().count() <= SHOWN_CHARS_MAX {
        return visible;
    }
    visible.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}

/// ASCII punctuation that Markdown, HTML, mathematics or references of forges are made of.
const fn is_special(c: char) -> bool {
    matches!(c, '|' | '<' | '>' | '`' | '[' | ']' | '*' | '_' | '#' | '!' | '~' | '$' | '&' | '^')
}

/// Whether a character is part of what a forge would make a mention or link of.
fn becomes_link(chars: &[char], index: usize) -> bool {
    let at = |offset: usize| chars.get(index + offset).copied();
    match chars[index] {
        '@' => true,
        ':' => at(1) == Some('/') && at(2) == Some('/'),
        '.' => index >= 3 && chars[index - 3..index].iter().all(|c| c.eq_ignore_ascii_case(&'w')),
        _ => false,
    }
}

/// Makes a filter of a function on text. Printing anything but text, a whole number or nothing is a bug.
pub(super) fn filter(
    apply: fn(&str) -> String,
) -> impl Fn(&Value) -> Result<Value, Error> + Send + Sync + 'static {
    move |value| {
        let text = match value {
            value if value.is_none() => UNKNOWN.to_owned(),
            value if value.is_integer() => value.to_string(),
            value => {
                let text = value.as_str();
                text.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "only text is printed"))?
                    .to_owned()
            }
        };
        Ok(Value::from_safe_string(apply(&text)))
    }
}

/// The filter of links: `{text, path, line}`, where a link without a path is its text alone.
pub(super) fn link(value: &Value) -> Result<Value, Error> {
    let text = value.get_attr("text")?;
    let label = code(text.as_str().unwrap_or_default());
    let target = value.get_attr("path")?;
    let Some(target) = target.as_str() else { return Ok(Value::from_safe_string(label)) };
    let line = value.get_attr("line")?.as_i64().map_or(String::new(), |line| format!("#L{line}"));
    Ok(Value::from_safe_string(format!("[{label}]({}{line})", path(target))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_leave_its_cell() {
        let cases = [
            ("plain 1.2-3", "plain 1.2-3"),
            ("a|b", "a\\|b"),
            ("one\ntwo\r\n| three", "one two \\| three"),
            ("`code`", "\\`code\\`"),
            ("<script>", "\\<script\\>"),
            ("<!-- -->", "\\<\\!-- --\\>"),
            ("](https://evil.example)", "\\](https`:`//evil.example)"),
            ("@team", "`@`team"),
            ("a@@b://c", "a`@@`b`:`//c"),
            ("WWW.evil.example", "WWW`.`evil.example"),
            (
                "# head *bold* _it_ ~s~ $m$ &lt; #1 !2",
                "\\# head \\*bold\\* \\_it\\_ \\~s\\~ \\$m\\$ \\&lt; \\#1 \\!2",
            ),
            ("back\\", "back&#92;"),
            ("\\|", "&#92;\\|"),
            ("\u{202e}cod\u{200b}e\u{0}", "\u{fffd}cod\u{fffd}e\u{fffd}"),
            ("", "unknown"),
            (" \n ", "unknown"),
            ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(md(text), expected, "{text:?}");
        }
        assert_eq!(md(&"x".repeat(100_000)).chars().count(), SHOWN_CHARS_MAX + 1);
    }

    #[test]
    fn only_plain_text_becomes_code() {
        assert_eq!(code("registry.example:5000/a@sha256:00"), "`registry.example:5000/a@sha256:00`");
        assert_eq!(code("a`b"), "a\\`b");
        assert_eq!(code("a|b"), "a\\|b");
        assert_eq!(code(""), "unknown");
    }

    #[test]
    fn labels_cannot_leave_a_picture() {
        assert_eq!(mermaid("Acme, Inc. (US)"), "Acme, Inc. (US)");
        assert_eq!(
            mermaid("x\"]; click a \"https://evil\"\n```\n%%{init}"),
            "x??? click a ?https?//evil? ??? ???init?"
        );
        assert_eq!(mermaid("End"), "(End)");
        assert_eq!(mermaid("Größe"), "Größe");
    }

    #[test]
    fn a_command_with_more_than_words_is_not_printed() {
        let command = "cosign verify --key keys/acme.pub h:5000/a@sha256:00";
        assert_eq!(shell(command), command);
        for text in ["a; rm -rf /", "a\n```", "a $(b)", "a `b`", "a 'b'"] {
            assert_eq!(shell(text), "unknown");
        }
    }

    #[test]
    fn targets_are_encoded() {
        assert_eq!(path("../a b/(x)|é.md"), "../a%20b/%28x%29%7C%C3%A9.md");
        assert_eq!(path("javascript:alert"), "javascript%3Aalert");
    }
}
