//! Packages as parts of a product: by package URL, or by the identifier that a vendor gives them.

use std::str::FromStr as _;

use packageurl::PackageUrl;

use crate::advisory::format::errata::Nevra;

/// An rpm package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Package {
    pub(super) name: String,
    /// With its epoch where one is told, `1:3.0.7-6.el9_2`; empty where no version is told.
    pub(super) version: String,
    pub(super) is_source: bool,
    /// The stream of a module that it is built for, `nodejs:16`.
    pub(super) module: Option<String>,
}

/// Returns the package of a package URL; `None` where it is no URL of an rpm package. The error is the name under which
/// what is left out is counted.
///
/// Red Hat names modules in three ways: `pkg:rpm/redhat/nodejs@16.1-1?arch=src&rpmmod=nodejs:16:8060020220523160029`,
/// before 2025 `pkg:rpmmod/redhat/nodejs:16/nodejs`, and the module as a whole `pkg:rpmmod/redhat/nodejs@16:8060`.
pub(super) fn by_purl(purl: &str) -> Result<Option<Package>, String> {
    let Ok(purl) = PackageUrl::from_str(purl) else { return Ok(None) };
    let qualifier =
        |key: &str| purl.qualifiers().get(key).map(AsRef::as_ref).filter(|value: &&str| !value.is_empty());
    let module = match (purl.ty(), purl.namespace().unwrap_or_default().split_once('/')) {
        ("rpm", _) => qualifier("rpmmod"),
        ("rpmmod", Some((_, module))) => Some(module),
        ("rpmmod", None) => return Err("modules as a whole".to_owned()),
        ("oci" | "docker", _) => return Err("container images".to_owned()),
        _ => return Ok(None),
    };
    let module = module.map(|label| stream(label).ok_or("modules without a stream")).transpose()?;
    let version = purl.version().unwrap_or_default();
    let epoch = qualifier("epoch").map(|epoch| format!("{epoch}:")).unwrap_or_default();
    Ok(Some(Package {
        name: purl.name().to_owned(),
        version: if version.is_empty() { String::new() } else { format!("{epoch}{version}") },
        is_source: purl.ty() == "rpmmod" || matches!(qualifier("arch"), Some("src" | "nosrc")),
        module,
    }))
}

/// Returns the package of an identifier with a version, `openssl-1:3.0.7-6.el9_2.src`.
pub(super) fn by_nevra(id: &str) -> Option<Package> {
    let parts = Nevra::of(id)?;
    let (name, version) = (parts.name.to_owned(), parts.version.to_owned());
    Some(Package { name, version, is_source: parts.is_source(), module: None })
}

/// Returns the package of an identifier that is its name, `openssl`, `openssl.src` or `nodejs:16/nodejs`.
pub(super) fn by_name(id: &str) -> Option<Package> {
    let (module, name) = match id.split_once('/') {
        Some((module, name)) => (Some(stream(module)?), name),
        None => (None, id),
    };
    let name = name.strip_suffix(".src").unwrap_or(name);
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    let is_name = !name.is_empty() && name.chars().all(plain);
    is_name.then(|| Package { name: name.to_owned(), is_source: true, module, ..Package::default() })
}

/// Returns the name and stream of a module's label, `ruby:2.7` of `ruby:2.7:8080020230427102918:63b34585`.
pub(super) fn stream(label: &str) -> Option<String> {
    let mut parts = label.split(':');
    let (name, stream) = (parts.next()?, parts.next()?);
    (!name.is_empty() && !stream.is_empty()).then(|| format!("{name}:{stream}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(package: Option<Package>) -> String {
        package.map_or("none".to_owned(), |package| {
            let kind = if package.is_source { "source" } else { "binary" };
            format!("{} {} {kind} {}", package.name, package.version, package.module.unwrap_or_default())
        })
    }

    #[test]
    fn package_urls_are_read() {
        for (purl, expected) in [
            ("pkg:rpm/redhat/openssl@3.0.7-6.el9_2?arch=src&epoch=1", "openssl 1:3.0.7-6.el9_2 source "),
            ("pkg:rpm/redhat/openssl@3.0.7-6.el9_2?arch=x86_64&epoch=1", "openssl 1:3.0.7-6.el9_2 binary "),
            ("pkg:rpm/redhat/kernel?arch=src", "kernel  source "),
            ("pkg:rpm/redhat/samba-libs", "samba-libs  binary "),
            (
                "pkg:rpm/redhat/ruby@2.7.8-139.module%2Bel8.8.0%2B18745%2Bf1bef313?arch=src&rpmmod=ruby:2.7:8080:63b",
                "ruby 2.7.8-139.module+el8.8.0+18745+f1bef313 source ruby:2.7",
            ),
            (
                "pkg:rpm/redhat/go-toolset@rhel8?arch=src&rpmmod=go-toolset:rhel8",
                "go-toolset rhel8 source go-toolset:rhel8",
            ),
            ("pkg:rpmmod/redhat/ruby:2.6/ruby", "ruby  source ruby:2.6"),
            ("pkg:maven/io.netty/netty@4.1", "none"),
            ("openssl", "none"),
            ("", "none"),
            ("pkg:rpmmod/redhat/ruby@3.0:8060020220810162001:ad008a3a", "! modules as a whole"),
            ("pkg:rpm/redhat/firefox-flatpak?arch=src&rpmmod=rhel10", "! modules without a stream"),
            ("pkg:oci/ubi8?repository_url=registry.example/ubi8", "! container images"),
        ] {
            let found = by_purl(purl).map_or_else(|reason| format!("! {reason}"), written);
            assert_eq!(found, expected, "{purl}");
        }
    }

    #[test]
    fn identifiers_are_read() {
        for (id, nevra, name) in [
            ("openssl-1:3.0.7-6.el9_2.src", "openssl 1:3.0.7-6.el9_2 source ", "none"),
            ("nss-0:3.101.0-1.el10.x86_64", "nss 0:3.101.0-1.el10 binary ", "none"),
            ("mailx-12.5-1.87", "mailx 12.5-1.87 binary ", "mailx-12.5-1.87  source "),
            (
                "python311-aiohttp-3.9.3-150400.10.14.1.aarch64",
                "python311-aiohttp 3.9.3-150400.10.14.1 binary ",
                "python311-aiohttp-3.9.3-150400.10.14.1.aarch64  source ",
            ),
            ("python3-aiohttp", "none", "python3-aiohttp  source "),
            ("samba-winbind-clients", "none", "samba-winbind-clients  source "),
            ("samba.src", "none", "samba  source "),
            ("nodejs:16/nodejs", "none", "nodejs  source nodejs:16"),
            ("rhel8/postgresql", "none", "none"),
            ("-1-2", "none", "-1-2  source "),
            ("a b", "none", "none"),
            ("", "none", "none"),
        ] {
            assert_eq!((&*written(by_nevra(id)), &*written(by_name(id))), (nevra, name), "{id}");
        }
        for (label, expected) in [
            ("ruby:2.7:8080:63b", Some("ruby:2.7")),
            ("ruby:", None),
            (":2.7", None),
            ("ruby", None),
            ("", None),
        ] {
            assert_eq!(stream(label).as_deref(), expected, "{label}");
        }
    }
}
