//! Bitnami's packages below `opt/bitnami`: an SPDX 2.3 document beside each, `.spdx-<name>.spdx`, and in older images one
//! list for all, `.bitnami_components.json`.
//!
//! The documents list Go modules and others, too, as another tool saw them; those are found in the files themselves.

use std::collections::BTreeMap;

use super::{Cataloguer, Wants, word};
use crate::catalogue::declared;
use crate::catalogue::found::{File, Found, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;
use crate::model::{Ecosystem, Package};

pub(super) const CATALOGUER: Cataloguer =
    Cataloguer { name: "bitnami", wants: &[Wants::Paths(is_wanted)], parse: read };

const COMPONENTS: &str = "opt/bitnami/.bitnami_components.json";

fn is_wanted(path: &str) -> bool {
    if !path.starts_with("opt/bitnami/") {
        return false;
    }
    let name = split(path).1;
    path == COMPONENTS || name.strip_prefix(".spdx-").is_some_and(|rest| rest.strip_suffix(".spdx").is_some())
}

fn read(file: &File<'_>) -> Parsed {
    let text = String::from_utf8_lossy(file.bytes);
    let Some(json) = Json::of(&text) else { return Parsed::gap("not JSON") };
    let mut parsed = Parsed::default();
    let is_list = if file.path == COMPONENTS {
        json.each_member(|name, component| parsed.add(listed(name, component)))
    } else {
        let each = |package: Json<'_>| {
            if let Some((purl, references)) = purl(package) {
                parsed.add(described(package, &purl, &references));
            }
        };
        json.field("packages").is_some_and(|packages| packages.each(each))
    };
    if is_list { parsed } else { Parsed::gap("no list of packages") }
}

/// Kind and address of what a package refers to.
type References = Vec<(String, String)>;

/// Returns the package URL and all references of a package of Bitnami, `None` for one of others.
fn purl(json: Json<'_>) -> Option<(String, References)> {
    let references: References =
        json.field("externalRefs")?.items().into_iter().filter_map(reference).collect();
    let purl = references.iter().find(|(kind, to)| kind == "purl" && to.starts_with("pkg:bitnami/"))?;
    Some((purl.1.clone(), references))
}

/// Reads a package of the SPDX document.
fn described(json: Json<'_>, purl: &str, references: &References) -> Option<Found> {
    let package = purl.parse::<Package>().ok()?;
    let is_cpe = |(kind, to): &&(String, String)| kind == "cpe23Type" && word(to.as_bytes()).is_some();
    let licence = json.text_of("licenseDeclared").and_then(|text| declared::licence(&text));
    let found = bitnami(&package.name, &package.version, package.architecture, package.distro)?;
    Some(Found {
        licences: licence.into_iter().collect(),
        source_url: json.text_of("downloadLocation").and_then(|text| declared::url(&text)),
        cpes: references.iter().filter(is_cpe).map(|(_, to)| to.clone()).collect(),
        ..found
    })
}

fn reference(json: Json<'_>) -> Option<(String, String)> {
    Some((json.text_of("referenceType")?, json.text_of("referenceLocator")?))
}

/// Reads a component of the older list.
fn listed(name: &str, json: Json<'_>) -> Option<Found> {
    let version = json.text_of("version")?;
    bitnami(name, &version, json.text_of("arch"), json.text_of("distro"))
}

fn bitnami(name: &str, version: &str, architecture: Option<String>, distro: Option<String>) -> Option<Found> {
    let plain = |text: String| word(text.as_bytes()).map(str::to_owned);
    let distro = distro.and_then(plain).map(|distro| ("distro".to_owned(), distro));
    Some(Found {
        architecture: architecture.and_then(plain),
        qualifiers: BTreeMap::from_iter(distro),
        ..Found::new(Ecosystem::Bitnami, word(name.as_bytes())?, word(version.as_bytes())?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by hand in the form of Bitnami's documents of 2024.
    const DOCUMENT: &str = r#"{"spdxVersion": "SPDX-2.3", "packages": [
        {"SPDXID": "SPDXRef-redis", "name": "redis", "versionInfo": "7.4.0-0", "licenseDeclared": "RSALv2",
         "downloadLocation": "https://download.redis.io/releases/redis-7.4.0.tar.gz",
         "externalRefs": [
            {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:*:redis:redis:7.4.0:*:*:*:*:*:*:*"},
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:bitnami/redis@7.4.0-0?arch=arm64&distro=debian-12"}]},
        {"name": "raymond", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:golang/github.com/aymerick/raymond@v2.0.2"}]},
        {"name": "evil", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:bitnami/a%1B%5B2J@1"}]},
        {"name": "bare"}, 3]}"#;

    #[test]
    fn bitnamis_own_packages_are_taken_over_and_no_others() {
        let parsed = read(&File { path: "opt/bitnami/redis/.spdx-redis.spdx", bytes: DOCUMENT.as_bytes() });
        assert_eq!((parsed.packages.len(), parsed.unreadable), (1, 1));
        let found = &parsed.packages[0];
        assert_eq!(
            (found.name.as_str(), found.version.as_str(), found.architecture.as_deref()),
            ("redis", "7.4.0-0", Some("arm64"))
        );
        assert_eq!(found.qualifiers["distro"], "debian-12");
        assert_eq!((found.licences.as_slice(), found.cpes.len()), (&["RSALv2".to_owned()][..], 1));
        assert_eq!(
            found.source_url.as_deref(),
            Some("https://download.redis.io/releases/redis-7.4.0.tar.gz")
        );
    }

    #[test]
    fn the_list_of_older_images_is_read() {
        let text = r#"{"postgresql": {"arch": "amd64", "digest": "7d", "distro": "debian-11", "type": "NAMI", "version": "11.22.0-4"}, "x": {"version": 3}}"#;
        let parsed = read(&File { path: COMPONENTS, bytes: text.as_bytes() });
        assert_eq!((parsed.packages.len(), parsed.unreadable), (1, 1));
        let found = &parsed.packages[0];
        assert_eq!(
            (found.name.as_str(), found.version.as_str(), found.architecture.as_deref()),
            ("postgresql", "11.22.0-4", Some("amd64"))
        );
    }

    #[test]
    fn what_is_no_list_is_a_gap() {
        for text in ["", "{}", "SPDXVersion: SPDX-2.3", "{\"packages\": {}}"] {
            let parsed = read(&File { path: "opt/bitnami/a/.spdx-a.spdx", bytes: text.as_bytes() });
            assert_eq!(parsed.gaps.len(), 1, "{text}");
        }
        for (path, wanted) in [
            ("opt/bitnami/redis/.spdx-redis.spdx", true),
            ("opt/bitnami/common/deep/.spdx-x.spdx", true),
            (COMPONENTS, true),
            ("opt/bitnami/redis/x.spdx", false),
            ("srv/opt/bitnami/redis/.spdx-redis.spdx", false),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }
}
