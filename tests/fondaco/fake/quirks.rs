//! Switches for what single registries do against the specification, or beside it.

use axum::{http::header, response::Response};
use fondaco::model::media_type;
use serde_json::Value;

use super::{
    State, Store,
    serve::{Asked, Target, error, ok},
};

/// The default is none of it.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each switch is a thing of its own")]
pub(crate) struct Quirks {
    /// The largest body of one request of an upload; 413 for more (ACR, proxies).
    pub upload_bytes_max: Option<usize>,
    /// What is kept of each blob, whatever is confirmed (GHCR, ECR).
    pub keeps_at_most: Option<usize>,
    /// The `Range` of each answer to a PATCH is that of the first byte (Aliyun, zot).
    pub range_stands_still: bool,
    /// A mount that names no repository is refused (Quay).
    pub mount_needs_from: bool,
    /// Repositories are there once they have been created at `POST /` (ECR).
    pub created_first: bool,
    pub subjects: Subjects,
    /// A manifest of a Docker type with anything that OCI has added is refused (Quay).
    pub strict_docker: bool,
    /// Status and error code of a manifest that is missing (Harbor, Artifactory).
    pub missing_manifest: Option<(u16, &'static str)>,
    /// A list of no referrers is `null` (olareg).
    pub null_lists: bool,
}

/// Which manifests with a `subject` are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Subjects {
    #[default]
    All,
    /// With media type, digest and size and nothing else; 405 to others (ECR).
    Minimal,
    /// None; 405.
    None,
    /// None whose subject is of a Docker type, which counts as missing (distribution 2).
    NotDocker,
}

impl Quirks {
    /// Returns why a manifest is not taken.
    pub(super) fn refuse(&self, store: &Store, asked: &Asked, read: &Value) -> Option<Response> {
        if self.created_first && !store.repositories.contains_key(&asked.repository) {
            return Some(error(404, "NAME_UNKNOWN", "The repository does not exist in the registry"));
        }
        let declared = asked.header(header::CONTENT_TYPE).unwrap_or_default();
        let added = ["artifactType", "subject", "annotations"].iter().any(|key| read.get(*key).is_some());
        if self.strict_docker && media_type::is_manifest(declared) && declared.contains("docker") && added {
            return Some(error(400, "MANIFEST_INVALID", "manifest invalid"));
        }
        let subject = read.get("subject")?.as_object()?;
        let minimal = subject.keys().all(|key| ["mediaType", "digest", "size"].contains(&key.as_str()));
        let docker = subject["mediaType"].as_str().is_some_and(|name| name.contains("docker"));
        match self.subjects {
            Subjects::Minimal if !minimal => Some(error(405, "UNSUPPORTED", "Invalid parameter")),
            Subjects::None => Some(error(405, "UNSUPPORTED", "Invalid parameter")),
            Subjects::NotDocker if docker => {
                let digest = subject["digest"].as_str().unwrap_or_default();
                Some(error(404, "MANIFEST_BLOB_UNKNOWN", digest))
            }
            _ => None,
        }
    }

    /// Returns why a request of an upload is not taken.
    pub(super) fn refuse_upload(&self, store: &Store, asked: &Asked) -> Option<Response> {
        if self.created_first && !store.repositories.contains_key(&asked.repository) {
            return Some(error(404, "NAME_UNKNOWN", "The repository does not exist in the registry"));
        }
        if self.mount_needs_from && asked.query("mount").is_some() && asked.query("from").is_none() {
            return Some(error(400, "BLOB_UPLOAD_INVALID", "no repository to mount from"));
        }
        let large = self.upload_bytes_max.is_some_and(|max| asked.body.len() > max);
        (large && matches!(asked.target, Target::Upload(_)))
            .then(|| error(413, "SIZE_INVALID", "request entity too large"))
    }
}

/// Answers `CreateRepository` of Amazon ECR, for anybody who signs with the key `AKIDEXAMPLE`.
pub(super) fn interface(state: &State, asked: &Asked) -> Response {
    let refused = |code: u16, kind: &str| {
        let body = serde_json::json!({"__type": kind, "message": "as the switch says"}).to_string();
        let mut response = ok("application/x-amz-json-1.1", body);
        *response.status_mut() = axum::http::StatusCode::from_u16(code).unwrap();
        response
    };
    let signed = asked.header(header::AUTHORIZATION).unwrap_or_default();
    if !signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") {
        return refused(400, "com.amazon.coral.service#UnrecognizedClientException");
    }
    let target = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";
    if asked.header("x-amz-target") != Some(target) {
        return refused(400, "UnknownOperationException");
    }
    let Ok(read) = serde_json::from_slice::<Value>(&asked.body) else {
        return refused(400, "SerializationException");
    };
    let name = read["repositoryName"].as_str().unwrap_or_default().to_owned();
    let mut store = state.store.lock().unwrap();
    if store.repositories.contains_key(&name) {
        return refused(400, "com.amazonaws.ecr#RepositoryAlreadyExistsException");
    }
    store.repositories.insert(name.clone(), super::Repository::default());
    ok("application/x-amz-json-1.1", serde_json::json!({"repository": {"repositoryName": name}}).to_string())
}
