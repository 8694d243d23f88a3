//! The manifest of an archive (JAR File Specification, "JAR Manifest"; OSGi Core 8, section 3.2.1).

use std::collections::BTreeMap;

/// What is read of a manifest. Those of signed archives have megabytes of digests behind their main section.
pub(super) const BYTES_MAX: u64 = 1 << 20;

/// The longest value that is kept.
const VALUE_BYTES_MAX: usize = 4096;

/// The attributes of interest.
const KEYS: [&str; 25] = [
    "Automatic-Module-Name",
    "Bundle-License",
    "Bundle-Name",
    "Bundle-SCM",
    "Bundle-SymbolicName",
    "Bundle-Vendor",
    "Bundle-Version",
    "Created-By",
    "Extension-Name",
    "Group-Id",
    "Implementation-Title",
    "Implementation-Vendor",
    "Implementation-Vendor-Id",
    "Implementation-Version",
    "Name",
    "Plugin-Developers",
    "Plugin-License-Name",
    "Plugin-Version",
    "Short-Name",
    "Specification-Title",
    "Specification-Vendor",
    "Specification-Version",
    "Start-Class",
    "Weave-Classes",
    "X-Compile-Source-JDK",
];

/// The attributes of interest that have a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    main: BTreeMap<&'static str, String>,
    /// The first value in one of the sections about single packages.
    others: BTreeMap<&'static str, String>,
}

impl Manifest {
    /// Reads a manifest, or the beginning of one; total on any bytes. Of an attribute that is given twice in a section
    /// the first value counts.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut manifest = Self::default();
        let mut is_main = true;
        let mut open: Option<(&'static str, Vec<u8>)> = None;
        for line in bytes.split(|b| *b == b'\n') {
            // Lines end in CR LF, LF or CR alone.
            for line in line.strip_suffix(b"\r").unwrap_or(line).split(|b| *b == b'\r') {
                if let [b' ', rest @ ..] = line {
                    if let Some((_, value)) = &mut open {
                        let room = VALUE_BYTES_MAX.saturating_sub(value.len());
                        value.extend_from_slice(&rest[..rest.len().min(room)]);
                    }
                    continue;
                }
                manifest.keep(is_main, open.take());
                if line.is_empty() {
                    is_main &= manifest.main.is_empty();
                }
                open = attribute(line);
            }
        }
        manifest.keep(is_main, open);
        manifest
    }

    fn keep(&mut self, is_main: bool, attribute: Option<(&'static str, Vec<u8>)>) {
        let Some((key, value)) = attribute else { return };
        let section = if is_main { &mut self.main } else { &mut self.others };
        let value = String::from_utf8_lossy(&value).trim().to_owned();
        if !value.is_empty() {
            section.entry(key).or_insert(value);
        }
    }

    /// Returns the value in the main section.
    pub(super) fn main(&self, key: &str) -> Option<&str> {
        self.main.get(key).map(String::as_str)
    }

    /// Returns the value in the main section, else that of the first section that has one: old archives speak of
    /// themselves in a section about their package.
    pub(super) fn anywhere(&self, key: &str) -> Option<&str> {
        self.main(key).or_else(|| self.others.get(key).map(String::as_str))
    }

    /// Returns the first of several attributes that is there.
    pub(super) fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.anywhere(key))
    }

    /// Returns what licences it names, as written, one each.
    pub(super) fn licences(&self) -> Vec<String> {
        let bundle = self.anywhere("Bundle-License").map(clauses).unwrap_or_default();
        let plugin = self.anywhere("Plugin-License-Name").map(str::to_owned);
        bundle.into_iter().chain(plugin).collect()
    }

    /// Returns the URL of the source (`Bundle-SCM: url=https://…,connection=…`).
    pub(super) fn source_url(&self) -> Option<&str> {
        let parts = self.main("Bundle-SCM")?.split(',');
        let url = parts.map(str::trim).find_map(|part| part.strip_prefix("url="))?;
        let url = url.trim_matches('"');
        url.starts_with("http").then_some(url)
    }
}

fn attribute(line: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = line[..colon].trim_ascii();
    let key = KEYS.iter().find(|key| name.eq_ignore_ascii_case(key.as_bytes()))?;
    let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
    Some((key, value[..value.len().min(VALUE_BYTES_MAX)].to_vec()))
}

/// Reads `"name";link=…;description="…", name, …`. A text with a comma in it (`Apache License, Version 2.0`) is one
/// licence: only quoted names, names with directives and URLs are lists.
fn clauses(value: &str) -> Vec<String> {
    let parts = outside_quotes(value, ',');
    let is_clause = |part: &&str| {
        let part = part.trim();
        part.starts_with('"') || part.contains(';') || part.contains("://") || !part.contains(' ')
    };
    let clauses = if parts.iter().all(is_clause) { parts } else { vec![value] };
    let name = |clause: &str| outside_quotes(clause, ';')[0].trim().trim_matches('"').trim().to_owned();
    clauses.into_iter().map(name).filter(|name| !name.is_empty()).collect()
}

/// Splits a text at a separator that does not stand between quotes. Never empty.
fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    text.split(|c: char| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_go_on_over_lines_and_sections_are_kept_apart() {
        let text = "Manifest-Version: 1.0\r\nImplementation-Title: a very l\r\n ong title\r\nbundle-version: 1\n \
            .2\n\nName: org/x/\nImplementation-Version: 3\nImplementation-Title: other\n\nName: org/y/\n\
            Implementation-Version: 4\n";
        let manifest = Manifest::parse(text.as_bytes());
        assert_eq!(manifest.main("Implementation-Title"), Some("a very long title"));
        assert_eq!(manifest.main("Bundle-Version"), Some("1.2"));
        assert_eq!(manifest.main("Implementation-Version"), None);
        assert_eq!(manifest.anywhere("Implementation-Version"), Some("3"));
        assert_eq!(manifest.first(&["Plugin-Version", "Bundle-Version"]), Some("1.2"));
    }

    /// Values as in jars of Maven Central: guava, jackson, spring, jetty and javax.servlet.
    #[test]
    fn licences_are_told_apart_by_their_form() {
        for (value, expected) in [
            (
                "http://www.apache.org/licenses/LICENSE-2.0.txt",
                vec!["http://www.apache.org/licenses/LICENSE-2.0.txt"],
            ),
            ("Apache License, Version 2.0", vec!["Apache License, Version 2.0"]),
            ("\"Apache-2.0\";link=\"https://a/b,c\",EPL-2.0;link=x", vec!["Apache-2.0", "EPL-2.0"]),
            (
                "http://www.apache.org/licenses/LICENSE-2.0, https://www.eclipse.org/legal/epl-v10.html",
                vec![
                    "http://www.apache.org/licenses/LICENSE-2.0",
                    "https://www.eclipse.org/legal/epl-v10.html",
                ],
            ),
            ("\"Apache License, Version 2.0\";link=\"x\"", vec!["Apache License, Version 2.0"]),
            ("", vec![]),
            ("\"\",;", vec![]),
        ] {
            let manifest = Manifest::parse(format!("Bundle-License: {value}\n").as_bytes());
            assert_eq!(manifest.licences(), expected, "{value}");
        }
    }

    #[test]
    fn the_source_is_found_in_its_clause() {
        let of = |text: &str| Manifest::parse(text.as_bytes()).source_url().map(str::to_owned);
        assert_eq!(
            of("Bundle-SCM: url=https://github.com/a/b,connection=scm:git:x\n").unwrap(),
            "https://github.com/a/b"
        );
        assert_eq!(of("Bundle-SCM: url=git@x\n"), None);
    }

    #[test]
    fn hostile_manifests_stay_small() {
        let endless = format!("Implementation-Title: {}\n", "x\n ".repeat(1_000_000));
        let manifest = Manifest::parse(endless.as_bytes());
        assert_eq!(manifest.main("Implementation-Title").map(str::len), Some(VALUE_BYTES_MAX));
        for bytes in [&b"\xff\xfe: \0\n"[..], b" continued\n:\n\n\n", b"\r\r\r", b""] {
            assert_eq!(Manifest::parse(bytes), Manifest::default());
        }
    }
}
