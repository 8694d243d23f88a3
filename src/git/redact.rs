//! What `git` and remotes say, made fit to be shown.

use crate::model::foreign::is_deceptive;

/// A remote can send any amount of text; a message of more than this helps nobody.
const SHOWN_CHARS_MAX: usize = 600;

/// Returns `text` on one line, without the user information of URLs and without control characters.
pub(super) fn redacted(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let one_line = lines.collect::<Vec<_>>().join("; ");
    let clean: String = without_user_information(&one_line)
        .chars()
        .map(|c| if is_deceptive(c) { '\u{fffd}' } else { c })
        .collect();
    if clean.chars().count() <= SHOWN_CHARS_MAX {
        return clean;
    }
    clean.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect()
}

/// Cuts everything between `://` and the last `@` before the path: a password may itself hold an `@`.
fn without_user_information(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c == '\'' || c == '"' || c.is_whitespace());
        let authority = &after[..end.unwrap_or(after.len())];
        let host = authority.rfind('@').map_or(0, |at| at + 1);
        if host > 0 {
            out.push_str("[redacted]@");
        }
        rest = &after[host..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_urls_do_not_survive() {
        let cases = [
            (
                "fatal: https://bot:hunter2@forge.example/x.git/: 403",
                "fatal: https://[redacted]@forge.example/x.git/: 403",
            ),
            ("'https://ghp_token@forge.example'", "'https://[redacted]@forge.example'"),
            (
                "https://a:b@c@host/p and ssh://git@host/p",
                "https://[redacted]@host/p and ssh://[redacted]@host/p",
            ),
            ("https://host/path@2", "https://host/path@2"),
            ("://", "://"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
        }
    }

    #[test]
    fn terminal_escapes_and_floods_from_a_remote_are_cut() {
        assert_eq!(
            redacted("remote: \u{1b}[2Jhi\u{202e}\n\nfatal: no"),
            "remote: \u{fffd}[2Jhi\u{fffd}; fatal: no"
        );
        assert_eq!(redacted(&"x".repeat(10_000)).chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
