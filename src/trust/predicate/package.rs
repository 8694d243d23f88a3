//! Packages as publishers list them, made comparable.

use std::{collections::BTreeSet, str::FromStr};

use packageurl::PackageUrl;

/// The longest package URL that is read, in bytes.
const PURL_BYTES_MAX: usize = 1024;

/// A publisher's list of packages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sbom {
    /// `SPDX-2.3` or `CycloneDX 1.6`.
    pub format: String,
    /// As [`comparable`] writes them.
    pub packages: BTreeSet<String>,
    /// Entries without a readable package URL.
    pub unnamed: u64,
}

impl Sbom {
    /// Adds an entry by its package URLs; an entry with none is counted.
    pub(super) fn add<'a>(&mut self, purls: impl Iterator<Item = &'a str>) {
        let mut any = false;
        for package in purls.filter_map(comparable) {
            self.packages.insert(package);
            any = true;
        }
        self.unnamed += u64::from(!any);
    }
}

/// Returns a package URL reduced to what two catalogues agree on: `type/name@version`. Qualifiers and subpath are left
/// out, and the namespace of operating system packages, which is the distribution's name and often missing; of others it
/// is part of the name.
pub fn comparable(purl: &str) -> Option<String> {
    let purl = parse(purl)?;
    let namespace = purl.namespace().filter(|_| !matches!(purl.ty(), "deb" | "apk" | "rpm"));
    let namespace = namespace.map_or(String::new(), |namespace| format!("{namespace}/"));
    Some(format!("{}/{namespace}{}@{}", purl.ty(), purl.name(), purl.version()?))
}

/// Returns whether a publisher's package URL names an installed package: same type, namespace and name, the version and
/// every qualifier that the publisher writes the same.
pub fn names_package(publishers: &str, installed: &str) -> bool {
    let (Some(wanted), Some(found)) = (parse(publishers), parse(installed)) else { return false };
    let same =
        wanted.ty() == found.ty() && wanted.namespace() == found.namespace() && wanted.name() == found.name();
    let version = wanted.version().is_none_or(|version| found.version() == Some(version));
    let qualifiers =
        wanted.qualifiers().iter().all(|(key, value)| found.qualifiers().get(key) == Some(value));
    same && version && qualifiers && wanted.subpath().is_none()
}

fn parse(purl: &str) -> Option<PackageUrl<'_>> {
    if purl.len() > PURL_BYTES_MAX { None } else { PackageUrl::from_str(purl).ok() }
}
