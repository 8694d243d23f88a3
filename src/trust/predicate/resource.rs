//! The resource of a verification summary against the image at hand.

use std::str::FromStr;

use packageurl::PackageUrl;

use super::{Subject, shown};
use crate::model::{Digest, Repository};

/// What a resource URI names.
#[derive(Debug, Default)]
struct Named {
    repository: Option<Repository>,
    digest: Option<String>,
}

/// Returns whether a resource URI names `repository`, and a digest that is among the statement's subjects where it names
/// one. Forms: `[oci://|docker://|https://]host/path[:tag][@digest]`, `pkg:oci/name@digest?repository_url=…` and
/// `pkg:docker/path@tag?digest=…` (purl specification, types `oci` and `docker`).
pub(super) fn is_about(uri: &str, repository: &Repository, subjects: &[Subject]) -> Result<(), String> {
    let other = || format!("the summary is for another resource, `{}`", shown(uri));
    let named = if uri.starts_with("pkg:") { package(uri) } else { plain(uri) }.ok_or_else(other)?;
    if let Some(digest) = &named.digest {
        let digest: Digest = digest.parse().map_err(|_| other())?;
        if !subjects.iter().any(|subject| subject.is(&digest)) {
            return Err(other());
        }
    }
    match &named.repository {
        Some(found) if found == repository => Ok(()),
        // A digest among the signed subjects says what is meant where no repository is named.
        None if named.digest.is_some() => Ok(()),
        _ => Err(other()),
    }
}

fn plain(uri: &str) -> Option<Named> {
    let schemes = ["oci://", "docker://", "https://"];
    let name = schemes.iter().find_map(|scheme| uri.strip_prefix(scheme)).unwrap_or(uri);
    let (name, digest) =
        name.split_once('@').map_or((name, None), |(name, digest)| (name, Some(digest.to_owned())));
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let name = name[last..].find(':').map_or(name, |colon| &name[..last + colon]);
    Some(Named { repository: Some(Repository::from_str(name).ok()?), digest })
}

fn package(uri: &str) -> Option<Named> {
    let purl = PackageUrl::from_str(uri).ok()?;
    let qualifier = |key: &str| purl.qualifiers().get(key).map(ToString::to_string);
    let version = purl.version().map(ToOwned::to_owned);
    match purl.ty() {
        "oci" => {
            let named = qualifier("repository_url").map(|text| Repository::from_str(&text));
            Some(Named { repository: named.transpose().ok()?, digest: version })
        }
        "docker" => {
            let host = qualifier("repository_url").map_or(String::new(), |host| format!("{host}/"));
            let namespace = purl.namespace().map_or(String::new(), |namespace| format!("{namespace}/"));
            let repository = Repository::from_str(&format!("{host}{namespace}{}", purl.name())).ok()?;
            let digest = qualifier("digest").or_else(|| version.filter(|version| version.starts_with("sha")));
            Some(Named { repository: Some(repository), digest: digest.filter(|text| text.contains(':')) })
        }
        _ => None,
    }
}
