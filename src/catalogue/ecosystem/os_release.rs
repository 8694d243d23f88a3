//! What tells the distribution: os-release(5), else the files of a distribution's own that are older.
//!
//! Only the root's own files count: an initial RAM disk carries an os-release of its own.

use serde::{Deserialize, Serialize};

use super::{Cataloguer, Wants};
use crate::catalogue::found::{File, Parsed};

/// In order: the first that names a distribution counts.
pub(in crate::catalogue) const PLACES: &[&str] = &[
    "etc/os-release",
    "usr/lib/os-release",
    "etc/alpine-release",
    "etc/debian_version",
    "etc/centos-release",
    "etc/oracle-release",
    "etc/fedora-release",
    "etc/redhat-release",
    "etc/system-release",
    "etc/system-release-cpe",
];

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
    /// `BUILD_ID`: `rolling` of Arch Linux, which has no releases.
    pub build_id: Option<String>,
    /// `VARIANT_ID`: `container`, `coreos`.
    pub variant: Option<String>,
    /// `CPE_NAME`, a CPE in either form.
    pub cpe: Option<String>,
}

/// Names that begin a line as `CentOS release 6.10 (Final)`, and the `ID` that os-release of later releases has.
const RELEASES: &[(&str, &str)] = &[
    ("AlmaLinux", "almalinux"),
    ("Amazon Linux", "amzn"),
    ("CentOS", "centos"),
    ("Fedora", "fedora"),
    ("Oracle Linux", "ol"),
    ("Red Hat Enterprise Linux", "rhel"),
    ("Rocky Linux", "rocky"),
    ("Scientific Linux", "scientific"),
];

/// The vendors of a CPE, `cpe:/o:centos:linux:6:GA`, whose `ID` is another word.
const CPE_VENDORS: &[(&str, &str)] =
    &[("amazon", "amzn"), ("fedoraproject", "fedora"), ("oracle", "ol"), ("redhat", "rhel")];

/// The longest CPE that is kept, bytes.
const CPE_BYTES_MAX: usize = 256;

impl OsRelease {
    /// Returns its name for people.
    pub fn pretty(&self) -> String {
        self.pretty_name.clone().or_else(|| self.distro()).unwrap_or_else(|| self.id.clone())
    }

    /// Returns `debian-12`, the `distro` qualifier of package URLs, where the release is known; `arch-rolling` where there
    /// is but a build.
    pub fn distro(&self) -> Option<String> {
        self.version_id.as_ref().or(self.build_id.as_ref()).map(|version| format!("{}-{version}", self.id))
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
        "etc/os-release" | "usr/lib/os-release" => os_release(&text),
        "etc/system-release-cpe" => text.lines().find_map(of_cpe),
        _ => text.lines().find_map(of_release_line),
    }
}

/// Reads `CentOS Linux release 7.9.2009 (Core)`.
fn of_release_line(line: &str) -> Option<OsRelease> {
    let (name, rest) = line.trim().split_once(" release ")?;
    let (_, id) = RELEASES.iter().find(|(known, _)| name.starts_with(known))?;
    Some(OsRelease { pretty_name: pretty(line), ..of_red_hat(id, first_word(rest)) })
}

/// Reads `cpe:/o:centos:linux:6:GA`.
fn of_cpe(line: &str) -> Option<OsRelease> {
    let cpe = cpe(line.trim())?;
    let mut parts = cpe.strip_prefix("cpe:/o:")?.split(':');
    let (vendor, _product, version) = (parts.next()?, parts.next()?, parts.next()?);
    let id = CPE_VENDORS.iter().find(|(known, _)| *known == vendor).map_or(vendor, |(_, id)| id);
    let found = of_red_hat(&identifier(id)?, Some(version));
    Some(OsRelease { cpe: Some(cpe), ..found })
}

/// These files are of Red Hat's distributions and of what is built from their sources.
fn of_red_hat(id: &str, version: Option<&str>) -> OsRelease {
    let is_alike = !matches!(id, "rhel" | "fedora");
    let id_like = is_alike.then(|| "rhel".to_owned()).into_iter().collect();
    OsRelease { id_like, ..release(id, version) }
}

fn cpe(value: &str) -> Option<String> {
    let is_cpe = value.starts_with("cpe:") && value.len() <= CPE_BYTES_MAX;
    (is_cpe && value.bytes().all(|b| b.is_ascii_graphic())).then(|| value.to_owned())
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
            "BUILD_ID" => found.build_id = identifier(&value),
            "VARIANT_ID" => found.variant = identifier(&value),
            "CPE_NAME" => found.cpe = cpe(&value),
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

    /// os-release of Arch Linux, of Wolfi as apko writes it, of UBI 9, and of CoreOS, each shortened.
    #[test]
    fn builds_variants_and_names_for_machines_are_kept() {
        let told = |text: &str| {
            let found = parse("usr/lib/os-release", text.as_bytes()).unwrap();
            (
                found.distro().unwrap_or_default(),
                found.variant.unwrap_or_default(),
                found.cpe.unwrap_or_default(),
            )
        };
        for (text, distro, variant, cpe) in [
            ("ID=arch\nBUILD_ID=rolling\n", "arch-rolling", "", ""),
            ("ID=wolfi\nNAME=\"Wolfi\"\nVERSION_ID=\"20230201\"\n", "wolfi-20230201", "", ""),
            (
                "ID=\"rhel\"\nVERSION_ID=\"9.4\"\nCPE_NAME=\"cpe:/o:redhat:enterprise_linux:9::baseos\"\n",
                "rhel-9.4",
                "",
                "cpe:/o:redhat:enterprise_linux:9::baseos",
            ),
            ("ID=fedora\nVERSION_ID=40\nVARIANT_ID=coreos\nBUILD_ID=40.1\n", "fedora-40", "coreos", ""),
            ("ID=debian\nVERSION_CODENAME=trixie\n", "", "", ""),
            ("ID=a\nBUILD_ID=1 2\nVARIANT_ID=../x\nCPE_NAME=\"cpe:/o:a b\"\n", "", "", ""),
        ] {
            assert_eq!(told(text), (distro.to_owned(), variant.to_owned(), cpe.to_owned()), "{text}");
        }
    }

    #[test]
    fn older_files_name_releases_of_red_hat_and_its_kin() {
        for (path, text, expected) in [
            (
                "etc/centos-release",
                "CentOS release 6.10 (Final)\n",
                Some("centos 6.10 [CentOS release 6.10 (Final)] rhel"),
            ),
            (
                "etc/redhat-release",
                "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
                Some("rhel 6.10 [Red Hat Enterprise Linux Server release 6.10 (Santiago)] "),
            ),
            (
                "etc/oracle-release",
                "Oracle Linux Server release 7.9\n",
                Some("ol 7.9 [Oracle Linux Server release 7.9] rhel"),
            ),
            (
                "etc/system-release",
                "Amazon Linux AMI release 2018.03\n",
                Some("amzn 2018.03 [Amazon Linux AMI release 2018.03] rhel"),
            ),
            (
                "etc/fedora-release",
                "Fedora release 20 (Heisenbug)\n",
                Some("fedora 20 [Fedora release 20 (Heisenbug)] "),
            ),
            ("etc/system-release-cpe", "cpe:/o:centos:linux:6:GA\n", Some("centos 6 [-] rhel")),
            (
                "etc/system-release-cpe",
                "cpe:/o:redhat:enterprise_linux:6server:ga:server\n",
                Some("rhel 6server [-] "),
            ),
            ("etc/redhat-release", "Derived from RHEL\n", None),
            ("etc/redhat-release", "Nobody's release 1\n", None),
            ("etc/system-release-cpe", "cpe:/o:../etc:linux:6\n", None),
            ("etc/system-release-cpe", "cpe:/a:centos:linux:6\n", None),
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
