//! Repositories that do not exist: created where somebody has given leave, else named in the error.

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{HttpRegistry, body};
use crate::registry::{
    Creation, RegistryError,
    asked::{Asked, quotable},
    sigv4::{self, Posted},
};

/// The largest answer that is read. Amazon describes the repository in about a kilobyte.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// The operation ("`CreateRepository`" in Amazon ECR's reference), in AWS's JSON protocol 1.1.
const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";

const CONTENT: &str = "application/x-amz-json-1.1";

/// How AWS names an error.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(default, alias = "Message")]
    message: String,
}

impl HttpRegistry {
    /// Creates a repository that was found missing, where leave is given for it. Returns whether it is there now.
    pub(super) async fn created(&self, repository: &str) -> Result<bool, RegistryError> {
        match &self.creation {
            Some(creation) if creation.covers(repository) => self.create(creation, repository).await,
            _ => Ok(false),
        }
    }

    /// The error of a repository that is missing.
    pub(super) fn no_repository(&self, repository: &str) -> RegistryError {
        let may_be_created = self.behaviour.create_repository.is_some();
        let hint = match (may_be_created, self.behaviour.create_repositories) {
            (true, false) => {
                " (create it beforehand, or allow it by `spec.behaviour.createRepositories` of its `Registry` document)"
            }
            (true, true) => {
                " (not created: it is none of the mirror's own, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set)"
            }
            _ => " (create it, or its namespace or project, beforehand)",
        };
        self.asked(format!("the repository `{repository}`{hint}")).not_found()
    }

    async fn create(&self, creation: &Creation, repository: &str) -> Result<bool, RegistryError> {
        let asked = self.asked(format!("the creation of repository `{repository}`"));
        let url: Url = creation.endpoint.parse().map_err(|_| asked.invalid("no address to create it at"))?;
        let body = Bytes::from(json!({"repositoryName": repository}).to_string());
        let line = &self.wire.line;
        let response = line
            .repeat(&asked, || {
                let headers = signed(creation, &url, &body);
                let request = line.client(&url).post(url.clone()).headers(headers).body(body.clone());
                line.execute(request, &Method::POST, "repository", &asked)
            })
            .await?;
        tracing::info!(host = self.host, repository, "creating the repository");
        outcome(response, &asked).await
    }
}

/// Returns the headers of the request, signed for now.
fn signed(creation: &Creation, url: &Url, body: &[u8]) -> HeaderMap {
    #[expect(clippy::disallowed_methods, reason = "AWS takes signatures of the last minutes only")]
    let date = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("{}{port}", url.host_str().unwrap_or_default());
    let token = creation.keys.session_token.as_ref();
    let mut headers = vec![("content-type", CONTENT), ("host", &host), ("x-amz-date", &date)];
    headers.extend(token.map(|token| ("x-amz-security-token", token.reveal())));
    headers.push(("x-amz-target", TARGET));
    let request = Posted {
        region: &creation.region,
        service: "ecr",
        date: &date,
        path: url.path(),
        headers: &headers,
        body,
    };
    let authorization = sigv4::authorization(&request, &creation.keys);
    let mut sent = HeaderMap::new();
    let mut add = |name: HeaderName, text: &str| {
        // A key with a line break in it makes no header; the request then fails as unsigned.
        if let Ok(mut value) = HeaderValue::try_from(text) {
            value.set_sensitive(name == AUTHORIZATION || name.as_str() == "x-amz-security-token");
            sent.insert(name, value);
        }
    };
    add(CONTENT_TYPE, CONTENT);
    add(HeaderName::from_static("x-amz-date"), &date);
    add(HeaderName::from_static("x-amz-target"), TARGET);
    add(AUTHORIZATION, &authorization);
    if let Some(token) = token {
        add(HeaderName::from_static("x-amz-security-token"), token.reveal());
    }
    sent
}

/// A repository that somebody else has created meanwhile is there, too.
async fn outcome(response: Response, asked: &Asked) -> Result<bool, RegistryError> {
    let status = response.status();
    if status.is_success() {
        return Ok(true);
    }
    let text = body::read(response, ANSWER_BYTES_MAX, asked).await?;
    let Ok(refusal) = serde_json::from_slice::<Refusal>(&text) else {
        return Err(asked.invalid(format!("status {}", status.as_u16())));
    };
    let kind = refusal.kind.rsplit('#').next().unwrap_or_default();
    let detail = quotable(&format!("{kind}: {}", refusal.message));
    match kind {
        "RepositoryAlreadyExistsException" => Ok(true),
        "ThrottlingException" | "RequestLimitExceeded" => Err(asked.rate_limited(None)),
        _ if status == StatusCode::FORBIDDEN
            || kind.contains("AccessDenied")
            || kind.contains("Unrecognized") =>
        {
            Err(asked.denied(&detail))
        }
        _ => Err(asked.invalid(detail)),
    }
}
