//! What the errata of rpm distributions have in common, in whatever form they are published.

use crate::{advisory::ecosystem, model::Instant};

/// Architectures of rpm packages that identifiers end with. One that is missing here leaves the version with a strange
/// end, which the tests of real identifiers would show.
const ARCHITECTURES: &[&str] = &[
    "aarch64",
    "aarch64_ilp32",
    "armv6hl",
    "armv7hl",
    "i386",
    "i586",
    "i686",
    "ia64",
    "noarch",
    "nosrc",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv64",
    "s390",
    "s390x",
    "src",
    "x86_64",
];

/// A package by the parts of its identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nevra<'t> {
    pub(super) name: &'t str,
    /// With its epoch where one is told, and its release: `1:3.0.7-6.el9_2`.
    pub(super) version: &'t str,
    /// Empty where it is not told.
    pub(super) architecture: &'t str,
}

impl<'t> Nevra<'t> {
    /// Returns the parts of `openssl-1:3.0.7-6.el9_2.src` or, without architecture, `mailx-12.5-1.87`. A name without
    /// version has no word between its last hyphens that begins with a digit.
    pub(super) fn of(id: &'t str) -> Option<Self> {
        let told = id.rsplit_once('.').filter(|(_, end)| ARCHITECTURES.contains(end));
        let (nevr, architecture) = told.unwrap_or((id, ""));
        let (rest, release) = nevr.rsplit_once('-')?;
        let (name, number) = rest.rsplit_once('-')?;
        let is_complete =
            !name.is_empty() && number.starts_with(|c: char| c.is_ascii_digit()) && !release.is_empty();
        let version = nevr.get(name.len() + 1..)?;
        is_complete.then_some(Self { name, version, architecture })
    }

    /// Returns whether it is a source package.
    pub(super) fn is_source(&self) -> bool {
        matches!(self.architecture, "src" | "nosrc")
    }
}

/// Returns the ecosystem of a product of SUSE: `SUSE Linux Enterprise Server 15 SP5`, `SUSE Linux Enterprise Module for
/// Basesystem 15 SP5` or `openSUSE Leap 15.6`. `SUSE Linux Enterprise Server LTSS Extended Security 12 SP5` is extended
/// support although its name ends as those of others do.
pub(super) fn of_suse(product: &str) -> Option<String> {
    let (family, rest) = product.split_once(' ')?;
    let is_distribution = matches!(family, "SUSE" | "openSUSE") && !rest.contains("LTSS");
    is_distribution.then(|| ecosystem::ecosystem(&format!("{family}:{rest}"))).flatten()
}

/// Returns the major release that a package of a distribution like Red Hat's is built for: `9` of `47.el9_1`, `8` of
/// `139.module+el8.8.0+18745+f1bef313`.
pub(super) fn major_release(release: &str) -> Option<&str> {
    let follows =
        |(at, _): &(usize, &str)| release.get(..*at).is_some_and(|before| before.ends_with(['.', '+', '_']));
    release.match_indices("el").filter(follows).find_map(|(at, marker)| {
        let rest = release.get(at + marker.len()..)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end).filter(|number| !number.is_empty())
    })
}

/// Returns what kind of package of Oracle Linux has this version where it is not one of the distribution itself. Packages
/// of Ksplice have a higher epoch and those that are certified under FIPS 140 a suffix, and neither repairs the others.
pub(super) fn other_of_oracle(version: &str) -> Option<&'static str> {
    if version.contains("ksplice") {
        Some("Oracle Linux Ksplice")
    } else if version.contains("_fips") {
        Some("Oracle Linux FIPS")
    } else {
        None
    }
}

/// Reads `2023-02-28`, `2018-01-05 00:16`, `2023-02-28 08:17:38` (all UTC) or a time of RFC 3339.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let text = text.trim();
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let seconds = if time.matches(':').count() == 1 { ":00" } else { "" };
    text.parse().ok().or_else(|| format!("{date}T{time}{seconds}Z").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_split() {
        for (id, expected) in [
            ("openssl-1:3.0.7-6.el9_2.src", "openssl 1:3.0.7-6.el9_2 src"),
            ("nss-0:3.101.0-1.el10.x86_64", "nss 0:3.101.0-1.el10 x86_64"),
            ("mailx-12.5-1.87", "mailx 12.5-1.87 "),
            (
                "python311-aiohttp-3.9.3-150400.10.14.1.aarch64",
                "python311-aiohttp 3.9.3-150400.10.14.1 aarch64",
            ),
            ("python3-aiohttp", "none"),
            ("samba-winbind-clients", "none"),
            ("-1-2", "none"),
            ("a-1-", "none"),
            ("é-1é-é", "é 1é-é "),
            ("", "none"),
        ] {
            let found = Nevra::of(id).map(|n| format!("{} {} {}", n.name, n.version, n.architecture));
            assert_eq!(found.as_deref().unwrap_or("none"), expected, "{id}");
        }
        assert!(Nevra::of("a-1-1.nosrc").unwrap().is_source() && !Nevra::of("a-1-1").unwrap().is_source());
    }

    #[test]
    fn products_of_suse_are_releases() {
        for (product, expected) in [
            ("SUSE Linux Enterprise Server 15 SP5", Some("SUSE:15.5")),
            ("SUSE Linux Enterprise Server 15", Some("SUSE:15.0")),
            ("SUSE Linux Enterprise Module for Basesystem 15 SP5", Some("SUSE:15.5")),
            ("openSUSE Leap 15.6", Some("openSUSE:15.6")),
            ("openSUSE Tumbleweed", Some("openSUSE:Tumbleweed")),
            ("SUSE Linux Enterprise Server 15 SP4-LTSS", None),
            ("SUSE Linux Enterprise Server 15-LTSS", None),
            ("SUSE Linux Enterprise Server 15 SP1-BCL", None),
            ("SUSE Linux Enterprise Server LTSS Extended Security 12 SP5", None),
            ("SUSE Manager Server 4.3", None),
            ("Debian:12 x", None),
            ("openSUSE", None),
        ] {
            assert_eq!(of_suse(product).as_deref(), expected, "{product}");
        }
    }

    #[test]
    fn releases_of_packages_name_that_of_the_distribution() {
        for (release, expected) in [
            ("47.el9_1", Some("9")),
            ("139.module+el8.8.0+18745+f1bef313", Some("8")),
            ("4.module_el8.6.0+2904", Some("8")),
            ("1.el10_2", Some("10")),
            ("2.0.1.el8", Some("8")),
            ("1.gel8", None),
            ("1.elk", None),
            ("1.amzn2", None),
            ("el8", None),
            ("é.el", None),
            ("", None),
        ] {
            assert_eq!(major_release(release), expected, "{release}");
        }
    }

    #[test]
    fn packages_of_oracle_beside_the_distribution_are_told_apart() {
        for (version, expected) in [
            ("2:1.1.1g-15.ksplice1.el8_3", Some("Oracle Linux Ksplice")),
            ("10:3.6.16-4.0.1.el8_fips", Some("Oracle Linux FIPS")),
            ("1:1.1.1k-9.el8_7", None),
        ] {
            assert_eq!(other_of_oracle(version), expected, "{version}");
        }
    }

    #[test]
    fn dates_of_every_form_are_read() {
        for (text, expected) in [
            ("2023-02-28", Some("2023-02-28T00:00:00Z")),
            ("2018-01-05 00:16", Some("2018-01-05T00:16:00Z")),
            (" 2023-02-28 08:17:38\n", Some("2023-02-28T08:17:38Z")),
            ("2023-02-17T03:06:00Z", Some("2023-02-17T03:06:00Z")),
            ("yesterday", None),
            ("2023-13-01", None),
            ("", None),
        ] {
            assert_eq!(instant(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }
}
