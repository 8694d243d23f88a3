//! Packages, written and read as package URLs (purl specification, types `deb` and `apk`).

use std::{fmt, str::FromStr};

use packageurl::PackageUrl;

/// The family a package belongs to. A further ecosystem is one more variant and one more cataloguer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ecosystem {
    Deb,
    Apk,
}

impl Ecosystem {
    /// Returns the purl type.
    pub const fn purl_type(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
        }
    }
}

/// The source package a binary package was built from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    pub name: String,
    pub version: String,
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Package {
    pub ecosystem: Ecosystem,
    /// The distribution's `ID` of os-release: `debian`, `alpine`. The purl namespace.
    pub namespace: String,
    pub name: String,
    pub version: String,
    pub architecture: Option<String>,
    /// Distribution and release as `debian-12` or `alpine-3.19.1`; absent where os-release does not tell.
    pub distro: Option<String>,
    /// The source package; its name and version equal the package's own where the database names no other.
    pub source: Source,
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
        purl.with_namespace(self.namespace.clone()).map_err(fail)?;
        purl.with_version(self.version.clone()).map_err(fail)?;
        if let Some(architecture) = &self.architecture {
            purl.add_qualifier("arch", architecture.clone()).map_err(fail)?;
        }
        if let Some(distro) = &self.distro {
            purl.add_qualifier("distro", distro.clone()).map_err(fail)?;
        }
        if let Some(upstream) = self.upstream() {
            purl.add_qualifier("upstream", upstream).map_err(fail)?;
        }
        Ok(purl.to_string())
    }

    fn upstream(&self) -> Option<String> {
        match (self.source.name == self.name, self.source.version == self.version) {
            (true, true) => None,
            (false, true) => Some(self.source.name.clone()),
            (_, false) => Some(format!("{}@{}", self.source.name, self.source.version)),
        }
    }
}

impl FromStr for Package {
    type Err = PackageError;

    fn from_str(text: &str) -> Result<Self, PackageError> {
        let fail =
            |reason: &str| PackageError { purl: text.chars().take(200).collect(), reason: reason.to_owned() };
        let purl = PackageUrl::from_str(text).map_err(|e| fail(&e.to_string()))?;
        let ecosystem = match purl.ty() {
            "deb" => Ecosystem::Deb,
            "apk" => Ecosystem::Apk,
            _ => return Err(fail("type is neither `deb` nor `apk`")),
        };
        let version = purl.version().ok_or_else(|| fail("no version"))?.to_owned();
        let qualifier = |key: &str| purl.qualifiers().get(key).map(ToString::to_string);
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
        ] {
            let package = Package {
                ecosystem: Ecosystem::Deb,
                namespace: "debian".into(),
                name: name.into(),
                version: version.into(),
                architecture: Some("amd64".into()),
                distro: Some("debian-12".into()),
                source: Source { name: source.into(), version: source_version.into() },
            };
            let purl = package.purl().unwrap();
            assert_eq!(purl.parse::<Package>().unwrap(), package, "{purl}");
        }
    }
}
