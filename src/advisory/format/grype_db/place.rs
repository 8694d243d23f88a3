//! Which ecosystem a package of Grype's database belongs to: by its operating system, or by its type where it has none.

use crate::advisory::ecosystem;

/// Types of packages of languages (syft, `pkg.Type`), with OSV's ecosystems.
const LANGUAGES: &[(&str, &str)] = &[
    ("dotnet", "NuGet"),
    ("gem", "RubyGems"),
    ("go-module", "Go"),
    ("hex", "Hex"),
    ("java-archive", "Maven"),
    ("npm", "npm"),
    ("php-composer", "Packagist"),
    ("python", "PyPI"),
    ("rust-crate", "crates.io"),
];

/// A row of the table of operating systems.
#[derive(Debug, Clone, Default)]
pub(super) struct System {
    /// As `distro.Type` of Grype names it.
    pub(super) name: String,
    pub(super) major: String,
    /// With its leading zero: `04` of Ubuntu 22.04.
    pub(super) minor: String,
    /// A release that is no number, `edge` or `unstable`.
    pub(super) label: String,
    /// Extended support, `eus` or `esm`.
    pub(super) channel: String,
}

impl System {
    /// Returns the ecosystem; `None` where it is not imported.
    pub(super) fn ecosystem(&self) -> Option<String> {
        let Self { name, major, minor, label, channel } = self;
        let is_rolling = matches!(name.as_str(), "chainguard" | "wolfi");
        if !channel.is_empty() || !label.is_empty() && !is_rolling {
            return None;
        }
        let release = if minor.is_empty() { major.clone() } else { format!("{major}.{minor}") };
        let osv = match name.as_str() {
            "almalinux" => format!("AlmaLinux:{release}"),
            "alpine" => format!("Alpine:v{release}"),
            // The first Amazon Linux has a date for a release.
            "amazonlinux" if release == "2018.03" => "Amazon Linux:1".to_owned(),
            "amazonlinux" => format!("Amazon Linux:{release}"),
            "chainguard" => "Chainguard".to_owned(),
            "debian" => format!("Debian:{release}"),
            "opensuseleap" => format!("openSUSE:Leap {release}"),
            "oraclelinux" => format!("Oracle Linux:{release}"),
            // With a minor release it is extended support of that.
            "redhat" => format!("Red Hat:enterprise_linux:{release}"),
            "rockylinux" => format!("Rocky Linux:{release}"),
            "sles" => format!("SUSE:Linux Enterprise Server {release}"),
            "ubuntu" => format!("Ubuntu:{release}"),
            "wolfi" => "Wolfi".to_owned(),
            _ => return None,
        };
        ecosystem::ecosystem(&osv)
    }

    /// Returns its name for a report.
    pub(super) fn shown(&self) -> String {
        let Self { name, major, minor, label, channel } = self;
        [name, major, minor, label, channel]
            .map(String::as_str)
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Returns the ecosystem of a package without operating system; `None` where it is not imported.
pub(super) fn of_type(package_type: &str) -> Option<String> {
    let (_, osv) = LANGUAGES.iter().find(|(known, _)| *known == package_type)?;
    ecosystem::ecosystem(osv)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system([name, major, minor, label, channel]: [&str; 5]) -> System {
        let [name, major, minor, label, channel] = [name, major, minor, label, channel].map(str::to_owned);
        System { name, major, minor, label, channel }
    }

    #[test]
    fn operating_systems_are_ecosystems() {
        // Names as in grype, `distro.Type`; releases as the namespaces of vunnel's providers have them.
        for (row, expected) in [
            (["debian", "12", "", "", ""], Some("Debian:12")),
            (["debian", "", "", "unstable", ""], None),
            (["ubuntu", "22", "04", "", ""], Some("Ubuntu:22.04")),
            (["ubuntu", "16", "04", "", "esm"], None),
            (["alpine", "3", "19", "", ""], Some("Alpine:v3.19")),
            (["alpine", "", "", "edge", ""], None),
            (["redhat", "9", "", "", ""], Some("Red Hat:9")),
            (["redhat", "9", "4", "", "eus"], None),
            (["redhat", "9", "4", "", ""], None),
            (["almalinux", "8", "", "", ""], Some("AlmaLinux:8")),
            (["rockylinux", "9", "", "", ""], Some("Rocky Linux:9")),
            (["oraclelinux", "8", "", "", ""], Some("Oracle Linux:8")),
            (["amazonlinux", "2", "", "", ""], Some("Amazon Linux:2")),
            (["amazonlinux", "2023", "", "", ""], Some("Amazon Linux:2023")),
            (["amazonlinux", "2018", "03", "", ""], Some("Amazon Linux:1")),
            (["sles", "15", "5", "", ""], Some("SUSE:15.5")),
            (["sles", "15", "", "", ""], Some("SUSE:15.0")),
            (["opensuseleap", "15", "5", "", ""], Some("openSUSE:15.5")),
            (["wolfi", "", "", "rolling", ""], Some("Wolfi")),
            (["chainguard", "", "", "rolling", ""], Some("Chainguard")),
            (["azurelinux", "3", "0", "", ""], None),
            (["debian", "", "", "", ""], None),
            (["", "", "", "", ""], None),
        ] {
            assert_eq!(system(row).ecosystem().as_deref(), expected, "{row:?}");
        }
        assert_eq!(system(["redhat", "9", "4", "", "eus"]).shown(), "redhat 9 4 eus");
    }

    #[test]
    fn types_of_packages_are_ecosystems() {
        for (package_type, expected) in [
            ("dotnet", Some("NuGet")),
            ("gem", Some("RubyGems")),
            ("go-module", Some("Go")),
            ("hex", Some("Hex")),
            ("java-archive", Some("Maven")),
            ("npm", Some("npm")),
            ("php-composer", Some("Packagist")),
            ("python", Some("PyPI")),
            ("rust-crate", Some("crates.io")),
            ("rpm", None),
            ("swift", None),
            ("", None),
        ] {
            assert_eq!(of_type(package_type).as_deref(), expected, "{package_type}");
        }
    }
}
