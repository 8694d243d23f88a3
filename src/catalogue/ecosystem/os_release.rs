//! What tells the distribution: os-release(5), else Alpine's and Debian's own files.

use serde::{Deserialize, Serialize};

use super::{Cataloguer, Wants};
use crate::catalogue::found::{File, Parsed};

/// In order: the first that names a distribution counts.
pub(in crate::catalogue) const PLACES: &[&str] =
    &["etc/os-release", "usr/lib/os-release", "etc/alpine-release", "etc/debian_version"];

pub(in crate::catalogue) const CATALOGUER: Cataloguer =
    Cataloguer { name: "os_release", wants: &[Wants::Places(PLACES)], parse: read };

/// How much of the file is read; real ones have some hundred bytes.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// The longest `PRETTY_NAME` that is kept, characters.
const PRETTY_CHARACTERS_MAX: usize = 120;

/// The distribution of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsRelease {
    /// `ID`: lower-case letters, digits, `.`, `_` and `-`.
    pub id: String,
    /// `VERSION_ID`; absent in rolling and unreleased distributions.
    pub version_id: Option<String>,
    /// `PRETTY_NAME`, without control characters.
    pub pretty_name: Option<String>,
    /// `ID_LIKE`, closest relative first.
    pub id_like: Vec<String>,
}

impl OsRelease {
    /// Returns its name for people.
    pub fn pretty(&self) -> String {
        self.pretty_name.clone().or_else(|| self.distro()).unwrap_or_else(|| self.id.clone())
    }

    /// Returns `debian-12`, the `distro` qualifier of package URLs, where the release is known.
    pub fn distro(&self) -> Option<String> {
        self.version_id.as_ref().map(|version| format!("{}-{version}", self.id))
    }
}

fn read(file: &File<'_>) -> Parsed {
    Parsed { system: parse(file.path, file.bytes), ..Parsed::default() }
}

fn parse(path: &str, bytes: &[u8]) -> Option<OsRelease> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(FILE_BYTES_MAX)]);
    match path {
        "etc/alpine-release" => first_word(&text).map(|version| release("alpine", Some(version))),
        // `bookworm/sid` on unreleased systems: a Debian, of no release.
        "etc/debian_version" => first_word(&text)
            .map(|w| release("debian", Some(w).filter(|w| w.starts_with(|c: char| c.is_ascii_digit())))),
        _ => os_release(&text),
    }
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

fn release(id: &str, version: Option<&str>) -> OsRelease {
    OsRelease { id: id.to_owned(), version_id: version.and_then(identifier), ..OsRelease::default() }
}

/// Reads `KEY=value` lines; a later assignment wins, as in a shell.
fn os_release(text: &str) -> Option<OsRelease> {
    let mut found = OsRelease::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = unquote(value);
        match key {
            "ID" => found.id = identifier(&value)?,
            "VERSION_ID" => found.version_id = identifier(&value),
            "PRETTY_NAME" => found.pretty_name = pretty(&value),
            "ID_LIKE" => found.id_like = value.split_whitespace().filter_map(identifier).collect(),
            _ => {}
        }
    }
    (!found.id.is_empty()).then_some(found)
}

/// Returns the value without its quotes; within double quotes and outside of quotes a backslash takes the next
/// character as it is.
fn unquote(value: &str) -> String {
    let value = value.trim();
    if let Some(inner) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return inner.to_owned();
    }
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    let mut out = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    out
}

/// Returns the value where it is what os-release(5) allows in `ID` and `VERSION_ID`, `+` and `~` included.
fn identifier(value: &str) -> Option<String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-+~".contains(&b);
    ((1..=64).contains(&value.len()) && value.bytes().all(allowed)).then(|| value.to_owned())
}

fn pretty(value: &str) -> Option<String> {
    let clean: String = value.chars().filter(|c| !c.is_control()).take(PRETTY_CHARACTERS_MAX).collect();
    (!clean.trim().is_empty()).then(|| clean.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Option<String> {
        let found = parse(path, text.as_bytes())?;
        let version = found.version_id.as_deref().unwrap_or("-");
        let name = found.pretty_name.as_deref().unwrap_or("-");
        Some(format!("{} {version} [{name}] {}", found.id, found.id_like.join(",")))
    }

    #[test]
    fn every_way_of_writing_it_is_read() {
        for (path, text, expected) in [
            (
                "etc/os-release",
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
                Some("debian 12 [Debian GNU/Linux 12 (bookworm)] "),
            ),
            (
                "usr/lib/os-release",
                "ID='ubuntu'\nID_LIKE=debian\nVERSION_ID='24.04'",
                Some("ubuntu 24.04 [-] debian"),
            ),
            (
                "etc/os-release",
                "# c\nID=rocky\nID_LIKE=\"rhel centos fedora\"\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"\n",
                Some("rocky - [a \"b\" $c] rhel,centos,fedora"),
            ),
            ("etc/os-release", "ID=a\nID=b\n", Some("b - [-] ")),
            ("etc/alpine-release", "3.19.1\n", Some("alpine 3.19.1 [-] ")),
            ("etc/debian_version", "12.5\n", Some("debian 12.5 [-] ")),
            ("etc/debian_version", "trixie/sid\n", Some("debian - [-] ")),
            ("etc/os-release", "NAME=x\n", None),
            ("etc/alpine-release", "\n", None),
        ] {
            assert_eq!(shown(path, text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn hostile_values_name_no_distribution() {
        for text in ["ID=../etc\n", "ID=a b\n", "ID=UPPER\n", "ID=\n", "ID=a?b=c\n", "ID=\u{202e}a\n"] {
            assert_eq!(shown("etc/os-release", text), None, "{text:?}");
        }
        let text = "ID=a\nVERSION_ID=1@2\nPRETTY_NAME=\"x\u{1b}[2Jy\"\n";
        assert_eq!(shown("etc/os-release", text).as_deref(), Some("a - [x[2Jy] "));
        let long = format!("ID=a\nPRETTY_NAME={}\n", "é".repeat(70_000));
        assert_eq!(
            parse("etc/os-release", long.as_bytes()).unwrap().pretty_name.unwrap().chars().count(),
            120
        );
    }
}
