//! Releases, as GitHub attests them (in-toto/attestation `spec/predicates/release.md` v0.1).

use super::{Content, Told, json::Object};

pub(super) fn read(predicate: Object<'_>) -> Result<Told, String> {
    Ok(Told::only(Content::Release(predicate.required_text("purl")?.to_owned())))
}
