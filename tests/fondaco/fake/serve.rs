//! From requests to answers: log, faults, authentication, dispatch.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State as Extract},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use fondaco::model::Digest;

use super::{
    FaultBody, Logged, Phase, State, WriteEvent, WriteKind, content, quirks,
    tls::{Tls, TlsListener},
    tokens,
};

/// The largest body a test may send.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a request is about.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) repository: String,
    pub(super) target: Target,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Base,
    Token,
    /// The registry's own programming interface, outside of the distribution specification.
    Interface,
    Storage(String),
    Tags,
    Manifest(String),
    Blob(String),
    /// A session's name, empty to open one.
    Upload(String),
    Referrers(String),
    Unknown,
}

impl Asked {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The name under which clients count the request.
    fn action(&self) -> String {
        let noun = match &self.target {
            Target::Base => "base",
            Target::Token => "token",
            Target::Interface => "repository",
            Target::Storage(_) => "redirect",
            Target::Tags => "tags",
            Target::Manifest(_) => "manifest",
            Target::Blob(_) => "blob",
            Target::Upload(_) if self.query("mount").is_some() => "mount",
            Target::Upload(_) => "upload",
            Target::Referrers(_) => "referrers",
            Target::Unknown => "unknown",
        };
        format!("{} {noun}", self.method)
    }

    fn write(&self, phase: Phase) -> Option<WriteEvent> {
        if self.method == Method::GET || self.method == Method::HEAD {
            return None;
        }
        let (kind, reference) = match &self.target {
            Target::Manifest(reference) if reference.parse::<Digest>().is_ok() => {
                (WriteKind::Digest, reference.clone())
            }
            Target::Manifest(tag) => (WriteKind::Tag, tag.clone()),
            Target::Upload(session) => {
                let digest = self.query("digest").or_else(|| self.query("mount"));
                (WriteKind::Blob, digest.unwrap_or(session).to_owned())
            }
            Target::Blob(digest) => (WriteKind::Blob, digest.clone()),
            _ => return None,
        };
        let (method, repository) = (self.method.to_string(), self.repository.clone());
        Some(WriteEvent { method, repository, kind, reference, phase })
    }
}

pub(super) async fn serve(
    listener: std::net::TcpListener,
    tls: Option<Tls>,
    state: Arc<State>,
    stopped: tokio::sync::oneshot::Receiver<()>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let router = axum::Router::new().fallback(answer).with_state(state);
    let serving = async {
        match tls {
            None => axum::serve(listener, router).await,
            Some(tls) => axum::serve(TlsListener { inner: listener, tls }, router).await,
        }
    };
    // Dropped, not drained: an open connection of a client must not keep a test waiting.
    tokio::select! {
        served = serving => served.unwrap(),
        _ = stopped => {}
    }
}

async fn answer(Extract(state): Extract<Arc<State>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        // The client broke off; nobody reads this answer.
        log(&state, &format!("{} broken", parts.method), path, query, &parts.headers, 0, 400);
        return status(400);
    };
    let (repository, target) = target(&path);
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let asked =
        Asked { method: parts.method, repository, target, query: pairs, headers: parts.headers, body };
    let mut response = respond(&state, &asked, &path);
    for (name, value) in &state.options.lock().unwrap().headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    log(&state, &asked.action(), path, query, &asked.headers, asked.body.len(), response.status().as_u16());
    response
}

fn log(
    state: &State,
    action: &str,
    path: String,
    query: String,
    headers: &HeaderMap,
    body_bytes: usize,
    status: u16,
) {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let authorization = authorization.and_then(|text| text.split(' ').next()).map(str::to_owned);
    let logged = Logged { action: action.to_owned(), path, query, authorization, body_bytes, status };
    state.log.lock().unwrap().push(logged);
}

fn respond(state: &Arc<State>, asked: &Asked, path: &str) -> Response {
    if let Some(response) = fault(state, asked, path) {
        return response;
    }
    match &asked.target {
        Target::Token => return tokens::grant(state, asked),
        Target::Interface => return quirks::interface(state, asked),
        Target::Storage(digest) => return content::storage(state, digest),
        Target::Unknown => return status(404),
        _ => {}
    }
    if let Some(refusal) = tokens::check(state, asked) {
        return refusal;
    }
    call_hook(state, asked.write(Phase::Before));
    let response = content::respond(state, asked);
    call_hook(state, asked.write(Phase::After));
    response
}

fn call_hook(state: &State, event: Option<WriteEvent>) {
    let hook = state.hook.lock().unwrap().clone();
    if let (Some(hook), Some(event)) = (hook, event) {
        hook(&event);
    }
}

fn fault(state: &State, asked: &Asked, path: &str) -> Option<Response> {
    let mut options = state.options.lock().unwrap();
    let action = asked.action();
    let hit = |fault: &&mut super::Fault| {
        fault.action == action && path.ends_with(&fault.path_end) && fault.times > 0
    };
    let fault = options.faults.iter_mut().find(hit)?;
    fault.times -= 1;
    let mut response = match fault.body {
        FaultBody::Error => error(fault.status, "TOOMANYREQUESTS", "as the switch says"),
        FaultBody::Html => page(fault.status),
        FaultBody::Endless => endless(fault.status),
    };
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Some(response)
}

fn page(code: u16) -> Response {
    let builder = Response::builder().status(code).header(header::CONTENT_TYPE, "text/html");
    builder.body(Body::from("<!doctype html><title>Sign in</title>")).unwrap()
}

fn endless(code: u16) -> Response {
    let spaces = Bytes::from(vec![b' '; 64 * 1024]);
    let frames = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(spaces.clone()));
    Response::builder().status(code).body(Body::from_stream(frames)).unwrap()
}

fn target(path: &str) -> (String, Target) {
    let own = |text: &str| text.to_owned();
    if path == "/" {
        return (String::new(), Target::Interface);
    }
    if path == "/token" {
        return (String::new(), Target::Token);
    }
    if let Some(digest) = path.strip_prefix("/storage/") {
        return (String::new(), Target::Storage(own(digest)));
    }
    let Some(rest) = path.strip_prefix("/v2/") else {
        return (String::new(), if path == "/v2" { Target::Base } else { Target::Unknown });
    };
    if rest.is_empty() {
        return (String::new(), Target::Base);
    }
    if let Some((repository, session)) = rest.split_once("/blobs/uploads/") {
        return (own(repository), Target::Upload(own(session)));
    }
    let parts = rest.rsplit_once('/').and_then(|(head, last)| Some((head.rsplit_once('/')?, last)));
    match parts {
        Some(((repository, "manifests"), reference)) => (own(repository), Target::Manifest(own(reference))),
        Some(((repository, "blobs"), digest)) => (own(repository), Target::Blob(own(digest))),
        Some(((repository, "referrers"), digest)) => (own(repository), Target::Referrers(own(digest))),
        Some(((repository, "tags"), "list")) => (own(repository), Target::Tags),
        _ => (String::new(), Target::Unknown),
    }
}

pub(super) fn status(code: u16) -> Response {
    Response::builder().status(code).body(Body::empty()).unwrap()
}

pub(super) fn error(code: u16, name: &str, message: &str) -> Response {
    let body = serde_json::json!({"errors": [{"code": name, "message": message}]}).to_string();
    let builder = Response::builder().status(code).header(header::CONTENT_TYPE, "application/json");
    builder.body(Body::from(body)).unwrap()
}

pub(super) fn with(mut response: Response, name: &'static str, value: &str) -> Response {
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

pub(super) fn ok(media_type: &str, body: impl Into<Body>) -> Response {
    let builder = Response::builder().status(StatusCode::OK).header(header::CONTENT_TYPE, media_type);
    builder.body(body.into()).unwrap()
}
