//! Manifests: look, read, write.

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue},
};

use super::{HttpRegistry, auth, body, wire::Call};
use crate::{
    model::{Descriptor, Digest, MANIFEST_BYTES_MAX, Reference, media_type},
    registry::{RawManifest, RegistryError, asked::Asked, manifest_type},
};

/// Every type of manifest there is. Schema 1 is asked for so that it is refused with its reason, not as missing.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws, */*;q=0.1";

pub(super) const CONTENT_DIGEST: &str = "docker-content-digest";

const SUBJECT: &str = "oci-subject";

impl HttpRegistry {
    pub(super) async fn manifest_head(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        let call = self.manifest_call(Method::HEAD, repository, reference);
        let response = self.wire.send(&call).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(body::refusal(response, &call.asked).await),
        }
        match described(&response) {
            Some(descriptor) => {
                call.asked.manifest_size(descriptor.size)?;
                if let Reference::Digest(expected) = reference {
                    call.asked.same_digest(expected, descriptor.digest.clone())?;
                }
                Ok(Some(descriptor))
            }
            None => Ok(self.manifest_get(repository, reference).await?.map(|manifest| manifest.descriptor)),
        }
    }

    pub(super) async fn manifest_get(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Option<RawManifest>, RegistryError> {
        let call = self.manifest_call(Method::GET, repository, reference);
        let response = self.wire.send(&call).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(body::refusal(response, &call.asked).await),
        }
        let promised = match reference {
            Reference::Digest(digest) => Some(digest.clone()),
            Reference::Tag(_) => content_digest(response.headers()),
        };
        let declared = content_type(response.headers());
        self.wire.line.meter.pulled();
        let bytes = body::read(response, MANIFEST_BYTES_MAX, &call.asked).await?;
        self.wire.line.meter.read(bytes.len());
        let digest = match promised {
            Some(expected) => {
                call.asked.same_digest(&expected, expected.same_algorithm_of(&bytes))?;
                expected
            }
            None => Digest::sha256(&bytes),
        };
        let media_type =
            manifest_type::agreed(declared.as_deref(), &bytes).map_err(|e| call.asked.invalid(e))?;
        let descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
        Ok(Some(RawManifest { descriptor, bytes }))
    }

    /// Stores a manifest; returns its digest and the subject that the registry says it has indexed.
    pub(super) async fn manifest_put(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<(Digest, Option<Digest>), RegistryError> {
        let mut call = self.manifest_call(Method::PUT, repository, reference);
        let asked = call.asked.clone();
        asked.manifest_size(bytes.len() as u64)?;
        let digest = match reference {
            Reference::Digest(expected) => expected.same_algorithm_of(&bytes),
            Reference::Tag(_) => Digest::sha256(&bytes),
        };
        if let Reference::Digest(expected) = reference {
            asked.same_digest(expected, digest.clone())?;
        }
        let media_type = HeaderValue::try_from(media_type).map_err(|_| asked.invalid("not a media type"))?;
        call.headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type)]);
        call.scopes = auth::push(repository);
        call.body = bytes.clone();
        let response = self.wire.send(&call).await?;
        if !response.status().is_success() {
            return Err(body::refusal(response, &asked).await);
        }
        self.wire.line.meter.wrote(bytes.len() as u64);
        if let Some(confirmed) = content_digest(response.headers()) {
            asked.same_digest(&confirmed.same_algorithm_of(&bytes), confirmed)?;
        }
        Ok((digest, header_digest(response.headers(), SUBJECT)))
    }

    pub(super) fn manifest_call(&self, method: Method, repository: &str, reference: &Reference) -> Call {
        let asked = Asked::new(&self.host, format!("manifest `{repository}{}`", separated(reference)));
        let mut call = self.call(
            method,
            repository,
            &format!("manifests/{reference}"),
            "manifest",
            asked,
            auth::pull(repository),
        );
        call.headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        call
    }
}

/// Returns `:tag` or `@digest`, as people write references.
pub(super) fn separated(reference: &Reference) -> String {
    match reference {
        Reference::Tag(tag) => format!(":{tag}"),
        Reference::Digest(digest) => format!("@{digest}"),
    }
}

/// Returns what the head of an answer says about a manifest, or `None` where it does not say all.
fn described(response: &Response) -> Option<Descriptor> {
    let headers = response.headers();
    let size = headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    let media_type =
        content_type(headers).filter(|t| media_type::is_index(t) || media_type::is_manifest(t))?;
    Some(Descriptor::new(media_type, content_digest(headers)?, size))
}

pub(super) fn content_digest(headers: &HeaderMap) -> Option<Digest> {
    header_digest(headers, CONTENT_DIGEST)
}

fn header_digest(headers: &HeaderMap, name: &str) -> Option<Digest> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Returns the media type of an answer without its parameters.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or(text).trim().to_ascii_lowercase())
}
