//! Manifests: look, read, write.

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue},
};

use super::{HttpRegistry, auth, body, wire::Call};
use crate::{
    model::{Descriptor, Digest, Kind, MANIFEST_BYTES_MAX, Reference, media_type},
    registry::{
        RawManifest, RegistryError,
        asked::{Asked, quotable},
        manifest_type,
    },
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
        let (digest, call) = self.manifest_write(repository, reference, media_type, bytes)?;
        if self.behaviour.immutable_tags && self.holds(repository, reference).await?.as_ref() == Some(&digest)
        {
            return Ok((digest, None));
        }
        let response = self.written(repository, &call).await?;
        if response.status().is_client_error() && matches!(reference, Reference::Tag(_)) {
            self.tag_refused(repository, reference, &digest, response, &call).await?;
            return Ok((digest, None));
        }
        let subject = accepted(response, &call).await?;
        Ok((digest, subject))
    }

    /// Returns the digest of a manifest and the request that stores it.
    pub(super) fn manifest_write(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<(Digest, Call), RegistryError> {
        let mut call = self.manifest_call(Method::PUT, repository, reference);
        call.asked.manifest_size(bytes.len() as u64)?;
        let digest = match reference {
            Reference::Digest(expected) => expected.same_algorithm_of(&bytes),
            Reference::Tag(_) => Digest::sha256(&bytes),
        };
        if let Reference::Digest(expected) = reference {
            call.asked.same_digest(expected, digest.clone())?;
        }
        let media_type =
            HeaderValue::try_from(media_type).map_err(|_| call.asked.invalid("not a media type"))?;
        call.headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type)]);
        call.scopes = auth::push(repository);
        call.body = bytes;
        Ok((digest, call))
    }

    /// Sends a manifest, again where its repository had to be created first.
    pub(super) async fn written(&self, repository: &str, call: &Call) -> Result<Response, RegistryError> {
        let mut response = self.wire.send(call).await?;
        if response.status() == StatusCode::NOT_FOUND && self.created(repository).await? {
            response = self.wire.send(call).await?;
        }
        if response.status().is_success() {
            self.wire.line.meter.wrote(call.body.len() as u64);
        }
        Ok(response)
    }

    /// Returns what a tag points to; nothing for a digest.
    async fn holds(&self, repository: &str, reference: &Reference) -> Result<Option<Digest>, RegistryError> {
        match reference {
            Reference::Tag(_) => {
                Ok(self.manifest_head(repository, reference).await?.map(|found| found.digest))
            }
            Reference::Digest(_) => Ok(None),
        }
    }

    /// A tag that could not be written may hold the digest already: registries with immutable tags refuse that, too.
    async fn tag_refused(
        &self,
        repository: &str,
        reference: &Reference,
        digest: &Digest,
        response: Response,
        call: &Call,
    ) -> Result<(), RegistryError> {
        let status = response.status();
        let error = refused(response, call).await;
        // What is missing, too large or of a wrong type is missing, too large or wrong under every tag.
        let immutable =
            [400, 403, 405, 409, 412].contains(&status.as_u16()) && error.kind() != Kind::NotFound;
        if !immutable {
            return Err(error);
        }
        match self.holds(repository, reference).await {
            Ok(Some(held)) if held == *digest => Ok(()),
            Ok(Some(held)) => {
                Err(call.asked.denied(&format!("its tag holds {held} and cannot be written again ({error})")))
            }
            Ok(None) | Err(_) => Err(error),
        }
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

/// Checks that a manifest was taken as it was sent; returns the subject that the registry says it has indexed.
pub(super) async fn accepted(response: Response, call: &Call) -> Result<Option<Digest>, RegistryError> {
    if !response.status().is_success() {
        return Err(refused(response, call).await);
    }
    if let Some(confirmed) = content_digest(response.headers()) {
        call.asked.same_digest(&confirmed.same_algorithm_of(&call.body), confirmed)?;
    }
    Ok(header_digest(response.headers(), SUBJECT))
}

/// Turns the answer to a manifest that was not taken into an error. What the registry finds wrong with it is often one of
/// its media types, and few registries say which.
async fn refused(response: Response, call: &Call) -> RegistryError {
    let status = response.status();
    match body::refusal(response, &call.asked).await {
        RegistryError::Invalid { host, what, detail } => {
            let detail = quotable(&format!("{}{detail}", types(&call.body)));
            RegistryError::Invalid { host, what, detail }
        }
        // It is what we have sent that names something: a blob, a manifest, or a repository.
        RegistryError::NotFound { host, what }
            if status == StatusCode::NOT_FOUND && what == call.asked.what =>
        {
            let what = format!("the repository, or a blob or manifest that {what} names,");
            RegistryError::NotFound { host, what }
        }
        other => other,
    }
}

/// Says which types a manifest has that a registry may not know.
fn types(bytes: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        artifact_type: Option<String>,
        config: Option<Config>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Config {
        media_type: String,
    }
    let Ok(typed) = serde_json::from_slice::<Typed>(bytes) else { return String::new() };
    let named = [
        typed.config.map(|config| format!("configuration type `{}`", config.media_type)),
        typed.artifact_type.map(|named| format!("artifact type `{named}`")),
    ];
    let named: Vec<String> = named.into_iter().flatten().collect();
    if named.is_empty() { String::new() } else { format!("perhaps for its {}: ", named.join(" and ")) }
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
