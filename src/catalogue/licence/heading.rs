//! Tells a licence by the heading of its text, as archives carry it.
//!
//! Only licences whose heading says all: that of GNU's licences leaves open whether later versions may be chosen, and
//! BSD's has no number of clauses.

use super::key::key;

/// How far into a text its heading is looked for; above it stand the name of the project and empty lines.
const HEAD_BYTES: usize = 2048;
const LINES_MAX: usize = 6;

/// Identifiers by the key of the heading, whose version may stand on the next line.
const HEADINGS: [(&str, &str); 10] = [
    ("apache 1.1", "Apache-1.1"),
    ("apache 2.0", "Apache-2.0"),
    ("common development and distribution cddl 1.0", "CDDL-1.0"),
    ("common development and distribution cddl 1.1", "CDDL-1.1"),
    ("eclipse public 1.0", "EPL-1.0"),
    ("eclipse public 2.0", "EPL-2.0"),
    ("mit", "MIT"),
    ("mit mit", "MIT"),
    ("mozilla public 1.1", "MPL-1.1"),
    ("mozilla public 2.0", "MPL-2.0"),
];

/// Returns the SPDX identifier of the licence whose text begins so.
pub(in crate::catalogue) fn of_text(text: &[u8]) -> Option<&'static str> {
    let head = String::from_utf8_lossy(&text[..text.len().min(HEAD_BYTES)]);
    let lines = head.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.take(LINES_MAX + 1).map(key).collect();
    let headed = |at: usize, line: &String| {
        let next = lines.get(at + 1).map_or("", String::as_str);
        let both = format!("{line} {next}");
        let is = |heading: &str| {
            // A version ends the name of a licence; a single word is one only where the line has no other.
            let has_version = heading.ends_with(|c: char| c.is_ascii_digit());
            let rest = both.strip_prefix(heading).filter(|_| has_version);
            line == heading || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        HEADINGS.iter().find(|(heading, _)| is(heading)).map(|(_, identifier)| *identifier)
    };
    lines.iter().take(LINES_MAX).enumerate().find_map(|(at, line)| headed(at, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_by_a_heading_that_says_all() {
        for (text, expected) in [
            (
                "\n     Apache License\n   Version 2.0, January 2004\nhttp://www.apache.org/licenses/\n",
                Some("Apache-2.0"),
            ),
            ("Apache License, Version 2.0\n", Some("Apache-2.0")),
            ("JUnit\n\nEclipse Public License - v 1.0\n\nTHE ACCOMPANYING", Some("EPL-1.0")),
            ("The MIT License (MIT)\n\nCopyright (c) 2024", Some("MIT")),
            ("MIT License\n\nCopyright (c) 2024", Some("MIT")),
            ("Mozilla Public License Version 2.0\n====", Some("MPL-2.0")),
            ("COMMON DEVELOPMENT AND DISTRIBUTION LICENSE (CDDL) Version 1.1\n", Some("CDDL-1.1")),
            ("Apache License\nVersion 2.01\n", None),
            ("MIT or something else\n", None),
            ("Dual licensed under the Apache License, Version 2.0, or the GPL", None),
            ("GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999\n", None),
            ("1\n2\n3\n4\n5\n6\nApache License\nVersion 2.0", None),
            ("", None),
        ] {
            assert_eq!(of_text(text.as_bytes()), expected, "{text}");
        }
        let late = format!("{}Apache License\nVersion 2.0", " ".repeat(HEAD_BYTES));
        assert_eq!(of_text(late.as_bytes()), None);
    }
}
