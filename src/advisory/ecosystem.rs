//! Ecosystems that advisories are imported for: distributions by release, and languages. Pure.
//!
//! To add a distribution: one row of [`DISTRIBUTIONS`]. Names are those of OSV (OSV schema 1.7, "Defined Ecosystems"); its
//! suffixes that change nothing, such as `:LTS`, are left away, and releases under extended support are others than the
//! release itself, since their repairs reach only who pays for them.

use super::versions::Scheme;
use crate::model;

/// What advisories of a distribution call a package by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The source package, in the source package's version.
    Source,
    /// The package as it is installed, with its epoch.
    Binary,
}

/// A distribution as advisories and as package URLs name it.
#[derive(Debug)]
pub struct Distribution {
    /// OSV's name without the release.
    pub family: &'static str,
    pub scheme: Scheme,
    pub named: Named,
    /// Type and namespaces of its package URLs.
    pub packages: model::Ecosystem,
    pub namespaces: &'static [&'static str],
    /// The release of an OSV ecosystem; `None` where it is none that is imported. Empty where there are no releases.
    of_osv: fn(&str) -> Option<String>,
    /// The release of a `distro` qualifier, without the distribution's identifier.
    of_image: fn(&str) -> Option<String>,
}

impl Distribution {
    /// Returns the ecosystem of an image's release, `Debian:12`; `None` where the release is unknown.
    pub fn of_image(&self, version: &str) -> Option<String> {
        (self.of_image)(version).map(|release| self.with(&release))
    }

    /// Returns whether advisories are told apart by release.
    pub fn has_releases(&self) -> bool {
        (self.of_image)("").is_none()
    }

    fn with(&self, release: &str) -> String {
        if release.is_empty() { self.family.to_owned() } else { format!("{}:{release}", self.family) }
    }
}

const DISTRIBUTIONS: &[Distribution] = &[
    Distribution {
        family: "AlmaLinux",
        scheme: Scheme::Rpm,
        named: Named::Binary,
        packages: model::Ecosystem::Rpm,
        namespaces: &["almalinux"],
        of_osv: number,
        of_image: major,
    },
    Distribution {
        family: "Alpine",
        scheme: Scheme::Apk,
        named: Named::Source,
        packages: model::Ecosystem::Apk,
        namespaces: &["alpine"],
        of_osv: |release| release.strip_prefix('v').filter(|r| r.matches('.').count() == 1).and_then(alpine),
        of_image: alpine,
    },
    Distribution {
        family: "Amazon Linux",
        scheme: Scheme::Rpm,
        named: Named::Binary,
        packages: model::Ecosystem::Rpm,
        namespaces: &["amzn", "amazon"],
        of_osv: number,
        // The first Amazon Linux has dates, `2018.03`, for what its advisories call release 1.
        of_image: |version| match major(version)?.as_str() {
            dated if dated.starts_with("20") && version.contains('.') && dated != "2023" => Some("1".into()),
            release => Some(release.to_owned()),
        },
    },
    // OSV has no name for it, and the distribution no releases.
    Distribution {
        family: "Arch Linux",
        scheme: Scheme::Alpm,
        named: Named::Binary,
        packages: model::Ecosystem::Alpm,
        namespaces: &["arch"],
        of_osv: none,
        of_image: any,
    },
    Distribution {
        family: "Chainguard",
        scheme: Scheme::Apk,
        named: Named::Source,
        packages: model::Ecosystem::Apk,
        namespaces: &["chainguard"],
        of_osv: none,
        of_image: any,
    },
    Distribution {
        family: "Debian",
        scheme: Scheme::Deb,
        named: Named::Source,
        packages: model::Ecosystem::Deb,
        namespaces: &["debian"],
        of_osv: number,
        of_image: major,
    },
    Distribution {
        family: "Oracle Linux",
        scheme: Scheme::Rpm,
        named: Named::Binary,
        packages: model::Ecosystem::Rpm,
        namespaces: &["ol", "oracle"],
        of_osv: number,
        of_image: major,
    },
    Distribution {
        family: "Red Hat",
        scheme: Scheme::Rpm,
        named: Named::Source,
        packages: model::Ecosystem::Rpm,
        namespaces: &["rhel", "redhat"],
        of_osv: red_hat,
        of_image: major,
    },
    Distribution {
        family: "Rocky Linux",
        scheme: Scheme::Rpm,
        named: Named::Source,
        packages: model::Ecosystem::Rpm,
        namespaces: &["rocky"],
        of_osv: number,
        of_image: major,
    },
    Distribution {
        family: "SUSE",
        scheme: Scheme::Rpm,
        named: Named::Binary,
        packages: model::Ecosystem::Rpm,
        namespaces: &["sles", "suse", "sle-micro", "sled"],
        of_osv: suse,
        of_image: major_minor,
    },
    Distribution {
        family: "Ubuntu",
        scheme: Scheme::Deb,
        named: Named::Source,
        packages: model::Ecosystem::Deb,
        namespaces: &["ubuntu"],
        // `Ubuntu:Pro:22.04:LTS` is extended support.
        of_osv: |release| major_minor(release.strip_suffix(":LTS").unwrap_or(release)),
        of_image: major_minor,
    },
    Distribution {
        family: "Wolfi",
        scheme: Scheme::Apk,
        named: Named::Source,
        packages: model::Ecosystem::Apk,
        namespaces: &["wolfi"],
        of_osv: none,
        of_image: any,
    },
    Distribution {
        family: "openSUSE",
        scheme: Scheme::Rpm,
        named: Named::Binary,
        packages: model::Ecosystem::Rpm,
        namespaces: &["opensuse-leap", "opensuse-tumbleweed", "opensuse"],
        of_osv: |release| match release.strip_prefix("Leap ") {
            Some(version) => major_minor(version),
            None => (release == "Tumbleweed").then(|| release.to_owned()),
        },
        // Tumbleweed has days instead of releases.
        of_image: |version| {
            let is_day = version.len() == 8 && version.bytes().all(|b| b.is_ascii_digit());
            if is_day { Some("Tumbleweed".into()) } else { major_minor(version) }
        },
    },
];

/// OSV's ecosystems without releases that are imported, with their schemes.
const LANGUAGES: &[(&str, Scheme)] = &[
    ("Go", Scheme::Semver),
    ("Hex", Scheme::Semver),
    ("Maven", Scheme::Maven),
    ("NuGet", Scheme::Nuget),
    ("Packagist", Scheme::Packagist),
    ("PyPI", Scheme::Pypi),
    ("RubyGems", Scheme::RubyGems),
    ("crates.io", Scheme::Semver),
    ("npm", Scheme::Semver),
];

/// Returns the name under which advisories of an OSV ecosystem are kept: `Debian:12` of `Debian:12`, `Red Hat:8` of
/// `Red Hat:enterprise_linux:8::baseos`; `None` where it is not imported.
pub(super) fn ecosystem(osv: &str) -> Option<String> {
    if LANGUAGES.iter().any(|(name, _)| *name == osv) {
        return Some(osv.to_owned());
    }
    let (family, release) = osv.split_once(':').unwrap_or((osv, ""));
    let distribution = DISTRIBUTIONS.iter().find(|distribution| distribution.family == family)?;
    (distribution.of_osv)(release).map(|release| distribution.with(&release))
}

/// Returns how the versions of an ecosystem are ordered; `None` where it is no name that [`ecosystem`] gives.
pub fn scheme_of(ecosystem: &str) -> Option<Scheme> {
    if let Some((_, scheme)) = LANGUAGES.iter().find(|(name, _)| *name == ecosystem) {
        return Some(*scheme);
    }
    let (family, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
    let distribution = DISTRIBUTIONS.iter().find(|distribution| distribution.family == family)?;
    (distribution.has_releases() != release.is_empty()).then_some(distribution.scheme)
}

/// Returns the distribution of a package URL's type and namespace.
pub fn distribution(packages: model::Ecosystem, namespace: &str) -> Option<&'static Distribution> {
    DISTRIBUTIONS.iter().find(|distribution| {
        distribution.packages == packages && distribution.namespaces.contains(&namespace)
    })
}

/// A release that is one number.
fn number(release: &str) -> Option<String> {
    let fits = !release.is_empty() && release.len() <= 4 && release.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| release.to_owned())
}

/// `12` and `12.5` are release 12; `sid` and `trixie/sid` are none.
fn major(version: &str) -> Option<String> {
    numbers(version).map(|parts| parts[0].to_owned())
}

/// `22.04` and `22.04.3` are release 22.04.
fn major_minor(version: &str) -> Option<String> {
    let parts = numbers(version)?;
    parts.get(1).map(|minor| format!("{}.{minor}", parts[0]))
}

/// `3.19` and `3.19.1` are Alpine v3.19; `3.22.0_alpha20250108` is edge.
fn alpine(version: &str) -> Option<String> {
    major_minor(version).map(|release| format!("v{release}"))
}

/// `enterprise_linux:8::baseos` is release 8 itself; `rhel_eus:8.6::baseos` is extended support.
fn red_hat(release: &str) -> Option<String> {
    let rest = release.strip_prefix("enterprise_linux:").unwrap_or(release);
    number(rest.split(':').next()?)
}

/// `Linux Enterprise Server 15 SP5` and the modules of it are release 15.5; with `LTSS` behind it is extended support.
fn suse(release: &str) -> Option<String> {
    let words: Vec<&str> = release.strip_prefix("Linux Enterprise ")?.split(' ').collect();
    let [.., major, last] = words.as_slice() else { return None };
    match last.strip_prefix("SP") {
        Some(pack) => Some(format!("{}.{}", number(major)?, number(pack)?)),
        None => major_minor(last).or_else(|| number(last).map(|major| format!("{major}.0"))),
    }
}

fn none(release: &str) -> Option<String> {
    release.is_empty().then(String::new)
}

#[expect(clippy::unnecessary_wraps, reason = "one type with those that know releases")]
fn any(_version: &str) -> Option<String> {
    Some(String::new())
}

fn numbers(version: &str) -> Option<Vec<&str>> {
    let parts: Vec<_> = version.split('.').collect();
    let number =
        |part: &&str| !part.is_empty() && part.len() <= 8 && part.bytes().all(|b| b.is_ascii_digit());
    parts.iter().all(number).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecosystems_of_osv_have_one_name_and_a_scheme() {
        for (osv, expected) in [
            ("Debian:12", Some(("Debian:12", Scheme::Deb))),
            ("Alpine:v3.19", Some(("Alpine:v3.19", Scheme::Apk))),
            ("Alpine:v3.3", Some(("Alpine:v3.3", Scheme::Apk))),
            ("Ubuntu:22.04:LTS", Some(("Ubuntu:22.04", Scheme::Deb))),
            ("Ubuntu:24.10", Some(("Ubuntu:24.10", Scheme::Deb))),
            ("Ubuntu:Pro:16.04:LTS", None),
            ("AlmaLinux:8", Some(("AlmaLinux:8", Scheme::Rpm))),
            ("Rocky Linux:9", Some(("Rocky Linux:9", Scheme::Rpm))),
            ("Red Hat:enterprise_linux:8::baseos", Some(("Red Hat:8", Scheme::Rpm))),
            ("Red Hat:enterprise_linux:9", Some(("Red Hat:9", Scheme::Rpm))),
            ("Red Hat:rhel_eus:8.6::baseos", None),
            ("SUSE:Linux Enterprise Module for Basesystem 15 SP5", Some(("SUSE:15.5", Scheme::Rpm))),
            ("SUSE:Linux Enterprise Server 15 SP4-LTSS", None),
            ("SUSE:Linux Enterprise Server 12", Some(("SUSE:12.0", Scheme::Rpm))),
            ("openSUSE:Leap 15.5", Some(("openSUSE:15.5", Scheme::Rpm))),
            ("openSUSE:Tumbleweed", Some(("openSUSE:Tumbleweed", Scheme::Rpm))),
            ("Amazon Linux:2023", Some(("Amazon Linux:2023", Scheme::Rpm))),
            ("Wolfi", Some(("Wolfi", Scheme::Apk))),
            ("Wolfi:1", None),
            ("Arch Linux", Some(("Arch Linux", Scheme::Alpm))),
            ("Arch Linux:1", None),
            ("npm", Some(("npm", Scheme::Semver))),
            ("crates.io", Some(("crates.io", Scheme::Semver))),
            ("PyPI", Some(("PyPI", Scheme::Pypi))),
            ("PyPI:x", None),
            ("Debian", None),
            ("Debian:", None),
            ("Debian:sid", None),
            ("Debian:123456789", None),
            ("Alpine:3.19", None),
            ("Alpine:v3", None),
            ("Alpine:v3.19.1", None),
            ("AlmaLinux", None),
            ("AlmaLinux:8.10", None),
            ("Linux", None),
            ("", None),
        ] {
            let found = ecosystem(osv);
            let scheme = found.as_deref().and_then(scheme_of);
            let expected = expected.map(|(name, scheme)| (name.to_owned(), scheme));
            assert_eq!(found.zip(scheme), expected, "{osv}");
        }
    }

    #[test]
    fn images_name_the_release_in_their_own_way() {
        for (packages, namespace, version, expected) in [
            (model::Ecosystem::Deb, "debian", "12.5", Some("Debian:12")),
            (model::Ecosystem::Deb, "debian", "trixie/sid", None),
            (model::Ecosystem::Deb, "ubuntu", "22.04", Some("Ubuntu:22.04")),
            (model::Ecosystem::Apk, "alpine", "3.19.1", Some("Alpine:v3.19")),
            (model::Ecosystem::Apk, "alpine", "3.22.0_alpha20250108", None),
            (model::Ecosystem::Apk, "wolfi", "20230201", Some("Wolfi")),
            (model::Ecosystem::Alpm, "arch", "rolling", Some("Arch Linux")),
            (model::Ecosystem::Rpm, "rhel", "8.10", Some("Red Hat:8")),
            (model::Ecosystem::Rpm, "amzn", "2", Some("Amazon Linux:2")),
            (model::Ecosystem::Rpm, "amzn", "2023", Some("Amazon Linux:2023")),
            (model::Ecosystem::Rpm, "amzn", "2018.03", Some("Amazon Linux:1")),
            (model::Ecosystem::Rpm, "sles", "15.5", Some("SUSE:15.5")),
            (model::Ecosystem::Rpm, "opensuse-leap", "15.5", Some("openSUSE:15.5")),
            (model::Ecosystem::Rpm, "opensuse-tumbleweed", "20240101", Some("openSUSE:Tumbleweed")),
        ] {
            let found = distribution(packages, namespace).and_then(|found| found.of_image(version));
            assert_eq!(found.as_deref(), expected, "{namespace} {version}");
        }
        assert!(distribution(model::Ecosystem::Rpm, "debian").is_none());
        assert!(distribution(model::Ecosystem::Rpm, "fedora").is_none());
    }
}
