//! What images, packages and vulnerabilities are called by others.

use std::str::FromStr;

use packageurl::PackageUrl;

use super::text;
use crate::{
    model::{Digest, Finding, cve},
    ui::report::Subject,
};

/// The longest package URL that is passed on. Those of real packages have some hundred characters.
const PURL_BYTES_MAX: usize = 1_024;

/// Returns a UUID of version 8 (RFC 9562, section 5.8) from the SHA-256 of what is named: the same for the same thing.
pub(in crate::ui::report) fn uuid(named: &[&str]) -> String {
    // Each part with its length, so that no two lists give one text.
    let mut text = String::new();
    for part in named {
        text.extend([part.len().to_string().as_str(), " ", part, "\n"]);
    }
    let hex = Digest::sha256(text).hex().to_owned();
    // The variant is the two bits `10`: one of the digits 8, 9, a and b.
    let variant = char::from(b"89ab"[usize::from(hex.as_bytes()[16] % 4)]);
    let (time, middle, third, sequence, node) =
        (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]);
    format!("{time}-{middle}-8{third}-{variant}{sequence}-{node}")
}

/// Returns the UUID of a document: of what it is about and when it was made.
pub(in crate::ui::report) fn document(format: &str, report: &crate::ui::report::Report<'_>) -> String {
    let at = report.at.to_string();
    let mut named = vec!["fondaco/report/1".to_owned(), format.to_owned(), at, report.tool.to_owned()];
    for subject in report.subjects {
        named.extend([subject.name.to_owned(), product_purl(subject), scan_digest(subject)]);
    }
    uuid(&named.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Returns a digest over what was found and how it was judged, so that another scan gives another document.
fn scan_digest(subject: &Subject<'_>) -> String {
    let scan = subject.scan;
    let mut text = format!("{} {}\n", scan.packages, scan.advisories.digest);
    for finding in subject.findings() {
        text.push_str(&content(finding));
    }
    for part in &scan.not_looked_at {
        text.push_str(&serde_json::to_string(part).unwrap_or_default());
    }
    Digest::sha256(text).to_string()
}

/// Returns all that is recorded about a finding, as text that tells it from every other.
pub(in crate::ui::report) fn content(finding: &Finding) -> String {
    // Records are made of text, numbers and lists, which all serialise.
    serde_json::to_string(finding).unwrap_or_default()
}

/// Returns the package URL of what was scanned: of an image by digest (purl-spec, type `oci`: the last part of the
/// repository's path, the digest as version), of an SBOM that names no image by the digest of the scanned document.
/// Nothing is said about where the image lies, so that it is the same image in a mirror; see [`located_purl`].
pub(in crate::ui::report) fn product_purl(subject: &Subject<'_>) -> String {
    match subject.digest {
        Some(digest) => format!("pkg:oci/{}@{}", encoded(&short_name(subject)), encoded(&digest.to_string())),
        None => format!("pkg:generic/{}?checksum={}", encoded(&short_name(subject)), subject.scan.subject),
    }
}

/// Returns the package URL of an image with the repository that it was scanned under; nothing of SBOMs.
pub(in crate::ui::report) fn located_purl(subject: &Subject<'_>) -> Option<String> {
    subject.digest?;
    let repository = encoded(&text::name(repository(subject.name))).replace("%2F", "/");
    Some(format!("{}?repository_url={repository}", product_purl(subject)))
}

/// Returns the name of an image without tag and digest.
fn repository(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    match name.rsplit_once(':') {
        // A colon before a slash stands before a port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// Returns the last part of a path, lower-case.
fn short_name(subject: &Subject<'_>) -> String {
    let whole = if subject.digest.is_some() { repository(subject.name) } else { subject.name };
    let last = whole.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    text::name(&last.to_lowercase())
}

/// Percent-encodes everything but letters, digits and `-._~`, as package URLs ask (ECMA-427, "Character encoding"); a
/// colon stays.
fn encoded(value: &str) -> String {
    crate::render::path(value).replace('/', "%2F").replace("%3A", ":")
}

/// A package of a finding as others know it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ui::report) struct Component {
    /// Not there where the record holds none that can be read.
    pub(in crate::ui::report) purl: Option<String>,
    pub(in crate::ui::report) name: String,
    pub(in crate::ui::report) version: String,
}

/// Qualifiers that make another package of it. The others (`distro`, `upstream` and more) are written differently by each
/// tool, and a reader that compares them all would know none of ours again.
const QUALIFIERS_OF_IDENTITY: [&str; 2] = ["arch", "epoch"];

/// Returns the installed packages of a finding; its source package where none is named.
pub(in crate::ui::report) fn components(finding: &Finding) -> Vec<Component> {
    let mut components: Vec<Component> = finding.packages.iter().filter_map(|purl| component(purl)).collect();
    components.sort();
    components.dedup();
    if components.is_empty() {
        let version = text::name(&finding.installed);
        components.push(Component { purl: None, name: text::name(&finding.source), version });
    }
    components
}

fn component(purl: &str) -> Option<Component> {
    if purl.len() > PURL_BYTES_MAX {
        return None;
    }
    let read = PackageUrl::from_str(purl).ok()?;
    let mut parsed = PackageUrl::new(read.ty().to_owned(), read.name().to_owned()).ok()?;
    if let Some(namespace) = read.namespace() {
        parsed.with_namespace(namespace.to_owned()).ok()?;
    }
    if let Some(version) = read.version() {
        parsed.with_version(version.to_owned()).ok()?;
    }
    for key in QUALIFIERS_OF_IDENTITY {
        if let Some(value) = read.qualifiers().get(key) {
            parsed.add_qualifier(key, value.to_string()).ok()?;
        }
    }
    let name = text::name(parsed.name());
    let name = match parsed.namespace().filter(|_| !is_of_distribution(&parsed)) {
        Some(namespace) => text::name(&format!("{namespace}/{name}")),
        None => name,
    };
    let version = text::name(parsed.version().unwrap_or_default());
    Some(Component { purl: Some(parsed.to_string()), name, version })
}

fn is_of_distribution(purl: &PackageUrl<'_>) -> bool {
    crate::model::Ecosystem::of_purl_type(purl.ty()).is_some_and(crate::model::Ecosystem::is_of_distribution)
}

/// Returns the `distro` that the packages of a finding were installed with, `debian-12`; else the advisory's ecosystem.
pub(in crate::ui::report) fn system(finding: &Finding) -> String {
    let distro = |purl: &String| {
        let parsed = PackageUrl::from_str(purl).ok()?;
        parsed.qualifiers().get("distro").map(|distro| text::name(distro))
    };
    finding.packages.iter().find_map(distro).unwrap_or_else(|| text::name(&finding.ecosystem))
}

/// Returns the CVE of a finding, where it has one.
pub(in crate::ui::report) fn cve_of(finding: &Finding) -> Option<&str> {
    cve(&finding.id).or_else(|| finding.ids.iter().find_map(|id| cve(id)))
}

/// Returns the identifiers other than the shown one, as they are shown.
pub(in crate::ui::report) fn aliases(finding: &Finding) -> Vec<String> {
    let others = finding.ids.iter().filter(|id| **id != finding.id);
    let mut aliases: Vec<String> = others.take(ALIASES_MAX).map(|id| text::name(id)).collect();
    aliases.dedup();
    aliases
}

/// The most further identifiers of one vulnerability. GitLab takes 20 in all.
const ALIASES_MAX: usize = 19;

/// The longest identifier that is looked up anywhere.
const ID_BYTES_MAX: usize = 64;

/// Returns the public page of an identifier: of CVE where it is one or derived from one, of GitHub, else of OSV, which
/// has the identifiers of distributions and languages. Nothing for text that is no identifier.
pub(in crate::ui::report) fn page(id: &str) -> Option<String> {
    if let Some(cve) = cve(id).filter(|cve| *cve == id) {
        return Some(format!("https://www.cve.org/CVERecord?id={cve}"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b':' || b == b'.';
    if id.len() > ID_BYTES_MAX || !id.contains('-') || !id.bytes().all(plain) {
        return None;
    }
    let of_github = id.starts_with("GHSA-");
    Some(if of_github {
        format!("https://github.com/advisories/{id}")
    } else {
        format!("https://osv.dev/vulnerability/{id}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9562, section 4: version and variant stand at fixed places.
    #[test]
    fn a_uuid_is_one_and_depends_on_every_part() {
        let one = uuid(&["a", "b"]);
        let groups: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "8");
        assert!("89ab".contains(&one[19..20]));
        assert_eq!(one, uuid(&["a", "b"]));
        assert_ne!(one, uuid(&["ab", ""]));
        assert_ne!(uuid(&["a\n1 b"]), uuid(&["a", "b"]));
    }

    #[test]
    fn the_repository_is_the_name_without_tag_and_digest() {
        for (name, expected) in [
            ("docker.io/library/nginx:1.28", "docker.io/library/nginx"),
            ("registry.example:5000/nginx", "registry.example:5000/nginx"),
            ("registry.example:5000/nginx:1@sha256:00", "registry.example:5000/nginx"),
            ("nginx", "nginx"),
        ] {
            assert_eq!(repository(name), expected);
        }
    }

    #[test]
    fn packages_are_named_as_other_tools_name_them() {
        let purl = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl";
        let expected = Component {
            purl: Some("pkg:deb/debian/libssl3@3.0.11-1?arch=amd64".to_owned()),
            name: "libssl3".to_owned(),
            version: "3.0.11-1".to_owned(),
        };
        assert_eq!(component(purl), Some(expected));
        let scoped = component("pkg:npm/%40angular/core@17.0.0").unwrap();
        assert_eq!((scoped.name.as_str(), scoped.version.as_str()), ("@angular/core", "17.0.0"));
        assert_eq!(component("no package URL"), None);
        assert_eq!(component(&format!("pkg:npm/{}@1", "a".repeat(PURL_BYTES_MAX))), None);
    }

    #[test]
    fn pages_are_of_identifiers_only() {
        for (id, expected) in [
            ("CVE-2024-0727", Some("https://www.cve.org/CVERecord?id=CVE-2024-0727")),
            ("GHSA-9v9h-cgj8-h64p", Some("https://github.com/advisories/GHSA-9v9h-cgj8-h64p")),
            ("DEBIAN-CVE-2024-0727", Some("https://osv.dev/vulnerability/DEBIAN-CVE-2024-0727")),
            ("RHSA-2024:1234", Some("https://osv.dev/vulnerability/RHSA-2024:1234")),
            ("javascript:alert-1()", None),
            ("../CVE-2024-0727", None),
            ("TEMP", None),
        ] {
            assert_eq!(page(id).as_deref(), expected, "{id}");
        }
    }
}
