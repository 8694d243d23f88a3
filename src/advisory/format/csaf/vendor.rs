//! The publishers whose products are distributions: how each names its releases and the packages in them.

use super::{
    package::{Package, by_name, by_nevra, by_purl},
    tree::{Part, Product},
};
use crate::advisory::{ecosystem, format::errata, record::shown};

/// A publisher of CSAF documents about its own distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    RedHat,
    Suse,
}

impl Vendor {
    /// Returns the vendor of a publisher's namespace. What others say of a distribution is not taken for its own word.
    pub(super) fn of(namespace: &str) -> Option<Self> {
        let host = namespace.strip_prefix("https://").or_else(|| namespace.strip_prefix("http://"))?;
        let host = host.trim_end_matches('/');
        match host.strip_prefix("www.").unwrap_or(host) {
            "redhat.com" => Some(Self::RedHat),
            "suse.com" => Some(Self::Suse),
            _ => None,
        }
    }

    /// Returns the ecosystem of a platform, or the name under which what is left out is counted.
    pub(super) fn ecosystem(self, platform: &Product<'_>) -> Result<String, String> {
        match self {
            Self::RedHat => of_cpe(platform.cpe.unwrap_or_default()),
            Self::Suse => errata::of_suse(platform.name).ok_or_else(|| shown(platform.name)),
        }
    }

    /// Returns the package of a part whose status is that it is repaired in a version (`is_fixed`) or not repaired;
    /// `Ok(None)` for packages that the distribution's advisories are not matched by, since they name another that is.
    pub(super) fn package(self, part: &Part<'_>, is_fixed: bool) -> Result<Option<Package>, String> {
        match self {
            Self::RedHat => {
                let package = match part.purl {
                    Some(purl) => by_purl(purl)?,
                    // Files of 2023 name what is not repaired by its source package alone, without a package URL.
                    None if is_fixed => by_nevra(part.id),
                    None => by_nevra(part.id).or_else(|| by_name(part.id)),
                };
                let Some(package) = package else { return Err("products that are no packages".to_owned()) };
                // Every file names the source package beside those that are built from it.
                Ok(package.is_source.then_some(package))
            }
            Self::Suse => {
                let package = if is_fixed { by_nevra(part.id) } else { by_name(part.id) };
                let Some(package) = package else { return Err("products that are no packages".to_owned()) };
                Ok((!is_fixed || !package.is_source).then_some(package))
            }
        }
    }
}

/// Returns the ecosystem of `cpe:/a:redhat:enterprise_linux:8::appstream`. Since release 10 the minor release is part of it
/// (Red Hat, "Common Platform Enumeration" of the security data guidelines), and is no other stream. Extended support
/// has a product of its own, `rhel_eus`.
fn of_cpe(cpe: &str) -> Result<String, String> {
    let mut parts = cpe.strip_prefix("cpe:/").unwrap_or_default().split(':').skip(1);
    let (vendor, product, version) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
    let major = version.and_then(|version| version.split('.').next()).unwrap_or_default();
    let found = (vendor == Some("redhat") && product == "enterprise_linux")
        .then(|| ecosystem::ecosystem(&format!("Red Hat:enterprise_linux:{major}")))
        .flatten();
    found.ok_or_else(|| match product {
        "" => "products without a CPE".to_owned(),
        product => format!("Red Hat {}", shown(product)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_are_known_by_their_own_address() {
        for (namespace, expected) in [
            ("https://www.redhat.com", Some(Vendor::RedHat)),
            ("https://www.suse.com/", Some(Vendor::Suse)),
            ("http://suse.com", Some(Vendor::Suse)),
            ("https://www.redhat.com.example", None),
            ("https://example.org/redhat.com", None),
            ("redhat.com", None),
            ("", None),
        ] {
            assert_eq!(Vendor::of(namespace), expected, "{namespace}");
        }
    }

    #[test]
    fn platforms_are_releases_or_left_out() {
        for (vendor, cpe, name, expected) in [
            (Vendor::RedHat, "cpe:/o:redhat:enterprise_linux:8", "", Ok("Red Hat:8")),
            (Vendor::RedHat, "cpe:/o:redhat:enterprise_linux:8::baseos", "", Ok("Red Hat:8")),
            (Vendor::RedHat, "cpe:/a:redhat:enterprise_linux:9::appstream", "", Ok("Red Hat:9")),
            (Vendor::RedHat, "cpe:/a:redhat:enterprise_linux:10.1", "", Ok("Red Hat:10")),
            (Vendor::RedHat, "cpe:/a:redhat:rhel_eus:8.6::appstream", "", Err("Red Hat rhel_eus")),
            (Vendor::RedHat, "cpe:/a:redhat:rhel_e4s:9.0::appstream", "", Err("Red Hat rhel_e4s")),
            (Vendor::RedHat, "cpe:/o:redhat:rhel_els:7", "", Err("Red Hat rhel_els")),
            (Vendor::RedHat, "cpe:/a:redhat:openshift:4.16::el9", "", Err("Red Hat openshift")),
            (
                Vendor::RedHat,
                "cpe:/a:redhat:enterprise_linux_eus:10.0",
                "",
                Err("Red Hat enterprise_linux_eus"),
            ),
            (Vendor::RedHat, "cpe:/o:other:enterprise_linux:8", "", Err("Red Hat enterprise_linux")),
            (Vendor::RedHat, "cpe:/o:redhat:enterprise_linux", "", Err("Red Hat enterprise_linux")),
            (Vendor::RedHat, "cpe:2.3:o:redhat:enterprise_linux:8", "", Err("products without a CPE")),
            (Vendor::RedHat, "", "Red Hat Enterprise Linux 8", Err("products without a CPE")),
            (Vendor::Suse, "", "SUSE Linux Enterprise Server 15 SP5", Ok("SUSE:15.5")),
            (Vendor::Suse, "", "SUSE Linux Enterprise Server 15", Ok("SUSE:15.0")),
            (Vendor::Suse, "", "SUSE Linux Enterprise Module for Basesystem 15 SP5", Ok("SUSE:15.5")),
            (Vendor::Suse, "", "openSUSE Leap 15.6", Ok("openSUSE:15.6")),
            (Vendor::Suse, "", "openSUSE Tumbleweed", Ok("openSUSE:Tumbleweed")),
            (
                Vendor::Suse,
                "",
                "SUSE Linux Enterprise Server 15 SP4-LTSS",
                Err("SUSE Linux Enterprise Server 15 SP4-LTSS"),
            ),
            (
                Vendor::Suse,
                "",
                "SUSE Linux Enterprise Server LTSS Extended Security 12 SP5",
                // The first 40 characters, as every foreign text of a message.
                Err("SUSE Linux Enterprise Server LTSS Extend"),
            ),
            (Vendor::Suse, "", "SUSE Manager Server 4.3", Err("SUSE Manager Server 4.3")),
            (Vendor::Suse, "", "Debian:12 x", Err("Debian:12 x")),
            (Vendor::Suse, "", "", Err("")),
        ] {
            let platform = Product { name, cpe: Some(cpe).filter(|cpe| !cpe.is_empty()), purl: None };
            let found = vendor.ecosystem(&platform);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{cpe}{name}");
        }
    }
}
