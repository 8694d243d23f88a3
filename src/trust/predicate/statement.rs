//! The in-toto statement: subjects and predicate type (in-toto/attestation `spec/v1/statement.md`; v0.1 has the same
//! fields).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    json::{Object, bounded},
    shown,
};
use crate::model::{Digest, foreign};

const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// The most subjects of a statement: as many as GitHub allows.
pub const SUBJECTS_MAX: usize = 1024;

/// The most digests of a subject or material. Registered algorithms are about a dozen.
pub(super) const DIGESTS_MAX: usize = 32;

/// What a statement speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// As written, or its `uri` where it has no name. Nothing vouches for it but the statement.
    pub name: Option<String>,
    /// Hexadecimal digits by algorithm, as written.
    pub digests: BTreeMap<String, String>,
}

impl Subject {
    /// Returns whether it carries a manifest's digest, character by character.
    pub fn is(&self, manifest: &Digest) -> bool {
        self.digests.get(manifest.algorithm().name()).is_some_and(|hex| hex == manifest.hex())
    }

    pub(super) fn shown(&self) -> String {
        let digest = self.digests.iter().next().map(|(algorithm, hex)| format!("{algorithm}:{hex}"));
        digest.or_else(|| self.name.clone()).unwrap_or_else(|| "unknown".to_owned())
    }
}

/// Returns subjects, predicate type and predicate.
pub(super) fn read(value: &Value) -> Result<(Vec<Subject>, String, Option<Object<'_>>), String> {
    let statement = Object::of(value, "the statement")?;
    let kind = statement.required_text("_type")?;
    if !TYPES.contains(&kind) {
        return Err(format!("the statement is a `{}`, not an in-toto Statement v0.1 or v1", shown(kind)));
    }
    let predicate_type = statement.required_text("predicateType")?.to_owned();
    let found = statement.list("subject")?;
    if found.is_empty() {
        return Err("the statement has no subject".to_owned());
    }
    if found.len() > SUBJECTS_MAX {
        return Err(format!("the statement has {} subjects, more than {SUBJECTS_MAX}", found.len()));
    }
    let subjects = statement.objects("subject")?.map(|found| subject(found?)).collect::<Result<_, _>>()?;
    Ok((subjects, predicate_type, statement.object("predicate")?))
}

fn subject(found: Object<'_>) -> Result<Subject, String> {
    let name = match found.text("name")? {
        Some(name) => Some(name),
        None => found.text("uri")?,
    };
    Ok(Subject { name: name.map(ToOwned::to_owned), digests: digests(found)? })
}

/// Returns the DigestSet of a resource descriptor.
pub(super) fn digests(found: Object<'_>) -> Result<BTreeMap<String, String>, String> {
    let Some(set) = found.object("digest")? else { return Ok(BTreeMap::new()) };
    let mut digests = BTreeMap::new();
    for (algorithm, hex) in set.entries() {
        let hex = hex.as_str().ok_or("a digest is no text")?;
        bounded(algorithm, "digest")?;
        bounded(hex, "digest")?;
        digests.insert(algorithm.to_owned(), hex.to_owned());
    }
    if digests.len() > DIGESTS_MAX {
        return Err(format!("a subject or material has more than {DIGESTS_MAX} digests"));
    }
    Ok(digests)
}

/// Returns digests for a record: `algorithm:hex`, cut.
pub(super) fn for_records(digests: &BTreeMap<String, String>) -> Vec<String> {
    digests.iter().map(|(algorithm, hex)| foreign::cut(&format!("{algorithm}:{hex}"), 160)).collect()
}
