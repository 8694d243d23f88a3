//! Packages, written and read as package URLs (ECMA-427, and the type definitions of package-url/purl-spec).

use std::{collections::BTreeMap, fmt, str::FromStr};

use packageurl::PackageUrl;
use serde::{Deserialize, Serialize};

/// The family a package belongs to: its package URL's type. A further one is one more variant and its line in
/// [`Ecosystem::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ecosystem {
    Deb,
    Apk,
    Alpm,
    Bitnami,
    Cargo,
    Composer,
    Conda,
    Gem,
    /// Software without a package of any kind, recognised by its bytes.
    Generic,
    Golang,
    Hex,
    Maven,
    Nix,
    Npm,
    Nuget,
    Otp,
    Pub,
    Pypi,
    Rpm,
    Swift,
}

impl Ecosystem {
    /// Every ecosystem with its package URL type.
    pub const ALL: [(Self, &'static str); 20] = [
        (Self::Deb, "deb"),
        (Self::Apk, "apk"),
        (Self::Alpm, "alpm"),
        (Self::Bitnami, "bitnami"),
        (Self::Cargo, "cargo"),
        (Self::Composer, "composer"),
        (Self::Conda, "conda"),
        (Self::Gem, "gem"),
        (Self::Generic, "generic"),
        (Self::Golang, "golang"),
        (Self::Hex, "hex"),
        (Self::Maven, "maven"),
        (Self::Nix, "nix"),
        (Self::Npm, "npm"),
        (Self::Nuget, "nuget"),
        (Self::Otp, "otp"),
        (Self::Pub, "pub"),
        (Self::Pypi, "pypi"),
        (Self::Rpm, "rpm"),
        (Self::Swift, "swift"),
    ];

    /// Returns the package URL type.
    pub fn purl_type(self) -> &'static str {
        let listed = Self::ALL.iter().find(|(ecosystem, _)| *ecosystem == self);
        listed.expect("a test looks every variant up").1
    }

    /// Returns the ecosystem of a package URL type.
    pub fn of_purl_type(purl_type: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, listed)| *listed == purl_type).map(|(ecosystem, _)| *ecosystem)
    }

    /// Returns whether a distribution's own package manager installs such packages; the distribution is then part of
    /// their identity.
    pub const fn is_of_distribution(self) -> bool {
        matches!(self, Self::Deb | Self::Apk | Self::Alpm | Self::Rpm)
    }
}

/// The source package a binary package was built from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    pub name: String,
    pub version: String,
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Package {
    pub ecosystem: Ecosystem,
    /// The purl namespace. Of distributions the `ID` of os-release (`debian`, `alpine`); else what the type makes of it
    /// (a Maven group, an npm scope), empty where there is none.
    pub namespace: String,
    pub name: String,
    /// Empty where nobody knows it.
    pub version: String,
    pub architecture: Option<String>,
    /// Distribution and release as `debian-12` or `alpine-3.19.1`; absent where os-release does not tell.
    pub distro: Option<String>,
    /// The source package; its name and version equal the package's own where the database names no other.
    pub source: Source,
    /// Further qualifiers that are part of the identity, such as `epoch` of rpm packages.
    pub qualifiers: BTreeMap<String, String>,
}

/// Says why a package URL is not one this program wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{purl}` is not a usable package URL: {reason}")]
pub struct PackageError {
    pub purl: String,
    pub reason: String,
}

impl Package {
    /// Returns the package URL. The source package stands in `upstream`, as `name` or `name@version`, only where it
    /// differs from the package: an identity of its own is not repeated.
    ///
    /// # Errors
    /// [`PackageError`] where a hostile database holds a name that no package URL can carry.
    pub fn purl(&self) -> Result<String, PackageError> {
        let fail = |e: packageurl::Error| PackageError { purl: self.name.clone(), reason: e.to_string() };
        let mut purl = PackageUrl::new(self.ecosystem.purl_type(), self.name.clone()).map_err(fail)?;
        // Whoever reads it leaves such segments out, as purl-spec says, and would have another package.
        let segments = self.namespace.split('/').filter(|segment| !["", ".", ".."].contains(segment));
        let namespace = segments.collect::<Vec<_>>().join("/");
        if !namespace.is_empty() {
            purl.with_namespace(namespace).map_err(fail)?;
        }
        if !self.version.is_empty() {
            purl.with_version(self.version.clone()).map_err(fail)?;
        }
        for (key, value) in &self.qualifiers {
            purl.add_qualifier(key.clone(), value.clone()).map_err(fail)?;
        }
        if let Some(architecture) = &self.architecture {
            purl.add_qualifier("arch", architecture.clone()).map_err(fail)?;
        }
        if let Some(distro) = &self.distro {
            purl.add_qualifier("distro", distro.clone()).map_err(fail)?;
        }
        if let Some(upstream) = self.upstream() {
            purl.add_qualifier("upstream", upstream).map_err(fail)?;
        }
        Ok(with_encoded_version(&purl.to_string()))
    }

    fn upstream(&self) -> Option<String> {
        match (self.source.name == self.name, self.source.version == self.version) {
            (true, true) => None,
            (false, true) => Some(self.source.name.clone()),
            (_, false) => Some(format!("{}@{}", self.source.name, self.source.version)),
        }
    }
}

/// Returns the package URL with every `/` of the version encoded, as ECMA-427 asks. The crate leaves them
/// as they are and does not read them back. An `@` before the version is encoded, so that the first one begins it.
fn with_encoded_version(purl: &str) -> String {
    let (path, qualifiers) = purl.find('?').map_or((purl, ""), |at| purl.split_at(at));
    let Some((named, version)) = path.split_once('@') else { return purl.to_owned() };
    format!("{named}@{}{qualifiers}", version.replace('/', "%2F"))
}

/// Returns the name that packages of PyPI are looked up by: in lower case, with each run of `-`, `_` and `.` made one `-`
/// (PEP 503).
pub fn pypi_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            _ => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

impl FromStr for Package {
    type Err = PackageError;

    fn from_str(text: &str) -> Result<Self, PackageError> {
        let fail =
            |reason: &str| PackageError { purl: text.chars().take(200).collect(), reason: reason.to_owned() };
        let purl = PackageUrl::from_str(text).map_err(|e| fail(&e.to_string()))?;
        let ecosystem =
            Ecosystem::of_purl_type(purl.ty()).ok_or_else(|| fail("no type that is catalogued"))?;
        let version = purl.version().unwrap_or_default().to_owned();
        if version.is_empty() && ecosystem.is_of_distribution() {
            return Err(fail("no version"));
        }
        let mut qualifiers: BTreeMap<String, String> =
            purl.qualifiers().iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let mut qualifier = |key: &str| qualifiers.remove(key);
        let source = match qualifier("upstream") {
            None => Source { name: purl.name().to_owned(), version: version.clone() },
            Some(upstream) => match upstream.split_once('@') {
                None => Source { name: upstream, version: version.clone() },
                Some((name, version)) => Source { name: name.to_owned(), version: version.to_owned() },
            },
        };
        Ok(Self {
            ecosystem,
            namespace: purl.namespace().unwrap_or_default().to_owned(),
            name: purl.name().to_owned(),
            version,
            architecture: qualifier("arch"),
            distro: qualifier("distro"),
            source,
            qualifiers,
        })
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_survives_its_package_url() {
        for (name, version, source, source_version) in [
            ("libssl3", "3.0.11-1~deb12u2", "openssl", "3.0.11-1~deb12u2"),
            ("libgcc-s1", "12.2.0-14+deb12u1", "gcc-12", "12.2.0-14"),
            ("redis", "5:7.0.15-1", "redis", "5:7.0.15-1"),
            ("binnmu", "1.0-1+b1", "binnmu", "1.0-1"),
            ("odd", "1/2@3?a=b#c/d", "odd", "1/2@3?a=b#c/d"),
        ] {
            let package = Package {
                ecosystem: Ecosystem::Deb,
                namespace: "debian".into(),
                name: name.into(),
                version: version.into(),
                architecture: Some("amd64".into()),
                distro: Some("debian-12".into()),
                source: Source { name: source.into(), version: source_version.into() },
                qualifiers: BTreeMap::new(),
            };
            let purl = package.purl().unwrap();
            assert_eq!(purl.parse::<Package>().unwrap(), package, "{purl}");
        }
    }

    #[test]
    fn segments_that_readers_leave_out_are_not_written() {
        let package = Package {
            ecosystem: Ecosystem::Swift,
            namespace: "../git.example/./apple/".into(),
            name: "swift-nio".into(),
            version: "1.40.0".into(),
            architecture: None,
            distro: None,
            source: Source { name: "swift-nio".into(), version: "1.40.0".into() },
            qualifiers: BTreeMap::new(),
        };
        assert_eq!(package.purl().unwrap(), "pkg:swift/git.example/apple/swift-nio@1.40.0");
    }

    /// Examples of package-url/purl-spec, `types/`.
    #[test]
    fn package_urls_of_every_type_are_kept_as_they_are() {
        for purl in [
            "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25",
            "pkg:rpm/opensuse/openssl@1.1.0-1?epoch=1&upstream=openssl-src",
            "pkg:golang/google.golang.org/genproto@v0.0.0-20200101000000-abcdef012345",
            "pkg:golang/stdlib@1.22.3",
            "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?type=war",
            "pkg:npm/%40angular/animation@12.3.1",
            "pkg:pypi/django@1.11.1",
            "pkg:generic/openssl@1.1.10g",
            "pkg:generic/nameless",
        ] {
            assert_eq!(purl.parse::<Package>().unwrap().purl().unwrap(), purl);
        }
        assert!("pkg:deb/debian/a".parse::<Package>().is_err());
        assert!("pkg:nothing/a@1".parse::<Package>().is_err());
    }

    #[test]
    fn every_ecosystem_has_its_type() {
        let types: std::collections::BTreeSet<_> = Ecosystem::ALL.iter().map(|(_, of)| of).collect();
        assert_eq!(types.len(), Ecosystem::ALL.len());
        for (ecosystem, of) in Ecosystem::ALL {
            assert_eq!((ecosystem.purl_type(), Ecosystem::of_purl_type(of)), (of, Some(ecosystem)));
        }
    }
}
