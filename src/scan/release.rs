//! Which advisories speak of a package: its ecosystem with the release, as OSV names them. Pure.

use std::str::FromStr;

use packageurl::PackageUrl;

use super::Installed;
use crate::model::{Ecosystem, Package, PackageError};

/// Where a package's advisories are to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Known(Installed),
    /// No advisories are imported for such packages of a distribution.
    Unknown {
        what: String,
        reason: String,
    },
    /// Packages of a language, or programs without a package: by their type.
    Other(String),
}

/// Returns the place of one package URL.
pub(super) fn place(purl: &str) -> Result<Place, PackageError> {
    let parsed = PackageUrl::from_str(purl)
        .map_err(|e| PackageError { purl: purl.chars().take(200).collect(), reason: e.to_string() })?;
    if !Ecosystem::of_purl_type(parsed.ty()).is_some_and(Ecosystem::is_of_distribution) {
        return Ok(Place::Other(parsed.ty().to_owned()));
    }
    let package: Package = purl.parse()?;
    Ok(match (package.ecosystem, package.namespace.as_str()) {
        (Ecosystem::Deb, "debian") => released(package, "Debian", debian),
        (Ecosystem::Apk, "alpine") => released(package, "Alpine", alpine),
        (_, namespace) => Place::Unknown {
            what: format!("packages of `{namespace}`"),
            reason: "no advisories are imported for this distribution".to_owned(),
        },
    })
}

fn released(package: Package, family: &str, release: fn(&str) -> Option<String>) -> Place {
    let version =
        package.distro.as_deref().and_then(|distro| distro.strip_prefix(package.namespace.as_str()));
    let found = version.and_then(|version| version.strip_prefix('-')).and_then(release);
    match (found, package.distro) {
        (Some(release), _) => Place::Known(Installed {
            ecosystem: format!("{family}:{release}"),
            source: package.source.name,
            version: package.source.version,
        }),
        (None, None) => Place::Unknown {
            what: format!("packages of {family} of an unknown release"),
            reason: "the image does not say which release it is".to_owned(),
        },
        (None, Some(distro)) => Place::Unknown {
            what: format!("packages of `{distro}`"),
            reason: format!("no released version of {family}, for which alone advisories are published"),
        },
    }
}

/// `12` and `12.5` are Debian 12; `sid` and `trixie/sid` are no release.
fn debian(version: &str) -> Option<String> {
    numbers(version).map(|parts| parts[0].to_owned())
}

/// `3.19` and `3.19.1` are Alpine v3.19; `3.22.0_alpha20250108` is edge.
fn alpine(version: &str) -> Option<String> {
    let parts = numbers(version)?;
    parts.get(1).map(|minor| format!("v{}.{minor}", parts[0]))
}

fn numbers(version: &str) -> Option<Vec<&str>> {
    let parts: Vec<_> = version.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.iter().all(number).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_url_tells_the_release() {
        for (purl, expected) in [
            ("pkg:deb/debian/zlib1g@1:1.2.13?distro=debian-12&upstream=zlib", "Debian:12 zlib 1:1.2.13"),
            (
                "pkg:deb/debian/libc6@2.36-9?distro=debian-12.5&upstream=glibc%402.36-8",
                "Debian:12 glibc 2.36-8",
            ),
            (
                "pkg:apk/alpine/libssl3@3.1.4-r5?distro=alpine-3.19.1&upstream=openssl",
                "Alpine:v3.19 openssl 3.1.4-r5",
            ),
            ("pkg:apk/alpine/musl@1.2.4-r2?distro=alpine-3.19", "Alpine:v3.19 musl 1.2.4-r2"),
            ("pkg:apk/alpine/musl@1.2.4-r2?distro=alpine-3", "no: packages of `alpine-3`"),
            (
                "pkg:apk/alpine/musl@1.2.4-r2?distro=alpine-3.22.0_alpha20250108",
                "no: packages of `alpine-3.22.0_alpha20250108`",
            ),
            ("pkg:deb/debian/a@1?distro=debian-sid", "no: packages of `debian-sid`"),
            ("pkg:deb/debian/a@1", "no: packages of Debian of an unknown release"),
            ("pkg:deb/debian/a@1?distro=ubuntu-22.04", "no: packages of `ubuntu-22.04`"),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", "no: packages of `ubuntu`"),
            ("pkg:npm/left-pad@1.3.0", "type npm"),
        ] {
            let found = match place(purl).unwrap() {
                Place::Known(i) => format!("{} {} {}", i.ecosystem, i.source, i.version),
                Place::Unknown { what, .. } => format!("no: {what}"),
                Place::Other(of) => format!("type {of}"),
            };
            assert_eq!(found, expected, "{purl}");
        }
        for purl in ["", "left-pad 1.3.0", "pkg:deb/debian/a", "http://deb/debian/a@1"] {
            assert!(place(purl).is_err(), "{purl}");
        }
    }
}
