//! What Trivy names the buckets of its database (trivy-db, `pkg/vulnsrc/bucket`).

use crate::advisory::ecosystem;

/// What a bucket at the top holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Advisories of an ecosystem that is imported.
    Advisories(String),
    /// What is known of vulnerabilities whatever package has them.
    Details,
    /// Nothing about vulnerabilities: where the data is from, and which products the numbers of Red Hat's entries mean.
    Nothing,
    /// Advisories of other distributions, releases and languages.
    Other,
}

/// Beginnings of the names of distributions' buckets, with what stands in OSV's names instead. Of two that fit the longer
/// stands first.
const DISTRIBUTIONS: &[(&str, &str)] = &[
    ("Oracle Linux ", "Oracle Linux:"),
    ("SUSE Linux Enterprise Micro ", "SUSE:Linux Enterprise Micro "),
    ("SUSE Linux Enterprise Server ", "SUSE:Linux Enterprise Server "),
    // The products of SUSE Linux Enterprise but Micro, in one.
    ("SUSE Linux Enterprise ", "SUSE:Linux Enterprise Server "),
    ("alma ", "AlmaLinux:"),
    ("alpine ", "Alpine:v"),
    ("amazon linux ", "Amazon Linux:"),
    ("chainguard", "Chainguard"),
    ("debian ", "Debian:"),
    ("openSUSE Leap ", "openSUSE:Leap "),
    ("openSUSE Tumbleweed", "openSUSE:Tumbleweed"),
    ("ubuntu ", "Ubuntu:"),
    ("wolfi", "Wolfi"),
];

/// Names of languages before `::` and a data source, with OSV's.
const LANGUAGES: &[(&str, &str)] = &[
    ("cargo", "crates.io"),
    ("composer", "Packagist"),
    ("erlang", "Hex"),
    ("go", "Go"),
    ("maven", "Maven"),
    ("npm", "npm"),
    ("nuget", "NuGet"),
    ("pip", "PyPI"),
    ("rubygems", "RubyGems"),
];

/// Returns what the bucket of this name holds.
pub(super) fn holds(name: &str) -> Holds {
    match name {
        "vulnerability" => return Holds::Details,
        "data-source" | "Red Hat CPE" => return Holds::Nothing,
        _ => {}
    }
    let osv = match name.split_once("::") {
        Some((language, _)) => {
            LANGUAGES.iter().find(|(known, _)| *known == language).map(|(_, osv)| (*osv).to_owned())
        }
        None => DISTRIBUTIONS
            .iter()
            .find_map(|(start, osv)| name.strip_prefix(start).map(|release| format!("{osv}{release}"))),
    };
    osv.and_then(|osv| ecosystem::ecosystem(&osv)).map_or(Holds::Other, Holds::Advisories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_known_by_their_names() {
        // The names are those that trivy-db's tests expect of `pkg/vulnsrc/bucket`, with releases of each form.
        for (name, expected) in [
            ("debian 12", Some("Debian:12")),
            ("alpine 3.19", Some("Alpine:v3.19")),
            ("alma 8", Some("AlmaLinux:8")),
            // They name packages as installed, and Rocky's own go by the source package.
            ("rocky 9", None),
            ("Oracle Linux 8", Some("Oracle Linux:8")),
            ("ubuntu 22.04", Some("Ubuntu:22.04")),
            ("amazon linux 2", Some("Amazon Linux:2")),
            ("amazon linux 2023", Some("Amazon Linux:2023")),
            ("wolfi", Some("Wolfi")),
            ("chainguard", Some("Chainguard")),
            ("SUSE Linux Enterprise 15.5", Some("SUSE:15.5")),
            ("SUSE Linux Enterprise 15", Some("SUSE:15.0")),
            ("SUSE Linux Enterprise Server 15.5", Some("SUSE:15.5")),
            ("SUSE Linux Enterprise Micro 5.3", Some("SUSE:5.3")),
            ("openSUSE Leap 15.5", Some("openSUSE:15.5")),
            ("openSUSE Tumbleweed", Some("openSUSE:Tumbleweed")),
            ("pip::GitHub Security Advisory pip", Some("PyPI")),
            ("npm::GitHub Security Advisory npm", Some("npm")),
            ("go::The Go Vulnerability Database", Some("Go")),
            ("maven::GitHub Security Advisory Maven", Some("Maven")),
            ("rubygems::Ruby Advisory Database", Some("RubyGems")),
            ("composer::PHP Security Advisories Database", Some("Packagist")),
            ("nuget::GitHub Security Advisory NuGet", Some("NuGet")),
            ("cargo::RustSec", Some("crates.io")),
            ("erlang::GitHub Security Advisory Erlang", Some("Hex")),
            ("openSUSE Leap Micro 5.5", None),
            ("ubuntu 16.04-ESM", None),
            ("alpine edge", None),
            ("debian", None),
            ("wolfi 1", None),
            ("Red Hat", None),
            ("archlinux", None),
            ("Photon OS 4.0", None),
            ("conan::GitLab Advisory Database", None),
            ("::", None),
            ("", None),
        ] {
            let expected = expected.map_or(Holds::Other, |name| Holds::Advisories(name.to_owned()));
            assert_eq!(holds(name), expected, "{name}");
        }
        assert_eq!(holds("vulnerability"), Holds::Details);
        assert_eq!(holds("data-source"), Holds::Nothing);
        assert_eq!(holds("Red Hat CPE"), Holds::Nothing);
    }
}
