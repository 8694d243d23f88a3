//! Referrers: the API, and the fallback tag where a registry has none.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, HeaderMap, HeaderValue, LINK},
};
use serde_json::{Value, json};
use url::Url;

use super::{HttpRegistry, address, auth, body, manifests::accepted};
use crate::{
    model::{DESCRIPTORS_MAX, Descriptor, Digest, Document, MANIFEST_BYTES_MAX, Reference, media_type},
    registry::{
        RawManifest, RegistryError, Written,
        asked::Asked,
        referrer::{fallback_tag, referrer_of},
    },
};

/// The most pages of referrers that are read.
const PAGES_MAX: usize = 64;

/// The most referrers of one manifest that are read: a page's worth of descriptors times what a busy signer leaves.
const REFERRERS_MAX: usize = 4 * DESCRIPTORS_MAX;

/// How often a fallback index is written again because another writer has overwritten our entry.
const FALLBACK_WRITES_MAX: u32 = 5;

/// What is known about a registry's referrers API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Api {
    #[default]
    Untried,
    /// It is there, or has not been seen not to be.
    Asked,
    /// The registry has no such route: only fallback tags are asked, one request an image less.
    Unrouted,
}

/// What Go's router says of a path that it does not know. A registry that has the API never answers like this, and one
/// that misses the repository explains itself in JSON.
const UNROUTED: &[u8] = b"404 page not found";

/// The longest answer of that kind that is read.
const UNROUTED_BYTES_MAX: u64 = 64 * 1024;

impl HttpRegistry {
    pub(super) async fn referrers_list(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let asked = self.asked(format!("the referrers of `{repository}@{digest}`"));
        let mut call = self.call(
            Method::GET,
            repository,
            &format!("referrers/{digest}"),
            "referrers",
            asked.clone(),
            auth::pull(repository),
        );
        call.headers.insert(ACCEPT, HeaderValue::from_static(media_type::OCI_INDEX));
        let known = self.referrers_api.lock().await;
        if *known == Api::Unrouted {
            drop(known);
            return self.fallback_list(repository, digest).await;
        }
        // The first listing holds the lock until it is answered, so that a hundred of them do not all ask in vain.
        let mut first = (*known == Api::Untried).then_some(known);
        let mut found = BTreeMap::new();
        for page in 0..PAGES_MAX {
            let sent = self.wire.send(&call).await;
            if let Some(known) = first.as_mut() {
                **known = Api::Asked;
            }
            let response = sent?;
            match response.status() {
                StatusCode::OK => drop(first.take()),
                StatusCode::NOT_FOUND if page == 0 => {
                    let said = body::read(response, UNROUTED_BYTES_MAX, &asked).await.unwrap_or_default();
                    if let Some(mut known) = first.take()
                        && said.trim_ascii() == UNROUTED
                    {
                        *known = Api::Unrouted;
                    }
                    return self.fallback_list(repository, digest).await;
                }
                _ => return Err(body::refusal(response, &asked).await),
            }
            let next = next_page(response.headers(), &call.url);
            let bytes = body::read(response, MANIFEST_BYTES_MAX, &asked).await?;
            self.wire.line.meter.read(bytes.len());
            found.extend(listed(&bytes, &asked)?);
            if found.len() > REFERRERS_MAX {
                return Err(asked.invalid(format!("more than {REFERRERS_MAX} referrers")));
            }
            match next {
                None if self.behaviour.fallback_beside_api => {
                    let beside = self.fallback_list(repository, digest).await?;
                    found.extend(beside.into_iter().map(|listed| (listed.digest.clone(), listed)));
                    return Ok(found.into_values().collect());
                }
                None => return Ok(found.into_values().collect()),
                Some(next) if address::same_origin(&next, &call.url) => call.url = next,
                Some(_) => return Err(asked.invalid("the next page is on another host")),
            }
        }
        Err(asked.invalid(format!("more than {PAGES_MAX} pages")))
    }

    async fn fallback_list(
        &self,
        repository: &str,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let tag = fallback_tag(subject);
        let asked = self.asked(format!("the referrers at `{repository}:{tag}`"));
        match self.fallback_read(repository, &tag, &asked).await? {
            None => Ok(vec![]),
            Some(bytes) => Ok(listed(&bytes, &asked)?.into_values().collect()),
        }
    }

    async fn fallback_read(
        &self,
        repository: &str,
        tag: &str,
        asked: &Asked,
    ) -> Result<Option<Bytes>, RegistryError> {
        match self.manifest_get(repository, &Reference::tag(tag)).await? {
            None => Ok(None),
            Some(index) if index.descriptor.media_type == media_type::OCI_INDEX => Ok(Some(index.bytes)),
            Some(other) => Err(asked.invalid(format!("the tag holds `{}`", other.descriptor.media_type))),
        }
    }

    pub(super) async fn referrers_put(
        &self,
        repository: &str,
        subject: &Digest,
        manifests: &[RawManifest],
    ) -> Result<Vec<Written>, RegistryError> {
        let asked = self.asked(format!("the referrers of `{repository}@{subject}`"));
        let (mut written, mut unlisted) = (vec![], vec![]);
        for manifest in manifests {
            let (one, entry) = self.referrer_put(repository, subject, manifest).await?;
            unlisted.extend(entry);
            written.push(one);
        }
        if !unlisted.is_empty() {
            self.fallback_add(repository, subject, &unlisted, &asked).await?;
        }
        Ok(written)
    }

    /// Stores one referrer and returns its entry for the fallback index, where the registry does not list it itself.
    async fn referrer_put(
        &self,
        repository: &str,
        subject: &Digest,
        manifest: &RawManifest,
    ) -> Result<(Written, Option<Descriptor>), RegistryError> {
        let digest = manifest.descriptor.digest.clone();
        let asked = self.asked(format!("referrer `{repository}@{digest}`"));
        let entry = referrer_of(&asked, subject, manifest)?;
        let (media_type, bytes) = (&manifest.descriptor.media_type, manifest.bytes.clone());
        let (digest, call) = self.manifest_write(repository, &Reference::from(&digest), media_type, bytes)?;
        let response = self.written(repository, &call).await?;
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            return self.referrer_restated(repository, manifest, entry, &asked).await;
        }
        let subject_indexed = accepted(response, &call).await?.as_ref() == Some(subject);
        Ok((Written { digest, subject_indexed }, (!subject_indexed).then_some(entry)))
    }

    /// Stores a referrer that the registry does not take as one (Amazon ECR: 405) without its `subject`, and lists it under
    /// the fallback tag. What it carries is the same, its digest is not; [`Written`] says under which it stands.
    async fn referrer_restated(
        &self,
        repository: &str,
        manifest: &RawManifest,
        entry: Descriptor,
        asked: &Asked,
    ) -> Result<(Written, Option<Descriptor>), RegistryError> {
        let bytes = without_subject(&manifest.bytes).map_err(|e| asked.invalid(e.to_string()))?;
        let digest = Digest::sha256(&bytes);
        let entry = Descriptor { digest: digest.clone(), size: bytes.len() as u64, ..entry };
        let media_type = &manifest.descriptor.media_type;
        self.manifest_put(repository, &Reference::from(&digest), media_type, bytes.into()).await?;
        Ok((Written { digest, subject_indexed: false }, Some(entry)))
    }

    /// Adds entries to the fallback index and makes sure that they stay: the registry knows no conditional write, so
    /// another process may overwrite them between our read and our write.
    async fn fallback_add(
        &self,
        repository: &str,
        subject: &Digest,
        entries: &[Descriptor],
        asked: &Asked,
    ) -> Result<(), RegistryError> {
        let tag = fallback_tag(subject);
        let turn = {
            let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(subjects.entry(format!("{repository}:{tag}")).or_default())
        };
        let _turn = turn.lock().await;
        for _ in 0..FALLBACK_WRITES_MAX {
            let held = self.fallback_read(repository, &tag, asked).await?;
            let Some(index) = with_entries(held.as_deref(), entries, asked)? else { return Ok(()) };
            self.manifest_put(repository, &Reference::tag(&tag), media_type::OCI_INDEX, index.into()).await?;
        }
        match self.fallback_read(repository, &tag, asked).await? {
            Some(held) if with_entries(Some(&held), entries, asked)?.is_none() => Ok(()),
            _ => Err(asked.unavailable(format!("other writers keep replacing `{tag}`"))),
        }
    }
}

/// Reads a list of referrers, by digest.
fn listed(bytes: &[u8], asked: &Asked) -> Result<BTreeMap<Digest, Descriptor>, RegistryError> {
    match Document::parse(media_type::OCI_INDEX, bytes) {
        Ok(Document::Index(index)) => {
            Ok(index.manifests.into_iter().map(|d| (d.digest.clone(), d)).collect())
        }
        Ok(Document::Image(_)) => Err(asked.invalid("not an index")),
        Err(error) => Err(asked.invalid(error.to_string())),
    }
}

fn without_subject(manifest: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut manifest: BTreeMap<String, Value> = serde_json::from_slice(manifest)?;
    manifest.remove("subject");
    serde_json::to_vec(&manifest)
}

/// Returns the index with `entries` appended and everything else as it is, or `None` where they are there already.
fn with_entries(
    held: Option<&[u8]>,
    entries: &[Descriptor],
    asked: &Asked,
) -> Result<Option<Vec<u8>>, RegistryError> {
    let empty = || json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": []});
    let there = held.map(|bytes| listed(bytes, asked)).transpose()?.unwrap_or_default();
    let missing: Vec<_> = entries.iter().filter(|entry| !there.contains_key(&entry.digest)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    if there.len() + missing.len() > DESCRIPTORS_MAX {
        return Err(asked.invalid(format!("the fallback index is full ({DESCRIPTORS_MAX} entries)")));
    }
    let mut index = match held {
        None => empty(),
        Some(bytes) => serde_json::from_slice(bytes).map_err(|e| asked.invalid(e.to_string()))?,
    };
    let missing: Result<Vec<Value>, _> = missing.into_iter().map(serde_json::to_value).collect();
    let missing = missing.map_err(|e| asked.invalid(e.to_string()))?;
    match index.get_mut("manifests") {
        Some(Value::Array(entries)) => entries.extend(missing),
        _ => index["manifests"] = Value::Array(missing),
    }
    serde_json::to_vec(&index).map(Some).map_err(|e| asked.invalid(e.to_string()))
}

/// Returns the address of the next page (RFC 8288), relative to this one.
pub(super) fn next_page(headers: &HeaderMap, from: &Url) -> Option<Url> {
    let texts = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let links = texts.flat_map(|text| text.split(", <"));
    links.into_iter().find_map(|link| {
        let (target, parameters) = link.trim_start().trim_start_matches('<').split_once('>')?;
        let next = parameters.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| from.join(target).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_next_page_are_found() {
        let from: Url = "https://r.example/v2/a/referrers/x".parse().unwrap();
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, text.parse().unwrap());
            next_page(&headers, &from).map(|url| url.to_string())
        };
        let expected = Some("https://r.example/v2/a/referrers/x?page=2".to_owned());
        assert_eq!(of(r#"</v2/a/referrers/x?page=2>; rel="next""#), expected);
        assert_eq!(of(r#"</first>; rel="first", <?page=2>; rel=next"#), expected);
        assert_eq!(of(r#"</first>; rel="prev""#), None);
    }

    #[test]
    fn foreign_entries_of_a_fallback_index_are_kept_as_they_are() {
        let asked = Asked::new("h", "x");
        let (one, two) = (Descriptor::of("m", b"1"), Descriptor::of("m", b"2"));
        let held = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"m","digest":"{}","size":1,"data":"MQ=="}}],"x":1}}"#,
            one.digest
        );
        let written =
            with_entries(Some(held.as_bytes()), std::slice::from_ref(&two), &asked).unwrap().unwrap();
        let text = String::from_utf8(written.clone()).unwrap();
        assert!(text.contains(r#""data":"MQ==""#) && text.contains(r#""x":1"#), "{text}");
        assert_eq!(with_entries(Some(&written), &[two], &asked).unwrap(), None, "no entry twice");
        let empty = with_entries(None, std::slice::from_ref(&one), &asked).unwrap().unwrap();
        assert_eq!(listed(&empty, &asked).unwrap().len(), 1);
    }
}
