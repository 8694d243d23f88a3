//! Single requests of which every answer interests: what [`crate::registry::probe`] learns a registry's ways from.

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue},
};

use super::{
    HttpRegistry, auth, body,
    sessions::{Opened, Session},
    wire::Call,
};
use crate::{
    model::{Digest, MANIFEST_BYTES_MAX, Reference, media_type},
    registry::{RegistryError, asked::Asked},
};

/// An answer of any status that is not worth asking again for.
#[derive(Debug)]
pub(in crate::registry) struct Answer {
    pub(in crate::registry) status: StatusCode,
    pub(in crate::registry) headers: HeaderMap,
    /// Of a success; at most [`MANIFEST_BYTES_MAX`].
    pub(in crate::registry) body: Bytes,
    /// What an answer other than success says.
    pub(in crate::registry) refusal: Option<RegistryError>,
}

impl Answer {
    pub(in crate::registry) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What became of a request for a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) enum MountAnswer {
    Done,
    /// This status instead of 201.
    Status(u16),
    /// The registry, or its token endpoint, refuses the rights that a mount needs.
    Denied,
}

impl HttpRegistry {
    /// Asks whether this is a registry that lets us in: `GET /v2/`.
    pub(in crate::registry) async fn ask_base(&self) -> Result<Answer, RegistryError> {
        let asked = self.asked("the registry's address".to_owned());
        let mut call = self.call(Method::GET, "", "", "base", asked, auth::nothing());
        call.url.set_path("/v2/");
        self.answered(&call).await
    }

    /// Looks at a manifest: HEAD.
    pub(in crate::registry) async fn ask_manifest(
        &self,
        repository: &str,
        reference: &Reference,
    ) -> Result<Answer, RegistryError> {
        self.answered(&self.manifest_call(Method::HEAD, repository, reference)).await
    }

    /// Writes a manifest: PUT.
    pub(in crate::registry) async fn ask_manifest_write(
        &self,
        repository: &str,
        reference: &Reference,
        media_type: &'static str,
        bytes: Bytes,
    ) -> Result<Answer, RegistryError> {
        let mut call = self.manifest_call(Method::PUT, repository, reference);
        call.headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        call.scopes = auth::push(repository);
        call.body = bytes;
        self.answered(&call).await
    }

    /// Lists referrers by the API alone: GET, one page.
    pub(in crate::registry) async fn ask_referrers(
        &self,
        repository: &str,
        subject: &Digest,
    ) -> Result<Answer, RegistryError> {
        let asked = self.asked(format!("the referrers of `{repository}@{subject}`"));
        let rest = format!("referrers/{subject}");
        let call = self.call(Method::GET, repository, &rest, "referrers", asked, auth::pull(repository));
        self.answered(&call).await
    }

    /// Asks for a mount. A session that is opened instead is closed.
    pub(in crate::registry) async fn ask_mount(
        &self,
        repository: &str,
        digest: &Digest,
        from: &str,
    ) -> Result<MountAnswer, RegistryError> {
        match Session::open(&self.wire, repository, self.mount_call(repository, digest, from)).await {
            Ok(Opened::Session(session)) => {
                session.close().await;
                Ok(MountAnswer::Status(StatusCode::ACCEPTED.as_u16()))
            }
            Ok(Opened::Other(response)) if response.status() == StatusCode::CREATED => Ok(MountAnswer::Done),
            Ok(Opened::Other(response)) => Ok(MountAnswer::Status(response.status().as_u16())),
            Err(RegistryError::Denied { .. }) => Ok(MountAnswer::Denied),
            Ok(Opened::Unusable(error)) | Err(error) => Err(error),
        }
    }

    /// Opens a session for an upload in chunks.
    pub(in crate::registry) async fn ask_session(&self, repository: &str) -> Result<Session, RegistryError> {
        self.session(repository, &self.asked(format!("an upload to `{repository}`"))).await
    }

    /// Sends a chunk that begins at byte `offset`: PATCH. The session's address is that of the answer afterwards.
    pub(in crate::registry) async fn ask_chunk(
        &self,
        repository: &str,
        session: &mut Session,
        offset: usize,
        chunk: Bytes,
    ) -> Result<Answer, RegistryError> {
        let asked = self.asked(format!("a chunk of an upload to `{repository}`"));
        let range = format!("{offset}-{}", (offset + chunk.len()).saturating_sub(1));
        let range = HeaderValue::try_from(range).map_err(|_| asked.invalid("no range"))?;
        let octets = HeaderValue::from_static(media_type::OCTET_STREAM);
        let call = Call {
            method: Method::PATCH,
            url: session.url.clone(),
            action: "upload",
            asked: asked.clone(),
            scopes: auth::push(repository),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, octets), (CONTENT_RANGE, range)]),
            body: chunk,
        };
        let response = self.wire.send(&call).await?;
        if response.status() == StatusCode::ACCEPTED {
            session.url = self.wire.location(&response, &call.url, &asked)?;
        }
        self.read(response, &asked).await
    }

    /// Ends an upload in chunks: PUT without a body. The session is used up by a success, and closed otherwise.
    pub(in crate::registry) async fn ask_finish(
        &self,
        repository: &str,
        session: Session,
        digest: &Digest,
    ) -> Result<Answer, RegistryError> {
        let asked = self.asked(format!("the upload of `{repository}@{digest}`"));
        let mut url = session.url.clone();
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let call = Call {
            method: Method::PUT,
            url,
            action: "upload",
            asked,
            scopes: auth::push(repository),
            headers: super::uploads::nothing(),
            body: Bytes::new(),
        };
        let answer = self.answered(&call).await;
        match &answer {
            Ok(answer) if answer.refusal.is_none() => session.used(),
            _ => session.close().await,
        }
        answer
    }

    async fn answered(&self, call: &Call) -> Result<Answer, RegistryError> {
        let response = self.wire.send(call).await?;
        self.read(response, &call.asked).await
    }

    async fn read(&self, response: reqwest::Response, asked: &Asked) -> Result<Answer, RegistryError> {
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            let refusal = Some(body::refusal(response, asked).await);
            return Ok(Answer { status, headers, body: Bytes::new(), refusal });
        }
        let body = body::read(response, MANIFEST_BYTES_MAX, asked).await?;
        Ok(Answer { status, headers, body, refusal: None })
    }
}
