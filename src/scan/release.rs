//! Which advisories speak of a package: its ecosystem with the release, as OSV names them. Pure.

use std::str::FromStr;

use packageurl::PackageUrl;

use super::Installed;
use crate::{
    advisory::{self, Distribution, Named},
    model::{Ecosystem, Package, PackageError, Source},
};

/// Where a package's advisories are to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Known(Installed),
    /// No advisories are imported for such packages of a distribution.
    Unknown {
        what: String,
        reason: String,
    },
    /// Packages of a kind for which no advisories are imported, or that none could name.
    Other(Unmatched),
}

/// Why a package of a language, or a program without a package, has no place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unmatched {
    /// By package URL type.
    Type(String),
    /// Advisories name group and artifact.
    WithoutGroup,
}

/// Returns the place of one package URL.
pub(super) fn place(purl: &str) -> Result<Place, PackageError> {
    let parsed = PackageUrl::from_str(purl)
        .map_err(|e| PackageError { purl: purl.chars().take(200).collect(), reason: e.to_string() })?;
    let Some(kind) = Ecosystem::of_purl_type(parsed.ty()) else {
        return Ok(Place::Other(Unmatched::Type(parsed.ty().to_owned())));
    };
    let package: Package = purl.parse()?;
    if !kind.is_of_distribution() {
        return Ok(of_language(package));
    }
    Ok(match advisory::distribution(package.ecosystem, &package.namespace) {
        Some(distribution) => of_distribution(package, distribution),
        None => Place::Unknown {
            what: format!("packages of `{}`", package.namespace),
            reason: "no advisories are imported for this distribution".to_owned(),
        },
    })
}

/// Returns the place of a package of a language, under the name that OSV gives it (OSV schema, "Defined Ecosystems").
fn of_language(package: Package) -> Place {
    let Package { ecosystem, namespace, name, version, .. } = package;
    let (of, separator) = match ecosystem {
        Ecosystem::Cargo => ("crates.io", ""),
        Ecosystem::Composer => ("Packagist", "/"),
        Ecosystem::Gem => ("RubyGems", ""),
        Ecosystem::Golang => ("Go", "/"),
        Ecosystem::Hex => ("Hex", "/"),
        Ecosystem::Maven if namespace.is_empty() => return Place::Other(Unmatched::WithoutGroup),
        Ecosystem::Maven => ("Maven", ":"),
        Ecosystem::Npm => ("npm", "/"),
        Ecosystem::Nuget => ("NuGet", ""),
        Ecosystem::Pypi => ("PyPI", ""),
        other => return Place::Other(Unmatched::Type(other.purl_type().to_owned())),
    };
    let whole = if namespace.is_empty() { name } else { format!("{namespace}{separator}{name}") };
    let source = advisory::package_name(of, &whole);
    Place::Known(Installed { ecosystem: of.to_owned(), source, version, module: None })
}

/// Returns the place of a package of a distribution, under the name and version that its advisories go by.
fn of_distribution(package: Package, distribution: &Distribution) -> Place {
    let parted = package.distro.as_deref().and_then(|distro| distro.rsplit_once('-'));
    let version = parted.filter(|(id, _)| distribution.namespaces.contains(id)).map(|(_, version)| version);
    let Some(ecosystem) = distribution.of_image(version.unwrap_or_default()) else {
        return no_release(package.distro.as_deref(), distribution.family);
    };
    let epoch = package.qualifiers.get("epoch").map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let Source { name, version } = match distribution.named {
        // The source package of an rpm has the epoch of what is built from it unless its recipe says otherwise.
        Named::Source if distribution.packages == Ecosystem::Rpm => {
            let Source { name, version } = package.source;
            Source {
                name,
                version: if version.contains(':') { version } else { format!("{epoch}{version}") },
            }
        }
        Named::Source => package.source,
        Named::Binary => Source { name: package.name, version: format!("{epoch}{}", package.version) },
    };
    let module = package.qualifiers.get("rpmmod").cloned();
    Place::Known(Installed { ecosystem, source: name, version, module })
}

fn no_release(distro: Option<&str>, family: &str) -> Place {
    match distro {
        None => Place::Unknown {
            what: format!("packages of {family} of an unknown release"),
            reason: "the image does not say which release it is".to_owned(),
        },
        Some(distro) => Place::Unknown {
            what: format!("packages of `{distro}`"),
            reason: format!("advisories of {family} are told apart by numbered release"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table")]
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
            (
                "pkg:rpm/almalinux/libcurl-minimal@7.61.1-34.el8?distro=almalinux-8.10&upstream=curl",
                "AlmaLinux:8 libcurl-minimal 7.61.1-34.el8",
            ),
            (
                "pkg:rpm/almalinux/nodejs@16.14.0-4.module_el8.6.0?distro=almalinux-8.10&epoch=1&rpmmod=nodejs:16:8060:9e",
                "AlmaLinux:8 nodejs 1:16.14.0-4.module_el8.6.0 of nodejs:16:8060:9e",
            ),
            (
                "pkg:rpm/rocky/openssl-libs@1.1.1k-9.el8?distro=rocky-8.10&epoch=1&upstream=openssl",
                "Rocky Linux:8 openssl 1:1.1.1k-9.el8",
            ),
            ("pkg:deb/debian/a@1?distro=ubuntu-22.04", "no: packages of `ubuntu-22.04`"),
            ("pkg:rpm/fedora/a@1-1?distro=fedora-41", "no: packages of `fedora`"),
            ("pkg:apk/alpine/musl@1.2.4-r2?distro=alpine-3", "no: packages of `alpine-3`"),
            (
                "pkg:apk/alpine/musl@1.2.4-r2?distro=alpine-3.22.0_alpha20250108",
                "no: packages of `alpine-3.22.0_alpha20250108`",
            ),
            ("pkg:deb/debian/a@1?distro=debian-sid", "no: packages of `debian-sid`"),
            ("pkg:deb/debian/a@1", "no: packages of Debian of an unknown release"),
            ("pkg:deb/debian/a@1?distro=ubuntu-22.04", "no: packages of `ubuntu-22.04`"),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", "Ubuntu:22.04 a 1"),
            ("pkg:npm/left-pad@1.3.0", "npm left-pad 1.3.0"),
            ("pkg:npm/%40babel/core@7.0.0", "npm @babel/core 7.0.0"),
            ("pkg:golang/github.com/burntsushi/toml@v1.2.0", "Go github.com/burntsushi/toml v1.2.0"),
            ("pkg:golang/stdlib@1.22.3", "Go stdlib 1.22.3"),
            (
                "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
                "Maven org.apache.logging.log4j:log4j-core 2.14.1",
            ),
            ("pkg:maven/app@1", "type WithoutGroup"),
            ("pkg:pypi/zope.interface@5.0", "PyPI zope-interface 5.0"),
            ("pkg:cargo/serde_json@1.0.0?source=local", "crates.io serde-json 1.0.0"),
            ("pkg:nuget/Newtonsoft.Json@12.0.1", "NuGet newtonsoft.json 12.0.1"),
            ("pkg:gem/rails@7.0.0", "RubyGems rails 7.0.0"),
            ("pkg:composer/symfony/http-kernel@v5.4.0", "Packagist symfony/http-kernel v5.4.0"),
            ("pkg:hex/plug@1.0.0", "Hex plug 1.0.0"),
            ("pkg:npm/nameless", "npm nameless "),
            ("pkg:generic/nginx@1.25.3", "type Type(\"generic\")"),
            ("pkg:conan/zlib@1.2.13", "type Type(\"conan\")"),
        ] {
            let found = match place(purl).unwrap() {
                Place::Known(i) => {
                    let module = i.module.map(|label| format!(" of {label}")).unwrap_or_default();
                    format!("{} {} {}{module}", i.ecosystem, i.source, i.version)
                }
                Place::Unknown { what, .. } => format!("no: {what}"),
                Place::Other(of) => format!("type {of:?}"),
            };
            assert_eq!(found, expected, "{purl}");
        }
        for purl in ["", "left-pad 1.3.0", "pkg:deb/debian/a", "http://deb/debian/a@1"] {
            assert!(place(purl).is_err(), "{purl}");
        }
    }
}
