//! URIs of sources, taken apart: repository, ref and commit.
//!
//! Written as `git+https://host/path@ref` (SPDX download locations, as GitHub and slsa-github-generator write) or
//! `https://host/path.git#ref:folder` (BuildKit). What is not plainly one of them has no parts, so that no demand is met
//! by it. Nothing is normalised: upper case, a trailing slash or `.git` make another repository.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Material, Provenance, statement};
use crate::{
    model::{StatementKind, foreign},
    trust::predicate::{MATERIALS_MAX, json::Object},
};

/// What a URI points at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Source {
    /// Without `git+`, ref and commit.
    pub(super) repository: String,
    pub(super) reference: Option<String>,
    pub(super) commit: Option<String>,
}

/// Takes a URI apart.
pub(super) fn take_apart(uri: &str) -> Option<Source> {
    let plain = uri.strip_prefix("git+").unwrap_or(uri);
    let (scheme, rest) = plain.split_once("://")?;
    let odd = |c: char| c.is_whitespace() || c == '\\' || c == '?' || foreign::is_deceptive(c);
    if !matches!(scheme, "https" | "http" | "ssh" | "git") || rest.contains(odd) {
        return None;
    }
    let (rest, fragment) =
        rest.split_once('#').map_or((rest, None), |(rest, fragment)| (rest, Some(fragment)));
    let (authority, path) = rest.split_once('/')?;
    // A user before the host is there to make one address look like another; Git over SSH alone always has one.
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    if user.is_some() && !(scheme == "ssh" && user == Some("git")) {
        return None;
    }
    let (path, at) = path.rsplit_once('@').map_or((path, None), |(path, at)| (path, Some(at)));
    let whole = !authority.is_empty() && !path.is_empty() && !path.contains('@');
    if !whole || (at.is_some() && fragment.is_some()) {
        return None;
    }
    // After `#` a folder may follow the ref; after `@` a slash is that of a ref or the path goes on.
    let point = match (at, fragment) {
        (Some(at), _) if at.is_empty() || (at.contains('/') && !at.starts_with("refs/")) => return None,
        (Some(at), _) => Some(at),
        (_, fragment) => {
            fragment.map(|text| text.split(':').next().unwrap_or(text)).filter(|text| !text.is_empty())
        }
    };
    let commit = point.filter(|point| is_commit(point));
    Some(Source {
        repository: format!("{scheme}://{authority}/{path}"),
        reference: point.filter(|_| commit.is_none()).map(ToOwned::to_owned),
        commit: commit.map(ToOwned::to_owned),
    })
}

/// Returns whether a text is a commit's hash: SHA-1 or SHA-256 in lower-case hexadecimal digits.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns the commit that a DigestSet names: `gitCommit` (in-toto `digest_set.md`) or, older, `sha1`.
pub(super) fn commit(digests: &BTreeMap<String, String>) -> Result<Option<String>, String> {
    let named = |algorithm: &str| digests.get(algorithm).filter(|hex| is_commit(hex));
    match (named("gitCommit"), named("sha1")) {
        (Some(one), Some(other)) if one != other => Err("the source has two different commits".to_owned()),
        (one, other) => Ok(one.or(other).cloned()),
    }
}

/// Puts a source where a statement says it.
pub(super) fn say(says: &mut BTreeMap<StatementKind, String>, source: Source) {
    let parts = [
        (StatementKind::Source, Some(source.repository)),
        (StatementKind::SourceRef, source.reference),
        (StatementKind::SourceCommit, source.commit),
    ];
    says.extend(parts.into_iter().filter_map(|(kind, text)| Some((kind, text?))));
}

/// Returns the source that a `configSource` of SLSA v0.2 or BuildKit describes: `uri` and `digest`.
pub(super) fn described(found: Object<'_>) -> Result<Option<Source>, String> {
    let Some(source) = found.text("uri")?.and_then(take_apart) else { return Ok(None) };
    let digest = commit(&statement::digests(found)?)?;
    match (&source.commit, digest) {
        (Some(one), Some(other)) if *one != other => Err("the source has two different commits".to_owned()),
        (_, None) => Ok(Some(source)),
        (_, Some(commit)) => Ok(Some(Source { commit: Some(commit), ..source })),
    }
}

/// Returns the materials of a list of resource descriptors.
pub(super) fn materials(of: Object<'_>, key: &str) -> Result<Provenance, String> {
    let found = of.list(key)?;
    let mut materials = vec![];
    for item in of.objects(key)?.take(MATERIALS_MAX) {
        let item = item?;
        let uri = item.get("uri")?.and_then(Value::as_str).unwrap_or("unknown");
        let digests = statement::for_records(&statement::digests(item)?);
        materials.push(Material { uri: foreign::cut(uri, super::SHOWN_CHARS_MAX * 2), digests });
    }
    Ok(Provenance { materials, left_out: found.len().saturating_sub(MATERIALS_MAX) })
}
